"""What an import reads: organisations, people, and the records that its rows may name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from trace_service.database import AnyRow, table_of
from trace_service.imports.model import Organisation
from trace_service.imports.tables import ImportJob, ImportRowError
from trace_service.organisations.queries import ORGANISATION, PERSON
from trace_service.records.queries import PUBLIC_KINDS, RECORD, SIGNATURE, chunks

JOB = table_of(ImportJob)
ROW_ERROR = table_of(ImportRowError)


def all_organisations(connection: Connection) -> list[tuple[Organisation, str]]:
    """Return every organisation with its English name."""
    rows = connection.execute(
        sa.select(ORGANISATION.c.pk, ORGANISATION.c.did, ORGANISATION.c.name_zh, ORGANISATION.c.name_en)
    )
    return [(Organisation(row.pk, row.did, row.name_zh), row.name_en) for row in rows]


def known_people(connection: Connection, organisation_pk: int, refs: Iterable[str]) -> dict[str, str]:
    """Return the URN of each known number of ``organisation_pk``."""
    return {
        row.external_ref: row.urn
        for part in chunks(refs)
        for row in connection.execute(
            sa.select(PERSON.c.external_ref, PERSON.c.urn).where(
                PERSON.c.organisation_pk == organisation_pk, PERSON.c.external_ref.in_(part)
            )
        )
    }


def _visible(did: str) -> sa.Exists:
    # A row may only rest on what its uploader has signed: numbers of other tenants say nothing here.
    return sa.exists().where(SIGNATURE.c.record_pk == RECORD.c.pk, SIGNATURE.c.signer_did == did)


def _records() -> sa.Select[Any]:
    return (
        sa.select(
            RECORD.c.id,
            RECORD.c.digest,
            RECORD.c.schema_name,
            RECORD.c.external_ref,
            RECORD.c.revision,
            RECORD.c.subject,
            RECORD.c.document,
        )
        .where(RECORD.c.rejected_at.is_(None))
        .order_by(RECORD.c.revision, RECORD.c.pk)
    )


def records_by_ref(connection: Connection, did: str, schema: str, refs: Iterable[str]) -> list[AnyRow]:
    """Return records that ``did`` signs (of standards: every one) by reference, oldest revision first."""
    found: list[AnyRow] = []
    for part in chunks(refs):
        query = _records().where(RECORD.c.schema_name == schema, RECORD.c.external_ref.in_(part))
        found += connection.execute(query if schema == "standard.1" else query.where(_visible(did)))
    return found


def records_by_id(connection: Connection, did: str, ids: Iterable[str]) -> list[AnyRow]:
    """Return these records where ``did`` signs them or their kind is public."""
    found: list[AnyRow] = []
    for part in chunks(ids):
        allowed = RECORD.c.kind.in_([int(kind) for kind in PUBLIC_KINDS]) | _visible(did)
        found += connection.execute(_records().where(RECORD.c.id.in_(part), allowed))
    return found


def records_by_subject(connection: Connection, did: str, schema: str, urns: Iterable[str]) -> list[AnyRow]:
    """Return records that ``did`` signs about these people, oldest revision first."""
    found: list[AnyRow] = []
    for part in chunks(urns):
        found += connection.execute(
            _records().where(RECORD.c.schema_name == schema, RECORD.c.subject.in_(part), _visible(did))
        )
    return found


def urns_of_number(connection: Connection, refs: Iterable[str]) -> list[str]:
    """Return the URNs that any organisation has for these numbers; visibility is decided on the records."""
    return [
        urn
        for part in chunks(refs)
        for urn in connection.execute(
            sa.select(PERSON.c.urn).where(PERSON.c.external_ref.in_(part))
        ).scalars()
    ]


def issued_before(connection: Connection, issuer_pk: int, schema: str, refs: Iterable[str]) -> list[AnyRow]:
    """Return every record of an issuer under these references, lowest revision first.

    Rejected drafts are left out: they say nothing, and hold neither their reference nor their revision. A
    record without a reference is named by its id, as exports do.
    """
    reference = sa.func.coalesce(RECORD.c.external_ref, RECORD.c.id).label("external_ref")
    found: list[AnyRow] = []
    for part in chunks(refs):
        found += connection.execute(
            sa.select(
                RECORD.c.id,
                RECORD.c.digest,
                reference,
                RECORD.c.revision,
                RECORD.c.document,
            )
            .where(
                RECORD.c.organisation_pk == issuer_pk,
                RECORD.c.schema_name == schema,
                RECORD.c.external_ref.in_(part) | (RECORD.c.external_ref.is_(None) & RECORD.c.id.in_(part)),
                RECORD.c.rejected_at.is_(None),
            )
            .order_by(RECORD.c.revision)
        )
    return found


def refs_of_ids(connection: Connection, ids: Iterable[str]) -> dict[str, tuple[str, str, str]]:
    """Return (schema, issuer's DID, external reference) of these records, where they have one."""
    return {
        row.id: (row.schema_name, row.did, row.external_ref)
        for part in chunks(ids)
        for row in connection.execute(
            sa.select(RECORD.c.id, RECORD.c.schema_name, ORGANISATION.c.did, RECORD.c.external_ref)
            .join(ORGANISATION, ORGANISATION.c.pk == RECORD.c.organisation_pk)
            .where(RECORD.c.id.in_(part), RECORD.c.external_ref.is_not(None))
        )
    }


def document_of(row: AnyRow) -> dict[str, Any]:
    """The document of a record row."""
    document: dict[str, Any] = orjson.loads(row.document)
    return document


def job_row(connection: Connection, pk: int) -> AnyRow:
    """Return a job by its row."""
    return connection.execute(sa.select(JOB).where(JOB.c.pk == pk)).one()


def find_job(connection: Connection, organisation_pk: int, job_id: str) -> AnyRow | None:
    """Return a job of the organisation by its public id."""
    return connection.execute(
        sa.select(JOB).where(JOB.c.id == job_id, JOB.c.organisation_pk == organisation_pk)
    ).one_or_none()


def unfinished_jobs(connection: Connection) -> list[int]:
    """Return the jobs that wait or were interrupted, oldest first: what the worker polls."""
    query = sa.select(JOB.c.pk).where(JOB.c.finished_at.is_(None)).order_by(JOB.c.pk)
    return list(connection.execute(query).scalars())


def unfinished_with_file(connection: Connection, digest: bytes) -> bool:
    """Whether a job still needs the uploaded file of this SHA-256."""
    query = sa.select(JOB.c.pk).where(JOB.c.file_sha256 == digest, JOB.c.finished_at.is_(None)).limit(1)
    return connection.execute(query).scalar() is not None


def row_errors(connection: Connection, job_pk: int, *, after: int, limit: int) -> list[AnyRow]:
    """Return the errors and notes of a job with a row above ``after``, in the order they were found."""
    return list(
        connection.execute(
            sa.select(ROW_ERROR)
            .where(ROW_ERROR.c.import_job_pk == job_pk, ROW_ERROR.c.pk > after)
            .order_by(ROW_ERROR.c.pk)
            .limit(limit)
        )
    )
