"""The ledger's two doors: drafted entries are reserved, complete ones are booked.

`take_up` is called wherever records are stored, and `settle_records` wherever they become complete, each in
the transaction that does it; `settle` also releases what rejected or forgotten drafts had reserved. All of it
can be done again at any time: an operation is booked or released once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from trace_service.creditbank import queries
from trace_service.creditbank.admission import admit, check_proposer
from trace_service.creditbank.booking import book
from trace_service.creditbank.entry import SCHEMA, Entry, local_day
from trace_service.creditbank.problems import CreditProblem
from trace_service.database import AnyRow, read, utc_now, write
from trace_service.records.queries import RECORD
from verifier_cli.record import Record

# A draft that nobody signs must not hold credits for ever; twice the usual time for signing.
RESERVED_FOR = timedelta(days=28)
LATE = "credit reservation ended"


class Stored(Protocol):
    """A record that has just been stored."""

    @property
    def pk(self) -> int:
        """Its row."""

    @property
    def record(self) -> Record:
        """What it says."""


def take_up(
    connection: Connection, stored: Sequence[Stored], proposers: Sequence[int], *, deferred: bool = False
) -> None:
    """Reserve what the CreditEntry records among ``stored`` ask for; others are passed over.

    ``proposers`` are the rows of the organisations that drafted them. ``deferred`` is for imported histories,
    in which an entry may rest on a record that comes with it and is signed later: then an entry is checked
    when it is complete, and nothing is reserved for it before. Raises `CreditProblem`; the caller's
    transaction must not be committed then.
    """
    found = [
        (item.pk, Entry.of(item.record), proposer)
        for item, proposer in zip(stored, proposers, strict=True)
        if item.record.schema == SCHEMA
    ]
    if not found:
        return
    now = utc_now()
    holders = {}
    # One order for everybody: no deadlock.
    for holder in sorted({entry.holder for _pk, entry, _proposer in found}):
        row = holders[holder] = queries.lock_holder(connection, holder)
        _settle(connection, row, now)
    for record_pk, entry, proposer in found:
        holder_pk = holders[entry.holder].pk
        if deferred:
            columns = _unchecked(holder_pk, entry)
        else:
            check_proposer(connection, holder_pk, entry, proposer)
            columns = admit(connection, holder_pk, entry, local_day(now))
        queries.insert_operation(connection, {**columns, "record_pk": record_pk, "reserved_at": now})
    for row in holders.values():  # an issuer that needs nobody else hands in complete records
        _settle(connection, row, now)


def settle_records(connection: Connection, record_pks: Iterable[int]) -> None:
    """Book the operations of records that have just become complete."""
    now = utc_now()
    for holder in queries.holders_of_records(connection, record_pks):
        _settle(connection, queries.lock_holder(connection, holder), now)


def settle(engine: Engine, holder: str | None = None) -> None:
    """Book and release what is due, of one holder or of all; each holder in a transaction of his own.

    Writes nothing, and waits for nobody, where nothing is due.
    """
    with read(engine) as connection:
        holders = queries.open_holders(connection)
    for name in holders if holder is None else {holder} & set(holders):
        with read(engine) as connection:
            row = queries.find_holder(connection, name)
            assert row is not None  # holders are never deleted
            due = queries.due_operations(connection, row.pk, utc_now() - RESERVED_FOR)
        if due:
            with write(engine) as connection:
                _settle(connection, queries.lock_holder(connection, name), utc_now())


def _settle(connection: Connection, holder: AnyRow, now: datetime) -> None:
    """Book and release what is due of a holder who is locked, again as long as something was booked: what
    one entry brings in another may take out."""
    while _settle_once(connection, holder, now):
        pass


def _settle_once(connection: Connection, holder: AnyRow, now: datetime) -> bool:
    booked = False
    for operation in queries.due_operations(connection, holder.pk, now - RESERVED_FOR):
        if operation.completed_at is not None:
            booked |= _book(connection, operation, now)
        elif operation.rejected_at is not None or _reject(connection, operation, now):
            _release(connection, operation, now)
    return booked


def _book(connection: Connection, operation: AnyRow, now: datetime) -> bool:
    if operation.deferred:
        try:
            with connection.begin_nested():
                _check_late(connection, operation, now)
        except CreditProblem as problem:
            queries.update_operation(connection, operation.pk, refused=problem.code)
            return False
        operation = queries.operation(connection, operation.pk)
    book(connection, operation, now)
    return True


def _check_late(connection: Connection, operation: AnyRow, now: datetime) -> None:
    document = connection.execute(
        sa.select(RECORD.c.document).where(RECORD.c.pk == operation.record_pk)
    ).scalar_one()
    entry = Entry.of(Record.parse(document))
    columns = admit(connection, operation.holder_pk, entry, local_day(now))
    queries.update_operation(connection, operation.pk, **columns, deferred=False, refused=None)


def _unchecked(holder_pk: int, entry: Entry) -> dict[str, object]:
    return {
        "holder_pk": holder_pk,
        "op": entry.op.value,
        "bank": entry.bank,
        "credit_kind": entry.credit_kind,
        "amount": entry.amount,
        "on": entry.on,
        "deferred": True,
    }


def _release(connection: Connection, operation: AnyRow, now: datetime) -> None:
    if operation.source_pk is not None:
        queries.unreserve(connection, operation.source_pk, operation.amount)
    queries.update_operation(connection, operation.pk, released_at=now)


def _reject(connection: Connection, operation: AnyRow, now: datetime) -> bool:
    """End a draft for good, unless its last signature has come in meanwhile."""
    return (
        connection.execute(
            sa.update(RECORD)
            .where(
                RECORD.c.pk == operation.record_pk,
                RECORD.c.completed_at.is_(None),
                RECORD.c.rejected_at.is_(None),
            )
            .values(rejected_at=now, rejection=LATE)
        ).rowcount
        == 1
    )
