"""fsck of the ledger names what was altered; triggers are taken away first, as somebody with the file can."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.service.creditbank.bank import SECOND, Bank, make_bank, new_id
from tests.support.service import make_service
from trace_service.creditbank.requests import (
    ConvertBody,
    DepositBody,
    RedeemBody,
    RuleRef,
    TransferBody,
)
from trace_service.database import write


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[Bank]:
    """A ledger with every operation in it and one open draft, without triggers and foreign keys."""
    made = make_bank(make_service(tmp_path))
    holder = new_id()
    made.do(DepositBody(credential=made.credential(holder).ref))
    rule = RuleRef(code="P2C", version="2026.1")
    made.do(ConvertBody(holder=holder, amount=100, rule=rule, agreement=made.agreement().ref))
    made.do(TransferBody(holder=holder, creditKind="enterprise", amount=50, to=SECOND))
    redeem = RedeemBody(holder=holder, creditKind="enterprise", amount=100, course="C")
    made.do(redeem)
    made.draft(redeem)
    assert made.findings() == []
    engine = made.service.engine
    with write(engine) as connection:
        for name in connection.execute(
            sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'credit_%'")
        ).scalars():
            connection.execute(sa.text(f"DROP TRIGGER {name}"))
    yield made
    engine.dispose()


ALTERED = [
    ("UPDATE credit_account SET balance = balance + 1 WHERE role = 'holder'", "balance of"),
    ("UPDATE credit_account SET reserved = 0", "reserved of"),
    ("UPDATE credit_posting SET amount = amount + 1 WHERE line = 1 AND operation_pk = 1", "posting of"),
    ("UPDATE credit_posting SET amount = amount + 1 WHERE line = 0 AND operation_pk = 1", "sum of an entry"),
    ("UPDATE credit_posting SET expires_on = '2026-01-01' WHERE line = 1", "hash of an entry"),
    ("UPDATE credit_posting SET balance_after = 600 WHERE sequence = 2", "posting of"),
    ("UPDATE credit_operation SET residue = 0 WHERE op = 'convert'", "hash of an entry"),
    ("UPDATE credit_operation SET \"on\" = '2026-01-01' WHERE op = 'redeem'", "hash of an entry"),
    ("UPDATE credit_journal SET entry_hash = x'00' WHERE number = 2", "hash of an entry"),
    ("UPDATE credit_journal SET record_digest = x'00' WHERE number = 2", "entry without its complete record"),
    ("UPDATE record SET completed_at = NULL WHERE subkind = 'transfer'", "entry without its complete record"),
    ("UPDATE credit_operation SET booked_at = NULL WHERE op = 'transfer'", "an operation and its entry"),
    (
        "UPDATE credit_operation SET booked_at = NULL, released_at = '2026-01-01 00:00:00.000000' "
        "WHERE op = 'transfer'",
        "a complete entry was released",
    ),
    ("UPDATE credit_holder SET entries = 3", "newest entry of"),
    ("UPDATE credit_holder SET head = x'00'", "newest entry of"),
    (
        "UPDATE credit_posting SET amount = amount * 2, balance_after = balance_after * 2 "
        "WHERE operation_pk = 1",
        "postings of an entry",
    ),
]


@pytest.mark.parametrize(("statement", "detail"), ALTERED)
def test_what_was_altered_is_named(bank: Bank, statement: str, detail: str) -> None:
    with write(bank.service.engine) as connection:
        assert connection.execute(sa.text(statement)).rowcount
    assert any(found.startswith(detail) for found in bank.findings())


def test_a_removed_entry_is_missed(bank: Bank) -> None:
    with write(bank.service.engine) as connection:
        connection.execute(sa.text("DELETE FROM credit_posting WHERE operation_pk = 3"))
        connection.execute(sa.text("DELETE FROM credit_journal WHERE operation_pk = 3"))
    found = bank.findings()
    assert "hash of an entry" in found  # the next one continued it
    assert "an operation and its entry" in found


def test_an_entry_that_the_ledger_never_saw_is_named(bank: Bank) -> None:
    with write(bank.service.engine) as connection:
        connection.execute(sa.text("DELETE FROM credit_operation WHERE booked_at IS NULL"))
    assert "an entry that the ledger does not know" in bank.findings()
