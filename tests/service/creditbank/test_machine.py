"""A state machine against a plain model of what a credit bank is: whatever is drafted, signed and rejected in
whatever order, no balance falls below zero, everything sums to zero, and each credential counts once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from tests.service.creditbank.bank import BANK, RULE, SECOND, Bank, Issued, new_id
from trace_service.creditbank import queries
from trace_service.creditbank.ledger import settle, settle_records
from trace_service.creditbank.problems import AlreadyDepositedError, CreditProblem
from trace_service.creditbank.requests import (
    ConvertBody,
    CreditKind,
    DepositBody,
    EntryBody,
    ExpireBody,
    RedeemBody,
    RuleRef,
    TransferBody,
)
from trace_service.database import read, write
from trace_service.records.queries import RECORD
from trace_service.records.service import DraftedRecord

EXAMPLES = {"sqlite": 60, "postgresql": 30}
STEPS = 40
LIMIT = 700  # of the conversion rule, for one holder
NEVER = date.max
# Credits end on the first two days (at the midnight before), if ever; entries are made on the last three.
ENDS = {"2026-07-31T16:00:00Z": date(2026, 8, 1), "2026-08-31T16:00:00Z": date(2026, 9, 1), None: NEVER}
DAYS = (date(2026, 7, 10), date(2026, 8, 15), date(2026, 9, 2))

# What a run meets: each operation booked, and each refusal that the model foresees.
SEEN = {"deposit", "redeem", "transfer", "convert", "expire"} | {
    f"credit.{code}" for code in ("overdraft", "not_lapsed", "already_deposited", "rule_limit")
}

Account = tuple[str, str]  # bank, kind
Award = tuple[Issued, int, date]  # credential, amount, end
amounts = st.integers(2, 300)
days = st.sampled_from(DAYS)


@dataclass
class Pot:
    """One account of the model: how much ends when, and what is promised."""

    ends: dict[date, int] = field(default_factory=dict)
    reserved: int = 0
    expiring: int = 0  # the part of it that open expiries hold

    @property
    def balance(self) -> int:
        return sum(self.ends.values())

    def gone(self, on: date) -> int:
        return sum(amount for end, amount in self.ends.items() if end <= on)

    def pay(self, amount: int, on: date, *, expiry: bool) -> list[tuple[date, int]]:
        """Take ``amount`` out, what ends first before the rest; return what was taken."""
        good = sorted(end for end in self.ends if end > on)
        bad = sorted(end for end in self.ends if end <= on)
        taken = []
        for end in [*bad, *good] if expiry else [*good, *bad]:
            part = min(amount, self.ends[end])
            self.ends[end] -= part
            amount -= part
            taken += [(end, part)] if part else []
        assert amount == 0
        return taken

    def put(self, end: date, amount: int) -> None:
        self.ends[end] = self.ends.get(end, 0) + amount


@dataclass
class Pending:
    """A draft: what it does to the model once it is signed."""

    record: DraftedRecord
    op: str
    account: Account
    amount: int
    on: date
    end: date = NEVER
    credential: bytes = b""


class Machine(RuleBasedStateMachine):
    """Drafts, signatures and rejections of one holder."""

    bank: Bank  # set by the test, as is what it has seen: booked operations and codes of refusals
    seen: Counter[str]
    drafts: Bundle[Pending] = Bundle("drafts")
    credentials: Bundle[Award] = Bundle("credentials")

    @initialize()
    def start(self) -> None:
        self.holder = new_id()
        self.pots: dict[Account, Pot] = {}
        self.held: set[bytes] = set()
        self.converted = 0
        self.booked: list[int] = []
        self.agreement = self.bank.agreement([{**RULE, "limit": LIMIT}])
        for until in (*ENDS, None):
            drafted = self.deposit(self.award(500, until), BANK, at_once=True)
            assert drafted is None
        self.deposit(self.award(300, None), SECOND, at_once=True)

    def pot(self, account: Account) -> Pot:
        return self.pots.setdefault(account, Pot())

    def attempt(self, body: EntryBody, expected: str | None, caller: str) -> DraftedRecord | None:
        """Draft an entry, which must be refused with exactly the code that the model expects."""
        if expected is None:
            return self.bank.draft(body, caller)
        with pytest.raises(CreditProblem) as refused:
            self.bank.draft(body, caller)
        assert refused.value.code == expected
        self.seen[expected] += 1
        return None

    @rule(target=credentials, credits=st.integers(1, 500), until=st.sampled_from(list(ENDS)))
    def awarded(self, credits: int, until: str | None) -> Award:
        return self.award(credits, until)

    def award(self, credits: int, until: str | None) -> Award:
        issued = self.bank.credential(self.holder, credits / 100, until=until)
        return issued, credits, ENDS[until]

    @rule(target=drafts, credential=credentials, at=st.sampled_from([BANK, SECOND]), at_once=st.booleans())
    def deposited(self, credential: Award, at: str, at_once: bool) -> Any:
        return self.deposit(credential, at, at_once=at_once) or multiple()

    def deposit(self, credential: Award, at: str, *, at_once: bool) -> Pending | None:
        issued, amount, end = credential
        expected = "credit.already_deposited" if issued.digest in self.held else None
        body = DepositBody(credential=issued.ref, on=DAYS[0])
        drafted = self.attempt(body, expected, at)
        if drafted is None:
            return None
        self.held.add(issued.digest)
        made = Pending(drafted, "deposit", (at, "enterprise"), amount, DAYS[0], end, issued.digest)
        if at_once:
            self.sign(made)
        return None if at_once else made

    def spending(self, account: Account, amount: int, on: date) -> str | None:
        pot = self.pot(account)
        room = pot.balance - pot.reserved - pot.gone(on)
        return "credit.overdraft" if amount > max(0, room) else None

    def reserve(self, drafted: DraftedRecord | None, at_once: bool, op: str, *facts: Any) -> Any:
        if drafted is None:
            return multiple()
        made = Pending(drafted, op, *facts)
        self.pot(made.account).reserved += made.amount
        if at_once:
            self.sign(made)
        return multiple() if at_once else made

    @rule(target=drafts, at=st.sampled_from([BANK, SECOND]), amount=amounts, on=days, at_once=st.booleans())
    def redeem(self, at: str, amount: int, on: date, at_once: bool) -> Any:
        account = (at, "enterprise")
        body = RedeemBody(holder=self.holder, creditKind="enterprise", amount=amount, course="C", on=on)
        drafted = self.attempt(body, self.spending(account, amount, on), at)
        return self.reserve(drafted, at_once, "redeem", account, amount, on)

    @rule(
        target=drafts,
        kind=st.sampled_from(["enterprise", "school"]),
        amount=amounts,
        on=days,
        at_once=st.booleans(),
    )
    def transfer(self, kind: CreditKind, amount: int, on: date, at_once: bool) -> Any:
        account = (BANK, kind)
        body = TransferBody(holder=self.holder, creditKind=kind, amount=amount, to=SECOND, on=on)
        drafted = self.attempt(body, self.spending(account, amount, on), BANK)
        return self.reserve(drafted, at_once, "transfer", account, amount, on)

    @rule(target=drafts, amount=amounts, on=days, at_once=st.booleans())
    def convert(self, amount: int, on: date, at_once: bool) -> Any:
        account = (BANK, "enterprise")
        expected = self.spending(account, amount, on)
        if self.converted + amount > LIMIT:
            expected = "credit.rule_limit"
        body = ConvertBody(
            holder=self.holder,
            amount=amount,
            rule=RuleRef(code="P2C", version="2026.1"),
            agreement=self.agreement.ref,
            on=on,
        )
        drafted = self.attempt(body, expected, BANK)
        self.converted += amount if drafted else 0
        return self.reserve(drafted, at_once, "convert", account, amount, on)

    @rule(target=drafts, at=st.sampled_from([BANK, SECOND]), amount=amounts, on=days, at_once=st.booleans())
    def expire(self, at: str, amount: int, on: date, at_once: bool) -> Any:
        account = (at, "enterprise")
        pot = self.pot(account)
        expected = None
        if amount > max(0, pot.gone(on) - pot.expiring):
            expected = "credit.not_lapsed"
        elif amount > pot.balance - pot.reserved:
            expected = "credit.overdraft"
        body = ExpireBody(holder=self.holder, creditKind="enterprise", amount=amount, on=on)
        drafted = self.attempt(body, expected, at)
        if drafted is not None:
            pot.expiring += amount
        return self.reserve(drafted, at_once, "expire", account, amount, on)

    @rule(draft=consumes(drafts))
    def signed(self, draft: Pending) -> None:
        self.sign(draft)

    def sign(self, draft: Pending) -> None:
        self.seen[draft.op] += 1
        self.bank.complete(draft.record)
        self.booked.append(draft.record.pk)
        pot = self.pot(draft.account)
        if draft.op == "deposit":
            pot.put(draft.end, draft.amount)
            return
        taken = self.release(draft).pay(draft.amount, draft.on, expiry=draft.op == "expire")
        if draft.op == "transfer":
            for end, amount in taken:
                self.pot((SECOND, draft.account[1])).put(end, amount)
        if draft.op == "convert":
            so_far = given = 0
            for end, amount in taken:
                so_far += amount
                self.pot((BANK, "school")).put(end, so_far * 2 // 3 - given)
                given = so_far * 2 // 3

    def release(self, draft: Pending) -> Pot:
        pot = self.pot(draft.account)
        pot.reserved -= draft.amount
        pot.expiring -= draft.amount if draft.op == "expire" else 0
        return pot

    @rule(draft=consumes(drafts))
    def reject(self, draft: Pending) -> None:
        self.bank.reject(draft.record)
        self.converted -= draft.amount if draft.op == "convert" else 0
        if draft.op == "deposit":
            self.held.remove(draft.credential)
        else:
            self.release(draft)

    @rule()
    def settle_again(self) -> None:
        settle(self.bank.service.engine)
        with write(self.bank.service.engine) as connection:
            settle_records(connection, self.booked)

    @invariant()
    def books_are_those_of_the_model(self) -> None:
        if not self.pots:
            return
        settle(self.bank.service.engine, self.holder)
        with read(self.bank.service.engine) as connection:
            row = queries.find_holder(connection, self.holder)
            found = {} if row is None else queries.accounts_of(connection, row.pk)
            books = {(a.bank, a.credit_kind): (a.balance, a.reserved) for a in found}
            total = connection.execute(sa.select(sa.func.sum(queries.POSTING.c.amount))).scalar() or 0
        expected = {account: (pot.balance, pot.reserved) for account, pot in self.pots.items()}
        assert {k: v for k, v in books.items() if v != (0, 0)} == {
            k: v for k, v in expected.items() if v != (0, 0)
        }
        assert all(balance >= reserved >= 0 for balance, reserved in books.values())
        assert total == 0

    def teardown(self) -> None:
        assert self.bank.findings() == []
        if hasattr(self, "holder"):
            assert self.replayed() == {
                account: pot.balance for account, pot in self.pots.items() if pot.balance
            }

    def replayed(self) -> dict[Account, int]:
        """Balances from the signed records alone, in the order of booking."""
        balances: dict[Account, int] = {}
        with read(self.bank.service.engine) as connection:
            query = sa.select(RECORD.c.document).where(
                RECORD.c.subject == self.holder,
                RECORD.c.schema_name == "creditentry.1",
                RECORD.c.completed_at.is_not(None),
            )
            subjects = [orjson.loads(document) for document in connection.execute(query).scalars()]
        for document in subjects:
            subject = document["credentialSubject"]
            account = (subject["bank"], subject["creditKind"])
            sign = 1 if subject["op"] == "deposit" else -1
            moves = [(account, sign * subject["amount"])]
            if "to" in subject:
                moves.append(((subject["to"]["bank"], subject["to"]["creditKind"]), subject["amount"]))
            if "converted" in subject:
                made = subject["converted"]
                moves.append(((subject["bank"], made["creditKind"]), made["amount"]))
            for where, amount in moves:
                balances[where] = balances.get(where, 0) + amount
        return {account: amount for account, amount in balances.items() if amount}


@pytest.mark.slow
def test_the_books_are_those_of_the_model(bank: Bank) -> None:
    class OfThisBank(Machine):
        pass

    OfThisBank.bank = bank
    OfThisBank.seen = Counter()
    run_state_machine_as_test(
        OfThisBank,
        settings=settings(
            max_examples=EXAMPLES[bank.service.engine.dialect.name],
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            phases=(Phase.generate,),  # shrinking would take minutes: the steps as they were say enough
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert OfThisBank.seen.keys() == SEEN  # or it has shown nothing


def test_a_refusal_of_a_second_deposit_names_the_first(bank: Bank) -> None:
    """The machine looks at codes alone."""
    credential = bank.credential(new_id())
    first = bank.do(DepositBody(credential=credential.ref))
    with pytest.raises(AlreadyDepositedError) as caught:
        bank.draft(DepositBody(credential=credential.ref))
    assert caught.value.facts == {"record": first.id}
