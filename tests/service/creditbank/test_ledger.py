"""Reserving and booking: what each operation does to the accounts, and what is refused."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tests.service.creditbank.bank import BANK, RULE, SECOND, Bank, new_id
from tests.support.service import FIRM, SCHOOL
from trace_service.creditbank import queries, reading
from trace_service.creditbank.ledger import RESERVED_FOR, settle, settle_records
from trace_service.creditbank.problems import (
    AlreadyDepositedError,
    CreditProblem,
    NotLapsedError,
    OverdraftError,
)
from trace_service.creditbank.requests import (
    ConvertBody,
    DepositBody,
    ExpireBody,
    PeriodBody,
    RedeemBody,
    RuleRef,
    StatementBody,
    TransferBody,
)
from trace_service.database import read, utc_now, write
from trace_service.records.queries import RECORD
from trace_service.records.requests import CountersignerBody

ENTERPRISE = (BANK, "enterprise")
RULE_REF = RuleRef(code="P2C", version="2026.1")


@pytest.fixture
def holder(bank: Bank) -> str:
    """A trainee with six credits of enterprise practice at the bank."""
    name = new_id()
    bank.do(DepositBody(credential=bank.credential(name).ref))
    return name


def redeem(holder: str, amount: int, **changes: Any) -> RedeemBody:
    return RedeemBody(holder=holder, creditKind="enterprise", amount=amount, course="IOT-204", **changes)


def test_deposit_is_booked_once_it_is_signed(bank: Bank) -> None:
    holder = new_id()
    drafted = bank.draft(DepositBody(credential=bank.credential(holder, 4.5).ref))
    assert drafted.record.signers == (BANK, SCHOOL)
    assert bank.accounts(holder) == {}
    bank.complete(drafted)
    assert bank.accounts(holder) == {ENTERPRISE: (450, 0)}


def test_redemption_is_reserved_and_then_booked(bank: Bank, holder: str) -> None:
    drafted = bank.draft(redeem(holder, 200))
    assert bank.accounts(holder) == {ENTERPRISE: (600, 200)}
    bank.complete(drafted)
    assert bank.accounts(holder) == {ENTERPRISE: (400, 0)}
    settle(bank.service.engine)
    with write(bank.service.engine) as connection:
        settle_records(connection, [drafted.pk])
    assert bank.accounts(holder) == {ENTERPRISE: (400, 0)}
    assert bank.findings() == []


def test_rejected_drafts_release_what_they_reserved(bank: Bank, holder: str) -> None:
    bank.reject(bank.draft(redeem(holder, 600)))
    bank.do(redeem(holder, 600))
    assert bank.accounts(holder) == {ENTERPRISE: (0, 0)}
    assert bank.findings() == []


def test_forgotten_drafts_release_and_can_no_longer_be_signed(bank: Bank, holder: str) -> None:
    drafted = bank.draft(redeem(holder, 600))
    with write(bank.service.engine) as connection:
        queries.update_operation(connection, 2, reserved_at=utc_now() - RESERVED_FOR - timedelta(days=1))
    assert bank.accounts(holder) == {ENTERPRISE: (600, 0)}
    with read(bank.service.engine) as connection:
        row = connection.execute(sa.select(RECORD).where(RECORD.c.pk == drafted.pk)).one()
    assert row.rejected_at is not None


def test_overdraft_names_what_is_there(bank: Bank, holder: str) -> None:
    bank.draft(redeem(holder, 250))
    with pytest.raises(OverdraftError) as caught:
        bank.draft(redeem(holder, 351))
    assert (caught.value.available, caught.value.asked) == (350, 351)
    assert caught.value.body()["code"] == "credit.overdraft"
    bank.draft(redeem(holder, 350))
    with pytest.raises(OverdraftError) as caught:
        bank.draft(redeem(holder, 1))
    assert caught.value.available == 0


def test_kinds_are_apart(bank: Bank, holder: str) -> None:
    with pytest.raises(OverdraftError):
        bank.draft(RedeemBody(holder=holder, creditKind="school", amount=1, course="C"))


def test_credential_is_deposited_once_anywhere(bank: Bank) -> None:
    holder = new_id()
    credential = bank.credential(holder)
    first = bank.draft(DepositBody(credential=credential.ref))
    for caller in (BANK, SECOND):
        with pytest.raises(AlreadyDepositedError) as caught:
            bank.draft(DepositBody(credential=credential.ref), caller)
        assert caught.value.record == first.id
    bank.reject(first)
    bank.do(DepositBody(credential=credential.ref), SECOND)
    assert bank.balance(holder) == {(SECOND, "enterprise"): 600}


@pytest.mark.parametrize("newer_first", [True, False])
def test_editions_of_a_credential_are_one(bank: Bank, newer_first: bool) -> None:
    holder = new_id()
    old = bank.credential(holder, 4)
    new = bank.credential(holder, 5, supersedes=bank.credential(holder, 4.5, supersedes=old))
    first, second = (new, old) if newer_first else (old, new)
    bank.do(DepositBody(credential=first.ref))
    with pytest.raises(AlreadyDepositedError):
        bank.draft(DepositBody(credential=second.ref))


def _refused(bank: Bank, body: Any, caller: str = BANK) -> str:
    with pytest.raises(CreditProblem) as caught:
        bank.draft(body, caller)
    return caught.value.code


def test_credentials_that_cannot_be_deposited(bank: Bank) -> None:
    holder = new_id()
    unsigned = bank.credential(holder, signed=False)
    assert _refused(bank, DepositBody(credential=unsigned.ref)) == "credit.credential_draft"
    nothing = bank.credential(holder, 0)
    assert _refused(bank, DepositBody(credential=nothing.ref)) == "credit.credential_amount"
    odd = bank.credential(holder, 1.005)
    assert _refused(bank, DepositBody(credential=odd.ref)) == "credit.credential_amount"
    over = bank.credential(holder, until="2026-08-31T16:00:00Z")
    assert _refused(bank, DepositBody(credential=over.ref, on=date(2026, 9, 1))) == "credit.credential_lapsed"
    assert _refused(bank, DepositBody(credential=bank.agreement().ref)) == "credit.credential_unknown"


@pytest.mark.parametrize("plane", [0, 1, 2])
def test_credentials_that_are_not_in_force(bank: Bank, plane: int) -> None:
    credential = bank.credential(new_id())
    bank.set_status(credential, plane)
    assert _refused(bank, DepositBody(credential=credential.ref)) == "credit.credential_status"
    bank.set_status(credential, plane, on=False)
    bank.do(DepositBody(credential=credential.ref))


def test_whoever_is_no_signer_needs_the_digest(bank: Bank) -> None:
    credential = bank.credential(new_id())
    body = DepositBody.model_validate({"credential": {"id": credential.id}, "bank": BANK})
    assert _refused(bank, body) == "credit.credential_unknown"
    drafted = bank.draft(body, FIRM)
    assert drafted.record.signers == (BANK, FIRM, SCHOOL)


def test_conversion_rounds_down_and_keeps_the_residue(bank: Bank, holder: str) -> None:
    agreement = bank.agreement()
    body = ConvertBody(holder=holder, amount=100, rule=RULE_REF, agreement=agreement.ref)
    bank.do(body)
    # 100 x 2 / 3 = 66, and 2 thirds of a hundredth are lost.
    assert bank.balance(holder) == {ENTERPRISE: 500, (BANK, "school"): 66}
    with read(bank.service.engine) as connection:
        row = connection.execute(
            sa.select(queries.OPERATION).where(queries.OPERATION.c.op == "convert")
        ).one()
    assert (row.residue, row.denominator) == (2, 3)
    assert _refused(bank, body.model_copy(update={"exact": True})) == "credit.remainder"
    assert _refused(bank, body.model_copy(update={"amount": 1})) == "credit.conversion_empty"
    bank.do(body.model_copy(update={"exact": True, "amount": 99}))
    assert bank.balance(holder)[BANK, "school"] == 66 + 66
    assert bank.findings() == []


def test_conversions_that_the_agreement_does_not_carry(bank: Bank, holder: str) -> None:
    agreement = bank.agreement()
    body = ConvertBody(holder=holder, amount=100, rule=RULE_REF, agreement=agreement.ref)
    other = RuleRef(code="P2C", version="2025.1")
    assert _refused(bank, body.model_copy(update={"rule": other})) == "credit.rule_unknown"
    assert _refused(bank, body.model_copy(update={"on": date(2025, 8, 31)})) == "credit.agreement_period"
    ended = bank.agreement(ended={"on": "2026-01-01", "reason": "mutual"})
    assert _refused(bank, body.model_copy(update={"agreement": ended.ref})) == "credit.agreement_period"
    credential = bank.credential(holder)
    assert _refused(bank, body.model_copy(update={"agreement": credential.ref})) == "credit.agreement_unknown"
    bank.set_status(agreement, 2)
    assert _refused(bank, body) == "credit.agreement_status"


def test_limit_of_a_rule_counts_what_is_open(bank: Bank, holder: str) -> None:
    agreement = bank.agreement([{**RULE, "limit": 300}])
    body = ConvertBody(holder=holder, amount=200, rule=RULE_REF, agreement=agreement.ref)
    drafted = bank.draft(body)
    with pytest.raises(CreditProblem) as caught:
        bank.draft(body)
    assert caught.value.code == "credit.rule_limit"
    assert caught.value.facts == {"available": 100, "asked": 200}
    bank.reject(drafted)
    bank.do(body)


def test_transfer_leaves_one_bank_and_reaches_the_other(bank: Bank, holder: str) -> None:
    drafted = bank.draft(TransferBody(holder=holder, creditKind="enterprise", amount=250, to=SECOND))
    assert drafted.record.signers == (BANK, SECOND)
    assert bank.accounts(holder) == {ENTERPRISE: (600, 250)}
    bank.complete(drafted)
    assert bank.balance(holder) == {ENTERPRISE: 350, (SECOND, "enterprise"): 250}
    with read(bank.service.engine) as connection:
        sums = connection.execute(
            sa.select(queries.ACCOUNT.c.bank, sa.func.sum(queries.POSTING.c.amount))
            .join(queries.POSTING, queries.POSTING.c.account_pk == queries.ACCOUNT.c.pk)
            .group_by(queries.ACCOUNT.c.bank)
        ).all()
    assert sorted(sums) == [(BANK, 0), (SECOND, 0)]
    assert bank.findings() == []


def test_transfer_to_the_bank_itself_is_refused(bank: Bank, holder: str) -> None:
    body = TransferBody(holder=holder, creditKind="enterprise", amount=1, to=BANK)
    with pytest.raises(Exception, match=r"to|countersigners"):
        bank.draft(body)


LAPSING = "2026-08-31T16:00:00Z"  # the midnight before 2026-09-01 in Shanghai


def test_expiry_takes_what_has_lapsed_and_no_more(bank: Bank, holder: str) -> None:
    bank.do(DepositBody(credential=bank.credential(holder, 3, until=LAPSING).ref, on=date(2026, 7, 2)))
    body = ExpireBody(holder=holder, creditKind="enterprise")
    with pytest.raises(NotLapsedError):
        bank.draft(body.model_copy(update={"on": date(2026, 8, 31)}))
    with pytest.raises(NotLapsedError) as caught:
        bank.draft(body.model_copy(update={"on": date(2026, 9, 1), "amount": 301}))
    assert caught.value.available == 300
    bank.do(body.model_copy(update={"on": date(2026, 9, 1)}))
    assert bank.balance(holder) == {ENTERPRISE: 600}
    with pytest.raises(NotLapsedError):
        bank.draft(body)
    assert bank.findings() == []


def test_what_lapses_first_is_spent_first_and_lapsed_credits_are_not_spent(bank: Bank, holder: str) -> None:
    bank.do(DepositBody(credential=bank.credential(holder, 3, until=LAPSING).ref, on=date(2026, 7, 2)))
    bank.do(redeem(holder, 200, on=date(2026, 8, 31)))  # of the three that will lapse
    with pytest.raises(OverdraftError) as caught:
        bank.draft(redeem(holder, 601, on=date(2026, 9, 1)))
    assert caught.value.available == 600  # one has lapsed
    drafted = bank.do(ExpireBody(holder=holder, creditKind="enterprise", on=date(2026, 9, 1)))
    assert drafted.record.document["credentialSubject"]["amount"] == 100


def test_expiry_goes_with_transferred_and_converted_credits(bank: Bank, holder: str) -> None:
    bank.do(DepositBody(credential=bank.credential(holder, 1, until=LAPSING).ref, on=date(2026, 7, 2)))
    on = date(2026, 7, 3)
    bank.do(TransferBody(holder=holder, creditKind="enterprise", amount=150, to=SECOND, on=on))
    with read(bank.service.engine) as connection:
        row = queries.find_holder(connection, holder)
        assert row is not None
        arrived = [
            (line.amount, line.expires_on) for line in reading.lines(connection, row.pk, [SECOND], None, None)
        ]
    assert arrived == [(100, date(2026, 9, 1)), (50, None)]


def test_days_ahead_are_refused(bank: Bank, holder: str) -> None:
    tomorrow = utc_now().date() + timedelta(days=2)
    assert _refused(bank, redeem(holder, 1, on=tomorrow)) == "credit.future"


def _statement(holder: str) -> StatementBody:
    return StatementBody(
        holder=holder,
        period=PeriodBody(**{"from": date(2026, 7, 1), "to": date(2026, 9, 1)}),
        countersigners=[CountersignerBody(id=SCHOOL, role="school")],
    )


def test_statement_is_signed_by_two_and_moves_nothing(bank: Bank, holder: str) -> None:
    bank.do(DepositBody(credential=bank.credential(holder, 2, kind="school").ref, on=date(2026, 8, 1)))
    bank.do(redeem(holder, 100))  # after the period, as the first deposit is
    drafted = bank.do(_statement(holder))
    subject = drafted.record.document["credentialSubject"]
    assert subject["balances"] == [{"creditKind": "school", "amount": 200}]
    assert (subject["creditKind"], subject["amount"]) == ("school", 200)
    assert bank.balance(holder) == {ENTERPRISE: 500, (BANK, "school"): 200}
    alone = _statement(holder).model_copy(update={"countersigners": []})
    assert _refused(bank, alone) == "credit.statement_signers"
    assert bank.findings() == []


def test_entries_follow_each_other(bank: Bank, holder: str) -> None:
    first = bank.do(redeem(holder, 100))
    second = bank.draft(redeem(holder, 100))
    (link,) = second.record.links
    assert (link.rel, link.id, link.digest) == ("follows", first.id, first.digest)


def test_only_parties_draft(bank: Bank, holder: str) -> None:
    stranger = redeem(holder, 100, bank=BANK, role="enterprise")
    assert _refused(bank, stranger, FIRM) == "credit.not_party"
    assert bank.accounts(holder) == {ENTERPRISE: (600, 0)}
    drafted = bank.draft(redeem(holder, 100, bank=BANK), SCHOOL)  # it signed the deposit
    assert drafted.record.signers == (BANK, SCHOOL)
