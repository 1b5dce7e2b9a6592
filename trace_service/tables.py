"""Every table of the service, imported once so that the metadata is whole (migrations, tests)."""

from __future__ import annotations

from sqlmodel import SQLModel

from trace_service.anchoring.tables import (
    AnchorAuthorisation,
    Batch,
    BatchLeaf,
    BatchTile,
    HeldRecord,
    SealDemand,
    WithheldRecord,
)
from trace_service.creditbank.tables import (
    CreditAccount,
    CreditHolder,
    CreditJournal,
    CreditOperation,
    CreditPosting,
)
from trace_service.evm.tables import EvmTransaction, TransactionBatch
from trace_service.idempotency.tables import IdempotentAnswer
from trace_service.imports.tables import ImportJob, ImportRowError
from trace_service.lineage.tables import RecordLink
from trace_service.organisations.tables import ApiKey, Organisation, Person, RecordKey
from trace_service.records.tables import Outbox, Record, RecordSignature
from trace_service.records.work_tables import (
    AwaitedContribution,
    DraftRevision,
    RecordDeadline,
    SigningApproval,
    SigningReminder,
)
from trace_service.status.tables import StatusChange
from trace_service.verification.tables import VerificationTime

metadata = SQLModel.metadata

__all__ = [
    "AnchorAuthorisation",
    "ApiKey",
    "AwaitedContribution",
    "Batch",
    "BatchLeaf",
    "BatchTile",
    "CreditAccount",
    "CreditHolder",
    "CreditJournal",
    "CreditOperation",
    "CreditPosting",
    "DraftRevision",
    "EvmTransaction",
    "HeldRecord",
    "IdempotentAnswer",
    "ImportJob",
    "ImportRowError",
    "Organisation",
    "Outbox",
    "Person",
    "Record",
    "RecordDeadline",
    "RecordKey",
    "RecordLink",
    "RecordSignature",
    "SealDemand",
    "SigningApproval",
    "SigningReminder",
    "StatusChange",
    "TransactionBatch",
    "VerificationTime",
    "WithheldRecord",
    "metadata",
]
