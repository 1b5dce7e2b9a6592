"""Booking an operation: its postings, its entry in the journal, and the balances, in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from trace_service.creditbank import evidence, queries
from trace_service.creditbank.arithmetic import Lot, converted_lots, lots_after, take
from trace_service.creditbank.entry import Op
from trace_service.database import AnyRow
from verifier_cli.canonical import canonical
from verifier_cli.encoding import format_time

# The other side of each operation: where credits come from, or go to.
ISSUED, IN_TRANSFER, CONVERTED = "issued", "in_transfer", "converted"
_SINKS = {Op.REDEEM: "redeemed", Op.EXPIRE: "expired", Op.TRANSFER: IN_TRANSFER, Op.CONVERT: CONVERTED}
BEGINNING = bytes(32)  # what stands for the entry before a holder's first


@dataclass(frozen=True, slots=True)
class Line:
    """One posting before it is stored: ``amount`` into an account (negative: out of it)."""

    bank: str
    role: str
    credit_kind: str
    amount: int
    expires_on: date | None = None


def book(connection: Connection, operation: AnyRow, now: datetime) -> None:
    """Book an open operation whose record is complete. The holder is locked.

    What was reserved is there, so that this cannot fail for want of credits; the database refuses whatever
    would leave a balance below zero or an entry out of balance.
    """
    if operation.source_pk is not None:
        queries.unreserve(connection, operation.source_pk, operation.amount)
    holder = connection.execute(
        sa.select(queries.HOLDER).where(queries.HOLDER.c.pk == operation.holder_pk)
    ).one()
    stored = [
        _post(connection, operation, position, line)
        for position, line in enumerate(_lines(connection, operation))
    ]
    number = holder.entries + 1
    facts = entry_facts(operation, operation.record_digest, holder.holder, number, now, stored)
    digest = entry_hash(holder.head or BEGINNING, facts)
    connection.execute(
        sa.insert(queries.JOURNAL).values(
            operation_pk=operation.pk,
            holder_pk=operation.holder_pk,
            number=number,
            record_digest=operation.record_digest,
            booked_at=now,
            entry_hash=digest,
        )
    )
    connection.execute(
        sa.update(queries.HOLDER)
        .where(queries.HOLDER.c.pk == operation.holder_pk)
        .values(entries=number, head=digest)
    )
    queries.update_operation(connection, operation.pk, booked_at=now)


def entry_facts(
    operation: AnyRow,
    record_digest: bytes,
    holder: str,
    number: int,
    booked_at: datetime,
    postings: Iterable[Mapping[str, Any]],
) -> dict[str, Any]:
    """Return what an entry's hash covers, beside the entry before it; ``postings`` as `posting_facts`."""
    return {
        "record": record_digest.hex(),
        "holder": holder,
        "number": number,
        "bookedAt": format_time(int(booked_at.timestamp())),
        "op": operation.op,
        "on": operation.on.isoformat(),
        "residue": operation.residue,
        "denominator": operation.denominator,
        "postings": list(postings),
    }


def posting_facts(
    account: AnyRow | Line, amount: int, expires_on: date | None, sequence: int | None, after: int | None
) -> dict[str, Any]:
    """Return what an entry's hash covers of one posting; ``account`` gives bank, role and kind."""
    return {
        "bank": account.bank,
        "role": account.role,
        "creditKind": account.credit_kind,
        "amount": amount,
        "expiresOn": None if expires_on is None else expires_on.isoformat(),
        "sequence": sequence,
        "balanceAfter": after,
    }


def entry_hash(before: bytes, facts: Mapping[str, Any]) -> bytes:
    """Return SHA-256 of the holder's entry before this one and of the canonical facts of this one."""
    return hashlib.sha256(before + canonical(facts)).digest()


def _lines(connection: Connection, operation: AnyRow) -> Sequence[Line]:
    op, bank, kind, amount = Op(operation.op), operation.bank, operation.credit_kind, operation.amount
    if op is Op.STATEMENT:
        return ()
    if op is Op.DEPOSIT:
        return (
            Line(bank, ISSUED, kind, -amount),
            Line(bank, queries.HOLDER_ROLE, kind, amount, operation.expires_on),
        )
    out = (Line(bank, queries.HOLDER_ROLE, kind, -amount), Line(bank, _SINKS[op], kind, amount))
    if op is Op.TRANSFER:
        target, source, lots = operation.target_bank, IN_TRANSFER, _taken(connection, operation)
    elif op is Op.CONVERT:
        kind, target, source, lots = operation.target_kind, bank, CONVERTED, _made(connection, operation)
    else:
        return out
    total = sum(lot.amount for lot in lots)
    arriving = (Line(target, queries.HOLDER_ROLE, kind, lot.amount, lot.expires_on) for lot in lots)
    return (*out, Line(target, source, kind, -total), *arriving)


def _taken(connection: Connection, operation: AnyRow) -> list[Lot]:
    """What goes out, by the day on which it would lapse: that goes with the credits."""
    lots = lots_after(queries.movements(connection, operation.source_pk))
    if not lots:
        return [Lot(operation.amount)]
    return take(lots, operation.amount, operation.on)[0]


def _made(connection: Connection, operation: AnyRow) -> list[Lot]:
    rule = evidence.rule_of(connection, operation.agreement_digest, operation.rule)
    return converted_lots(_taken(connection, operation), rule.numerator, rule.denominator)


def _post(connection: Connection, operation: AnyRow, position: int, line: Line) -> dict[str, Any]:
    holder_pk = operation.holder_pk if line.role == queries.HOLDER_ROLE else 0
    pk = queries.account_pk(connection, line.bank, line.role, holder_pk, line.credit_kind)
    sequence = after = None
    if holder_pk:
        after, sequence = queries.move(connection, pk, line.amount)
    connection.execute(
        sa.insert(queries.POSTING).values(
            operation_pk=operation.pk,
            line=position,
            account_pk=pk,
            amount=line.amount,
            expires_on=line.expires_on,
            sequence=sequence,
            balance_after=after,
        )
    )
    return posting_facts(line, line.amount, line.expires_on, sequence, after)
