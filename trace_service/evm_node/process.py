"""Starting the embedded chain as a child process. Imports nothing of the EVM."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from trace_service.evm_node.errors import GenesisExists, NodeError, NodeStartFailed, StoreLocked

START_SECONDS = 60.0  # a start takes about a second; a crowded machine may need many
STOP_SECONDS = 15.0
GENESIS_SECONDS = 60.0
POLL_SECONDS = 0.02
LOG_NAME = "node.log"
LOG_TAIL_BYTES = 4_096
NOT_THE_NODES = frozenset({"TRACE_PASSPHRASE"})  # opens key files; the node has none
COMMAND = (sys.executable, "-m", "trace_service.evm_node")


@dataclass(frozen=True, slots=True)
class NodeProcess:
    """A running node: where it answers, its process id and chain id. A context manager that stops it."""

    url: str
    pid: int
    chain_id: int
    process: subprocess.Popen[bytes]

    def __enter__(self) -> "NodeProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def is_alive(self) -> bool:
        """Whether the process still runs."""
        return self.process.poll() is None

    def stop(self) -> int:
        """Ask it to stop (SIGTERM), wait, and return its exit code; after STOP_SECONDS it is killed."""
        self.process.terminate()
        try:
            code = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            return self.kill()
        self._close_stdin()
        return code

    def kill(self) -> int:
        """kill -9, for crash tests; returns the exit code."""
        self.process.kill()
        code = self.process.wait()
        self._close_stdin()
        return code

    def _close_stdin(self) -> None:
        if self.process.stdin:
            self.process.stdin.close()


def start_node(
    data_dir: Path,
    *,
    chain_id: int | None = None,
    port: int = 0,
    idle_block_seconds: float | None = None,
    timeout: float = START_SECONDS,
) -> NodeProcess:
    """Start the node of a data directory and wait until it answers; it stops when this process ends.

    Its log goes to `node.log` in the data directory. Raises NodeStartFailed, whose text is what the node said
    (no chain there, another chain id, directory in use, …).
    """
    options = [f"--data-dir={data_dir}", f"--port={port}", "--stop-with-parent"]
    if chain_id is not None:
        options.append(f"--chain-id={chain_id}")
    if idle_block_seconds is not None:
        options.append(f"--idle-block-seconds={idle_block_seconds}")
    if not data_dir.is_dir():
        raise NodeStartFailed(None, f"{data_dir} is not a directory: create the chain with create_genesis()")
    log = data_dir / LOG_NAME
    with tempfile.TemporaryDirectory(prefix="evm-node-") as scratch, log.open("ab") as output:
        began = output.tell()
        ready = Path(scratch) / "ready.json"
        process = subprocess.Popen(
            [*COMMAND, *options, f"--ready-file={ready}"],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            env={name: value for name, value in os.environ.items() if name not in NOT_THE_NODES},
        )
        _wait(process, ready, time.monotonic() + timeout, log, began)
        facts = json.loads(ready.read_text())
    return NodeProcess(facts["url"], facts["pid"], facts["chain_id"], process)


def _wait(process: subprocess.Popen[bytes], ready: Path, deadline: float, log: Path, began: int) -> None:
    while not ready.exists():
        code = process.poll()
        if code is None and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
            continue
        if code is None:
            process.kill()
            process.wait()
        if process.stdin:
            process.stdin.close()
        raise NodeStartFailed(code, log.read_bytes()[began:][-LOG_TAIL_BYTES:].decode("utf-8", "replace"))


def create_genesis(data_dir: Path, chain_id: int, balances: Mapping[str, int]) -> str:
    """Create the chain of an empty directory; returns the genesis hash (0x…).

    `balances` maps 0x-addresses to wei; there are no other accounts. Runs in a process of its own, so that
    the caller never imports the EVM. Raises GenesisExists, StoreLocked or NodeError.
    """
    done = subprocess.run(
        [*COMMAND, f"--data-dir={data_dir}", f"--chain-id={chain_id}", "--create-genesis"],
        input=json.dumps({address: str(wei) for address, wei in balances.items()}).encode(),
        capture_output=True,
        timeout=GENESIS_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise _genesis_error(done.stderr.decode("utf-8", "replace"), data_dir)
    return done.stdout.decode().strip()


def _genesis_error(output: str, data_dir: Path) -> NodeError:
    for kind in (GenesisExists(data_dir), StoreLocked(data_dir, None)):
        if type(kind).__name__ in output:
            return kind
    return NodeError(output.strip())
