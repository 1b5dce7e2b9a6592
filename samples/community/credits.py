"""The credit bank: deposits of every practice credit, conversions, payments, transfers, one that expires."""

from __future__ import annotations

from typing import Any, Final

from samples.community.agreements import BANK_RULES
from samples.community.credentials import EXPIRING, credit_ref, credits_of
from samples.community.days import in_year
from samples.community.making import made
from samples.community.model import Community, LinkTo
from samples.community.organisations import BANK, FS
from samples.community.roster import Trainee

__all__ = ["TWICE", "add_credits", "deposit_ref", "expiry_ref", "second_deposit_ref"]

TWICE: Final = "25-FS-NF-01"
"""Whose enterprise credit is deposited at the bank, and once more at the college."""
_CONVERTS_EVERY: Final = 4
_REDEEMS_EVERY: Final = 8
_TRANSFERS: Final = (10, 1)
REDEEMED: Final = 200
TRANSFERRED: Final = 300
"""Hundredths of a credit."""


def deposit_ref(holder: Trainee | str, kind: str) -> str:
    """Reference of the deposit of a practice credit."""
    return f"CBK-{holder if isinstance(holder, str) else holder.code}-deposit-{kind}"


def second_deposit_ref() -> str:
    """Reference of the deposit that must be refused."""
    return f"CBK-{TWICE}-deposit-again"


def expiry_ref() -> str:
    """Reference of the entry by which credits expire."""
    return f"CBK-{EXPIRING}-expire"


def _entry(holder: Trainee, op: str, kind: str, amount: int, on: str, **more: Any) -> dict[str, Any]:
    return {
        "id": holder.person,
        "op": op,
        "bank": BANK.did,
        "creditKind": kind,
        "amount": amount,
        "on": on,
        **more,
    }


def add_credits(c: Community, holder: Trainee) -> None:
    """Every movement of a graduate's account; the school that awarded signs with the bank."""
    amounts = credits_of(holder)
    last: tuple[LinkTo, ...] = ()
    for kind, amount in amounts.items():
        subject = _entry(holder, "deposit", kind, amount, in_year(holder.year, "07-25"))
        source = LinkTo(credit_ref(holder, kind), "credits")
        last = _add(c, holder, deposit_ref(holder, kind), subject, source, *last)
    number = holder.graduate
    if amounts and number % _CONVERTS_EVERY == 0:
        half = {"creditKind": "converted", "amount": amounts["enterprise"] // 2}
        rule = {"code": "HALF", "version": "1"}
        on = in_year(holder.year, "07-28")
        subject = _entry(
            holder, "convert", "enterprise", amounts["enterprise"], on, rule=rule, converted=half
        )
        last = _add(
            c, holder, f"CBK-{holder.code}-convert", subject, LinkTo(BANK_RULES, "performedUnder"), *last
        )
    if amounts and number % _REDEEMS_EVERY == 0:
        on = in_year(holder.year, "08-05")
        subject = _entry(holder, "redeem", "converted", REDEEMED, on, course="COURSE-1")
        last = _add(c, holder, f"CBK-{holder.code}-redeem", subject, *last)
    if amounts and number % _TRANSFERS[0] == _TRANSFERS[1]:
        to = {"bank": FS.did, "creditKind": "enterprise"}
        subject = _entry(holder, "transfer", "enterprise", TRANSFERRED, in_year(holder.year, "08-06"), to=to)
        last = _add(c, holder, f"CBK-{holder.code}-transfer", subject, *last)
    if holder.code == EXPIRING:
        subject = _entry(holder, "expire", "school", amounts["school"], "2026-08-21")
        _add(c, holder, expiry_ref(), subject, *last)
    if holder.code == TWICE:
        subject = {
            **_entry(holder, "deposit", "enterprise", amounts["enterprise"], "2026-08-10"),
            "bank": FS.did,
        }
        again = LinkTo(credit_ref(holder, "enterprise"), "credits")
        c.add(made(second_deposit_ref(), "creditentry", (FS,), subject, "2026-08-10", again))


def _add(
    c: Community, holder: Trainee, ref: str, subject: dict[str, Any], *links: LinkTo
) -> tuple[LinkTo, ...]:
    receives = (FS,) if subject["op"] == "transfer" and holder.school is not FS else ()
    signers = (BANK, holder.school, *receives)
    c.add(made(ref, "creditentry", signers, subject, subject["on"], *links))
    return (LinkTo(ref, "follows"),)
