"""Accounts and statements as a caller may see them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.engine import Connection

from trace_service.creditbank import queries, reading
from trace_service.creditbank.admission import room
from trace_service.database import AnyRow
from trace_service.problems import not_found
from trace_service.records.views import when


@dataclass(frozen=True, slots=True)
class Statement:
    """A holder's postings in a period (``until`` exclusive) with the balances before and after it."""

    holder: str
    opening: dict[tuple[str, str], int]  # by bank and kind
    lines: Sequence[AnyRow]
    closing: dict[tuple[str, str], int]


def banks_for(connection: Connection, holder: AnyRow, did: str, bank: str | None) -> set[str]:
    """Return the banks whose accounts ``did`` may see, or ``bank`` alone; raises `Problem` 404."""
    visible = reading.visible_banks(connection, holder.pk, did)
    wanted = visible if bank is None else visible & {bank}
    if not queries.accounts_of(connection, holder.pk, wanted):
        raise not_found("credit_account")
    return wanted


def known_holder(connection: Connection, holder: str) -> AnyRow:
    """Return the holder's row; raises `Problem` 404."""
    row = queries.find_holder(connection, holder)
    if row is None:
        raise not_found("credit_account")
    return row


def accounts(
    connection: Connection, holder: AnyRow, banks: Collection[str] | None, today: date
) -> list[dict[str, Any]]:
    """Return the holder's accounts at ``banks`` (None: all), in hundredths of a credit."""
    found = []
    for row in queries.accounts_of(connection, holder.pk, banks):
        has = room(connection, row, today)
        found.append(
            {
                "bank": row.bank,
                "creditKind": row.credit_kind,
                "balance": row.balance,
                "reserved": row.reserved,
                "lapsed": has.lapsed,
                "available": has.spendable,
            }
        )
    return found


def open_entries(connection: Connection, holder: AnyRow, banks: Collection[str]) -> list[dict[str, Any]]:
    """Return what is drafted and neither booked nor released; ``refused`` says why it cannot be booked."""
    return [
        {
            "record": row.record_id,
            "op": row.op,
            "bank": row.bank,
            "creditKind": row.credit_kind,
            "amount": row.amount,
            "on": row.on.isoformat(),
            "refused": row.refused,
        }
        for row in queries.open_operations(connection, holder.pk, banks)
    ]


def statement(
    connection: Connection, holder: AnyRow, banks: Collection[str], since: date | None, until: date | None
) -> Statement:
    """Return the holder's postings at ``banks`` with a day from ``since`` until before ``until``."""
    opening: dict[tuple[str, str], int] = {}
    if since is not None:
        for bank in banks:
            for kind, amount in reading.balances_before(connection, holder.pk, bank, since).items():
                opening[bank, kind] = amount
    lines = reading.lines(connection, holder.pk, banks, since, until)
    closing = dict(opening)
    for row in lines:
        closing[row.bank, row.credit_kind] = closing.get((row.bank, row.credit_kind), 0) + row.amount
    return Statement(holder.holder, opening, lines, closing)


def statement_json(found: Statement) -> dict[str, Any]:
    """Return a statement as JSON."""
    return {
        "holder": found.holder,
        "opening": _balances(found.opening),
        "lines": [_line(row) for row in found.lines],
        "closing": _balances(found.closing),
    }


def _balances(balances: dict[tuple[str, str], int]) -> list[dict[str, Any]]:
    return [
        {"bank": bank, "creditKind": kind, "amount": amount}
        for (bank, kind), amount in sorted(balances.items())
    ]


def _line(row: AnyRow) -> dict[str, Any]:
    return {
        "number": row.number,
        "on": row.on.isoformat(),
        "op": row.op,
        "bank": row.bank,
        "creditKind": row.credit_kind,
        "amount": row.amount,
        "balanceAfter": row.balance_after,
        "expiresOn": None if row.expires_on is None else row.expires_on.isoformat(),
        "bookedAt": when(row.booked_at),
        "record": row.id,
    }
