"""Storing records and the signatures they wait for: two bulk inserts, no ORM."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from trace_service.records.queries import RECORD, SIGNATURE
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

    A broken constraint raises SQLAlchemy's IntegrityError: callers look for known ids and references first.
    """
    if not new:
        return []
    before = connection.execute(sa.select(sa.func.coalesce(sa.func.max(RECORD.c.pk), 0))).scalar_one()
    times = {"created_at": now, "completed_at": completed_at, "anchor_by": anchor_by}
    connection.execute(sa.insert(RECORD), [{**_row(entry), **times} for entry in new])
    rows = connection.execute(sa.select(RECORD.c.digest, RECORD.c.pk).where(RECORD.c.pk > before))
    pks = {row.digest: row.pk for row in rows}
    return [
        DraftedRecord(pks[entry.record.digest], entry.record.id, entry.record.digest, entry.record)
        for entry in new
    ]


def insert_open_signatures(connection: Connection, drafted: Iterable[DraftedRecord]) -> None:
    """Insert one open signature row for the issuer and each countersigner."""
    rows = [
        {"record_pk": draft.pk, "position": position, "signer_did": did, "role": role}
        for draft in drafted
        for position, (did, role) in enumerate(signer_set(draft.record))
    ]
    if rows:
        connection.execute(sa.insert(SIGNATURE), rows)


def signer_set(record: Record) -> list[tuple[str, str]]:
    """Return (DID, role) of issuer and countersigners; the issuer's role is ``issuer``."""
    return [(record.issuer, "issuer"), *record.countersigners]


def _row(new: NewRecord) -> dict[str, Any]:
    record = new.record
    subject = record.document["credentialSubject"].get("id")
    return {
        "id": record.id,
        "organisation_pk": new.organisation_pk,
        "proposer_pk": new.proposer_pk,
        "schema_name": record.schema,
        "kind": int(record.kind),
        "subject": subject,
        "external_ref": new.external_ref,
        "revision": new.revision,
        "status_number": new.status_number,
        "digest": record.digest,
        "document": record.canonical,
        "import_job_pk": new.import_job_pk,
    }
