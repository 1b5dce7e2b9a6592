"""A CreditEntry record as the ledger reads it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from trace_service.localtime import CHINA
from verifier_cli.record import Record

SCHEMA = "creditentry.1"


class Op(StrEnum):
    """What an entry does."""

    DEPOSIT = "deposit"
    CONVERT = "convert"
    REDEEM = "redeem"
    TRANSFER = "transfer"
    EXPIRE = "expire"
    STATEMENT = "statement"


@dataclass(frozen=True, slots=True)
class Entry:
    """The subject of a CreditEntry, its signers and the digests that it links. Amounts in hundredths."""

    holder: str
    op: Op
    bank: str
    credit_kind: str
    amount: int
    on: date
    signers: frozenset[str]
    credential: bytes | None = None  # digest of `credits`
    agreement: bytes | None = None  # digest of `performedUnder`
    rule: tuple[str, str] | None = None  # code, version
    converted: tuple[str, int] | None = None  # kind, amount
    target: tuple[str, str] | None = None  # bank, kind of a transfer
    period: tuple[date, date] | None = None  # of a statement; the end is exclusive
    balances: tuple[tuple[str, int], ...] = ()  # of a statement, by kind

    @classmethod
    def of(cls, record: Record) -> Entry:
        """The entry of a record that its schema has accepted."""
        subject: dict[str, Any] = record.document["credentialSubject"]
        links = {link.rel: link.digest for link in record.links}
        rule, converted, to = (subject.get(name) for name in ("rule", "converted", "to"))
        period = subject.get("period")
        return cls(
            holder=subject["id"],
            op=Op(subject["op"]),
            bank=subject["bank"],
            credit_kind=subject["creditKind"],
            amount=subject["amount"],
            on=date.fromisoformat(subject["on"]),
            signers=frozenset(record.signers),
            credential=links.get("credits"),
            agreement=links.get("performedUnder"),
            rule=(rule["code"], rule["version"]) if rule else None,
            converted=(converted["creditKind"], converted["amount"]) if converted else None,
            target=(to["bank"], to["creditKind"]) if to else None,
            period=(date.fromisoformat(period["from"]), date.fromisoformat(period["to"])) if period else None,
            balances=tuple((item["creditKind"], item["amount"]) for item in subject.get("balances", ())),
        )


def local_day(time: datetime) -> date:
    """The day of an aware time, where the records' days are."""
    return time.astimezone(CHINA).date()


def first_day_after(epoch_seconds: int) -> date:
    """The first whole day on which something valid until that second no longer is, or the last day that a
    calendar has."""
    try:
        end = datetime.fromtimestamp(epoch_seconds, CHINA)
        return (end + timedelta(days=1) - timedelta(microseconds=1)).date()
    except (OverflowError, ValueError):
        return date.max
