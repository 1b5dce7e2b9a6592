"""Where a recomputation finds its records: batches of a service or an export, or loose proof files.

Batches are complete: every leaf is known by its digest, so a record that is kept back can be named. Proof
files (a folder, a ZIP, a dossier) are what they are: what is not among them is only seen by the root.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from verifier_cli.audit.run import Progress
from verifier_cli.audit.snapshot_facts import SnapshotFacts
from verifier_cli.audit.sources import Source
from verifier_cli.errors import DataError
from verifier_cli.indicators.community import facts_of
from verifier_cli.indicators.gather import REVOKED, SUSPENDED, Gathered, Left, gather
from verifier_cli.leaf_list import parse_tile, split_hashes, split_record_line
from verifier_cli.merkle import Tree
from verifier_cli.proof_file import Anchor, ProofFile, read_carriers
from verifier_cli.record import Record
from verifier_cli.report import Outcome, Report, Verdict
from verifier_cli.snapshot import Snapshot
from verifier_cli.snapshot_reader import SnapshotReader
from verifier_cli.trust import Deployment, Trust
from verifier_cli.verify import verify

__all__ = ["AtBlock", "BatchStore", "ProofStore", "Store"]

_VALID: Final = (Verdict.VALID, Verdict.VALID_WITH_REMARKS)
_LATER: Final = ("not_anchored", "not_final")
"""Reasons of step 4 for a record that the chain did not have yet."""


@dataclass(frozen=True, slots=True)
class AtBlock:
    """The chain at the report's block, and what judging records there takes."""

    snapshot: Snapshot
    facts: SnapshotFacts
    trust: Trust
    deployment: Deployment


class Store(Protocol):
    """Records to recompute from."""

    def gather(
        self, at: AtBlock, spool: Path, executor: Executor | None, workers: int, progress: Progress | None
    ) -> Gathered:
        """Every record judged as of the block."""

    def proof_files(self, digests: Collection[str], at: AtBlock) -> dict[str, bytes]:
        """Proof files of records by digest (hexadecimal), also of those anchored after the block."""


class BatchStore:
    """Leaf lists and records in batches; `partial` of a service, which shows what its reader may read."""

    def __init__(self, source: Source, *, partial: bool = False) -> None:
        self._source = source
        self._partial = partial

    def gather(
        self, at: AtBlock, spool: Path, executor: Executor | None, workers: int, progress: Progress | None
    ) -> Gathered:
        """See `Store`."""
        gathered = gather(self._source, at.facts, spool, executor, workers, progress)
        gathered.partial = self._partial
        return gathered

    def proof_files(self, digests: Collection[str], at: AtBlock) -> dict[str, bytes]:
        """See `Store`: a path is made from the batch's leaves, and proves itself against the chain."""
        wanted = set(map(bytes.fromhex, digests))
        found: dict[str, bytes] = {}
        for did in self._source.organisations():
            for sequence in self._source.sequences(did):
                if len(found) == len(wanted):
                    return found
                found |= self._of_batch(did, sequence, wanted, at)
        return found

    def _of_batch(self, did: str, sequence: int, wanted: set[bytes], at: AtBlock) -> dict[str, bytes]:
        places, leaves = self._leaves(did, sequence)
        here = {index: digest for digest, index in places.items() if digest in wanted}
        if not here:
            return {}
        tree = Tree(leaves)
        found = {}
        for line in self._source.records(did, sequence):
            index, data = split_record_line(line)
            if index in here:
                anchor = Anchor(
                    at.facts.chain_id, at.facts.registry, sequence, index, tuple(tree.path(index))
                )
                found[here[index].hex()] = ProofFile.write(data, anchor)
        return found

    def _leaves(self, did: str, sequence: int) -> tuple[dict[bytes, int], list[bytes]]:
        lines = self._source.leaves(did, sequence)
        next(lines, None)  # the header
        places: dict[bytes, int] = {}
        leaves: list[bytes] = []
        for line in lines:
            tile = parse_tile(line)
            for digest in split_hashes(tile.record_digests):
                places[digest] = len(places)
            leaves += tile.leaf_hash_list()
        return places, leaves


class ProofStore:
    """Proof files of a folder, a ZIP or a dossier, each verified by itself."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._paths = tuple(paths)

    def gather(
        self, at: AtBlock, spool: Path, executor: Executor | None, workers: int, progress: Progress | None
    ) -> Gathered:
        """See `Store`. Work is not spread: a dossier has a few thousand records."""
        gathered = Gathered(spool)
        reader = SnapshotReader(at.snapshot)
        faults: dict[str, Left] = {}
        with spool.open("wb") as stream:
            for done, (name, data) in enumerate(self._files(), 1):
                report = verify(data, at.trust, reader, at.snapshot.block.timestamp)
                document = report.document
                digest = (report.record_digest or "")[2:]
                if document is not None and report.verdict in _VALID:
                    gathered.add(facts_of(digest, document), document, stream)
                elif (left := _left(name, digest, report)) is not None:
                    faults.setdefault(digest or name, left)
                if progress is not None:
                    progress(done, done)
        # A spoilt copy says nothing against a record of which there is a good one.
        good = {item.digest for item in gathered.counted}
        gathered.left += [left for digest, left in faults.items() if digest not in good]
        return gathered

    def proof_files(self, digests: Collection[str], at: AtBlock) -> dict[str, bytes]:
        """See `Store`."""
        found = {}
        for _, data in self._files():
            try:
                digest = Record.from_value(ProofFile.parse(data).record).digest.hex()
            except DataError:
                continue  # `gather` has named it
            if digest in digests:
                found[digest] = data
        return found

    def _files(self) -> Iterator[tuple[str, bytes]]:
        for path in self._paths:
            yield from read_carriers(path)


def _left(name: str, digest: str, report: Report) -> Left | None:
    """Why a file does not count; None for what was anchored after the block: it is no part of this."""
    failed = next((step for step in report.steps if step.outcome is Outcome.FAILED), None)
    if failed is None and any(step.reason in _LATER for step in report.steps):
        return None
    step = failed or next(step for step in report.steps if step.reason is not None)
    reason = step.reason if step.reason in (REVOKED, SUSPENDED) else f"{step.step.name.lower()}_{step.reason}"
    return Left(reason or "", digest, name, 0, None, report.record_id, step.actual or "")
