"""Step 9: the records that a record builds on, found, compared by digest, and verified (protocol section 9).

A digest can only name what exists already, so links form a DAG; each record is verified once, however many
point to it. A record's own verdict and its lineage's stand side by side: a certificate does not become forged
because a log beneath it was withdrawn, but its reader must be told.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, Protocol

from verifier_cli.encoding import digest_multibase
from verifier_cli.errors import CouldNotRead, DataError
from verifier_cli.proof_file import MAX_PROOF_FILE, ProofFile
from verifier_cli.record import Link, Record, record_digest
from verifier_cli.report import LineageNode, LineageReport, Outcome, Report, Step, Verdict
from verifier_cli.rules import link_targets
from verifier_cli.wire import HttpConnection, HttpStatusError

__all__ = ["Files", "LineageExaminer", "Source", "Website"]

MAX_NODES: Final = 10_000
"""Records below one record (protocol section 9); a trainee's three years make some hundreds."""

MAX_DEPTH: Final = 32
"""Longest chain of links (protocol section 9); certificate to standard takes 4."""

_WORST_FIRST: Final = (
    Verdict.NOT_VALID,
    Verdict.UNDECIDED,
    Verdict.VALID_WITH_REMARKS,
    Verdict.VALID,
)


@dataclass(frozen=True, slots=True)
class Found:
    """A proof file for a link: `name` for people, and its bytes."""

    name: str
    data: bytes


class Source(Protocol):
    """A place where linked records may be. `find` returns None for what it does not have; it raises
    CouldNotRead when it could not look. What it returns is checked by the caller, never trusted."""

    def find(self, link: Link) -> Found | None:
        """A proof file whose record has the link's digest, or at least its id."""
        ...


class Files:
    """Proof files at hand, found by the digest of their record, else by its id."""

    def __init__(self, files: Iterable[tuple[str, bytes]]) -> None:
        self._by_digest: dict[bytes, list[Found]] = {}
        self._by_id: dict[str, Found] = {}
        for name, data in files:
            try:
                record = ProofFile.parse(data).record
                found = Found(name, data)
                self._by_digest.setdefault(record_digest(record), []).append(found)
                self._by_id.setdefault(str(record.get("id")), found)
            except DataError:
                # Not a proof file: it is reported where it is verified itself, and nothing can link to it.
                continue

    def find(self, link: Link) -> Found | None:
        """See `Source.find`."""
        return next(iter(self.copies(link)), None) or self._by_id.get(link.id)

    def copies(self, link: Link) -> list[Found]:
        """Every file with the link's very record; they may differ in proofs and anchor."""
        return self._by_digest.get(link.digest, [])


class Website:
    """A place that the user named; a proof file lives at `<url>/<digestMultibase of its record>`.

    Links inside records only ever contribute the digest, so no record can make us fetch from elsewhere.
    `api_key`, where the place asks for one, is sent to it and to nobody else.
    """

    def __init__(self, url: str, api_key: str | None = None) -> None:
        self._url = url.rstrip("/")
        self._api_key = api_key
        self._http = HttpConnection(self._url)

    def find(self, link: Link) -> Found | None:
        """See `Source.find`."""
        name = digest_multibase(link.digest)
        try:
            target = f"{self._http.target.rstrip('/')}/{name}"
            data = self._http.exchange("GET", target, None, MAX_PROOF_FILE, bearer=self._api_key)
        except HttpStatusError as error:
            if error.status in (404, 410):
                return None
            if error.status in (401, 403):
                raise CouldNotRead("no_access", f"HTTP status {error.status}") from None
            raise
        return Found(f"{self._url}/{name}", data)


class Maker(NamedTuple):
    """What the rules of the link graph look at: a record's schema and its issuer."""

    schema: str
    issuer: str


class _Examined(NamedTuple):
    """A linked record's node; its maker and links where it holds."""

    node: LineageNode
    maker: Maker | None = None
    links: tuple[Link, ...] = ()


class LineageExaminer:
    """Examines lineages; keeps the report of every record that it has verified, by digest.

    `verify_one` verifies one proof file without its lineage.
    """

    def __init__(self, sources: Iterable[Source], verify_one: Callable[[bytes], Report]) -> None:
        self._sources = tuple(sources)
        self._verify_one = verify_one
        self._known: dict[bytes, _Examined] = {}

    def __call__(self, record: Record) -> LineageReport:
        """The lineage of `record`, breadth first; each record below it appears once, where it is nearest."""
        nodes: list[LineageNode] = []
        seen: dict[tuple[str, bytes], Maker | None] = {}
        start = _maker(record)
        waiting = deque((link, 1, start) for link in record.links)
        while waiting:
            link, depth, citing = waiting.popleft()
            if (link.id, link.digest) in seen:
                cited = seen[link.id, link.digest]
                if cited is not None and not allowed(link, citing, cited):
                    nodes.append(_node(link, depth, Verdict.NOT_VALID, "link_not_allowed"))
                continue
            seen[link.id, link.digest] = None
            if len(nodes) >= MAX_NODES:
                nodes.append(_node(link, depth, Verdict.UNDECIDED, "too_many"))
                break
            if depth > MAX_DEPTH:
                nodes.append(_node(link, depth, Verdict.UNDECIDED, "too_deep"))
                continue
            found = self._examine(link, depth)
            seen[link.id, link.digest] = found.maker
            if found.maker is not None and not allowed(link, citing, found.maker):
                nodes.append(_node(link, depth, Verdict.NOT_VALID, "link_not_allowed", found.node.name))
                continue
            nodes.append(found.node)
            if found.maker is not None:
                waiting.extend((item, depth + 1, found.maker) for item in found.links)
        worst = next(v for v in _WORST_FIRST if v is Verdict.VALID or any(n.verdict is v for n in nodes))
        return LineageReport(worst, tuple(nodes))

    def _examine(self, link: Link, depth: int) -> _Examined:
        known = self._known.get(link.digest)
        if known is not None and known.node.id == link.id:
            return known._replace(node=replace(known.node, relation=link.rel, depth=depth))
        try:
            found = self._find(link)
        except CouldNotRead as error:
            return _Examined(_node(link, depth, Verdict.UNDECIDED, error.reason))
        if found is None:
            return _Examined(_node(link, depth, Verdict.UNDECIDED, "missing"))
        found, report = self._best(link, found)
        if report.record_digest is None:
            return _Examined(_node(link, depth, *_judge(report), found.name))
        if report.record_digest != f"0x{link.digest.hex()}" or report.record_id != link.id:
            return _Examined(_node(link, depth, Verdict.NOT_VALID, "digest_differs", found.name))
        node = _node(link, depth, *_judge(report), found.name)
        if node.verdict is Verdict.NOT_VALID:
            # It says nothing reliable about what lies below it.
            examined = _Examined(node)
        else:
            record = Record.from_value(ProofFile.parse(found.data).record)
            examined = _Examined(node, _maker(record), record.links)
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

    def _find(self, link: Link) -> Found | None:
        """From the first source that has the very record; else what goes by its id, for the message."""
        other: Found | None = None
        for source in self._sources:
            found = source.find(link)
            if found is not None and _digest_of(found.data) == link.digest:
                return found
            other = other or found
        return other


def _digest_of(data: bytes) -> bytes | None:
    try:
        return record_digest(ProofFile.parse(data).record)
    except DataError:
        return None


def _maker(record: Record) -> Maker:
    return Maker(record.schema, record.issuer)


def allowed(link: Link, citing: Maker, cited: Maker) -> bool:
    """Whether the typed graph has this edge (protocol sections 2.4 and 2.7, `schemas/links.json`)."""
    if link.rel == "supersedes" and cited.issuer != citing.issuer:
        return False
    return cited.schema.partition(".")[0] in link_targets(citing.schema).get(link.rel, ())


def _node(
    link: Link, depth: int, verdict: Verdict, reason: str | None, name: str | None = None
) -> LineageNode:
    return LineageNode(digest_multibase(link.digest), link.rel, depth, verdict, reason, link.id, name)


def _judge(report: Report) -> tuple[Verdict, str | None]:
    """An ancestor's verdict as far as its descendants are concerned: withdrawn is a remark there."""
    if report.verdict is Verdict.NOT_VALID:
        failed = [result for result in report.steps if result.outcome is Outcome.FAILED]
        if all(result.step is Step.STATUS for result in failed):
            return Verdict.VALID_WITH_REMARKS, f"ancestor_{failed[0].reason}"
        return Verdict.NOT_VALID, "ancestor_not_valid"
    if report.verdict is Verdict.UNDECIDED:
        return Verdict.UNDECIDED, "ancestor_undecided"
    return report.verdict, None if report.verdict is Verdict.VALID else "ancestor_remarks"
