"""The verified graph around a record as data: nodes, edges, verdict, and the versioned JSON form."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from verifier_cli.contents import describe
from verifier_cli.report import Equivalent, Verdict, worst

__all__ = ["GRAPH_VERSION", "GraphEdge", "GraphNode", "LineageGraph"]

GRAPH_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class GraphNode:
    """One record. `depth` counts links from the root: ancestors from 1, descendants from -1.

    `verdict` None: withheld, so nobody looked. `document` holds what it says, None where it does not verify.
    """

    digest: str
    id: str | None
    depth: int
    verdict: Verdict | None
    reason: str | None = None
    schema: str | None = None
    issuer: str | None = None
    issuer_name: str | None = None
    cosigners: tuple[tuple[str, str], ...] = ()
    anchored_at: int | None = None
    name: str | None = None
    document: dict[str, Any] | None = field(default=None, repr=False, compare=False)

    @property
    def withheld(self) -> bool:
        """Whether its keeper does not show it."""
        return self.verdict is None

    @property
    def type(self) -> str:
        """The record type's name (`activity`), "" where it is not known."""
        return (self.schema or "").partition(".")[0]

    def to_json(self) -> dict[str, Any]:
        """The node as it appears in the JSON graph; what is not known is null."""
        title = None
        if self.document is not None and self.schema is not None:
            title = {lang: describe(self.schema, self.document, lang).title for lang in ("zh", "en")}
        return {
            "digest": self.digest,
            "id": self.id,
            "depth": self.depth,
            "outcome": "WITHHELD" if self.verdict is None else self.verdict.value,
            "reason": self.reason,
            "type": self.type or None,
            "schema": self.schema if self.verdict is not None else None,
            "title": title,
            "issuer": None if self.issuer is None else {"id": self.issuer, "name": self.issuer_name},
            "countersigners": [{"id": did, "role": role} for did, role in self.cosigners],
            "anchoredAt": self.anchored_at,
            "file": self.name,
        }


@dataclass(frozen=True, slots=True)
class GraphEdge:
    """One link. `matches`: the cited record has the digest that the link names; `allowed`: the typed graph
    has such a link. None: cannot be told, because the cited record is not at hand."""

    source: str
    target: str
    rel: str
    items: tuple[str, ...] = ()
    matches: bool | None = None
    allowed: bool | None = None

    def to_json(self) -> dict[str, Any]:
        """The edge as it appears in the JSON graph."""
        return {
            "source": self.source,
            "target": self.target,
            "rel": self.rel,
            "items": list(self.items),
            "digestMatches": self.matches,
            "allowed": self.allowed,
        }


@dataclass(frozen=True, slots=True)
class LineageGraph:
    """The graph around `nodes[0]`. `verdict` judges the ancestors; `cut` says why it is not all there is."""

    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]
    verdict: Verdict
    cut: str | None = None
    equivalents: tuple[Equivalent, ...] = ()
    as_of: int | None = None
    """Time of the block up to which the record's status is known, epoch seconds."""

    @property
    def root(self) -> GraphNode:
        """The record that was asked about."""
        return self.nodes[0]

    @property
    def total(self) -> Verdict:
        """The record's verdict or its ancestors', whichever is worse."""
        return worst((self.root.verdict or Verdict.UNDECIDED, self.verdict))

    @property
    def exit_code(self) -> int:
        """As of `verify`."""
        return self.total.exit_code

    def to_json(self) -> dict[str, Any]:
        """The versioned JSON form."""
        return {
            "graphVersion": GRAPH_VERSION,
            "root": self.root.digest,
            "verdict": self.total.value,
            "ancestorsVerdict": self.verdict.value,
            "exitCode": self.exit_code,
            "statusAsOf": self.as_of,
            "cut": self.cut,
            "counts": {
                "ancestors": sum(node.depth > 0 for node in self.nodes),
                "descendants": sum(node.depth < 0 for node in self.nodes),
                "withheld": sum(node.withheld for node in self.nodes),
            },
            "nodes": [node.to_json() for node in self.nodes],
            "edges": [edge.to_json() for edge in self.edges],
            "equivalents": [item.to_json() for item in self.equivalents],
        }
