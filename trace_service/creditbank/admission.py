"""Taking entries in: what an entry asks for is checked and reserved in the transaction that drafts it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.engine import Connection

from trace_service.creditbank import evidence, queries, reading
from trace_service.creditbank.arithmetic import convert, lapsed, lots_after
from trace_service.creditbank.entry import Entry, Op
from trace_service.creditbank.problems import (
    AlreadyDepositedError,
    CreditProblem,
    NotLapsedError,
    OverdraftError,
    not_party,
    unknown_rule,
)
from trace_service.database import AnyRow

SPENDING = (Op.CONVERT, Op.REDEEM, Op.TRANSFER)


@dataclass(frozen=True, slots=True)
class Room:
    """What an account has: its balance, what open operations reserve of it, what has lapsed by a day."""

    balance: int
    reserved: int
    lapsed: int

    @property
    def spendable(self) -> int:
        """What may still be asked for; never below zero."""
        return max(0, self.balance - self.reserved - self.lapsed)


def room(connection: Connection, account: AnyRow, on: date) -> Room:
    """Return what an account has on a day."""
    lots = lots_after(queries.movements(connection, account.pk))
    return Room(account.balance, account.reserved, lapsed(lots, on))


def admit(connection: Connection, holder_pk: int, entry: Entry, today: date) -> dict[str, Any]:
    """Check an entry, reserve what it takes, and return the columns of its operation.

    The holder is locked. Raises `CreditProblem`; then nothing was reserved.
    """
    if entry.on > today:
        raise CreditProblem(422, "future", "The day of the entry lies ahead", path="$.on")
    columns: dict[str, Any] = {
        "holder_pk": holder_pk,
        "op": entry.op.value,
        "bank": entry.bank,
        "credit_kind": entry.credit_kind,
        "amount": entry.amount,
        "on": entry.on,
    }
    if entry.op is Op.DEPOSIT:
        return columns | _deposit(connection, holder_pk, entry)
    if entry.op is Op.STATEMENT:
        _statement(connection, holder_pk, entry)
        return columns
    if entry.op is Op.CONVERT:
        columns |= _conversion(connection, holder_pk, entry)
    if entry.op is Op.TRANSFER:
        columns |= _transfer(entry)
    return columns | {"source_pk": _take(connection, holder_pk, entry)}


def check_proposer(connection: Connection, holder_pk: int, entry: Entry, proposer_pk: int) -> None:
    """Raise `CreditProblem` 403 where an organisation has no part in a holder's credits at a bank.

    A draft reserves, and a refusal tells what is there: neither is for any organisation that knows a name.
    """
    did = reading.organisation_did(connection, proposer_pk)
    if did == entry.bank or entry.op is Op.DEPOSIT:  # that one needs the credential, and takes nothing
        return
    if entry.bank not in reading.visible_banks(connection, holder_pk, did):
        raise not_party()


def _deposit(connection: Connection, holder_pk: int, entry: Entry) -> dict[str, Any]:
    worth = evidence.check_credential(connection, entry)
    assert entry.credential is not None
    if worth.expires_on is not None and worth.expires_on <= entry.on:
        raise CreditProblem(
            422, "credential_lapsed", "The credential was no longer valid", path="$.credential"
        )
    # Another edition of the same credential is the same credential: whichever of the two came in first.
    mine = set(evidence.editions(connection, entry.credential))
    for digest, record in queries.held_deposits(connection, holder_pk).items():
        if digest in mine or entry.credential in evidence.editions(connection, digest):
            raise AlreadyDepositedError(record)
    return {"credential_digest": entry.credential, "expires_on": worth.expires_on}


def _conversion(connection: Connection, holder_pk: int, entry: Entry) -> dict[str, Any]:
    rule = evidence.find_rule(connection, entry)
    if rule.from_kind != entry.credit_kind:
        raise unknown_rule(rule.code, rule.version)
    made = convert(entry.amount, rule.numerator, rule.denominator)
    if made.amount == 0:
        raise CreditProblem(422, "conversion_empty", "The conversion would give nothing", path="$.amount")
    if entry.converted != (rule.to_kind, made.amount):
        raise CreditProblem(
            422,
            "conversion_differs",
            "The rule gives another amount or kind",
            path="$.converted",
            creditKind=rule.to_kind,
            amount=made.amount,
        )
    assert entry.agreement is not None
    used = queries.converted_under(connection, holder_pk, entry.bank, entry.agreement, rule.name)
    if rule.limit is not None and used + entry.amount > rule.limit:
        raise CreditProblem(
            409,
            "rule_limit",
            "The rule converts no more for one holder",
            path="$.amount",
            available=max(0, rule.limit - used),
            asked=entry.amount,
        )
    return {
        "agreement_digest": entry.agreement,
        "rule": rule.name,
        "target_kind": rule.to_kind,
        "target_amount": made.amount,
        "residue": made.residue,
        "denominator": made.denominator,
    }


def _transfer(entry: Entry) -> dict[str, Any]:
    assert entry.target is not None  # the schema wants it for a transfer
    bank, credit_kind = entry.target
    if bank == entry.bank or credit_kind != entry.credit_kind:
        raise CreditProblem(
            422,
            "transfer_target",
            "A transfer goes to another bank and keeps the kind of credit",
            path="$.to",
            fix="convert credits of one kind into another by a rule",
        )
    if bank not in entry.signers:
        raise CreditProblem(
            422,
            "transfer_signer",
            "The receiving bank must sign the transfer",
            path="$.countersigners",
            fix="add the receiving bank to the countersigners",
        )
    return {"target_bank": bank}


def _statement(connection: Connection, holder_pk: int, entry: Entry) -> None:
    assert entry.period is not None  # the schema wants it for a statement
    if len(entry.signers) < 2:
        raise CreditProblem(
            422,
            "statement_signers",
            "A statement is signed by two",
            path="$.countersigners",
            fix="name another",
        )
    balances = reading.balances_before(connection, holder_pk, entry.bank, entry.period[1])
    told = {kind: amount for kind, amount in entry.balances if amount}
    if told != balances or entry.amount != sum(balances.values()):
        raise CreditProblem(
            409, "statement_differs", "The ledger has other balances", path="$.balances", balances=balances
        )


def _take(connection: Connection, holder_pk: int, entry: Entry) -> int:
    """Reserve what an entry takes out of its account; return the account's row."""
    pk = queries.account_pk(connection, entry.bank, queries.HOLDER_ROLE, holder_pk, entry.credit_kind)
    has = room(connection, queries.account(connection, pk), entry.on)
    if entry.op is Op.EXPIRE:
        available = max(0, has.lapsed - queries.expiring_now(connection, pk))
        if entry.amount > available:
            raise NotLapsedError(available, entry.amount)
    elif entry.amount > has.spendable:
        raise OverdraftError(has.spendable, entry.amount)
    # The statement looks again: whatever was read above, no more is promised than is there.
    if not queries.reserve(connection, pk, entry.amount):
        raise OverdraftError(max(0, has.balance - has.reserved), entry.amount)
    return pk
