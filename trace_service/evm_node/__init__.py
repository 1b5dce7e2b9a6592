"""The embedded durable chain: a py-evm node in its own process that speaks standard JSON-RPC on loopback.

Use `create_genesis` once at set-up and `start_node` from then on. This package itself imports nothing of the
EVM, so that a service which only starts the node stays light and keeps its own recursion limit.
"""

from trace_service.evm_node.errors import (
    ChainIdMismatch,
    GenesisExists,
    GenesisMissing,
    NodeError,
    NodeStartFailed,
    StoreCorrupt,
    StoreLocked,
)
from trace_service.evm_node.process import NodeProcess, create_genesis, start_node

__all__ = [
    "ChainIdMismatch",
    "GenesisExists",
    "GenesisMissing",
    "NodeError",
    "NodeProcess",
    "NodeStartFailed",
    "StoreCorrupt",
    "StoreLocked",
    "create_genesis",
    "start_node",
]
