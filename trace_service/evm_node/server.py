"""JSON-RPC over HTTP/1.1 on the loopback interface."""

import asyncio
import contextlib
import functools
import logging
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import uvicorn

from trace_service.evm_node.errors import StoreBroken
from trace_service.evm_node.node import Node

HOST = "127.0.0.1"
# Only these may stand in the Host header, so that no web page reaches the node through a name of its own.
LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
MAX_BODY_BYTES = 5 * 1024 * 1024  # go-ethereum's limit
MAX_CONNECTIONS = 256
KEEP_ALIVE_SECONDS = 75
SHUTDOWN_SECONDS = 5

logger = logging.getLogger("trace_service.evm_node")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class BodyTooLargeError(Exception):
    """The request body exceeds MAX_BODY_BYTES."""


class Application:
    """The ASGI application and the miner beside it; both hand their work to the EVM thread."""

    def __init__(self, node: Node, evm: ThreadPoolExecutor, stop: Callable[[], None]) -> None:
        self._node = node
        self._evm = evm
        self._stop = stop
        self._wake = asyncio.Event()
        self.failure: StoreBroken | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        refusal = _refusal(scope)
        if refusal is not None:
            await _respond(send, refusal, b"", close=True)
            return
        try:
            body = await _body(receive)
        except BodyTooLargeError:
            await _respond(send, 413, b"", close=True)
            return
        accepted = self._node.pool.accepted
        try:
            answer = await self._on_evm(functools.partial(self._node.handle, body))
        except StoreBroken as error:
            self._fail(error)
            await _respond(send, 500, b"", close=True)
            return
        if self._node.pool.accepted != accepted:
            self._wake.set()
        await _respond(send, 200 if answer else 204, answer or b"")

    async def mine(self) -> None:
        """Mine whenever a block is due, until cancelled."""
        while self.failure is None:
            self._wake.clear()
            try:
                delay = await self._on_evm(self._node.advance)
            except StoreBroken as error:
                self._fail(error)
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), delay)

    async def _on_evm(self, work: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._evm, work)

    def _fail(self, error: StoreBroken) -> None:
        logger.error("stopping: %s; nothing answered so far is lost, check the disk and start again", error)
        self.failure = error
        self._stop()


def _refusal(scope: Scope) -> int | None:
    """The HTTP status to refuse a request with, or None."""
    headers = dict(scope["headers"])
    host = headers.get(b"host", b"").decode("latin-1")
    if host.rpartition(":")[0] not in LOCAL_NAMES and host not in LOCAL_NAMES:
        return 403
    if scope["method"] != "POST":
        return 405
    # A web page cannot send this type to another origin without asking first, and it is never told yes.
    if headers.get(b"content-type", b"").partition(b";")[0].strip().lower() != b"application/json":
        return 415
    length = headers.get(b"content-length", b"0")
    return 413 if length.isdigit() and int(length) > MAX_BODY_BYTES else None


async def _body(receive: Receive) -> bytes:
    parts, size = [], 0
    while True:
        event = await receive()
        part = event.get("body", b"")
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise BodyTooLargeError
        parts.append(part)
        if not event.get("more_body", False):
            return b"".join(parts)


async def _respond(send: Send, status: int, body: bytes, *, close: bool = False) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if close:
        headers.append((b"connection", b"close"))
    if status == 405:
        headers.append((b"allow", b"POST"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class _Server(uvicorn.Server):
    """uvicorn, but a signal ends it with exit code 0, and it says when it is ready."""

    announce: Callable[[], None]

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        yield

    def stop(self) -> None:
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.announce()


def listen(port: int) -> socket.socket:
    """A listening loopback socket; port 0 takes any free one."""
    # asyncio sets TCP_NODELAY only where the protocol number is given, and an answer in two segments
    # would otherwise wait for the client's delayed acknowledgement (40 ms).
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.bind((HOST, port))
    return listener


async def serve(
    node: Node,
    evm: ThreadPoolExecutor,
    listener: socket.socket,
    ready: Callable[[], None],
    *,
    stop_with_parent: bool,
) -> StoreBroken | None:
    """Serve until SIGTERM, SIGINT, the parent's end (if asked), or a broken store, which is returned."""
    config = uvicorn.Config(
        app=lambda *_: None,
        loop="asyncio",
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    server = _Server(config)
    application = Application(node, evm, server.stop)
    config.app = application
    server.announce = ready
    if stop_with_parent:
        _watch_parent(server.stop)
    miner = asyncio.create_task(application.mine())
    await server.serve(sockets=[listener])
    miner.cancel()
    await asyncio.gather(miner, return_exceptions=True)
    return application.failure


def _watch_parent(stop: Callable[[], None]) -> None:
    """Stop when the parent's end of our standard input closes, however the parent ended."""
    loop = asyncio.get_running_loop()
    descriptor = sys.stdin.fileno()

    def readable() -> None:
        if not os.read(descriptor, 4096):
            loop.remove_reader(descriptor)
            stop()

    loop.add_reader(descriptor, readable)
