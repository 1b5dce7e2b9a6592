"""Reading records and signatures. Every query for a caller goes through the signer set: who signs may see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from trace_service.anchoring.tables import Batch, BatchLeaf, WithheldRecord
from trace_service.database import AnyRow, table_of
from trace_service.records.tables import Outbox, Record, RecordSignature
from verifier_cli.kinds import Kind

RECORD = table_of(Record)
SIGNATURE = table_of(RecordSignature)
OUTBOX = table_of(Outbox)
BATCH = table_of(Batch)
LEAF = table_of(BatchLeaf)
WITHHELD = table_of(WithheldRecord)

CHUNK = 500  # values in one IN list: well below SQLite's 32,766, and few distinct statements
STATES = ("draft", "rejected", "complete", "sealed", "anchored", "final", "withheld")
# Records of these kinds name no person and are meant to be built on by others.
PUBLIC_KINDS = (Kind.PARTY, Kind.STANDARD)
# Of these every reader may have the content too. A Party is not among them: it may describe a person.
OPEN_KINDS = (Kind.STANDARD,)

T = TypeVar("T")

_STATE = sa.case(
    (RECORD.c.rejected_at.is_not(None), "rejected"),
    (RECORD.c.completed_at.is_(None), "draft"),
    (LEAF.c.batch_pk.is_(None), "complete"),
    (BATCH.c.anchored_at.is_(None), "sealed"),
    (BATCH.c.final_at.is_(None), "anchored"),
    (WITHHELD.c.record_pk.is_not(None), "withheld"),
    else_="final",
).label("state")


def signed_by(did: str) -> sa.ColumnElement[bool]:
    """Whether ``did`` is one of a record's signers."""
    return sa.exists().where(SIGNATURE.c.record_pk == RECORD.c.pk, SIGNATURE.c.signer_did == did)


def known_to(did: str) -> sa.ColumnElement[bool]:
    """Whether ``did`` may link to a record by its id alone: it signs it, or its kind is public. Drafts of
    others too: what an import links to may be signed after it."""
    return signed_by(did) | RECORD.c.kind.in_([int(kind) for kind in PUBLIC_KINDS])


def readable_by(did: str) -> sa.ColumnElement[bool]:
    """Whether ``did`` may have a record's content: it signs it, or its kind is open and it is complete. What
    is still a draft, or was rejected, is its signers' alone."""
    open_kind = RECORD.c.kind.in_([int(kind) for kind in OPEN_KINDS])
    return signed_by(did) | (open_kind & RECORD.c.completed_at.is_not(None))


def chunks(values: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """Yield ``values`` in lists of at most ``size``."""
    rest = iter(values)
    while part := list(islice(rest, size)):
        yield part


def _overview() -> sa.Select[Any]:
    columns = (
        RECORD.c.pk,
        RECORD.c.id,
        RECORD.c.schema_name,
        RECORD.c.subject,
        RECORD.c.external_ref,
        RECORD.c.revision,
        RECORD.c.digest,
        RECORD.c.created_at,
        RECORD.c.completed_at,
        RECORD.c.anchor_by,
        RECORD.c.rejection,
        WITHHELD.c.reason.label("withheld"),
        BATCH.c.sequence,
        BATCH.c.anchored_at,
        _STATE,
    )
    return (
        sa.select(*columns)
        .join_from(RECORD, LEAF, LEAF.c.record_pk == RECORD.c.pk, isouter=True)
        .join(BATCH, BATCH.c.pk == LEAF.c.batch_pk, isouter=True)
        .join(WITHHELD, WITHHELD.c.record_pk == RECORD.c.pk, isouter=True)
    )


def list_records(
    connection: Connection,
    did: str,
    *,
    after: int,
    limit: int,
    schema: str | None = None,
    state: str | None = None,
    external_ref: str | None = None,
) -> Sequence[AnyRow]:
    """Return records that ``did`` signs or issues, in the order of drafting, with a row above ``after``."""
    query = (
        _overview()
        .join(SIGNATURE, SIGNATURE.c.record_pk == RECORD.c.pk)
        .where(SIGNATURE.c.signer_did == did, SIGNATURE.c.record_pk > after)
    )
    if schema is not None:
        query = query.where(RECORD.c.schema_name == schema)
    if external_ref is not None:
        query = query.where(RECORD.c.external_ref == external_ref)
    if state is not None:
        query = query.where(_STATE.in_([state]))
    return connection.execute(query.order_by(SIGNATURE.c.record_pk).limit(limit)).all()


def find_record(connection: Connection, did: str, record_id: str) -> AnyRow | None:
    """Return the record if ``did`` is one of its signers, with its ``document``."""
    query = _overview().add_columns(RECORD.c.document).where(RECORD.c.id == record_id, signed_by(did))
    return connection.execute(query).one_or_none()


def readable_by_digest(connection: Connection, did: str, digest: bytes) -> str | None:
    """Return the id of the record with this record_digest if ``did`` signs it or anyone may read its kind."""
    query = sa.select(RECORD.c.id).where(RECORD.c.digest == digest, readable_by(did))
    found = connection.execute(query).scalar_one_or_none()
    return None if found is None else str(found)


def signatures_of(connection: Connection, record_pk: int) -> Sequence[AnyRow]:
    """Return the signature rows of a record, issuer first."""
    return connection.execute(
        sa.select(SIGNATURE).where(SIGNATURE.c.record_pk == record_pk).order_by(SIGNATURE.c.position)
    ).all()


def waiting_for(connection: Connection, did: str, digests: Iterable[bytes]) -> dict[bytes, AnyRow]:
    """Return the signature rows of ``did`` for these records, by record digest."""
    found: dict[bytes, AnyRow] = {}
    for part in chunks(digests):
        rows = connection.execute(
            sa.select(
                SIGNATURE.c.record_pk,
                SIGNATURE.c.position,
                SIGNATURE.c.proof,
                RECORD.c.digest,
                RECORD.c.schema_name,
                RECORD.c.rejected_at,
                RECORD.c.completed_at,
            )
            .join_from(RECORD, SIGNATURE, SIGNATURE.c.record_pk == RECORD.c.pk)
            .where(RECORD.c.digest.in_(part), SIGNATURE.c.signer_did == did)
        )
        found.update((row.digest, row) for row in rows)
    return found


def linkable_digests(connection: Connection, did: str, ids: Iterable[str]) -> dict[str, bytes]:
    """Return the digests of those records that ``did`` may link to by id alone: its own, and public kinds."""
    found: dict[str, bytes] = {}
    for part in chunks(ids):
        rows = connection.execute(
            sa.select(RECORD.c.id, RECORD.c.digest).where(RECORD.c.id.in_(part), known_to(did))
        )
        found.update((row.id, row.digest) for row in rows)
    return found


def drafted_refs(
    connection: Connection, organisation_pk: int, schema: str, refs: Iterable[str]
) -> dict[str, AnyRow]:
    """Return the newest record (id, revision, digest, pk) that the issuer has under each external
    reference; rejected drafts hold none."""
    found: dict[str, AnyRow] = {}
    for part in chunks(refs):
        rows = connection.execute(
            sa.select(RECORD.c.pk, RECORD.c.id, RECORD.c.external_ref, RECORD.c.revision, RECORD.c.digest)
            .where(
                RECORD.c.organisation_pk == organisation_pk,
                RECORD.c.schema_name == schema,
                RECORD.c.external_ref.in_(part),
                RECORD.c.rejected_at.is_(None),
            )
            .order_by(RECORD.c.revision)
        )
        found.update((row.external_ref, row) for row in rows)
    return found


def known_ids(connection: Connection, ids: Iterable[str]) -> set[str]:
    """Return those of ``ids`` that some record has."""
    return {
        found
        for part in chunks(ids)
        for found in connection.execute(sa.select(RECORD.c.id).where(RECORD.c.id.in_(part))).scalars()
    }


def outbox(connection: Connection, organisation_pk: int, limit: int) -> Sequence[AnyRow]:
    """Return complete records of an issuer that are in no batch yet, oldest first: pk, digest,
    kind, times."""
    return connection.execute(
        sa.select(
            RECORD.c.pk,
            RECORD.c.id,
            RECORD.c.digest,
            RECORD.c.kind,
            RECORD.c.completed_at,
            RECORD.c.anchor_by,
        )
        .join_from(OUTBOX, RECORD, RECORD.c.pk == OUTBOX.c.record_pk)
        .where(OUTBOX.c.organisation_pk == organisation_pk)
        .order_by(OUTBOX.c.record_pk)
        .limit(limit)
    ).all()
