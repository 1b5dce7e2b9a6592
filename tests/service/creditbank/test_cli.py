"""The operator's look at the ledger, on the command line."""

from __future__ import annotations

import json
from datetime import date

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner, Result

from tests.service.creditbank.bank import BANK, Bank, new_id
from trace_service.cli.main import make_app
from trace_service.config import SETTINGS_FILE, settings_text
from trace_service.creditbank.requests import DepositBody, RedeemBody
from trace_service.database import write
from trace_service.problems import Problem


@pytest.fixture
def holder(bank: Bank) -> str:
    """A trainee with six credits, of which 1.50 were redeemed and one is reserved."""
    settings = bank.service.settings
    (settings.data_dir / SETTINGS_FILE).write_text(settings_text(settings), "utf-8")
    name = new_id()
    bank.do(DepositBody(credential=bank.credential(name).ref, on=date(2026, 7, 2)))
    body = RedeemBody(holder=name, creditKind="enterprise", amount=150, course="C", on=date(2026, 7, 3))
    bank.do(body)
    bank.draft(body.model_copy(update={"amount": 100}))
    return name


def run(bank: Bank, command: str, *arguments: str) -> Result:
    where = ("--data-dir", str(bank.service.settings.data_dir))
    return CliRunner().invoke(make_app("credits"), ["credits", command, *arguments, *where])


def test_balance(bank: Bank, holder: str) -> None:
    shown = run(bank, "balance", holder)
    assert shown.exit_code == 0, shown.output
    assert shown.output.splitlines()[1].split() == [BANK, "enterprise", "4.50", "1.00", "0.00", "3.50"]
    (account,) = json.loads(run(bank, "balance", holder, "--json").output)
    assert (account["balance"], account["reserved"], account["available"]) == (450, 100, 350)


def test_statement(bank: Bank, holder: str) -> None:
    lines = run(bank, "statement", holder).output.splitlines()
    assert [line.split()[:2] + line.split()[-2:] for line in lines[1:3]] == [
        ["2026-07-02", "deposit", "6.00", "6.00"],
        ["2026-07-03", "redeem", "-1.50", "4.50"],
    ]
    assert lines[3].split() == ["closing", BANK, "enterprise", "4.50"]
    found = json.loads(run(bank, "statement", holder, "--from", "2026-07-03", "--json").output)
    assert [line["amount"] for line in found["lines"]] == [-150]
    assert found["opening"] == [{"bank": BANK, "creditKind": "enterprise", "amount": 600}]


def test_unknown_holder(bank: Bank, holder: str) -> None:
    caught = run(bank, "balance", new_id()).exception
    assert isinstance(caught, Problem)
    assert caught.code == "credit_account.not_found"


def test_check(bank: Bank, holder: str) -> None:
    assert run(bank, "check").exit_code == 0
    with write(bank.service.engine) as connection:
        connection.execute(sa.text("UPDATE credit_account SET balance = balance + 1 WHERE role = 'holder'"))
    failed = run(bank, "check")
    assert failed.exit_code == 1
    assert "ledger_differs" in failed.output
