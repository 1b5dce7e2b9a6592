"""What an audit can find, and the report that carries it (protocol section 10)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

REPORT_TYPE = "SkillTraceAuditReport"
REPORT_VERSION = 1
MAX_FINDINGS = (
    10_000  # kept in full; further ones are counted, so that a shifted batch of 2^20 cannot fill memory
)


class Code(StrEnum):
    """The kinds of finding. ``*_ALTERED`` names one witness; ``*_REWRITTEN`` several that agree among
    themselves.
    """

    RECORD_ALTERED = "record_altered"
    RECORD_REMOVED = "record_removed"
    RECORD_INSERTED = "record_inserted"
    RECORD_MOVED = "record_moved"
    RECORD_INVALID = "record_invalid"  # profile or schema
    RECORD_COLUMN = "record_column"  # a search column that contradicts the record (service's own check)
    SIGNATURES_ALTERED = "signatures_altered"
    SIGNATURE_INVALID = "signature_invalid"
    SIGNER_UNAUTHORISED = "signer_unauthorised"
    SIGNER_UNKNOWN = "signer_unknown"  # not covered by the snapshot: nothing can be said
    SIGNED_AFTER_ANCHORING = "signed_after_anchoring"
    WRONG_ORGANISATION = "wrong_organisation"
    WRONG_DEPLOYMENT = "wrong_deployment"
    KIND_OUTSIDE_BATCH = "kind_outside_batch"
    LEAF_ALTERED = "leaf_altered"
    LEAF_REMOVED = "leaf_removed"
    LEAF_INSERTED = "leaf_inserted"
    LEAF_MOVED = "leaf_moved"
    TILE_ALTERED = "tile_altered"
    TILE_REMOVED = "tile_removed"
    TILE_INSERTED = "tile_inserted"
    TILE_REWRITTEN = "tile_rewritten"
    BATCH_ALTERED = "batch_altered"
    BATCH_REMOVED = "batch_removed"
    BATCH_INSERTED = "batch_inserted"
    BATCH_MOVED = "batch_moved"
    BATCH_REWRITTEN = "batch_rewritten"
    ACCOUNT_UNAUTHORISED = "account_unauthorised"
    FORMAT_UNKNOWN = "format_unknown"
    REPEATED_ID = "repeated_id"
    REPEATED_DIGEST = "repeated_digest"
    REPEATED_STATUS_NUMBER = "repeated_status_number"
    PROMISE_BROKEN = "promise_broken"
    RECEIPT_INVALID = "receipt_invalid"
    EQUIVOCATION = "equivocation"
    HEAD_SHORTENED = "head_shortened"
    UNREADABLE = "unreadable"
    OPAQUE_LEAF = "opaque_leaf"
    ORGANISATION_MISSING = "organisation_missing"
    ORGANISATION_UNKNOWN = "organisation_unknown"
    CHAIN_BEHIND = "chain_behind"
    CHAIN_AHEAD = "chain_ahead"
    STATUS_DIFFERS = "status_differs"
    OUTBOX_BROKEN = "outbox_broken"
    LEDGER_DIFFERS = "ledger_differs"  # the credit bank's books (service's own check)


# These leave the question open: they make the audit incomplete and prove no fault.
UNDECIDED_CODES = frozenset(
    {Code.OPAQUE_LEAF, Code.ORGANISATION_MISSING, Code.FORMAT_UNKNOWN, Code.SIGNER_UNKNOWN}
)


class AuditVerdict(StrEnum):
    """The answer of an audit, and the exit code it means."""

    CONSISTENT = "CONSISTENT"
    FINDINGS = "FINDINGS"
    INCOMPLETE = "INCOMPLETE"

    @property
    def exit_code(self) -> int:
        """0 consistent, 1 findings, 2 incomplete (as for `verify`; 3 is usage or unreadable input)."""
        return {AuditVerdict.CONSISTENT: 0, AuditVerdict.FINDINGS: 1, AuditVerdict.INCOMPLETE: 2}[self]


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference: what, where, and the two values. Indexes are of the batch; digests are lower-case
    hex.
    """

    code: Code
    organisation: str = ""
    sequence: int | None = None
    tile: int | None = None
    leaf_index: int | None = None
    record_id: str | None = None
    expected: str = ""
    actual: str = ""
    detail: str = ""

    def to_json(self) -> dict[str, Any]:
        """The finding with only the members that say something."""
        members = {
            "code": self.code.value,
            "organisation": self.organisation,
            "sequence": self.sequence,
            "tile": self.tile,
            "leafIndex": self.leaf_index,
            "recordId": self.record_id,
            "expected": self.expected,
            "actual": self.actual,
            "detail": self.detail,
        }
        return {name: value for name, value in members.items() if value is not None and value != ""}


@dataclass(slots=True)
class Counts:
    """How much was looked at."""

    organisations: int = 0
    batches: int = 0
    leaves: int = 0
    records: int = 0
    signatures: int = 0
    opaque: int = 0
    unexplained: int = 0  # opaque leaves that no erasure Decision explains
    pending: int = 0  # sealed batches that are not on the chain yet
    receipts: int = 0
    promises_pending: int = 0

    def to_json(self) -> dict[str, int]:
        """The counts by name."""
        return {
            "organisations": self.organisations,
            "batches": self.batches,
            "leaves": self.leaves,
            "records": self.records,
            "signatures": self.signatures,
            "opaque": self.opaque,
            "unexplained": self.unexplained,
            "pending": self.pending,
            "receipts": self.receipts,
            "promisesPending": self.promises_pending,
        }


@dataclass(slots=True)
class AuditReport:
    """Everything an audit says. ``block`` is the head that the chain was read at."""

    chain_id: int
    registry: str
    block_number: int
    block_hash: str
    block_time: int
    with_records: bool
    counts: Counts = field(default_factory=Counts)
    findings: list[Finding] = field(default_factory=list)
    dropped: int = 0  # findings beyond MAX_FINDINGS
    undecided: bool = False
    failed: bool = False

    def add(self, finding: Finding) -> None:
        """Take up one finding; beyond `MAX_FINDINGS` it is only counted."""
        if finding.code in UNDECIDED_CODES:
            self.undecided = True
        else:
            self.failed = True
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(finding)
        else:
            self.dropped += 1

    @property
    def verdict(self) -> AuditVerdict:
        """FINDINGS if anything is wrong, else INCOMPLETE if anything could not be judged, else CONSISTENT."""
        if self.failed:
            return AuditVerdict.FINDINGS
        return AuditVerdict.INCOMPLETE if self.undecided else AuditVerdict.CONSISTENT

    def to_json(self) -> dict[str, Any]:
        """The report's JSON form (versioned)."""
        return {
            "type": REPORT_TYPE,
            "version": REPORT_VERSION,
            "verdict": self.verdict.value,
            "chainId": self.chain_id,
            "registry": self.registry,
            "blockNumber": self.block_number,
            "blockHash": self.block_hash,
            "blockTime": self.block_time,
            "withRecords": self.with_records,
            "counts": self.counts.to_json(),
            "findings": [finding.to_json() for finding in self.findings],
            "findingsDropped": self.dropped,
        }
