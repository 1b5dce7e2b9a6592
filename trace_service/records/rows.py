"""Storing records and the signatures they wait for: two bulk inserts, no ORM."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from trace_service.creditbank.ledger import take_up
from trace_service.database import bulk_insert
from trace_service.lineage.links import insert_links
from trace_service.records.queries import OUTBOX, RECORD, SIGNATURE
from verifier_cli.record import Record


@dataclass(frozen=True, slots=True)
class NewRecord:
    """A final record on its way into the database; ``organisation_pk`` is the issuer's row."""

    record: Record
    organisation_pk: int
    proposer_pk: int
    status_number: int
    external_ref: str | None = None
    revision: int = 1
    import_job_pk: int | None = None


@dataclass(frozen=True, slots=True)
class DraftedRecord:
    """A stored record. ``digest`` is the record_digest."""

    pk: int
    id: str
    digest: bytes
    record: Record


def insert_records(
    connection: Connection,
    new: Sequence[NewRecord],
    now: datetime,
    *,
    completed_at: datetime | None = None,
    anchor_by: datetime | None = None,
) -> list[DraftedRecord]:
    """Insert ``new`` in order and return them with their rows; signature rows are the caller's.

    With ``completed_at`` they go into the outbox at once.

    A broken constraint raises SQLAlchemy's IntegrityError: callers look for known ids and references first.
    """
    if not new:
        return []
    before = connection.execute(sa.select(sa.func.coalesce(sa.func.max(RECORD.c.pk), 0))).scalar_one()
    times = (now, completed_at, anchor_by)
    bulk_insert(connection, RECORD, _COLUMNS, [(*_row(entry), *times) for entry in new])
    rows = connection.execute(sa.select(RECORD.c.digest, RECORD.c.pk).where(RECORD.c.pk > before))
    pks = {row.digest: row.pk for row in rows}
    if completed_at is not None:
        waiting = [(entry.organisation_pk, pks[entry.record.digest]) for entry in new]
        bulk_insert(connection, OUTBOX, ("organisation_pk", "record_pk"), waiting)
    stored = [
        DraftedRecord(pks[entry.record.digest], entry.record.id, entry.record.digest, entry.record)
        for entry in new
    ]
    insert_links(connection, ((draft.pk, draft.record) for draft in stored))
    proposers = [entry.proposer_pk for entry in new]
    take_up(connection, stored, proposers, deferred=new[0].import_job_pk is not None)
    return stored


def insert_open_signatures(connection: Connection, drafted: Iterable[DraftedRecord]) -> None:
    """Insert one open signature row for the issuer and each countersigner."""
    rows = [
        (draft.pk, position, did, role)
        for draft in drafted
        for position, (did, role) in enumerate(signer_set(draft.record))
    ]
    bulk_insert(connection, SIGNATURE, ("record_pk", "position", "signer_did", "role"), rows)


def signer_set(record: Record) -> list[tuple[str, str]]:
    """Return (DID, role) of issuer and countersigners; the issuer's role is ``issuer``."""
    return [(record.issuer, "issuer"), *record.countersigners]


_COLUMNS = (
    "id",
    "organisation_pk",
    "proposer_pk",
    "schema_name",
    "kind",
    "subkind",
    "subject",
    "external_ref",
    "revision",
    "status_number",
    "digest",
    "document",
    "import_job_pk",
    "created_at",
    "completed_at",
    "anchor_by",
)


def _row(new: NewRecord) -> tuple[Any, ...]:
    """The values of `_COLUMNS` up to the times."""
    record = new.record
    return (
        record.id,
        new.organisation_pk,
        new.proposer_pk,
        record.schema,
        int(record.kind),
        record.subkind,
        record.document["credentialSubject"].get("id"),
        new.external_ref,
        new.revision,
        new.status_number,
        record.digest,
        record.canonical,
        new.import_job_pk,
    )
