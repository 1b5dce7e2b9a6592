"""Batches as a stream of tile tasks, worked off by any executor with a bounded number in flight."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from dataclasses import dataclass, field

from verifier_cli.audit.explain import Anchored
from verifier_cli.audit.findings import Code, Finding
from verifier_cli.audit.sources import Source
from verifier_cli.audit.tiles import TileResult, TileTask, examine_tile
from verifier_cli.audit.witnesses import BatchRules
from verifier_cli.errors import DataError, TraceError
from verifier_cli.leaf_list import TILE_LEAVES, LeafListHeader, parse_header, split_record_line, tile_number

IN_FLIGHT_PER_WORKER = 4  # tiles waiting for each worker: enough to hide the reader, few enough for memory


class WorkersLost(TraceError):  # noqa: N818 - named for what happened
    """Worker processes died; nothing can be said."""


@dataclass(slots=True)
class BatchRun:
    """One batch on its way through the audit. ``header`` None: there is no readable leaf list."""

    did: str
    sequence: int
    anchored: Anchored
    rules: BatchRules
    header: LeafListHeader | None = None
    results: list[TileResult] = field(default_factory=list)
    orphans: list[bytes] = field(default_factory=list)  # records that claim the batch and have no leaf
    findings: list[Finding] = field(default_factory=list)
    readable: bool = True

    def unreadable(self, error: DataError, tile: int | None = None, *, leaves: bool = True) -> None:
        """Note data that cannot be read; without its leaves a batch cannot be judged."""
        self.readable = self.readable and not leaves
        self.findings.append(
            Finding(Code.UNREADABLE, self.did, self.sequence, tile, detail=f"{error.path}: {error.reason}")
        )


@dataclass(frozen=True, slots=True)
class BatchEnd:
    """All tiles of the batch were handed out."""

    run: BatchRun


Event = tuple[BatchRun, TileTask] | BatchEnd


class _RecordLines:
    """Record lines handed out tile by tile; lines out of order or without a leaf are kept for the end."""

    def __init__(self, lines: Iterable[bytes], run: BatchRun) -> None:
        self._lines = iter(lines)
        self._run = run
        self._next: tuple[int, bytes] | None = None

    def take(self, tile: int) -> tuple[bytes, ...]:
        """Lines of the tile's leaves."""
        taken = []
        while (found := self._peek()) is not None and found[0] // TILE_LEAVES <= tile:
            self._next = None
            if found[0] // TILE_LEAVES == tile:
                taken.append(found[1])
            else:
                self._run.orphans.append(found[1])
        return tuple(taken)

    def rest(self) -> None:
        """Everything that belongs to no tile becomes an orphan of the batch."""
        while (found := self._peek()) is not None:
            self._next = None
            self._run.orphans.append(found[1])

    def _peek(self) -> tuple[int, bytes] | None:
        while self._next is None:
            line = self._read()
            if line is None:
                return None
            try:
                index, _ = split_record_line(line)
            except DataError as error:
                self._run.unreadable(error, leaves=False)
                continue
            if index is None:
                self._run.orphans.append(line)
            else:
                self._next = index, line
        return self._next

    def _read(self) -> bytes | None:
        try:
            return next(self._lines, None)
        except DataError as error:
            self._run.unreadable(error, leaves=False)
            self._lines = iter(())
            return None


def read_header(source: Source, did: str, sequence: int) -> LeafListHeader | None:
    """The header of a leaf list; None where there is no list. Raises `LeafListError`."""
    line = next(source.leaves(did, sequence), None)
    return None if line is None else parse_header(line)


def batch_events(source: Source, run: BatchRun, with_records: bool) -> Iterator[Event]:
    """Tasks of one batch in tile order, then its end. Bad data is noted in the run."""
    records = _RecordLines(source.records(run.did, run.sequence) if with_records else (), run)
    seen = -1
    with contextlib.suppress(StopIteration):
        lines = source.leaves(run.did, run.sequence)
        next(lines)  # the header was read before
        while True:
            try:
                line = next(lines)
                number = tile_number(line)
                if number <= seen:
                    run.unreadable(DataError("$.tile", f"tile {number} stands after tile {seen}"), number)
                    continue
            except DataError as error:
                run.unreadable(error)
                break
            seen = number
            yield run, TileTask(number, line, records.take(number), run.rules, with_records)
    records.rest()
    yield BatchEnd(run)


def work_off(
    events: Iterable[Event], executor: Executor | None, workers: int
) -> Iterator[tuple[BatchRun, TileResult] | BatchEnd]:
    """Examine every tile, in order, on the executor (or right here), and hand the batch ends through."""
    if executor is None:
        for event in events:
            yield event if isinstance(event, BatchEnd) else (event[0], examine_tile(event[1]))
        return
    waiting: deque[tuple[BatchRun, Future[TileResult]] | BatchEnd] = deque()
    flying = 0
    for event in events:
        if isinstance(event, BatchEnd):
            waiting.append(event)
        else:
            waiting.append((event[0], executor.submit(examine_tile, event[1])))
            flying += 1
        while waiting and (flying > workers * IN_FLIGHT_PER_WORKER or isinstance(waiting[0], BatchEnd)):
            flying -= not isinstance(waiting[0], BatchEnd)
            yield _done(waiting.popleft())
    while waiting:
        yield _done(waiting.popleft())


def _done(
    entry: tuple[BatchRun, Future[TileResult]] | BatchEnd,
) -> tuple[BatchRun, TileResult] | BatchEnd:
    if isinstance(entry, BatchEnd):
        return entry
    try:
        return entry[0], entry[1].result()
    except BrokenExecutor:
        raise WorkersLost("a worker process ended before its work did") from None
