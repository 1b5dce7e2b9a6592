"""The order in which proposed records can be made: what is linked to stands before what links to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from trace_service.imports.codes import Code
from trace_service.imports.context import Reading
from trace_service.imports.model import Node

_OPEN, _DONE = 1, 2


def in_order(reading: Reading, nodes: Sequence[Node]) -> list[Node]:
    """The good ones of ``nodes``, sorted. Circles are reported; what rests on a faulty record stays out."""
    before = _before(nodes)
    ordered: list[Node] = []
    for node in _sorted(reading, nodes, before):
        bad = next((target for target in before[node] if target.faulty), None)
        if bad is not None and not node.faulty and node.place is not None:
            node.faulty = True
            reading.depends(node.place, bad)
        if not node.faulty:
            ordered.append(node)
    return ordered


def _before(nodes: Sequence[Node]) -> dict[Node, list[Node]]:
    """What each node must stand after: its links within the file, and the revision before it."""
    among = set(nodes)
    before = {node: [edge.target for edge in node.links if edge.target in among] for node in nodes}
    revisions: dict[tuple[str, object, str], list[Node]] = defaultdict(list)
    for node in nodes:
        revisions[node.schema, node.issuer, node.ref].append(node)
    for same in revisions.values():
        same.sort(key=lambda node: node.revision)
        for lower, higher in pairwise(same):
            before[higher].append(lower)
    return before


def _sorted(reading: Reading, nodes: Sequence[Node], before: dict[Node, list[Node]]) -> Iterator[Node]:
    """Depth first without recursion: a holder's credit entries can form a chain of thousands."""
    state: dict[Node, int] = {}
    for start in nodes:
        if start in state:
            continue
        state[start] = _OPEN
        stack = [(start, iter(before[start]))]
        while stack:
            node, rest = stack[-1]
            target = next(rest, None)
            if target is None:
                state[node] = _DONE
                stack.pop()
                yield node
            elif target not in state:
                state[target] = _OPEN
                stack.append((target, iter(before[target])))
            elif state[target] == _OPEN and not node.faulty and node.place is not None:
                node.faulty = True
                node.place.sheet.report(Code.LINK_CYCLE, node.place.row, "@links")
