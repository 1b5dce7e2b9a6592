# ruff: noqa: N818 (these name a state, and read better without "Error" behind)
"""What can go wrong with the embedded chain.

::

    NodeError                 the operator's side: start-up, data directory, child process
    ├── GenesisMissing        the data directory holds no chain yet
    ├── GenesisExists         the data directory already holds a chain
    ├── ChainIdMismatch       the data directory holds a chain with another id
    ├── StoreLocked           another process has the data directory open
    ├── StoreCorrupt          the stored head, its index and its state do not agree
    └── NodeStartFailed       the child process ended or stayed silent before it was ready
    StoreUnavailable          a write was refused but the store is intact (disk full, busy): retry later
    StoreBroken               a write failed in a way that makes further writes unsafe: the node stops
    RpcError                  the caller's side: answered as a JSON-RPC error object
"""

from pathlib import Path
from typing import Any


class NodeError(Exception):
    """Base of everything that keeps a node from starting; the text says how to fix it."""


class GenesisMissing(NodeError):
    """The directory holds no chain. `data_dir` is where we looked."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(
            f"no chain in {data_dir}: create one with trace_service.evm_node.create_genesis(), "
            "or point --data-dir at the directory that holds the chain"
        )
        self.data_dir = data_dir


class GenesisExists(NodeError):
    """Genesis is written once. `data_dir` already holds one."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(f"{data_dir} already holds a chain: use it, or choose an empty directory")
        self.data_dir = data_dir


class ChainIdMismatch(NodeError):
    """`expected` is what the caller asked for, `found` what the store holds."""

    def __init__(self, expected: int, found: int) -> None:
        super().__init__(
            f"the chain in this directory has id {found}, not {expected}: correct --chain-id, "
            "or point --data-dir at the chain you mean"
        )
        self.expected = expected
        self.found = found


class StoreLocked(NodeError):
    """Another process has the directory open; `holder` is its process id where known."""

    def __init__(self, data_dir: Path, holder: int | None) -> None:
        super().__init__(
            f"{data_dir} is in use by process {holder if holder else 'unknown'}: "
            "stop that node first, or use its URL instead of starting a second one"
        )
        self.data_dir = data_dir
        self.holder = holder


class StoreCorrupt(NodeError):
    """The store contradicts itself; `detail` names the first contradiction."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"the chain store is damaged ({detail}): restore the directory from a backup")
        self.detail = detail


class NodeStartFailed(NodeError):
    """The child did not become ready; `exit_code` is None when it was still silent at the time limit."""

    def __init__(self, exit_code: int | None, output: str) -> None:
        super().__init__(f"the embedded chain did not start (exit code {exit_code}): {output.strip()}")
        self.exit_code = exit_code
        self.output = output


class StoreUnavailable(Exception):
    """A write was refused and rolled back; nothing was half-stored. `reason` is SQLite's error name."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the store refused the write: {reason}")
        self.reason = reason


class StoreBroken(Exception):
    """A write failed below SQLite (I/O error, damage). `reason` is SQLite's error name."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the store failed: {reason}")
        self.reason = reason


class RpcError(Exception):
    """A JSON-RPC error object: `code`, `message` and optional `data`."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data

    def as_object(self) -> dict[str, Any]:
        """The `error` member of a JSON-RPC response."""
        body: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.data is not None:
            body["data"] = self.data
        return body


PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
SERVER_ERROR = -32000
LIMIT_EXCEEDED = -32005
EXECUTION_REVERTED = 3


def invalid_params(message: str) -> RpcError:
    """A parameter that is not what the method takes."""
    return RpcError(INVALID_PARAMS, message)


def refused(message: str) -> RpcError:
    """A well-formed request that the chain refuses."""
    return RpcError(SERVER_ERROR, message)
