"""Real EVM nodes for tests: our embedded chain and anvil, behind one shape.

::

    with embedded_node(tmp_path) as node:      # or anvil_node()
        connect(node.url); sign_with(node.funded_key, node.chain_id)
"""

import json
import queue
import re
import subprocess
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from eth_account import Account

from tests.support.parts import require_part
from trace_service.evm_node import NodeProcess, create_genesis, start_node

EMBEDDED_CHAIN_ID = 730_117
ANVIL_CHAIN_ID = 730_118
FUNDS = 10**24  # wei: a million ether, more than any test spends
NODE_FOLDER = Path(__file__).resolve().parents[1] / "node"
ANVIL = NODE_FOLDER / "node_modules" / "@foundry-rs" / "anvil-linux-amd64" / "bin" / "anvil"
ANVIL_START_SECONDS = 30
_LISTENING = re.compile(r"Listening on (127\.0\.0\.1:\d+)")


class RunningNode(Protocol):
    """What a test needs of a node. `funded_key` is the 0x-private key of an account with FUNDS."""

    funded_key: str
    chain_id: int

    @property
    def url(self) -> str:
        """Where it answers."""

    def stop(self) -> None:
        """End it cleanly."""

    def kill(self) -> None:
        """kill -9."""


@dataclass
class EmbeddedNode:
    """Our node on a directory. `start` opens it again, at the same port, after `stop` or `kill`."""

    data_dir: Path
    funded_key: str
    chain_id: int
    process: NodeProcess

    @property
    def url(self) -> str:
        """Where it answers; stays the same over restarts."""
        return self.process.url

    def stop(self) -> None:
        """End it cleanly."""
        self.process.stop()

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()

    def start(self) -> None:
        """Open the same chain again."""
        port = int(self.url.rpartition(":")[2])
        self.process = start_node(self.data_dir, chain_id=self.chain_id, port=port)


@dataclass
class AnvilNode:
    """anvil on a free port; it forgets everything when it ends."""

    url: str
    funded_key: str
    chain_id: int
    process: subprocess.Popen[str]

    def stop(self) -> None:
        """End it cleanly."""
        self.process.terminate()
        self.process.wait()

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()


@contextmanager
def embedded_node(
    data_dir: Path,
    *,
    chain_id: int = EMBEDDED_CHAIN_ID,
    balances: Mapping[str, int] | None = None,
    idle_block_seconds: float | None = None,
) -> Iterator[EmbeddedNode]:
    """A new embedded chain in `data_dir` (created), with a funded account and `balances` besides."""
    account = Account.create()
    create_genesis(data_dir, chain_id, {account.address: FUNDS, **(balances or {})})
    process = start_node(data_dir, chain_id=chain_id, idle_block_seconds=idle_block_seconds)
    node = EmbeddedNode(data_dir, "0x" + bytes(account.key).hex(), chain_id, process)
    try:
        yield node
    finally:
        if node.process.is_alive():
            node.stop()


@contextmanager
def anvil_node(*extra: str, chain_id: int = ANVIL_CHAIN_ID) -> Iterator[AnvilNode]:
    """anvil with `extra` arguments and a funded account; see require_part for where it is not installed."""
    anvil = require_part(ANVIL, f"npm install in {NODE_FOLDER.name} of the tests folder")
    process = subprocess.Popen(
        [anvil, "--host", "127.0.0.1", "--port", "0", "--chain-id", str(chain_id), *extra],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        url = f"http://{_anvil_address(process)}"
        account = Account.create()
        rpc(url, "anvil_setBalance", account.address, hex(FUNDS))
        yield AnvilNode(url, "0x" + bytes(account.key).hex(), chain_id, process)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def _anvil_address(process: subprocess.Popen[str]) -> str:
    """Where anvil listens; a thread goes on reading its output so that the pipe never fills."""
    found: queue.Queue[str] = queue.Queue()

    def drain() -> None:
        lines = []
        assert process.stdout
        for line in process.stdout:
            lines.append(line)
            match = _LISTENING.search(line)
            if match:
                found.put(match[1])
                break
        else:
            found.put("")
            return
        for _ in process.stdout:
            pass

    threading.Thread(target=drain, daemon=True).start()
    address = found.get(timeout=ANVIL_START_SECONDS)
    assert address, f"anvil ended with {process.wait()} before it listened"
    return address


def rpc(url: str, method: str, *params: Any) -> Any:
    """One JSON-RPC call without a client library; the whole response object must hold a result."""
    answer = post(url, {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})
    assert "result" in answer, answer
    return answer["result"]


def post(url: str, body: Any) -> Any:
    """POST a JSON value, or bytes as they are, and read the JSON answer (None for an empty one)."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(url, raw, {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
        answer = response.read()
    return json.loads(answer) if answer else None
