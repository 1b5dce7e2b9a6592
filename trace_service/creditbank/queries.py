"""SQL of the ledger. What changes anything of a holder is called under the lock of `lock_holder`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from trace_service.creditbank.arithmetic import Movement
from trace_service.creditbank.entry import Op
from trace_service.creditbank.tables import (
    CreditAccount,
    CreditHolder,
    CreditJournal,
    CreditOperation,
    CreditPosting,
)
from trace_service.database import AnyRow, table_of
from trace_service.organisations.tables import Organisation
from trace_service.records.queries import RECORD, chunks

ACCOUNT = table_of(CreditAccount)
HOLDER = table_of(CreditHolder)
JOURNAL = table_of(CreditJournal)
OPERATION = table_of(CreditOperation)
ORGANISATION = table_of(Organisation)
POSTING = table_of(CreditPosting)

HOLDER_ROLE = "holder"
_OPEN = (OPERATION.c.booked_at.is_(None), OPERATION.c.released_at.is_(None))


def insert_missing(connection: Connection, table: sa.Table, values: Mapping[str, Any]) -> None:
    """Insert a row unless one with the same unique columns is there."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    connection.execute(insert(table).values(**values).on_conflict_do_nothing())


# ----- holders and accounts -----
def lock_holder(connection: Connection, holder: str) -> AnyRow:
    """Return the holder's row, made where it is missing, locked until the transaction ends.

    On SQLite the transaction itself is the lock: writes begin with BEGIN IMMEDIATE.
    """
    query = sa.select(HOLDER).where(HOLDER.c.holder == holder).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None:
        insert_missing(connection, HOLDER, {"holder": holder, "entries": 0})
        row = connection.execute(query).one()
    return row


def find_holder(connection: Connection, holder: str) -> AnyRow | None:
    """Return the holder's row."""
    return connection.execute(sa.select(HOLDER).where(HOLDER.c.holder == holder)).one_or_none()


def account_pk(connection: Connection, bank: str, role: str, holder_pk: int, credit_kind: str) -> int:
    """Return the row of an account, made where it is missing."""
    key = {"bank": bank, "role": role, "holder_pk": holder_pk, "credit_kind": credit_kind}
    query = sa.select(ACCOUNT.c.pk).where(*(ACCOUNT.c[name] == value for name, value in key.items()))
    pk = connection.execute(query).scalar()
    if pk is None:
        insert_missing(connection, ACCOUNT, {**key, "balance": 0, "reserved": 0, "postings": 0})
        pk = connection.execute(query).scalar_one()
    return int(pk)


def account(connection: Connection, pk: int) -> AnyRow:
    """Return an account."""
    return connection.execute(sa.select(ACCOUNT).where(ACCOUNT.c.pk == pk)).one()


def accounts_of(
    connection: Connection, holder_pk: int, banks: Iterable[str] | None = None
) -> Sequence[AnyRow]:
    """Return a holder's accounts by bank and kind, at ``banks`` alone where they are given."""
    query = sa.select(ACCOUNT).where(ACCOUNT.c.role == HOLDER_ROLE, ACCOUNT.c.holder_pk == holder_pk)
    if banks is not None:
        query = query.where(ACCOUNT.c.bank.in_(list(banks)))
    return connection.execute(query.order_by(ACCOUNT.c.bank, ACCOUNT.c.credit_kind)).all()


def reserve(connection: Connection, pk: int, amount: int) -> bool:
    """Promise ``amount`` of an account; False where it is not there. One statement looks and writes."""
    statement = (
        sa.update(ACCOUNT)
        .where(ACCOUNT.c.pk == pk, ACCOUNT.c.balance - ACCOUNT.c.reserved >= amount)
        .values(reserved=ACCOUNT.c.reserved + amount)
    )
    return connection.execute(statement).rowcount == 1


def unreserve(connection: Connection, pk: int, amount: int) -> None:
    """Take a promise back."""
    connection.execute(
        sa.update(ACCOUNT).where(ACCOUNT.c.pk == pk).values(reserved=ACCOUNT.c.reserved - amount)
    )


def move(connection: Connection, pk: int, amount: int) -> AnyRow:
    """Add ``amount`` (negative: take it) to a holder's account; return its balance and number of postings."""
    return connection.execute(
        sa.update(ACCOUNT)
        .where(ACCOUNT.c.pk == pk, ACCOUNT.c.balance + amount >= 0)
        .values(balance=ACCOUNT.c.balance + amount, postings=ACCOUNT.c.postings + 1)
        .returning(ACCOUNT.c.balance, ACCOUNT.c.postings)
    ).one()


def movements(connection: Connection, pk: int) -> list[Movement]:
    """Return what came into and went out of a holder's account, as it was booked.

    Empty where nothing that came in ever expires: then one credit is like another.
    """
    expiring = sa.select(POSTING.c.line).where(POSTING.c.account_pk == pk, POSTING.c.expires_on.is_not(None))
    if connection.execute(expiring.limit(1)).first() is None:
        return []
    query = (
        sa.select(POSTING.c.amount, POSTING.c.expires_on, OPERATION.c.on, OPERATION.c.op)
        .join_from(POSTING, OPERATION, OPERATION.c.pk == POSTING.c.operation_pk)
        .where(POSTING.c.account_pk == pk)
        .order_by(POSTING.c.sequence)
    )
    return [
        Movement(row.amount, row.on, row.expires_on, row.op == Op.EXPIRE) for row in connection.execute(query)
    ]


# ----- operations -----
def insert_operation(connection: Connection, values: Mapping[str, Any]) -> int:
    """Insert an operation and return its row."""
    statement = sa.insert(OPERATION).values(**values).returning(OPERATION.c.pk)
    return int(connection.execute(statement).scalar_one())


def operation(connection: Connection, pk: int) -> AnyRow:
    """Return an operation with its record."""
    return connection.execute(_with_record().where(OPERATION.c.pk == pk)).one()


def update_operation(connection: Connection, pk: int, **values: Any) -> None:
    """Set facts of an operation."""
    connection.execute(sa.update(OPERATION).where(OPERATION.c.pk == pk).values(**values))


def due_operations(connection: Connection, holder_pk: int, forgotten: datetime) -> Sequence[AnyRow]:
    """Return a holder's open operations whose records are complete or rejected, or that were drafted before
    ``forgotten``; by day, with their records."""
    due = (RECORD.c.completed_at.is_not(None), RECORD.c.rejected_at.is_not(None))
    return connection.execute(
        _with_record()
        .where(
            OPERATION.c.holder_pk == holder_pk,
            *_OPEN,
            sa.or_(*due, OPERATION.c.reserved_at < forgotten),
        )
        .order_by(OPERATION.c.on, OPERATION.c.pk)
    ).all()


def open_operations(connection: Connection, holder_pk: int, banks: Iterable[str]) -> Sequence[AnyRow]:
    """Return a holder's operations at ``banks`` that are neither booked nor released, with their records."""
    query = _with_record().where(
        OPERATION.c.holder_pk == holder_pk, *_OPEN, OPERATION.c.bank.in_(list(banks))
    )
    return connection.execute(query.order_by(OPERATION.c.pk)).all()


def open_holders(connection: Connection) -> Sequence[str]:
    """Return the holders that have open operations."""
    query = sa.select(HOLDER.c.holder).join(OPERATION, OPERATION.c.holder_pk == HOLDER.c.pk).where(*_OPEN)
    return connection.execute(query.distinct().order_by(HOLDER.c.holder)).scalars().all()


def holders_of_records(connection: Connection, record_pks: Iterable[int]) -> list[str]:
    """Return the holders whose operations belong to these records, in the order of locking."""
    found: set[str] = set()
    for part in chunks(record_pks):
        query = (
            sa.select(HOLDER.c.holder)
            .join(OPERATION, OPERATION.c.holder_pk == HOLDER.c.pk)
            .where(OPERATION.c.record_pk.in_(part))
        )
        found.update(connection.execute(query.distinct()).scalars())
    return sorted(found)


def held_deposits(connection: Connection, holder_pk: int) -> dict[bytes, str]:
    """Return the record ids of a holder's deposits that are not released, by digest of their credential."""
    query = (
        sa.select(OPERATION.c.credential_digest, RECORD.c.id)
        .join(RECORD, RECORD.c.pk == OPERATION.c.record_pk)
        .where(
            OPERATION.c.holder_pk == holder_pk,
            OPERATION.c.credential_digest.is_not(None),
            OPERATION.c.released_at.is_(None),
        )
    )
    return {row.credential_digest: row.id for row in connection.execute(query)}


def converted_under(
    connection: Connection, holder_pk: int, bank: str, agreement_digest: bytes, rule: str
) -> int:
    """Return how much a holder has converted or is converting under one rule at a bank."""
    query = sa.select(sa.func.coalesce(sa.func.sum(OPERATION.c.amount), 0)).where(
        OPERATION.c.holder_pk == holder_pk,
        OPERATION.c.bank == bank,
        OPERATION.c.agreement_digest == agreement_digest,
        OPERATION.c.rule == rule,
        OPERATION.c.released_at.is_(None),
    )
    return int(connection.execute(query).scalar_one())


def expiring_now(connection: Connection, source_pk: int) -> int:
    """Return how much of an account open expiries have reserved."""
    query = sa.select(sa.func.coalesce(sa.func.sum(OPERATION.c.amount), 0)).where(
        OPERATION.c.source_pk == source_pk,
        OPERATION.c.op == Op.EXPIRE.value,
        *_OPEN,
    )
    return int(connection.execute(query).scalar_one())


def _with_record() -> sa.Select[Any]:
    return sa.select(
        OPERATION,
        RECORD.c.id.label("record_id"),
        RECORD.c.digest.label("record_digest"),
        RECORD.c.completed_at,
        RECORD.c.rejected_at,
    ).join(RECORD, RECORD.c.pk == OPERATION.c.record_pk)
