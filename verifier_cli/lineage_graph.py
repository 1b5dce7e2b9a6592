"""Building the verified graph around one record: what it builds on, and what at hand builds on it.

Nodes are records, edges are their links, from the record that cites to the one cited. The verdict is about
the record's ancestors alone: whoever builds on a record can neither strengthen nor spoil it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final, Protocol

from verifier_cli import lineage
from verifier_cli.encoding import digest_multibase
from verifier_cli.lineage import Edge, LineageExaminer, Maker, allowed
from verifier_cli.lineage_model import GraphEdge, GraphNode, LineageGraph
from verifier_cli.lineage_sources import Found
from verifier_cli.record import Record
from verifier_cli.report import Equivalent, Outcome, Report, Verdict, worst

__all__ = ["Citing", "build_graph"]

CUT: Final = ("too_many", "too_deep")
"""Reasons of nodes that stand for everything that was not followed."""


class Citing(Protocol):
    """A place that knows who cites a record: a collection of files, or a service."""

    def citing(self, record_id: str, digest: bytes) -> list[Found]:
        """Proof files whose records claim to build on this one; the caller verifies the claim."""
        ...


def build_graph(
    report: Report,
    examiner: LineageExaminer,
    verify_one: Callable[[bytes], Report],
    below: Iterable[Citing] = (),
) -> LineageGraph:
    """The graph around the record of `report`, which was verified without its lineage.

    `examiner` must keep documents. With places in `below`, descendants found there join the graph, each
    verified by `verify_one`. A record that could not even be read makes a graph of one node.
    """
    builder = _Builder(examiner, None if report.chain is None else report.chain.head_time)
    root = _from_report(report, 0)
    builder.nodes[root.digest] = root
    if report.document is None:
        return builder.graph(Verdict.UNDECIDED, ())
    record = Record.from_value(dict(report.document))
    verdict = builder.ancestors(record)
    places = tuple(below)
    if places:
        builder.descendants(report, places, verify_one)
    return builder.graph(verdict, examiner.equivalents(record))


class _Builder:
    """Collects nodes by digest and edges; bounded by the limits of `lineage`."""

    def __init__(self, examiner: LineageExaminer, as_of: int | None) -> None:
        self._examiner = examiner
        self._as_of = as_of
        self.nodes: dict[str, GraphNode] = {}
        self.edges: dict[GraphEdge, None] = {}  # in order, each once
        self.cut: str | None = None

    def graph(self, verdict: Verdict, equivalents: tuple[Equivalent, ...]) -> LineageGraph:
        nodes, edges = tuple(self.nodes.values()), tuple(self.edges)
        return LineageGraph(nodes, edges, verdict, self.cut, equivalents, self._as_of)

    def ancestors(self, record: Record) -> Verdict:
        verdicts = {Verdict.VALID}
        for edge in self._examiner.edges(record):
            node = edge.found.node
            verdicts.add(Verdict.NOT_VALID if edge.allowed is False else node.verdict)
            if node.reason in CUT:
                self.cut = node.reason
            target = digest_multibase(edge.link.digest)
            if node.reason != "too_many":
                self._add(target, edge)
                source, link = digest_multibase(edge.citing), edge.link
                self.edges[GraphEdge(source, target, link.rel, link.items, edge.matches, edge.allowed)] = None
        return worst(verdicts)

    def _add(self, digest: str, edge: Edge) -> None:
        """A record named twice under different ids keeps the entry under which it was found."""
        known = self.nodes.get(digest)
        if known is None or (known.reason == "digest_differs" and edge.found.report is not None):
            self.nodes[digest] = _from_edge(digest, edge)

    def descendants(
        self, start: Report, places: tuple[Citing, ...], verify_one: Callable[[bytes], Report]
    ) -> None:
        waiting = deque([(start, -1)])
        while waiting:
            report, depth = waiting.popleft()
            if depth < -lineage.MAX_DEPTH:
                self.cut = "too_deep"
                continue
            assert report.record_id is not None
            assert report.record_digest is not None
            digest = bytes.fromhex(report.record_digest[2:])
            for place in places:
                for found in place.citing(report.record_id, digest):
                    if len(self.nodes) > lineage.MAX_NODES or len(self.edges) > lineage.MAX_EDGES:
                        self.cut = "too_many"
                        return
                    newer = self._descendant(report, digest, verify_one(found.data).named(found.name), depth)
                    if newer is not None:
                        waiting.append((newer, depth - 1))

    def _descendant(self, cited: Report, digest: bytes, report: Report, depth: int) -> Report | None:
        """Add a record that cites `cited`; returns it where it is new and holds."""
        if report.document is None:
            return None
        record = Record.from_value(dict(report.document))
        links = [link for link in record.links if link.digest == digest or link.id == cited.record_id]
        own, target = digest_multibase(record.digest), digest_multibase(digest)
        for link in links:
            assert cited.schema is not None
            assert cited.document is not None
            fits = allowed(
                link, Maker(record.schema, record.issuer), Maker(cited.schema, cited.document["issuer"]["id"])
            )
            matches = link.digest == digest and link.id == cited.record_id
            self.edges[GraphEdge(own, target, link.rel, link.items, matches, fits)] = None
        if own in self.nodes or not links:
            return None
        self.nodes[own] = _from_report(report, depth)
        holds = report.verdict is not Verdict.NOT_VALID
        return report if holds and any(link.digest == digest for link in links) else None


def _from_report(report: Report, depth: int) -> GraphNode:
    """A node with everything that its report bears."""
    digest = "" if report.record_digest is None else digest_multibase(bytes.fromhex(report.record_digest[2:]))
    node = GraphNode(
        digest, report.record_id, depth, report.verdict, _reason(report), report.schema, name=report.name
    )
    if report.document is None:
        return node
    issuer = report.document["issuer"]
    entries = report.document.get("countersigners", ())
    return replace(
        node,
        issuer=issuer["id"],
        issuer_name=issuer["name"],
        cosigners=tuple((entry["id"], entry["role"]) for entry in entries),
        anchored_at=report.anchored_at,
        document=report.document,
    )


def _from_edge(digest: str, edge: Edge) -> GraphNode:
    found = edge.found
    if found.report is not None:
        node = _from_report(found.report, edge.depth)
        # An ancestor is judged as an ancestor: withdrawn is a remark there, in its own words.
        return replace(node, verdict=found.node.verdict, reason=found.node.reason, name=found.node.name)
    verdict = None if found.withheld is not None else found.node.verdict
    return GraphNode(
        digest,
        edge.link.id,
        edge.depth,
        verdict,
        found.node.reason,
        found.withheld or None,
        name=found.node.name,
    )


def _reason(report: Report) -> str | None:
    """Why a record is not simply valid: what failed first, else was not checked, else its first remark."""
    for wanted in (Outcome.FAILED, Outcome.NOT_CHECKED):
        for result in report.steps[:8]:
            if result.outcome is wanted:
                return result.reason
    return report.remarks[0].code if report.remarks else None
