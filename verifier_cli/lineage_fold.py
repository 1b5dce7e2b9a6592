"""A graph as a tree for people: each record shown once, where it is nearest; many of a kind folded into one.

Folding never hides trouble: records are folded only with others of the same outcome and reason.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from verifier_cli.lineage_model import GraphEdge, GraphNode, LineageGraph
from verifier_cli.report import Verdict

__all__ = ["FOLD_FROM", "FOLD_TROUBLE_FROM", "Branch", "grow", "worked_minutes"]

FOLD_FROM: Final = 4
"""Siblings of one kind that become one line; three can still be read."""

FOLD_TROUBLE_FROM: Final = 21
"""Of those that are not valid or undecided, twenty are named one by one."""

MINUTES_A_DAY: Final = 24 * 60


@dataclass(slots=True)
class Branch:
    """One line: one record, or several of a kind. `again`: shown further up already, with what is below."""

    nodes: tuple[GraphNode, ...]
    rel: str = ""
    matches: bool | None = None
    allowed: bool | None = None
    again: bool = False
    children: list[Branch] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Kind:
    """What siblings must share to be folded."""

    rel: str
    schema: str | None
    subkind: str
    verdict: Verdict | None
    reason: str | None
    matches: bool | None
    allowed: bool | None
    again: bool


def grow(graph: LineageGraph, *, descendants: bool = False, fold: bool = True) -> Branch:
    """The tree of ancestors below the root, or of descendants."""
    by_digest = {node.digest: node for node in graph.nodes}
    steps: dict[str, list[tuple[GraphEdge, str]]] = {}
    for edge in graph.edges:
        start, end = (edge.target, edge.source) if descendants else (edge.source, edge.target)
        if (by_digest[start].depth <= 0) if descendants else (by_digest[start].depth >= 0):
            steps.setdefault(start, []).append((edge, end))
    root = Branch((graph.root,))
    placed = {graph.root.digest}
    waiting = deque([root])
    while waiting:
        branch = waiting.popleft()
        found = [step for node in branch.nodes for step in steps.get(node.digest, ())]
        branch.children = _branches(found, by_digest, placed, fold=fold)
        for child in branch.children:
            if not child.again:
                placed.update(node.digest for node in child.nodes)
                waiting.append(child)
    return root


def _branches(
    steps: Iterable[tuple[GraphEdge, str]], by_digest: dict[str, GraphNode], placed: set[str], *, fold: bool
) -> list[Branch]:
    kinds: dict[_Kind, dict[str, GraphNode]] = {}
    for edge, end in steps:
        node = by_digest[end]
        kind = _Kind(
            edge.rel,
            node.schema,
            subkind(node),
            node.verdict,
            node.reason,
            edge.matches,
            edge.allowed,
            end in placed,
        )
        kinds.setdefault(kind, {})[end] = node
    found = []
    for kind, members in kinds.items():
        sound = (
            kind.verdict in (Verdict.VALID, Verdict.VALID_WITH_REMARKS, None) and kind.allowed is not False
        )
        limit = FOLD_FROM if sound else FOLD_TROUBLE_FROM
        nodes = tuple(members.values())
        parts = [nodes] if fold and len(nodes) >= limit else [(node,) for node in nodes]
        found += [Branch(part, kind.rel, kind.matches, kind.allowed, kind.again) for part in parts]
    # A record cited twice from one place in different ways is expanded under the first of them.
    for at, branch in enumerate(found):
        earlier = {node.digest for other in found[:at] if not other.again for node in other.nodes}
        if {node.digest for node in branch.nodes} <= earlier:
            branch.again = True
    return found


def _troubled(kind: _Kind) -> bool:
    undecided = kind.verdict in (Verdict.NOT_VALID, Verdict.UNDECIDED)
    return undecided or kind.allowed is False or kind.matches is False


def subkind(node: GraphNode) -> str:
    """The `kind` inside the subject, "" where it is not known."""
    if node.document is None:
        return ""
    subject = node.document["credentialSubject"]
    return str(subject.get("kind") or subject.get("op") or "")


def worked_minutes(nodes: Iterable[GraphNode]) -> int | None:
    """Minutes of all days of these activities, breaks taken off; None unless each is an activity."""
    total = 0
    for node in nodes:
        if node.type != "activity" or node.document is None:
            return None
        total += sum(map(_minutes, node.document["credentialSubject"]["days"]))
    return total


def _minutes(day: dict[str, Any]) -> int:
    """An end at or before the start is on the next day."""
    span = (_clock(day["end"]) - _clock(day["start"])) % MINUTES_A_DAY or MINUTES_A_DAY
    return span - int(day["breakMinutes"])


def _clock(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])
