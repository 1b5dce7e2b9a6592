"""From a request to the CreditEntry that its signers sign."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from trace_service.creditbank import evidence, queries, reading
from trace_service.creditbank.admission import room
from trace_service.creditbank.arithmetic import convert
from trace_service.creditbank.entry import SCHEMA, Entry, Op, local_day
from trace_service.creditbank.problems import (
    CreditProblem,
    NotLapsedError,
    bad_agreement,
    bad_credential,
    not_party,
)
from trace_service.creditbank.requests import (
    ConvertBody,
    DepositBody,
    EntryBody,
    ExpireBody,
    RecordRef,
    RedeemBody,
    StatementBody,
    TransferBody,
)
from trace_service.database import AnyRow, utc_now
from trace_service.records.compose import Draft, DraftLink
from trace_service.records.queries import RECORD, linkable_digests
from trace_service.records.requests import read_digest
from verifier_cli.encoding import format_time
from verifier_cli.rules import issuer_roles

MAIN_KIND = "school"  # what a statement without any balance is called: the schema wants a kind

Subject = dict[str, Any]
Signers = list[tuple[str, str]]


def entry_draft(connection: Connection, caller: str, body: EntryBody) -> Draft:
    """Return the draft of a request; the ledger checks it once more when it is stored.

    Raises `Problem` for evidence that the caller may not use, and `CreditProblem` where no entry can be made.
    """
    bank = body.bank or caller
    day = body.on or local_day(utc_now())
    _check_party(connection, caller, bank, body)
    build = _BUILDERS[type(body)]
    subject, links, signers = build(connection, caller, bank, day, body)
    signers = [*signers, *((entry.id, entry.role) for entry in body.countersigners)]
    signers += [] if caller == bank else [(caller, body.role)]
    holder = queries.find_holder(connection, subject["id"])
    before = None
    if holder is not None and bank in reading.visible_banks(connection, holder.pk, caller):
        before = reading.last_booked(connection, holder.pk, bank)
    if before is not None:
        links = [*links, DraftLink(before.id, "follows", digest=before.digest)]
    return Draft(
        schema=SCHEMA,
        issuer=bank,
        subject={"type": ["CreditEntry"], "bank": bank, "on": day.isoformat(), **subject},
        valid_from=format_time(int(utc_now().timestamp())),
        links=tuple(links),
        countersigners=tuple({did: (did, role) for did, role in reversed(signers) if did != bank}.values()),
        external_ref=body.external_ref,
    )


def _check_party(connection: Connection, caller: str, bank: str, body: EntryBody) -> None:
    """Refuse a stranger before anything of the holder is read: what an answer says would tell of it."""
    if bank == caller or isinstance(body, DepositBody):
        return
    assert isinstance(body, RedeemBody | TransferBody | ExpireBody | ConvertBody | StatementBody)
    holder = queries.find_holder(connection, body.holder)
    if holder is None or bank not in reading.visible_banks(connection, holder.pk, caller):
        raise not_party()


def _deposit(
    connection: Connection, caller: str, bank: str, day: date, body: DepositBody
) -> tuple[Subject, Sequence[DraftLink], Signers]:
    row = _evidence(connection, caller, body.credential, "$.credential")
    if row is None or row.schema_name != evidence.CREDENTIAL:
        raise bad_credential("unknown", "No such credential is known here")
    document = orjson.loads(row.document)
    worth = evidence.worth_of(document)
    subject = _subject(Op.DEPOSIT, document["credentialSubject"]["id"], worth.credit_kind, worth.amount)
    awarding = (document["issuer"]["id"], issuer_roles(document, row.schema_name)[0])
    return subject, [DraftLink(row.id, "credits", digest=row.digest)], [awarding]


def _redeem(
    connection: Connection, caller: str, bank: str, day: date, body: RedeemBody
) -> tuple[Subject, Sequence[DraftLink], Signers]:
    subject = _subject(Op.REDEEM, body.holder, body.credit_kind, body.amount)
    return {**subject, "course": body.course}, (), []


def _transfer(
    connection: Connection, caller: str, bank: str, day: date, body: TransferBody
) -> tuple[Subject, Sequence[DraftLink], Signers]:
    subject = _subject(Op.TRANSFER, body.holder, body.credit_kind, body.amount)
    return (
        {**subject, "to": {"bank": body.to, "creditKind": body.credit_kind}},
        (),
        [(body.to, body.to_role)],
    )


def _expire(
    connection: Connection, caller: str, bank: str, day: date, body: ExpireBody
) -> tuple[Subject, Sequence[DraftLink], Signers]:
    amount = body.amount
    if amount is None:
        holder = queries.find_holder(connection, body.holder)
        accounts = [] if holder is None else queries.accounts_of(connection, holder.pk, [bank])
        mine = [account for account in accounts if account.credit_kind == body.credit_kind]
        amount = sum(
            room(connection, account, day).lapsed - queries.expiring_now(connection, account.pk)
            for account in mine
        )
        if amount <= 0:
            raise NotLapsedError(0, 0)
    return _subject(Op.EXPIRE, body.holder, body.credit_kind, amount), (), []


def _convert(
    connection: Connection, caller: str, bank: str, day: date, body: ConvertBody
) -> tuple[Subject, Sequence[DraftLink], Signers]:
    row = _evidence(connection, caller, body.agreement, "$.agreement")
    if row is None:
        raise bad_agreement("unknown", "No such agreement is known here")
    edition = (body.rule.code, body.rule.version)
    asked = Entry(
        body.holder,
        Op.CONVERT,
        bank,
        "",
        body.amount,
        day,
        frozenset(),
        agreement=row.digest,
        rule=edition,
    )
    rule = evidence.find_rule(connection, asked)
    made = convert(body.amount, rule.numerator, rule.denominator)
    if body.exact and made.residue:
        raise CreditProblem(
            422,
            "remainder",
            "The conversion leaves a remainder",
            path="$.amount",
            fix="convert an amount that comes out even, or leave `exact` out to round down",
            residue=made.residue,
            denominator=made.denominator,
        )
    subject = {
        **_subject(Op.CONVERT, body.holder, rule.from_kind, body.amount),
        "rule": {"code": rule.code, "version": rule.version},
        "converted": {"creditKind": rule.to_kind, "amount": made.amount},
    }
    return subject, [DraftLink(row.id, "performedUnder", digest=row.digest)], []


def _statement(
    connection: Connection, caller: str, bank: str, day: date, body: StatementBody
) -> tuple[Subject, Sequence[DraftLink], Signers]:
    holder = queries.find_holder(connection, body.holder)
    until = body.period.until
    found = {} if holder is None else reading.balances_before(connection, holder.pk, bank, until)
    largest = max(found, key=lambda kind: (found[kind], kind), default=MAIN_KIND)
    subject = {
        **_subject(Op.STATEMENT, body.holder, largest, sum(found.values())),
        "period": {"from": body.period.since.isoformat(), "to": until.isoformat()},
        "balances": [{"creditKind": kind, "amount": amount} for kind, amount in sorted(found.items())],
    }
    return subject, (), []


_BUILDERS: dict[type[EntryBody], Any] = {
    DepositBody: _deposit,
    RedeemBody: _redeem,
    TransferBody: _transfer,
    ExpireBody: _expire,
    ConvertBody: _convert,
    StatementBody: _statement,
}


def _subject(op: Op, holder: str, credit_kind: str, amount: int) -> Subject:
    return {"id": holder, "op": op.value, "creditKind": credit_kind, "amount": amount}


def _evidence(connection: Connection, caller: str, ref: RecordRef, path: str) -> AnyRow | None:
    """The record that a caller names, if it may: it signs it, or knows its digest."""
    if ref.digest is not None:
        digest: bytes | None = read_digest(ref.digest, f"{path}.digestMultibase")
    else:
        digest = linkable_digests(connection, caller, [ref.id]).get(ref.id)
    columns = (RECORD.c.id, RECORD.c.digest, RECORD.c.schema_name, RECORD.c.document)
    query = sa.select(*columns).where(RECORD.c.id == ref.id, RECORD.c.digest == digest)
    return connection.execute(query).one_or_none()
