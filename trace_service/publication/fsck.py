"""fsck: everything the database says, recomputed and held against the chain (reliability promise 6).

The batches are audited by the verifier's own audit, with the database as its source; what only the service
knows (columns, the outbox, marks, promises, requested status changes) is checked here. The chain is read
first: what was anchored between the two readings is newer than its block and is not held against it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Engine

from trace_service.creditbank.checks import check_ledger
from trace_service.publication.against_chain import (
    StatusFacts,
    Tally,
    check_batches,
    check_outbox,
    check_promises,
    check_receipts,
    check_statuses,
)
from trace_service.publication.checks import check_tables
from trace_service.publication.database_source import DatabaseSource
from verifier_cli.audit import Audit, AuditOptions, AuditReport, Code, Finding, Receipt
from verifier_cli.audit.run import Progress

REPORT_TYPE = "SkillTraceFsckReport"
REPORT_VERSION = 1

LOST = frozenset(
    {Code.RECORD_REMOVED, Code.LEAF_REMOVED, Code.BATCH_REMOVED, Code.CHAIN_AHEAD, Code.ORGANISATION_MISSING}
)
DOUBLE = frozenset({Code.REPEATED_ID, Code.REPEATED_DIGEST, Code.REPEATED_STATUS_NUMBER})
GAP = frozenset({Code.BATCH_REMOVED, Code.BATCH_INSERTED, Code.BATCH_MOVED})


@dataclass(frozen=True, slots=True)
class FsckReport:
    """The audit's report with the service's own findings in it, and the tally."""

    audit: AuditReport
    tally: Tally

    def count(self, codes: Iterable[Code]) -> int:
        """How many findings are of these codes."""
        wanted = set(codes)
        return sum(finding.code in wanted for finding in self.audit.findings)

    @property
    def lost(self) -> int:
        """Records, leaves and batches that were there and are not."""
        return self.count(LOST)

    @property
    def double(self) -> int:
        """Ids, digests and status numbers that stand twice."""
        return self.count(DOUBLE)

    @property
    def gaps(self) -> int:
        """Sequences that are missing, in excess or in each other's place."""
        return self.count(GAP)

    @property
    def broken_promises(self) -> int:
        """Receipts that were not honoured."""
        return self.count([Code.PROMISE_BROKEN])

    def to_json(self) -> dict[str, Any]:
        """The versioned JSON form."""
        return {
            **self.audit.to_json(),
            "type": REPORT_TYPE,
            "version": REPORT_VERSION,
            "lost": self.lost,
            "double": self.double,
            "gaps": self.gaps,
            "brokenPromises": self.broken_promises,
            "waiting": self.tally.waiting,
            "unmarked": self.tally.unmarked,
            "statuses": self.tally.statuses,
            "promisesKept": self.tally.promises_kept,
            "promisesRunning": self.tally.promises_running,
        }


def fsck(
    engine: Engine,
    facts: StatusFacts,
    *,
    receipts: Sequence[Receipt] = (),
    executor: Executor | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> FsckReport:
    """Check one database against the chain facts, in one consistent view of the database."""
    tally = Tally()
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        options = AuditOptions(records_must_exist=True, pending_allowed=True)
        audit = Audit(DatabaseSource(connection), facts, options, receipts=receipts)
        report = audit.run(executor, workers, progress)
        for check in (
            check_tables(connection),
            check_batches(connection, facts, tally),
            check_statuses(connection, facts, tally),
            check_promises(connection, facts, tally),
            check_receipts(connection, receipts),
            check_outbox(connection, facts, tally),
            check_ledger(connection),
        ):
            for finding in check:
                report.add(finding)
        connection.rollback()
    _missing_organisations_are_lost(report)
    return FsckReport(report, tally)


def _missing_organisations_are_lost(report: AuditReport) -> None:
    """A published source may leave an organisation out; this database may not."""
    for finding in list(report.findings):
        if finding.code is Code.ORGANISATION_MISSING:
            report.add(
                Finding(
                    Code.ORGANISATION_UNKNOWN,
                    finding.organisation,
                    detail="anchored here, not in the database",
                )
            )
