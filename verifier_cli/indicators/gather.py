"""Records for a recomputation, each verified as of one block: what counts, and why the rest does not.

The batches that the chain had at the block are audited (leaves against the anchored root, records against
leaves, signatures, authority); then each record that nothing was found against is read once more, held
against the digest of its leaf, and looked up in the status words of that block.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final, Protocol

import orjson

from verifier_cli.audit.facts import ChainFacts
from verifier_cli.audit.findings import Code, Finding
from verifier_cli.audit.run import Audit, AuditOptions, Progress
from verifier_cli.audit.sources import (
    BATCHES_FILE,
    EXPORT_TYPE,
    EXPORT_VERSION,
    LEAVES_SUFFIX,
    ORGANISATIONS_FILE,
    RECORDS_SUFFIX,
    Source,
)
from verifier_cli.did import org_id
from verifier_cli.errors import DataError
from verifier_cli.indicators.community import Facts, facts_of
from verifier_cli.leaf_list import parse_tile, split_hashes, split_record_line
from verifier_cli.record import record_digest

__all__ = ["WITHHELD", "BlockFacts", "Gathered", "Left", "copy_source", "gather", "status_of"]

REVOKED: Final = "revoked"
SUSPENDED: Final = "suspended"
WITHHELD: Final = "withheld"
_PLANES: Final = ((0, REVOKED), (1, SUSPENDED))

_HARMLESS: Final = frozenset(
    {Code.OPAQUE_LEAF, Code.RECORD_INSERTED, Code.TILE_ALTERED, Code.TILE_INSERTED, Code.TILE_REMOVED}
)
"""Findings without a leaf after which the leaves of the batch are still authentic. After any other one none
of its records counts."""


class BlockFacts(ChainFacts, Protocol):
    """The chain at one block, with status words."""

    def status_words(self, org: bytes) -> Mapping[tuple[int, int], int]:
        """Words with a bit set, by (plane, word): plane 0 revoked, 1 suspended."""


@dataclass(frozen=True, slots=True)
class Left:
    """A leaf whose record does not count: `reason` is revoked, suspended, withheld, or an audit's code.

    `digest` is that of the leaf, in hexadecimal; empty where a whole batch cannot be read.
    """

    reason: str
    digest: str
    organisation: str
    sequence: int
    leaf_index: int | None = None
    record_id: str | None = None
    detail: str = ""

    @property
    def by_its_issuer(self) -> bool:
        """Whether the chain itself says that the record does not count: no fault of who shows it."""
        return self.reason in (REVOKED, SUSPENDED)


@dataclass(slots=True)
class Gathered:
    """Counted records as facts, the others with their reason. `spool` holds a line for each counted one."""

    spool: Path
    counted: list[Facts] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    partial: bool = False
    """Whether the source shows each reader only what he may read: what is withheld is then no fault of it."""
    _digests: set[str] = field(default_factory=set)

    def add(self, facts: Facts, document: dict[str, Any], stream: IO[bytes]) -> None:
        """Count a record in, once: its issuer may have anchored it twice."""
        if facts.digest in self._digests:
            return
        self._digests.add(facts.digest)
        self.counted.append(facts)
        stream.write(b"%b %b\n" % (facts.digest.encode(), orjson.dumps(document)))

    def documents(self, digests: set[str]) -> Iterator[tuple[str, dict[str, Any]]]:
        """Digest and document of these counted records."""
        with self.spool.open("rb") as stream:
            for line in stream:
                digest = line[:64].decode()
                if digest in digests:
                    yield digest, orjson.loads(line[65:])


def status_of(words: Mapping[tuple[int, int], int], number: int) -> str | None:
    """revoked or suspended, None for a record in force."""
    for plane, reason in _PLANES:
        if words.get((plane, number >> 8), 0) >> (number & 0xFF) & 1:
            return reason
    return None


class _Until:
    """A source cut off at a block: only the batches that the chain had."""

    def __init__(self, source: Source, facts: ChainFacts) -> None:
        self._source = source
        self._facts = facts
        self.organisations = source.organisations
        self.leaves = source.leaves
        self.records = source.records

    def sequences(self, did: str) -> list[int]:
        head = len(self._facts.batches(org_id(did)))
        return [sequence for sequence in self._source.sequences(did) if sequence < head]


def gather(
    source: Source,
    facts: BlockFacts,
    spool: Path,
    executor: Executor | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> Gathered:
    """Verify every record that `source` has of the batches at the block of `facts`; write `spool`.

    The source is read twice and must stand still: copy a service's answers first (`copy_source`).
    Raises SourceError where it cannot be read at all, DataError where nearly everything is at fault.
    """
    until = _Until(source, facts)
    audit = Audit(until, facts, AuditOptions())
    report = audit.run(executor, workers, progress)
    if report.dropped:
        # What was not kept could speak of a record that then would seem sound.
        raise DataError("$", f"the records have more than {len(report.findings)} faults")
    found: dict[tuple[str, int], list[Finding]] = {}
    for finding in report.findings:
        if finding.sequence is not None:
            found.setdefault((finding.organisation, finding.sequence), []).append(finding)
    gathered = Gathered(spool)
    with spool.open("wb") as stream:
        for did in until.organisations():
            words = facts.status_words(org_id(did))
            for sequence in range(len(facts.batches(org_id(did)))):
                batch = _Batch(did, sequence, found.get((did, sequence), []), words)
                batch.take(until, gathered, stream)
    return gathered


class _Batch:
    """One batch after its audit."""

    def __init__(
        self, did: str, sequence: int, findings: Sequence[Finding], words: Mapping[tuple[int, int], int]
    ) -> None:
        self._place = did, sequence
        self._words = words
        self._spoiled = next(
            (item for item in findings if item.leaf_index is None and item.code not in _HARMLESS), None
        )
        self._bad = {
            item.leaf_index: item
            for item in findings
            if item.leaf_index is not None and item.code is not Code.OPAQUE_LEAF
        }

    def take(self, source: Source, gathered: Gathered, stream: IO[bytes]) -> None:
        """Sort its leaves into counted and left."""
        if self._spoiled is not None:
            code, detail = self._spoiled.code.value, self._spoiled.detail
            gathered.left.append(Left(code, "", *self._place, detail=detail))
            return
        digests = _digests(source, *self._place)
        seen = set()
        for line in source.records(*self._place):
            index, data = split_record_line(line)
            if index is None or index >= len(digests) or index in seen:
                continue  # belongs to no leaf: the audit has named it
            seen.add(index)
            self._record(index, digests[index], data, gathered, stream)
        gathered.left += [
            Left(WITHHELD, digest.hex(), *self._place, index)
            for index, digest in enumerate(digests)
            if index not in seen
        ]

    def _record(self, index: int, digest: bytes, data: bytes, gathered: Gathered, stream: IO[bytes]) -> None:
        finding = self._bad.get(index)
        document = _parse(data)
        if finding is not None or document is None or record_digest(document) != digest:
            code = Code.RECORD_ALTERED if finding is None else finding.code
            name = None if finding is None else finding.record_id
            detail = "" if finding is None else finding.detail
            gathered.left.append(Left(code.value, digest.hex(), *self._place, index, name, detail))
            return
        facts = facts_of(digest.hex(), document)
        stopped = status_of(self._words, facts.number)
        if stopped is not None:
            gathered.left.append(Left(stopped, digest.hex(), *self._place, index, document["id"]))
            return
        gathered.add(facts, document, stream)


def _digests(source: Source, did: str, sequence: int) -> list[bytes]:
    lines = source.leaves(did, sequence)
    next(lines, None)  # the header
    return [digest for line in lines for digest in split_hashes(parse_tile(line).record_digests)]


def _parse(data: bytes) -> dict[str, Any] | None:
    """The document without proofs, of a line that the audit has found to be a record."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    if isinstance(value, dict):
        value.pop("proof", None)
        return value
    return None


def copy_source(source: Source, folder: Path) -> None:
    """Write what a service answers into an export's layout, so that both readings see the same bytes."""
    dids = source.organisations()
    for did in dids:
        place = folder / org_id(did).hex()
        place.mkdir(parents=True)
        sequences = source.sequences(did)
        for sequence in sequences:
            _write(place / f"{sequence}{LEAVES_SUFFIX}", source.leaves(did, sequence))
            _write(place / f"{sequence}{RECORDS_SUFFIX}", source.records(did, sequence))
        _write(place / BATCHES_FILE, iter([orjson.dumps({"organisation": did, "sequences": sequences})]))
    index = {"type": EXPORT_TYPE, "version": EXPORT_VERSION, "organisations": dids}
    _write(folder / ORGANISATIONS_FILE, iter([orjson.dumps(index)]))


def _write(path: Path, lines: Iterator[bytes]) -> None:
    with path.open("xb") as stream:
        stream.writelines(lines)
