"""The nodes that benchmarks run against: ours and, where npm has brought it, anvil."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.support.nodes import ANVIL, RunningNode, anvil_node, embedded_node


@contextmanager
def each_node(folder: Path) -> Iterator[dict[str, RunningNode]]:
    """Running nodes by name; without anvil there is only the embedded one, and its rows are missing."""
    with ExitStack() as stack:
        nodes: dict[str, RunningNode] = {"embedded": stack.enter_context(embedded_node(folder / "chain"))}
        if ANVIL.exists():
            nodes["anvil"] = stack.enter_context(anvil_node())
        yield nodes
