"""Step 9: the records that a record builds on, found, compared by digest, and verified (protocol section 9).

A digest can only name what exists already, so links form a DAG: a loop would need a digest that contains
itself, and whoever forges one meets `digest_differs`. Each record is verified once, however many point to
it. A record's own verdict and its lineage's stand side by side: a certificate does not become forged because
a log beneath it was withdrawn, but its reader must be told.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final, NamedTuple, Protocol

from verifier_cli.encoding import digest_multibase
from verifier_cli.errors import CouldNotRead
from verifier_cli.lineage_recognition import equivalents_of
from verifier_cli.lineage_sources import Collection, Files, Found, Source, Website, Withheld, digest_of
from verifier_cli.proof_file import ProofFile
from verifier_cli.record import Link, Record
from verifier_cli.report import (
    Equivalent,
    LineageNode,
    LineageReport,
    Outcome,
    Report,
    Step,
    Verdict,
    worst,
)
from verifier_cli.rules import link_targets

__all__ = [
    "Collection",
    "Edge",
    "Examined",
    "Files",
    "Found",
    "LineageExaminer",
    "Maker",
    "Source",
    "Website",
    "allowed",
]

MAX_NODES: Final = 10_000
"""Records below one record (protocol section 9); a trainee's three years make some hundreds."""

MAX_EDGES: Final = 100_000
"""Links followed from one record: a record of 64 KiB may hold hundreds, and 10,000 such would fill memory."""

MAX_DEPTH: Final = 32
"""Longest chain of links (protocol section 9); certificate to standard takes 4."""


class Relation(Protocol):
    """What the rules look at in a link."""

    @property
    def rel(self) -> str:
        """The relation's name."""
        ...


class Maker(NamedTuple):
    """What the rules of the link graph look at: a record's schema and its issuer."""

    schema: str
    issuer: str


class Examined(NamedTuple):
    """What came of one linked record: its node; its maker and links where it holds.

    `report` has no document unless it is needed; `withheld` is the type that its keeper names, None where
    nothing is withheld.
    """

    node: LineageNode
    maker: Maker | None = None
    links: tuple[Link, ...] = ()
    report: Report | None = None
    withheld: str | None = None


class Edge(NamedTuple):
    """One link as it was looked at. `citing` is the digest of the record that has it.

    `matches` None: there was nothing to compare. `allowed` None: the cited record's type is not known for
    sure. `first` marks where a record is met for the first time.
    """

    citing: bytes
    link: Link
    depth: int
    found: Examined
    matches: bool | None
    allowed: bool | None
    first: bool


class LineageExaminer:
    """Examines lineages; keeps the report of every record that it has verified, by digest.

    `verify_one` verifies one proof file without its lineage. With `keep_documents`, reports keep what the
    records say (for graphs); else only of those that others are held against.
    """

    def __init__(
        self,
        sources: Iterable[Source],
        verify_one: Callable[[bytes], Report],
        *,
        keep_documents: bool = False,
    ) -> None:
        self._sources = tuple(sources)
        self._verify_one = verify_one
        self._keep = keep_documents
        self._known: dict[bytes, Examined] = {}

    def __call__(self, record: Record) -> LineageReport:
        """The lineage of `record`, breadth first; each record below it appears once, where it is nearest."""
        nodes: list[LineageNode] = []
        for edge in self.edges(record):
            if edge.allowed is False:
                name = edge.found.node.name if edge.first else None
                nodes.append(_node(edge.link, edge.depth, Verdict.NOT_VALID, "link_not_allowed", name))
            elif edge.first:
                nodes.append(edge.found.node)
        return LineageReport(worst(node.verdict for node in nodes), tuple(nodes), self.equivalents(record))

    def edges(self, record: Record) -> Iterator[Edge]:
        """Every link below `record`, breadth first, each followed once.

        Ends early with an edge whose node says `too_many`, and does not go below one that says `too_deep`.
        """
        seen: dict[tuple[str, bytes], Examined] = {}
        expanded: set[bytes] = set()
        waiting = deque((record.digest, _maker(record), link, 1) for link in record.links)
        followed = len(waiting)
        while waiting:
            citing, maker, link, depth = waiting.popleft()
            key = (link.id, link.digest)
            first = key not in seen
            if (first and len(seen) >= MAX_NODES) or followed > MAX_EDGES:
                yield Edge(citing, link, depth, _cut(link, depth, "too_many"), None, None, True)
                return
            if depth > MAX_DEPTH and first:
                seen[key] = _cut(link, depth, "too_deep")
            found = seen[key] if not first or depth > MAX_DEPTH else self._examine(link, depth)
            seen[key] = found
            fits = _allowed_here(link, maker, found)
            yield Edge(citing, link, depth, found, _matches(found), fits, first)
            # Below a record that may not be cited so, nothing supports the one that cites it.
            if found.maker is not None and fits and link.digest not in expanded:
                expanded.add(link.digest)
                followed += len(found.links)
                waiting.extend((link.digest, found.maker, item, depth + 1) for item in found.links)

    def equivalents(self, record: Record) -> tuple[Equivalent, ...]:
        """What a credential counts as elsewhere, by the agreements that it names, each judged."""

        def look_up(link: Link) -> tuple[Report | None, str | None]:
            found = self._examine(link, 1)
            return found.report, found.node.reason

        return equivalents_of(record, look_up, self._successors)

    def _successors(self, record_id: str, digest: bytes) -> list[Report]:
        """Reports of records at hand that say they supersede this one."""
        reports = []
        for source in self._sources:
            if isinstance(source, Collection):
                reports += [self._verify_one(found.data) for found in source.citing(record_id, digest)]
        return reports

    def _examine(self, link: Link, depth: int) -> Examined:
        known = self._known.get(link.digest)
        if known is not None and known.node.id == link.id:
            return known._replace(node=replace(known.node, relation=link.rel, depth=depth))
        try:
            found = self._find(link)
        except CouldNotRead as error:
            return Examined(_node(link, depth, Verdict.UNDECIDED, error.reason))
        if found is None:
            return Examined(_node(link, depth, Verdict.UNDECIDED, "missing"))
        if isinstance(found, Withheld):
            # Its keeper's word alone; that something is held back is a remark about the whole, not a fault.
            node = _node(link, depth, Verdict.VALID_WITH_REMARKS, "withheld")
            return Examined(node, withheld=found.type)
        return self._judged(link, depth, found)

    def _judged(self, link: Link, depth: int, found: Found) -> Examined:
        found, report = self._best(link, found)
        if report.record_digest is None:
            return Examined(_node(link, depth, *judge_ancestor(report), found.name))
        if report.record_digest != f"0x{link.digest.hex()}" or report.record_id != link.id:
            return Examined(_node(link, depth, Verdict.NOT_VALID, "digest_differs", found.name))
        node = _node(link, depth, *judge_ancestor(report), found.name)
        kept = report if self._keep or _held_against(report) else replace(report, document=None)
        if node.verdict is Verdict.NOT_VALID:
            # It says nothing reliable about what lies below it.
            examined = Examined(node, report=kept)
        else:
            record = Record.from_value(ProofFile.parse(found.data).record)
            examined = Examined(node, _maker(record), record.links, kept)
        self._known[link.digest] = examined
        return examined

    def _best(self, link: Link, found: Found) -> tuple[Found, Report]:
        """The first copy that holds: a spoiled one beside it must not speak for the record."""
        report = self._verify_one(found.data)
        others = [c for s in self._sources if isinstance(s, Files) for c in s.copies(link) if c is not found]
        for other in others:
            if report.verdict is not Verdict.NOT_VALID:
                break
            again = self._verify_one(other.data)
            if again.verdict is not Verdict.NOT_VALID:
                return other, again
        return found, report

    def _find(self, link: Link) -> Found | Withheld | None:
        """From the first source that has the very record; else what goes by its id, for the message; else
        that somebody keeps it back."""
        other: Found | None = None
        withheld: Withheld | None = None
        for source in self._sources:
            found = source.find(link)
            if isinstance(found, Withheld):
                withheld = withheld or found
            elif found is not None and digest_of(found.data) == link.digest:
                return found
            else:
                other = other or found
        return other or withheld


def _held_against(report: Report) -> bool:
    """Agreements and standards: what a credential's equivalents are judged by."""
    return report.schema is not None and report.schema.partition(".")[0] in ("agreement", "standard")


def _cut(link: Link, depth: int, reason: str) -> Examined:
    return Examined(_node(link, depth, Verdict.UNDECIDED, reason))


def _matches(found: Examined) -> bool | None:
    if found.node.reason == "digest_differs":
        return False
    return None if found.report is None else True


def _maker(record: Record) -> Maker:
    return Maker(record.schema, record.issuer)


def _allowed_here(link: Link, citing: Maker, found: Examined) -> bool | None:
    if found.maker is not None:
        return allowed(link, citing, found.maker)
    if found.withheld:
        # Its issuer is not known, but no keeper's word may make a type fit that the graph does not have.
        return None if found.withheld in link_targets(citing.schema).get(link.rel, ()) else False
    return None


def allowed(link: Relation, citing: Maker, cited: Maker) -> bool:
    """Whether the typed graph has this edge (protocol sections 2.4 and 2.7, `schemas/links.json`)."""
    if link.rel == "supersedes" and cited.issuer != citing.issuer:
        return False
    return cited.schema.partition(".")[0] in link_targets(citing.schema).get(link.rel, ())


def _node(
    link: Link, depth: int, verdict: Verdict, reason: str | None, name: str | None = None
) -> LineageNode:
    return LineageNode(digest_multibase(link.digest), link.rel, depth, verdict, reason, link.id, name)


def judge_ancestor(report: Report) -> tuple[Verdict, str | None]:
    """An ancestor's verdict as far as its descendants are concerned: withdrawn is a remark there."""
    if report.verdict is Verdict.NOT_VALID:
        failed = [result for result in report.steps if result.outcome is Outcome.FAILED]
        if all(result.step is Step.STATUS for result in failed):
            return Verdict.VALID_WITH_REMARKS, f"ancestor_{failed[0].reason}"
        return Verdict.NOT_VALID, "ancestor_not_valid"
    if report.verdict is Verdict.UNDECIDED:
        return Verdict.UNDECIDED, "ancestor_undecided"
    return report.verdict, None if report.verdict is Verdict.VALID else "ancestor_remarks"
