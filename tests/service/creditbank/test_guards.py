"""What the database itself refuses, whatever program writes to it; and that reserving alone is safe."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, OperationalError

from tests.service.creditbank.bank import BANK, Bank, new_id
from trace_service.creditbank import queries
from trace_service.creditbank.queries import ACCOUNT, JOURNAL, OPERATION, POSTING
from trace_service.creditbank.requests import DepositBody, RedeemBody
from trace_service.database import make_engine, read, utc_now, write


@pytest.fixture
def holder(bank: Bank) -> str:
    """A trainee with six credits, of which one was redeemed and one is reserved."""
    name = new_id()
    bank.do(DepositBody(credential=bank.credential(name).ref))
    body = RedeemBody(holder=name, creditKind="enterprise", amount=100, course="C")
    bank.do(body)
    bank.draft(body)
    return name


@pytest.mark.parametrize("table", ["credit_journal", "credit_posting"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET operation_pk = operation_pk", "DELETE FROM {}"])
def test_journal_and_postings_cannot_be_changed(bank: Bank, holder: str, table: str, statement: str) -> None:
    with pytest.raises(IntegrityError), write(bank.service.engine) as connection:
        connection.execute(sa.text(statement.format(table)))
    assert bank.findings() == []


@pytest.mark.parametrize(
    "values",
    [{"balance": -1, "reserved": 0}, {"reserved": 501}, {"reserved": -1}, {"balance": 99}, {"holder_pk": 0}],
)
def test_accounts_are_covered(bank: Bank, holder: str, values: dict[str, Any]) -> None:
    statement = sa.update(ACCOUNT).where(ACCOUNT.c.role == "holder").values(**values)
    with pytest.raises(IntegrityError), write(bank.service.engine) as connection:
        connection.execute(statement)


def _post(bank: Bank, *amounts: int, operation: int = 3, journal: bool = True) -> None:
    """Post these amounts from the holder's account to that of redeemed credits and back; close the entry."""
    with write(bank.service.engine) as connection:
        accounts = [
            connection.execute(sa.select(ACCOUNT.c.pk).where(ACCOUNT.c.role == role)).scalar_one()
            for role in ("holder", "redeemed")
        ]
        for line, amount in enumerate(amounts):
            connection.execute(
                sa.insert(POSTING).values(
                    operation_pk=operation, line=line + 10, account_pk=accounts[line % 2], amount=amount
                )
            )
        if journal:
            connection.execute(
                sa.insert(JOURNAL).values(
                    operation_pk=operation,
                    holder_pk=1,
                    number=3,
                    record_digest=b"d",
                    booked_at=utc_now(),
                    entry_hash=b"h",
                )
            )


def test_entries_sum_to_zero_and_are_closed(bank: Bank, holder: str) -> None:
    with pytest.raises(IntegrityError):
        _post(bank, -100, 99)
    with pytest.raises(IntegrityError):
        _post(bank, -100, 100, journal=False)  # postings of no entry: refused at the commit
    with pytest.raises(IntegrityError):
        _post(bank, -100, 100, operation=2, journal=False)  # of one that is closed
    with pytest.raises(IntegrityError):
        _post(bank, 0)
    _post(bank, -100, 100)


def test_a_second_deposit_of_a_credential_is_refused_by_the_index(bank: Bank, holder: str) -> None:
    with write(bank.service.engine) as connection:
        row = connection.execute(sa.select(OPERATION).where(OPERATION.c.op == "deposit")).one()
    again = {**row._mapping, "pk": None, "record_pk": row.record_pk + 100}
    del again["pk"]
    with pytest.raises(IntegrityError), write(bank.service.engine) as connection:
        queries.insert_operation(connection, again)


def test_reserving_alone_never_overdraws(bank: Bank, holder: str) -> None:
    """Without the lock on the holder: one statement looks and writes."""
    with read(bank.service.engine) as connection:
        pk = connection.execute(sa.select(ACCOUNT.c.pk).where(ACCOUNT.c.role == "holder")).scalar_one()
    reserved: list[int] = []
    start = threading.Barrier(10)

    def reserve() -> None:
        engine = make_engine(bank.service.settings.database_url)
        start.wait()
        for _ in range(20):
            try:
                with write(engine) as connection:
                    if queries.reserve(connection, pk, 7):
                        reserved.append(7)
            except OperationalError:  # pragma: no cover - SQLite under load
                continue
        engine.dispose()

    threads = [threading.Thread(target=reserve) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(reserved) == 400 // 7 * 7  # of the 400 that are neither spent nor reserved
    assert bank.accounts(holder) == {(BANK, "enterprise"): (500, 100 + sum(reserved))}
