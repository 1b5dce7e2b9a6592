"""SQL of status changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from trace_service.database import AnyRow, table_of
from trace_service.evm.queries import TX, is_live
from trace_service.organisations.tables import Organisation
from trace_service.records.tables import Record
from trace_service.status.tables import StatusChange

CHANGE = table_of(StatusChange)
RECORD = table_of(Record)
ORGANISATION = table_of(Organisation)


def own_records(connection: Connection, organisation_pk: int, ids: Sequence[str]) -> dict[str, int]:
    """Row of each complete record among ``ids`` that the organisation issued, by record id."""
    query = sa.select(RECORD.c.id, RECORD.c.pk).where(
        RECORD.c.organisation_pk == organisation_pk, RECORD.c.id.in_(ids), RECORD.c.completed_at.is_not(None)
    )
    return {row.id: row.pk for row in connection.execute(query)}


def newest_change(connection: Connection, record_pk: int, plane: int) -> AnyRow | None:
    """The last change of a record's bit that the chain did not refuse."""
    query = (
        sa.select(CHANGE)
        .where(CHANGE.c.record_pk == record_pk, CHANGE.c.plane == plane, CHANGE.c.refused.is_(None))
        .order_by(CHANGE.c.pk.desc())
        .limit(1)
    )
    return connection.execute(query).one_or_none()


def insert(connection: Connection, values: Mapping[str, Any]) -> None:
    """Insert a requested change."""
    connection.execute(CHANGE.insert().values(**values))


def open_changes(connection: Connection) -> Sequence[AnyRow]:
    """Changes on their way in the order of their request, with status number, organisation and
    transaction.
    """
    query = (
        sa.select(
            CHANGE,
            RECORD.c.status_number,
            ORGANISATION.c.org_id,
            TX.c.settled_at.label("tx_settled_at"),
            TX.c.block_number.label("tx_block"),
            sa.and_(TX.c.pk.is_not(None), is_live(TX)).label("tx_live"),
        )
        .join(RECORD, RECORD.c.pk == CHANGE.c.record_pk)
        .join(ORGANISATION, ORGANISATION.c.pk == CHANGE.c.organisation_pk)
        .join(TX, TX.c.pk == CHANGE.c.transaction_pk, isouter=True)
        .where(CHANGE.c.final_at.is_(None), CHANGE.c.refused.is_(None))
        .order_by(CHANGE.c.pk)
    )
    return connection.execute(query).all()


def link(connection: Connection, transaction_pk: int, pks: Sequence[int]) -> bool:
    """Tie changes to the transaction that carries them; False when another one carries some of them
    already.
    """
    taken = (
        sa.select(CHANGE.c.pk)
        .join(TX, TX.c.pk == CHANGE.c.transaction_pk)
        .where(CHANGE.c.pk.in_(pks), is_live(TX), TX.c.pk != transaction_pk)
    )
    if connection.execute(taken).first() is not None:
        return False
    connection.execute(CHANGE.update().where(CHANGE.c.pk.in_(pks)).values(transaction_pk=transaction_pk))
    return True


def update(connection: Connection, pks: Sequence[int], **values: Any) -> None:
    """Set facts of changes."""
    connection.execute(CHANGE.update().where(CHANGE.c.pk.in_(pks)).values(**values))


def listed(
    connection: Connection, organisation_pk: int, after: int, limit: int, record_id: str | None
) -> Sequence[AnyRow]:
    """Changes of an organisation after row ``after``, with the record's id."""
    query = (
        sa.select(CHANGE, RECORD.c.id.label("record_id"))
        .join(RECORD, RECORD.c.pk == CHANGE.c.record_pk)
        .where(CHANGE.c.organisation_pk == organisation_pk, CHANGE.c.pk > after)
        .order_by(CHANGE.c.pk)
        .limit(limit)
    )
    if record_id is not None:
        query = query.where(RECORD.c.id == record_id)
    return connection.execute(query).all()
