"""What stands before every route: body limits, the nesting guard and the request log.

A body is bounded before it is read, in size and in time, and its nesting before it is parsed: importing web3
raises the recursion limit to 100,000, and then 100 KB of ``[`` would end the process inside a recursive
parser. A large body is read from callers with a good API key alone: looking at 32 MiB takes seconds.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
import traceback
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trace_service.problems import Problem, defect

MAX_JSON_DEPTH = 40  # a record has at most 32 levels, its envelope in a request a few more
MAX_BODY = 256 * 1024  # a record has at most 64 KiB; its JSON may be escaped, and an envelope surrounds it
MAX_BULK_BODY = 4 * 1024 * 1024  # 1,000 proofs of 700 bytes, with room for escaping
MAX_UPLOAD_BODY = 32 * 1024 * 1024  # a workbook of 100,000 rows has about 8 MiB
BODY_SECONDS = (
    120.0  # for a whole body: an upload at the limit over 2 Mbit/s; a slower one holds a connection
)

# Everything else takes `MAX_BODY`, and so does whoever shows no good API key.
BULK_PREFIX = "/v1/signing/"
UPLOAD_PREFIX = "/v1/imports"

CLIENT_GONE = 499  # in the log alone: the client left before it had sent its request

_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))

_log = logging.getLogger("trace_service.requests")


def body_limit(path: str, *, upload: bool = False) -> int:
    """Return how many bytes a request to ``path`` may carry; ``upload`` says that it is no JSON."""
    if path.startswith(BULK_PREFIX):
        return MAX_BULK_BODY
    return MAX_UPLOAD_BODY if upload and path.startswith(UPLOAD_PREFIX) else MAX_BODY


def json_depth(data: bytes) -> int:
    """Return the deepest nesting of arrays and objects in ``data``, in linear time and without recursion."""
    deepest = depth = 0
    for bracket in _STRING.sub(b"", data).translate(None, _NOT_BRACKETS):
        if bracket in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        else:
            depth -= 1
    return deepest


def too_large(limit: int) -> Problem:
    """The body has more than ``limit`` bytes."""
    return Problem(
        413, "request.too_large", "The body is too large", detail=f"the limit here is {limit} bytes"
    )


def too_slow() -> Problem:
    """The body did not come in time."""
    return Problem(
        408,
        "request.too_slow",
        "The body did not come in time",
        detail=f"a body may take {BODY_SECONDS:.0f} s",
        headers={"Connection": "close"},
    )


class _TooLargeError(HTTPException):
    """The streamed body went over its limit; turned into an answer by `Guard`, or by the application where a
    form was being read: FastAPI lets nothing else through from there."""

    def __init__(self) -> None:
        super().__init__(413)


class _TooSlowError(HTTPException):
    """The streamed body took too long; answered likewise."""

    def __init__(self) -> None:
        super().__init__(408)


class Guard:
    """ASGI middleware: bounds each body, and reads JSON whole so that its nesting is known before any parser
    runs. ``check_key`` raises `Problem` for an Authorization header (or None) that opens nothing; it is
    asked before more than `MAX_BODY` bytes are read.
    """

    def __init__(self, app: ASGIApp, check_key: Callable[[str | None], object]) -> None:
        self.app = app
        self._check_key = check_key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 401, 408, 413 or 400 in its place."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        upload = _is_upload(headers)
        limit = body_limit(scope["path"], upload=upload) if scope["method"] == "POST" else MAX_BODY
        try:
            if limit > MAX_BODY:
                await run_in_threadpool(self._check_key, headers.get("authorization"))
            limited = _limited(receive, limit)
            if not upload:
                limited = _replay(await _read_json(limited), limited)
            await self.app(scope, limited, send)
        except _TooLargeError:
            await too_large(limit).response()(scope, receive, send)
        except _TooSlowError:
            await too_slow().response()(scope, receive, send)
        except Problem as problem:
            await problem.response()(scope, receive, send)


def _is_upload(headers: Headers) -> bool:
    return headers.get("content-type", "").startswith(("multipart/", "application/octet-stream"))


def _limited(receive: Receive, limit: int) -> Receive:
    """``receive`` for one body of at most ``limit`` bytes. Afterwards it waits for the client's leaving, and
    that may take as long as the answer does."""
    seen, ended = 0, False
    deadline = asyncio.get_running_loop().time() + BODY_SECONDS

    async def read() -> Message:
        nonlocal seen, ended
        try:
            async with asyncio.timeout_at(None if ended else deadline):
                message = await receive()
        except TimeoutError:
            raise _TooSlowError from None
        seen += len(message.get("body", b""))
        if seen > limit:
            raise _TooLargeError
        ended = ended or not message.get("more_body", False)
        return message

    return read


async def _read_json(receive: Receive) -> list[Message]:
    messages: list[Message] = []
    while True:
        message = await receive()
        messages.append(message)
        if message["type"] != "http.request" or not message.get("more_body"):
            break
    body = b"".join(message.get("body", b"") for message in messages)
    if json_depth(body) > MAX_JSON_DEPTH:
        raise Problem(400, "request.too_deep", "The body is nested too deeply", fix="send a flatter document")
    whole: Message = {"type": "http.request", "body": body, "more_body": False}
    return [whole] if messages[-1]["type"] == "http.request" else [messages[-1]]


def _replay(messages: list[Message], receive: Receive) -> Receive:
    waiting = iter(messages)

    async def read() -> Message:
        # Afterwards the connection itself is asked: a streamed answer listens there for the client's leaving.
        return next(waiting, None) or await receive()

    return read


class RequestLog:
    """ASGI middleware: one line a request with method, path, status and time; never a body, a query or a
    header."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and log its answer under a fresh request id."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        started = time.perf_counter()
        status = 500
        started_answer = False

        async def answer(message: Message) -> None:
            nonlocal status, started_answer
            if message["type"] == "http.response.start":
                status, started_answer = message["status"], True
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            await self.app(scope, receive, answer)
        except ClientDisconnect:
            status = CLIENT_GONE  # nobody is left to answer, and nothing is amiss here
        except Exception as error:
            # Type and places alone: the text of a foreign exception may quote what the caller sent.
            places = " < ".join(
                f"{f.name}:{f.lineno}" for f in reversed(traceback.extract_tb(error.__traceback__))
            )
            _log.error("%s unexpected %s at %s", request_id, type(error).__name__, places)
            if not started_answer:
                await defect(request_id).response()(scope, receive, answer)
        finally:
            took = (time.perf_counter() - started) * 1000
            _log.info("%s %s %d %.1f ms %s", scope["method"], _clean(scope["path"]), status, took, request_id)


def _clean(path: str) -> str:
    # A path is the caller's text: control characters would forge log lines.
    return "".join(c if c.isprintable() else "?" for c in path[:200])
