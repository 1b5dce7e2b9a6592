"""``trace-service serve``: refusals at start, children, and the HTTP server.

The embedded node and the worker are children in processes of their own. They are restarted when they die,
stopped by their own handles when this process ends, and end by themselves when it is killed.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import uvicorn

from trace_service.app import create_app
from trace_service.chainview import ChainView
from trace_service.config import RPC_VARIABLE, ChainSettings, Settings, SettingsError, load_settings
from trace_service.database import make_engine
from trace_service.evm_node import NodeError, NodeProcess, start_node
from trace_service.http_protocol import MAX_CONNECTIONS, BoundedHttpProtocol
from trace_service.keys.files import load_account, load_ed25519
from trace_service.migrate import check_version
from trace_service.recursion import guard_recursion
from verifier_cli.did import check_did_web
from verifier_cli.trust import Trust, write_trust

WATCH_SECONDS = 0.1
RESTART_PAUSE = 1.0  # before a child that died young is started again: long enough not to spin
YOUNG_SECONDS = 3.0  # a start takes two: a child that dies later has done work, and is missed at once
WORKER_COMMAND: tuple[str, ...] = (sys.executable, "-m", "trace_service", "worker")
STOP_SECONDS = 15.0
ZERO_ADDRESS = "0x" + "00" * 20

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ServeOptions:
    """How to serve. ``ready_file`` gets JSON with url, rpc_url and process ids once the service answers."""

    data_dir: Path
    host: str | None = None
    port: int | None = None
    worker: bool = True
    ready_file: Path | None = None


def serve(options: ServeOptions, passphrase: str) -> None:
    """Serve until stopped by a signal.

    Refuses to start (`SettingsError`, `SchemaVersionError`, `KeyFileError`, `ChainError`, `NodeError`) where
    anything is missing or does not match, before a port is opened.
    """
    settings = load_settings(options.data_dir)
    check_settings(settings)
    engine = make_engine(settings.database_url)
    check_version(engine)
    receipt_key = load_ed25519(settings.keys_dir / "receipt.json", passphrase)
    load_account(
        settings.keys_dir / "relayer.json", passphrase
    )  # the worker's; better refused here than there
    # A stop that comes early, or that uvicorn raises again once it has shut down, still ends the children.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    with ExitStack() as stack:
        children = Children(settings)
        stack.callback(children.stop)
        rpc_url = children.start_chain()
        view = _chain_view(replace(settings.chain, rpc_url=rpc_url))
        view.start()
        stack.callback(view.stop)
        if options.worker:
            children.start_worker(rpc_url)
        children.watch()
        app = create_app(settings, engine, receipt_key=receipt_key, clock=view.clock, authority=view)
        listener = _listen(
            options.host or settings.host, settings.port if options.port is None else options.port
        )
        url = "http://{}:{}".format(*listener.getsockname()[:2])
        _log.info("serving %s, API description at %s/docs, chain at %s", url, url, rpc_url)
        config = uvicorn.Config(
            app,
            access_log=False,
            log_config=None,
            http=BoundedHttpProtocol,
            limit_concurrency=MAX_CONNECTIONS,
        )
        server = uvicorn.Server(config)
        if options.ready_file is not None:
            facts = {"url": url, "rpc_url": rpc_url, "pid": os.getpid(), **children.pids()}
            threading.Thread(target=_announce, args=(server, options.ready_file, facts), daemon=True).start()
        server.run(sockets=[listener])


def check_settings(settings: Settings) -> None:
    """Raise `SettingsError` for a missing database and for values that were never filled in."""
    url = sa.make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise SettingsError(
            f"the database {url.database} is missing; restore its backup (an empty one would forget records)"
        )
    try:
        check_did_web(settings.operator)
    except Exception as error:
        raise SettingsError(f"operator in service.toml: {error}") from None
    for name in ("trust_registry", "anchor_registry", "evidence_reader"):
        if getattr(settings.chain, name) in ("", ZERO_ADDRESS):
            raise SettingsError(
                f"[chain] {name} in service.toml is a placeholder; deploy the contracts: run init"
            )
    if not settings.chain.embedded and not settings.chain.rpc_url:
        raise SettingsError("[chain] rpc_url in service.toml is empty; name the node's address")


class Children:
    """The embedded node and the worker of one service process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._node: NodeProcess | None = None
        self._worker: subprocess.Popen[bytes] | None = None
        self._node_started = self._worker_started = 0.0
        self._rpc_url = settings.chain.rpc_url
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="children", daemon=True)

    def start_chain(self) -> str:
        """Start the embedded node where there is one, and return the chain's URL."""
        if self._settings.chain.embedded:
            self._node = start_node(self._settings.chain_dir, chain_id=self._settings.chain.chain_id)
            self._node_started = time.monotonic()
            self._rpc_url = self._node.url
            write_rpc_url(self._settings.trust_file, self._rpc_url)
        return self._rpc_url

    def start_worker(self, rpc_url: str) -> None:
        """Start the worker on the same data directory."""
        self._worker = subprocess.Popen(
            [*WORKER_COMMAND, "--data-dir", str(self._settings.data_dir)],
            stdin=subprocess.PIPE,
            env={**os.environ, RPC_VARIABLE: rpc_url},
        )
        self._worker_started = time.monotonic()

    def watch(self) -> None:
        """Restart children that die from now on."""
        self._watcher.start()

    def pids(self) -> dict[str, int]:
        """Return ``node_pid`` and ``worker_pid`` of those that run."""
        found = {"node_pid": self._node and self._node.pid, "worker_pid": self._worker and self._worker.pid}
        return {name: pid for name, pid in found.items() if pid}

    def stop(self) -> None:
        """Stop the children, the worker first: it needs the node."""
        self._stopping.set()
        if self._watcher.is_alive():
            self._watcher.join(STOP_SECONDS)
        if self._worker is not None:
            _end(self._worker)
        if self._node is not None:
            self._node.stop()

    def _watch(self) -> None:
        while not self._stopping.wait(WATCH_SECONDS):
            if self._worker is not None and self._worker.poll() is not None:
                _log.error("the worker ended with %s; starting it again", self._worker.returncode)
                self._pause(self._worker_started)
                self.start_worker(self._rpc_url)
            if self._node is not None and not self._node.is_alive():
                self._restart_node(self._node)

    def _pause(self, started: float) -> None:
        if time.monotonic() - started < YOUNG_SECONDS:
            self._stopping.wait(RESTART_PAUSE)

    def _restart_node(self, dead: NodeProcess) -> None:
        _log.error("the embedded chain ended with %s; starting it again", dead.process.returncode)
        self._pause(self._node_started)
        chain = self._settings.chain
        self._node_started = time.monotonic()
        try:
            # On its old port: everybody who reads the chain has that address.
            port = int(self._rpc_url.rpartition(":")[2])
            self._node = start_node(self._settings.chain_dir, chain_id=chain.chain_id, port=port)
        except NodeError as error:
            _log.error("the embedded chain does not start: %s", error)


def write_rpc_url(trust_file: Path, rpc_url: str) -> None:
    """Name the embedded node's present address in the installation's own trust file."""
    trust = Trust.load(trust_file)
    deployments = [replace(item, rpc=(rpc_url,)) for item in trust.deployments]
    part = trust_file.with_suffix(".part")
    part.write_text(write_trust(deployments, trust.snapshot_signers), "utf-8")
    part.replace(trust_file)


def _chain_view(chain: ChainSettings) -> ChainView:
    from trace_service.evm.checks import check_chain
    from trace_service.evm.client import Client
    from trace_service.evm.registry import Authority

    client = Client(chain.rpc_url)
    check_chain(client, chain)
    guard_recursion()  # the chain client's imports raise it
    return ChainView(Authority(client, chain))


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.create_server((host, port), backlog=256)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _announce(server: uvicorn.Server, path: Path, facts: dict[str, Any]) -> None:
    while not server.started:
        if server.should_exit:
            return
        threading.Event().wait(0.02)
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(facts), "utf-8")
    part.replace(path)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin is not None:
        process.stdin.close()
