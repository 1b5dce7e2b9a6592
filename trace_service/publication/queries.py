"""SQL of what is published: batches, leaves, tiles, authorisations, records in leaf order.

Rows are read as they are, also where somebody has damaged them: the audit must be able to name what it finds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from trace_service.anchoring.tables import AnchorAuthorisation, Batch, BatchLeaf, BatchTile
from trace_service.database import AnyRow, table_of
from trace_service.organisations.tables import Organisation
from trace_service.records.tables import Outbox, Record, RecordSignature

AUTHORISATION = table_of(AnchorAuthorisation)
BATCH = table_of(Batch)
LEAF = table_of(BatchLeaf)
ORGANISATION = table_of(Organisation)
OUTBOX = table_of(Outbox)
RECORD = table_of(Record)
SIGNATURE = table_of(RecordSignature)
TILE = table_of(BatchTile)

STREAM_ROWS = 2_000  # rows fetched at a time: memory stays flat for a batch of a million

# `Row` has a method `count`, so the column goes by another name in rows.
BATCH_COLUMNS = [column.label("size") if column.name == "count" else column for column in BATCH.c]


def stream(connection: Connection, query: sa.Select[*tuple[Any, ...]]) -> Iterator[AnyRow]:
    """Rows of a query, fetched in parts."""
    yield from connection.execution_options(yield_per=STREAM_ROWS).execute(query)


def organisations(connection: Connection, after: int = 0, limit: int | None = None) -> Sequence[AnyRow]:
    """Rows (pk, did, org_id, name_zh, name_en) in the order of their pk."""
    columns = (
        ORGANISATION.c.pk,
        ORGANISATION.c.did,
        ORGANISATION.c.org_id,
        ORGANISATION.c.name_zh,
        ORGANISATION.c.name_en,
    )
    query = sa.select(*columns).where(ORGANISATION.c.pk > after).order_by(ORGANISATION.c.pk)
    return connection.execute(query if limit is None else query.limit(limit)).all()


def organisation_by_id(connection: Connection, org: bytes) -> AnyRow | None:
    """The organisation with this org_id."""
    query = sa.select(ORGANISATION.c.pk, ORGANISATION.c.did).where(ORGANISATION.c.org_id == org)
    return connection.execute(query).one_or_none()


def batches(
    connection: Connection,
    organisation_pk: int,
    *,
    anchored_only: bool,
    first: int = 0,
    limit: int | None = None,
) -> Sequence[AnyRow]:
    """Batches of an organisation by sequence, from ``first``."""
    query = (
        sa.select(*BATCH_COLUMNS)
        .where(BATCH.c.organisation_pk == organisation_pk, BATCH.c.sequence >= first)
        .order_by(BATCH.c.sequence)
    )
    if anchored_only:
        query = query.where(BATCH.c.anchored_at.is_not(None))
    return connection.execute(query if limit is None else query.limit(limit)).all()


def authorisations(connection: Connection, batch_pk: int) -> Sequence[AnyRow]:
    """The organisation's signatures over the batch, oldest first."""
    query = sa.select(AUTHORISATION).where(AUTHORISATION.c.batch_pk == batch_pk)
    return connection.execute(query.order_by(AUTHORISATION.c.pk)).all()


def leaves(connection: Connection, batch_pk: int) -> Iterator[AnyRow]:
    """Leaf rows by index: leaf_index, record_digest, signature_digest, leaf_hash."""
    columns = (LEAF.c.leaf_index, LEAF.c.record_digest, LEAF.c.signature_digest, LEAF.c.leaf_hash)
    return stream(
        connection, sa.select(*columns).where(LEAF.c.batch_pk == batch_pk).order_by(LEAF.c.leaf_index)
    )


def tiles(connection: Connection, batch_pk: int) -> dict[int, Any]:
    """Tile hashes by tile index."""
    rows = connection.execute(
        sa.select(TILE.c.tile_index, TILE.c.tile_hash).where(TILE.c.batch_pk == batch_pk)
    )
    return {row.tile_index: row.tile_hash for row in rows}


def records(connection: Connection, batch_pk: int, *, signer: str | None = None) -> Iterator[AnyRow]:
    """One row per leaf and proof, by leaf: leaf_index, record pk, document, proof (None without one).

    With ``signer`` (a DID) only records that this organisation has signed.
    """
    query = (
        sa.select(LEAF.c.leaf_index, RECORD.c.pk, RECORD.c.document, SIGNATURE.c.proof)
        .select_from(LEAF)
        .join(RECORD, RECORD.c.pk == LEAF.c.record_pk)
        .outerjoin(SIGNATURE, SIGNATURE.c.record_pk == RECORD.c.pk)
        .where(LEAF.c.batch_pk == batch_pk)
        .order_by(LEAF.c.leaf_index, SIGNATURE.c.position)
    )
    if signer is not None:
        own = SIGNATURE.alias()
        signed = sa.exists().where(own.c.record_pk == RECORD.c.pk, own.c.signer_did == signer)
        query = query.where(signed)
    return stream(connection, query)


def strays(connection: Connection, organisation_pk: int) -> Iterator[AnyRow]:
    """Complete records neither in a batch nor in the outbox, in the shape of `records` (leaf_index None).

    There are none unless somebody removed a leaf, or an outbox row.
    """
    return _without_leaf(connection, sa.and_(RECORD.c.organisation_pk == organisation_pk, IS_STRAY))


def outbox(connection: Connection, organisation_pk: int) -> Iterator[AnyRow]:
    """Records that wait for a batch, in the shape of `records` (leaf_index None)."""
    waiting = sa.exists().where(
        OUTBOX.c.organisation_pk == organisation_pk, OUTBOX.c.record_pk == RECORD.c.pk
    )
    return _without_leaf(connection, sa.and_(waiting, ~_HAS_LEAF))


_HAS_LEAF = sa.exists().where(LEAF.c.record_pk == RECORD.c.pk)
_WAITS = sa.exists().where(
    OUTBOX.c.organisation_pk == RECORD.c.organisation_pk, OUTBOX.c.record_pk == RECORD.c.pk
)
IS_STRAY = sa.and_(RECORD.c.completed_at.is_not(None), ~_WAITS, ~_HAS_LEAF)


def misplaced(connection: Connection) -> Iterator[AnyRow]:
    """Rows of the outbox that cannot be sealed: record_pk, id, did (issuer), completed_at, leaf_index,
    organisation_pk and issuer_pk.
    """
    query = (
        sa.select(
            OUTBOX.c.organisation_pk,
            OUTBOX.c.record_pk,
            RECORD.c.organisation_pk.label("issuer_pk"),
            RECORD.c.id,
            RECORD.c.completed_at,
            LEAF.c.leaf_index,
            ORGANISATION.c.did,
        )
        .select_from(OUTBOX)
        .outerjoin(RECORD, RECORD.c.pk == OUTBOX.c.record_pk)
        .outerjoin(LEAF, LEAF.c.record_pk == OUTBOX.c.record_pk)
        .outerjoin(ORGANISATION, ORGANISATION.c.pk == RECORD.c.organisation_pk)
        .where(
            sa.or_(
                RECORD.c.completed_at.is_(None),
                RECORD.c.organisation_pk != OUTBOX.c.organisation_pk,
                LEAF.c.record_pk.is_not(None),
            )
        )
    )
    return stream(connection, query)


def stray_ids(connection: Connection) -> Iterator[AnyRow]:
    """Records of `strays` of every organisation: id and did."""
    query = sa.select(RECORD.c.id, ORGANISATION.c.did).outerjoin(
        ORGANISATION, ORGANISATION.c.pk == RECORD.c.organisation_pk
    )
    return stream(connection, query.where(IS_STRAY))


def _without_leaf(connection: Connection, condition: sa.ColumnElement[bool]) -> Iterator[AnyRow]:
    query = (
        sa.select(sa.null().label("leaf_index"), RECORD.c.pk, RECORD.c.document, SIGNATURE.c.proof)
        .select_from(RECORD)
        .outerjoin(SIGNATURE, SIGNATURE.c.record_pk == RECORD.c.pk)
        .where(condition)
        .order_by(RECORD.c.pk, SIGNATURE.c.position)
    )
    return stream(connection, query)
