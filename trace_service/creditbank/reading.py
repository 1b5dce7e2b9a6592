"""SQL of what is read from the ledger: balances by day, postings, and who may look."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from trace_service.creditbank.queries import (
    ACCOUNT,
    HOLDER_ROLE,
    JOURNAL,
    OPERATION,
    POSTING,
)
from trace_service.database import AnyRow, table_of
from trace_service.organisations.tables import Organisation
from trace_service.records.queries import RECORD, SIGNATURE

ORGANISATION = table_of(Organisation)


def balances_before(connection: Connection, holder_pk: int, bank: str, day: date) -> dict[str, int]:
    """Return a holder's balances by kind of what was booked with a day before ``day``; no zeros."""
    query = (
        sa.select(ACCOUNT.c.credit_kind, sa.func.sum(POSTING.c.amount).label("balance"))
        .select_from(POSTING)
        .join(ACCOUNT, ACCOUNT.c.pk == POSTING.c.account_pk)
        .join(OPERATION, OPERATION.c.pk == POSTING.c.operation_pk)
        .where(
            ACCOUNT.c.role == HOLDER_ROLE,
            ACCOUNT.c.holder_pk == holder_pk,
            ACCOUNT.c.bank == bank,
            OPERATION.c.on < day,
        )
        .group_by(ACCOUNT.c.credit_kind)
    )
    return {row.credit_kind: int(row.balance) for row in connection.execute(query) if row.balance}


def last_booked(connection: Connection, holder_pk: int, bank: str) -> AnyRow | None:
    """Return the record (id, digest) of a holder's newest entry that touches a bank."""
    query = (
        sa.select(RECORD.c.id, RECORD.c.digest)
        .select_from(JOURNAL)
        .join(OPERATION, OPERATION.c.pk == JOURNAL.c.operation_pk)
        .join(RECORD, RECORD.c.pk == OPERATION.c.record_pk)
        .where(
            JOURNAL.c.holder_pk == holder_pk,
            sa.or_(OPERATION.c.bank == bank, OPERATION.c.target_bank == bank),
        )
        .order_by(JOURNAL.c.number.desc())
        .limit(1)
    )
    return connection.execute(query).one_or_none()


def visible_banks(connection: Connection, holder_pk: int, did: str) -> set[str]:
    """Return the banks at which ``did`` may look at a holder: itself, and those with which it has signed an
    entry of his. A draft gives no such right: anybody can write one."""
    query = (
        sa.select(OPERATION.c.bank)
        .join(SIGNATURE, SIGNATURE.c.record_pk == OPERATION.c.record_pk)
        .where(
            OPERATION.c.holder_pk == holder_pk,
            OPERATION.c.booked_at.is_not(None),
            SIGNATURE.c.signer_did == did,
        )
    )
    return {*connection.execute(query.distinct()).scalars(), did}


def organisation_did(connection: Connection, pk: int) -> str:
    """Return the DID of an organisation's row."""
    query = sa.select(ORGANISATION.c.did).where(ORGANISATION.c.pk == pk)
    return str(connection.execute(query).scalar_one())


def lines(
    connection: Connection, holder_pk: int, banks: Iterable[str], since: date | None, until: date | None
) -> Sequence[AnyRow]:
    """Return a holder's postings at ``banks`` with a day from ``since`` until before ``until``, as booked."""
    query = (
        sa.select(
            POSTING.c.amount,
            POSTING.c.balance_after,
            POSTING.c.expires_on,
            ACCOUNT.c.bank,
            ACCOUNT.c.credit_kind,
            OPERATION.c.op,
            OPERATION.c.on,
            JOURNAL.c.number,
            JOURNAL.c.booked_at,
            RECORD.c.id,
        )
        .select_from(POSTING)
        .join(ACCOUNT, ACCOUNT.c.pk == POSTING.c.account_pk)
        .join(JOURNAL, JOURNAL.c.operation_pk == POSTING.c.operation_pk)
        .join(OPERATION, OPERATION.c.pk == POSTING.c.operation_pk)
        .join(RECORD, RECORD.c.pk == OPERATION.c.record_pk)
        .where(
            ACCOUNT.c.role == HOLDER_ROLE, ACCOUNT.c.holder_pk == holder_pk, ACCOUNT.c.bank.in_(list(banks))
        )
    )
    if since is not None:
        query = query.where(OPERATION.c.on >= since)
    if until is not None:
        query = query.where(OPERATION.c.on < until)
    return connection.execute(query.order_by(JOURNAL.c.number, POSTING.c.line)).all()
