"""SQL of sealing and anchoring."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from trace_service import database
from trace_service.anchoring.tables import (
    AnchorAuthorisation,
    Batch,
    BatchLeaf,
    BatchTile,
    HeldRecord,
    SealDemand,
    WithheldRecord,
)
from trace_service.database import AnyRow, table_of
from trace_service.evm.queries import TX, is_live
from trace_service.evm.tables import TransactionBatch
from trace_service.organisations.tables import Organisation
from trace_service.records.queries import chunks
from trace_service.records.tables import Outbox, Record, RecordSignature
from trace_service.status.tables import StatusChange

BATCH = table_of(Batch)
LEAF = table_of(BatchLeaf)
TILE = table_of(BatchTile)
AUTHORISATION = table_of(AnchorAuthorisation)
DEMAND = table_of(SealDemand)
HELD = table_of(HeldRecord)
WITHHELD = table_of(WithheldRecord)
LINK = table_of(TransactionBatch)
ORGANISATION = table_of(Organisation)
OUTBOX = table_of(Outbox)
RECORD = table_of(Record)
SIGNATURE = table_of(RecordSignature)

STREAM_ROWS = 5_000  # rows fetched at a time: memory stays flat for a batch of a million


# `Row` has a method `count`, so the column goes by another name in rows.
_BATCH_COLUMNS = [column.label("size") if column.name == "count" else column for column in BATCH.c]


def stream(connection: Connection, query: sa.Select[*tuple[Any, ...]]) -> Iterator[AnyRow]:
    """Rows of a large result, a few thousand at a time."""
    yield from connection.execution_options(yield_per=STREAM_ROWS).execute(query)


def organisations(connection: Connection) -> Sequence[AnyRow]:
    """Every organisation: pk, did and org_id."""
    columns = (ORGANISATION.c.pk, ORGANISATION.c.did, ORGANISATION.c.org_id)
    return connection.execute(sa.select(*columns).order_by(ORGANISATION.c.pk)).all()


# ----- sealing -----
def next_sequence(connection: Connection, organisation_pk: int) -> int:
    """The sequence after the last sealed batch; 0 for the first."""
    query = sa.select(sa.func.max(BATCH.c.sequence)).where(BATCH.c.organisation_pk == organisation_pk)
    last = connection.execute(query).scalar()
    return 0 if last is None else int(last) + 1


def insert_batch(connection: Connection, values: Mapping[str, Any]) -> int:
    """Insert a batch header; returns its pk."""
    return int(connection.execute(BATCH.insert().values(**values).returning(BATCH.c.pk)).scalar_one())


def insert_leaves(connection: Connection, leaves: Sequence[tuple[Any, ...]]) -> None:
    """Insert leaves given as tuples in the order of the table's columns."""
    database.bulk_insert(connection, LEAF, [column.name for column in LEAF.c], leaves)


def take_records(connection: Connection, organisation_pk: int, record_pks: Sequence[int]) -> int:
    """Take records out of the organisation's outbox; returns how many were still in it.

    As driver SQL: Core would walk a dictionary for each row.
    """
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    sql = f"DELETE FROM {OUTBOX.name} WHERE organisation_pk = {mark} AND record_pk = {mark}"  # noqa: S608 - our name
    rows = [(organisation_pk, pk) for pk in record_pks]
    return int(connection.exec_driver_sql(sql, rows).rowcount)


# ----- anchoring -----
def not_final(connection: Connection) -> Sequence[AnyRow]:
    """Batches on their way, with their organisation, by organisation and sequence."""
    query = (
        sa.select(*_BATCH_COLUMNS, ORGANISATION.c.did, ORGANISATION.c.org_id)
        .join(ORGANISATION, ORGANISATION.c.pk == BATCH.c.organisation_pk)
        .where(BATCH.c.final_at.is_(None))
        .order_by(BATCH.c.organisation_pk, BATCH.c.sequence)
    )
    return connection.execute(query).all()


def in_flight(connection: Connection, batch_pk: int, besides: int = 0) -> bool:
    """Whether a transaction (other than row ``besides``) that carries the batch may still be mined."""
    query = (
        sa.select(LINK.c.batch_pk)
        .join(TX, TX.c.pk == LINK.c.transaction_pk)
        .where(LINK.c.batch_pk == batch_pk, TX.c.pk != besides, is_live(TX))
    )
    return connection.execute(query).first() is not None


def link(connection: Connection, transaction_pk: int, batch_pks: Sequence[int]) -> None:
    """Tie batches to the transaction that carries them."""
    connection.execute(LINK.delete().where(LINK.c.transaction_pk == transaction_pk))
    rows = [{"transaction_pk": transaction_pk, "batch_pk": pk} for pk in batch_pks]
    connection.execute(LINK.insert(), rows)


def mined_transaction(connection: Connection, batch_pk: int) -> AnyRow | None:
    """The latest successful transaction in the slot of any transaction that carries the batch: a hint
    only.
    """
    slot = TX.alias("slot")
    query = (
        sa.select(slot.c.hash, slot.c.block_number, slot.c.block_hash)
        .join(TX, sa.and_(TX.c.sender == slot.c.sender, TX.c.nonce == slot.c.nonce))
        .join(LINK, LINK.c.transaction_pk == TX.c.pk)
        .where(LINK.c.batch_pk == batch_pk, slot.c.succeeded.is_(True))
        .order_by(slot.c.pk.desc())
    )
    return connection.execute(query).first()


def update_batch(connection: Connection, pk: int, **values: Any) -> None:
    """Set facts of a batch."""
    connection.execute(BATCH.update().where(BATCH.c.pk == pk).values(**values))


def latest_authorisation(connection: Connection, batch_pk: int) -> AnyRow | None:
    """The authorisation with the latest deadline."""
    query = sa.select(AUTHORISATION).where(AUTHORISATION.c.batch_pk == batch_pk)
    return connection.execute(query.order_by(AUTHORISATION.c.deadline.desc()).limit(1)).first()


def insert_authorisation(connection: Connection, values: Mapping[str, Any]) -> None:
    """Keep an authorisation for ever."""
    connection.execute(AUTHORISATION.insert().values(**values))


def _to_check(now: datetime) -> sa.ColumnElement[bool]:
    rested = sa.or_(BATCH.c.retry_at.is_(None), BATCH.c.retry_at <= now)
    return sa.and_(BATCH.c.final_at.is_not(None), BATCH.c.checked_at.is_(None), rested)


def unchecked(connection: Connection, now: datetime) -> Sequence[AnyRow]:
    """Final batches whose proof files are to be verified now."""
    return connection.execute(sa.select(*_BATCH_COLUMNS).where(_to_check(now)).order_by(BATCH.c.pk)).all()


def newest_anchored(connection: Connection, organisation_pk: int) -> AnyRow | None:
    """The anchored batch with the highest sequence."""
    query = sa.select(*_BATCH_COLUMNS).where(
        BATCH.c.organisation_pk == organisation_pk, BATCH.c.anchored_at.is_not(None)
    )
    return connection.execute(query.order_by(BATCH.c.sequence.desc()).limit(1)).first()


def reopen(connection: Connection, organisation_pk: int, head: int) -> int:
    """Forget that batches from sequence ``head`` on were anchored; returns how many."""
    where = (
        (BATCH.c.organisation_pk == organisation_pk)
        & (BATCH.c.sequence >= head)
        & BATCH.c.anchored_at.is_not(None)
    )
    lost = list(connection.execute(sa.select(BATCH.c.pk).where(where)).scalars())
    for batch_pk in lost:
        forget_anchor(connection, batch_pk)
    return len(lost)


def forget_anchor(connection: Connection, batch_pk: int) -> None:
    """Forget that a batch was anchored, and what was judged of its records at that time."""
    update_batch(connection, batch_pk, **NOT_ANCHORED)
    sealed = sa.select(LEAF.c.record_pk).where(LEAF.c.batch_pk == batch_pk)
    connection.execute(WITHHELD.delete().where(WITHHELD.c.record_pk.in_(sealed)))


NOT_ANCHORED: dict[str, Any] = {
    "anchored_at": None,
    "block_number": None,
    "block_hash": None,
    "transaction_hash": None,
    "final_at": None,
    "checked_at": None,
}


# ----- leaves and records -----
def leaf_hashes(connection: Connection, batch_pk: int) -> list[bytes]:
    """Leaf hashes of a batch in order."""
    query = sa.select(LEAF.c.leaf_hash).where(LEAF.c.batch_pk == batch_pk).order_by(LEAF.c.leaf_index)
    return [bytes(value) for value in connection.execute(query).scalars()]


def place_of(connection: Connection, record_id: str) -> AnyRow | None:
    """A record with the batch and the leaf it is in (both NULL before sealing), and why it was held back."""
    query = (
        sa.select(
            RECORD.c.pk,
            RECORD.c.document,
            RECORD.c.completed_at,
            RECORD.c.organisation_pk,
            LEAF.c.leaf_index,
            BATCH.c.pk.label("batch_pk"),
            BATCH.c.sequence,
            BATCH.c.final_at,
            BATCH.c.checked_at,
            BATCH.c.transaction_hash,
            WITHHELD.c.reason.label("withheld"),
            WITHHELD.c.signer_did.label("withheld_for"),
            HELD.c.reason.label("held"),
            HELD.c.signer_did.label("held_for"),
        )
        .join(LEAF, LEAF.c.record_pk == RECORD.c.pk, isouter=True)
        .join(BATCH, BATCH.c.pk == LEAF.c.batch_pk, isouter=True)
        .join(WITHHELD, WITHHELD.c.record_pk == RECORD.c.pk, isouter=True)
        .join(HELD, HELD.c.record_pk == RECORD.c.pk, isouter=True)
        .where(RECORD.c.id == record_id)
    )
    return connection.execute(query).one_or_none()


def proofs_of(connection: Connection, record_pk: int) -> list[bytes]:
    """The proofs of a record, the issuer's first, as canonical JSON."""
    query = sa.select(SIGNATURE.c.proof).where(SIGNATURE.c.record_pk == record_pk)
    return [bytes(value) for value in connection.execute(query.order_by(SIGNATURE.c.position)).scalars()]


def batch_records(connection: Connection, batch_pk: int) -> Iterator[AnyRow]:
    """Leaf, document and proofs (one row per proof) of a whole batch in leaf order."""
    query = (
        sa.select(
            LEAF.c.leaf_index,
            LEAF.c.leaf_hash,
            RECORD.c.pk,
            RECORD.c.id,
            RECORD.c.kind,
            RECORD.c.schema_name,
            RECORD.c.subkind,
            RECORD.c.document,
            SIGNATURE.c.proof,
            SIGNATURE.c.verification_method,
            SIGNATURE.c.signer_did,
            SIGNATURE.c.role,
        )
        .join(RECORD, RECORD.c.pk == LEAF.c.record_pk)
        .join(SIGNATURE, SIGNATURE.c.record_pk == RECORD.c.pk)
        .where(LEAF.c.batch_pk == batch_pk)
        .order_by(LEAF.c.leaf_index, SIGNATURE.c.position)
    )
    yield from stream(connection, query)


def withhold(connection: Connection, values: Sequence[Mapping[str, Any]]) -> None:
    """Remember records whose proof files are not given out."""
    pks = [value["record_pk"] for value in values]
    for part in chunks(pks):
        connection.execute(WITHHELD.delete().where(WITHHELD.c.record_pk.in_(part)))
    if values:
        connection.execute(WITHHELD.insert(), list(values))


def batches_of(connection: Connection, organisation_pk: int, after: int, limit: int) -> Sequence[AnyRow]:
    """Batches of an organisation from the sequence after ``after`` on."""
    where = (BATCH.c.organisation_pk == organisation_pk) & (BATCH.c.sequence > after)
    return connection.execute(
        sa.select(*_BATCH_COLUMNS).where(where).order_by(BATCH.c.sequence).limit(limit)
    ).all()


def anything_on_its_way(connection: Connection, now: datetime) -> bool:
    """Whether a batch is not final or not yet checked, a status change is open, or a transaction may be
    mined.
    """
    change = table_of(StatusChange)
    questions = (
        sa.select(BATCH.c.pk).where(sa.or_(BATCH.c.final_at.is_(None), _to_check(now))),
        sa.select(change.c.pk).where(change.c.final_at.is_(None), change.c.refused.is_(None)),
        sa.select(TX.c.pk).where(is_live(TX)),
    )
    return any(connection.execute(question.limit(1)).first() is not None for question in questions)
