"""The audit itself: every batch of every organisation against the chain (protocol section 10)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field

from verifier_cli.audit.batch import close_batch, header_findings
from verifier_cli.audit.checkpoint import Checkpoint, compare
from verifier_cli.audit.explain import Anchored
from verifier_cli.audit.facts import ChainFacts
from verifier_cli.audit.findings import AuditReport, Code, Finding
from verifier_cli.audit.receipts import Promises, Receipt
from verifier_cli.audit.repeats import Repeats
from verifier_cli.audit.sources import Source
from verifier_cli.audit.stream import BatchEnd, BatchRun, Event, batch_events, read_header, work_off
from verifier_cli.audit.tiles import TileResult
from verifier_cli.audit.witnesses import BatchRules
from verifier_cli.did import org_id
from verifier_cli.errors import DataError
from verifier_cli.evidence import Batch

Progress = Callable[[int, int], None]
"""Called with leaves done and leaves expected."""


@dataclass(frozen=True, slots=True)
class AuditOptions:
    """What to audit. ``organisations`` empty means all.

    ``records_must_exist``: the source withholds nothing, so an absent record was removed.
    ``pending_allowed``: the source may hold sealed batches that the chain does not have yet; they are judged
    by their own header.
    """

    with_records: bool = True
    organisations: tuple[str, ...] = ()
    records_must_exist: bool = False
    pending_allowed: bool = False


@dataclass(slots=True)
class _Organisation:
    did: str
    sequences: list[int]
    repeats: Repeats = field(default_factory=Repeats)


class Audit:
    """One run over one source. `run` may be called once."""

    def __init__(
        self,
        source: Source,
        facts: ChainFacts,
        options: AuditOptions | None = None,
        *,
        receipts: Iterable[Receipt] = (),
        earlier: Checkpoint | None = None,
    ) -> None:
        self._source = source
        self._facts = facts
        self._options = options or AuditOptions()
        self._promises = Promises()
        for receipt in receipts:
            self._promises.add(receipt)
        self._earlier = earlier
        self._current: _Organisation | None = None
        self.report = AuditReport(
            facts.chain_id,
            facts.registry,
            facts.block_number,
            facts.block_hash,
            facts.block_time,
            self._options.with_records,
        )

    def run(
        self, executor: Executor | None = None, workers: int = 1, progress: Progress | None = None
    ) -> AuditReport:
        """Audit everything; the work on tiles is spread over ``executor`` if there is one.

        Raises:
            SourceError: the source cannot be read at all.
            CheckpointError: the earlier checkpoint is of another deployment.
        """
        dids = self._choose()
        total = sum(batch.leaves for did in dids for batch in self._facts.batches(org_id(did)))
        events = (event for did in dids for event in self._organisation_events(did))
        for done in work_off(events, executor, workers):
            if isinstance(done, BatchEnd):
                self._close(done.run)
                if progress is not None:
                    progress(self.report.counts.leaves, total)
            else:
                self._take(*done)
        self._finish_organisation(self._current)
        for finding in self._promises.findings(self._facts.block_time, self.report.counts):
            self.report.add(finding)
        self._compare_checkpoint(dids)
        return self.report

    def _choose(self) -> list[str]:
        """Organisations to audit; those of the chain that the source does not know leave the audit
        incomplete.
        """
        known = list(dict.fromkeys(self._source.organisations()))
        chosen = list(self._options.organisations) or known
        for did in chosen:
            if did not in known:
                self.report.add(Finding(Code.ORGANISATION_MISSING, did, detail="not in the source"))
            elif not self._facts.covers(org_id(did)):
                self.report.add(Finding(Code.ORGANISATION_MISSING, did, detail="not in the snapshot"))
        if not self._options.organisations:
            covered = {org_id(did) for did in known}
            for org in self._facts.organisations():
                if org not in covered and self._facts.batches(org):
                    self.report.add(
                        Finding(Code.ORGANISATION_MISSING, org.hex(), detail="has batches on the chain")
                    )
        return [did for did in chosen if did in known and self._facts.covers(org_id(did))]

    # ----- planning: what is to be examined -----

    def _organisation_events(self, did: str) -> Iterator[Event]:
        org = org_id(did)
        chain = self._facts.batches(org)
        listed = set(self._source.sequences(did))
        end = len(chain)
        while self._options.pending_allowed and end in listed:  # sealed batches follow the head without a gap
            end += 1
        for sequence in sorted({*listed, *range(len(chain))}):
            batch = chain[sequence] if sequence < len(chain) else None
            run = self._plan(did, sequence, batch, sequence in listed, end)
            if run.header is None or not run.readable:
                yield BatchEnd(run)
            else:
                yield from batch_events(self._source, run, self._options.with_records)

    def _plan(self, did: str, sequence: int, batch: Batch | None, listed: bool, end: int) -> BatchRun:
        facts = self._facts
        kinds = 0 if batch is None else batch.kinds
        rules = BatchRules(did, sequence, facts.chain_id, facts.registry, None, kinds)
        run = BatchRun(did, sequence, Anchored(did, sequence, b"", 0), rules)
        try:
            run.header = read_header(self._source, did, sequence) if listed else None
        except DataError as error:
            run.unreadable(error)
            return run
        if batch is not None:
            run.anchored = Anchored(did, sequence, batch.root, batch.leaves)
            run.rules = BatchRules(
                did, sequence, facts.chain_id, facts.registry, batch.anchored_at, batch.kinds
            )
        elif run.header is not None:
            run.anchored = Anchored(did, sequence, run.header.root, run.header.count)
            run.rules = BatchRules(did, sequence, facts.chain_id, facts.registry, None, run.header.kinds)
        run.findings.extend(header_findings(run, batch, facts.batches(org_id(did)), end))
        return run

    # ----- taking results in -----

    def _enter(self, did: str) -> _Organisation:
        if self._current is None or self._current.did != did:
            self._finish_organisation(self._current)
            self._current = _Organisation(did, [])
            self.report.counts.organisations += 1
        return self._current

    def _take(self, run: BatchRun, result: TileResult) -> None:
        self._enter(run.did).repeats.take(result)
        counts = self.report.counts
        counts.leaves += result.count - len(result.missing)
        counts.records += result.records
        counts.signatures += result.signatures
        if run.rules.anchored_at is not None:
            self._promises.meet(result.record_digests, run.did, run.sequence, run.rules.anchored_at)
        # Short forms are taken; what stays until the batch ends must be small for a million leaves.
        del result.ids[:], result.numbers[:]
        if not result.differing:
            result.record_digests = b""
        run.results.append(result)

    def _close(self, run: BatchRun) -> None:
        self._enter(run.did).sequences.append(run.sequence)
        counts = self.report.counts
        counts.batches += run.rules.anchored_at is not None and run.header is not None
        counts.pending += run.rules.anchored_at is None and run.header is not None
        opaque = sum(len(result.opaque) for result in run.results)
        counts.opaque += opaque
        counts.unexplained += opaque
        for finding in close_batch(run, self._source, self._facts, self._options.records_must_exist):
            self.report.add(finding)
        run.results.clear()

    def _finish_organisation(self, organisation: _Organisation | None) -> None:
        if organisation is None:
            return
        for finding in organisation.repeats.findings(self._source, organisation.did, organisation.sequences):
            self.report.add(finding)

    def _compare_checkpoint(self, dids: list[str]) -> None:
        if self._earlier is None:
            return
        names = {org_id(did): did for did in dids}
        for finding in compare(self._earlier, Checkpoint.take(self._facts, self._earlier), names):
            self.report.add(finding)
