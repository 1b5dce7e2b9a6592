"""Histories that come in as a whole: entries are checked once they are complete, by their days."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from tests.service.creditbank.bank import BANK, SECOND, Bank, Issued, new_id
from trace_service.creditbank import queries
from trace_service.creditbank.entries import entry_draft
from trace_service.creditbank.requests import DepositBody, EntryBody, RedeemBody, TransferBody
from trace_service.database import read, utc_now, write
from trace_service.imports.tables import ImportJob
from trace_service.organisations.queries import organisation_pk
from trace_service.records.service import DraftedRecord, draft_many


def imported(bank: Bank, *bodies: EntryBody) -> list[DraftedRecord]:
    """Draft entries as an import does: nothing is looked at but that they are records."""
    with write(bank.service.engine) as connection:
        job: int = connection.execute(
            sa.insert(ImportJob)
            .values(
                id=str(len(bodies)),
                organisation_pk=organisation_pk(connection, BANK),
                file_name="entries.xlsx",
                file_sha256=bytes(32),
                created_at=utc_now(),
            )
            .returning(sa.literal_column("pk"))
        ).scalar_one()
        drafts = [entry_draft(connection, BANK, body) for body in bodies]
        return draft_many(connection, bank.service.settings.chain, BANK, drafts, import_job_pk=job)


def redeem(holder: str, amount: int, day: int) -> RedeemBody:
    return RedeemBody(
        holder=holder, creditKind="enterprise", amount=amount, course="C", on=date(2026, 7, day)
    )


def refusals(bank: Bank) -> list[str | None]:
    with read(bank.service.engine) as connection:
        query = sa.select(queries.OPERATION.c.refused).order_by(queries.OPERATION.c.pk)
        return list(connection.execute(query).scalars())


def test_entries_are_booked_whatever_is_signed_first(bank: Bank) -> None:
    holder = new_id()
    credential: Issued = bank.credential(holder, 3, signed=False)
    redemption, deposit, transfer = imported(
        bank,
        redeem(holder, 100, 5),
        DepositBody(credential=credential.ref, on=date(2026, 7, 2)),
        TransferBody(holder=holder, creditKind="enterprise", amount=200, to=SECOND, on=date(2026, 7, 6)),
    )
    bank.complete(transfer)
    bank.complete(redemption)
    bank.complete(deposit)
    assert bank.balance(holder) == {}
    assert refusals(bank) == ["credit.overdraft", "credit.credential_draft", "credit.overdraft"]
    assert len(bank.findings()) == 3
    with write(bank.service.engine) as connection:
        bank.sign(connection, credential.id)
    assert bank.balance(holder) == {(SECOND, "enterprise"): 200}
    assert refusals(bank) == [None, None, None]
    assert bank.findings() == []


def test_an_entry_that_is_not_covered_is_named(bank: Bank) -> None:
    holder = new_id()
    bank.do(DepositBody(credential=bank.credential(holder, 1).ref, on=date(2026, 7, 1)))
    first, second = imported(bank, redeem(holder, 80, 2), redeem(holder, 80, 3))
    for drafted in (second, first):  # the later one is complete first, and takes the credits
        bank.complete(drafted)
    assert bank.balance(holder) == {(BANK, "enterprise"): 20}
    assert bank.findings() == ["a complete entry cannot be booked"]
    assert refusals(bank)[1:] == ["credit.overdraft", None]


def test_rejected_imports_hold_nothing(bank: Bank) -> None:
    holder = new_id()
    bank.do(DepositBody(credential=bank.credential(holder, 1).ref, on=date(2026, 7, 1)))
    (drafted,) = imported(bank, redeem(holder, 100, 2))
    assert bank.accounts(holder) == {(BANK, "enterprise"): (100, 0)}
    bank.reject(drafted)
    bank.do(redeem(holder, 100, 3))
    assert bank.findings() == []
