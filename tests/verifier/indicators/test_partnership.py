"""Agreements, chain, credit bank, equipment and labour over small tables worked out by hand."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from tests.verifier.indicators.community_tables import (
    FIRM,
    MEMBERS,
    SCHOOL,
    SUPPLIER,
    Row,
    enrolled,
    signed,
    worked,
)
from tests.verifier.indicators.helpers import compute


def test_a_term_is_met_by_the_last_word_on_it_before_it_is_due() -> None:
    """T1 asks for 10: 4, then 12. T2 asks for at most 5: 6. T3 is met a day late. T4 is not due. 1 of 3."""
    agreement = [{"record": "agr", "subject": "a", "kind": "strategic", "from": "2025-01-01"}]
    terms = [
        {"record": "agr", "code": code, "op": op, "target": target, "due": due}
        for code, op, target, due in (
            ("T1", "ge", 10, "2026-06-30"),
            ("T2", "le", 5, "2026-06-30"),
            ("T3", "eq", 1, "2026-06-30"),
            ("T4", "ge", 1, "2026-09-01"),
        )
    ]
    told = (
        ("o1", "T1", 4, "2026-01-01"),
        ("o2", "T1", 12, "2026-06-30"),
        ("o3", "T2", 6, "2026-06-01"),
        ("o4", "T3", 1, "2026-07-01"),
    )
    outcome = [
        {"record": name, "kind": "product", "value": value, "as_of": day} for name, _, value, day in told
    ]
    link = [{"record": name, "rel": "fulfils", "target": "agr", "item": code} for name, code, *_ in told]
    found = compute(
        "FULFILMENT",
        agreement=agreement,
        agreement_terms=terms,
        outcome=outcome,
        link=link,
        signer=signed(agreement, outcome),
    )
    assert found.exact == Fraction(1, 3)


def test_shallow_ends_of_the_period() -> None:
    """Four agreements in force; one ended as shallow in the period, one for another reason: 1 of 4."""
    rows = [
        {"record": f"g{number}", "subject": f"g{number}", "kind": "base", "from": "2025-01-01", **more}
        for number, more in enumerate(
            (
                {},
                {"ended_on": "2025-11-30", "ended_reason": "shallow"},
                {"ended_on": "2025-11-30", "ended_reason": "completed"},
                {"to": "2026-01-01"},
                {"ended_on": "2025-08-31", "ended_reason": "shallow"},  # before the period
            )
        )
    ]
    assert compute("SHALLOW_END", agreement=rows, signer=signed(rows)).exact == Fraction(1, 4)


def test_posts_of_the_chain_in_both_readings() -> None:
    """100 on the last day of the period, 50 a year and a day before its end, 7 two years before."""
    outcome = [
        {"record": day, "kind": "job_created", "value": value, "as_of": day}
        for day, value in (("2026-08-31", 100), ("2025-08-31", 50), ("2024-08-31", 7), ("2026-09-01", 1000))
    ]
    assert compute("CHAIN_POSTS_12", outcome=outcome).exact == 100
    assert compute("CHAIN_POSTS_24", outcome=outcome).exact == 150


def test_active_members_of_the_chain() -> None:
    """The supplier signs an activity; the leader stands in the core."""
    activity, days = worked("li", ("2025-10-08", "08:00", "16:00", 0))
    given: dict[str, Any] = {"member": MEMBERS, "activity": [activity], "activity_days": days}
    active = compute("CHAIN_FIRMS", **given, signer=signed([activity], by=(SUPPLIER, SCHOOL)))
    assert (active.exact, dict(active.parts)) == (Fraction(1), {"upstream": Fraction(1)})
    assert compute("CHAIN_FIRMS", **given, signer=signed([activity])).exact == 0
    assert compute("CHAIN_FIRMS", member=MEMBERS[:2]).state == "no_data"


def entry(record: str, op: str, amount: int, kind: str = "enterprise", **more: Any) -> Row:
    return {
        "record": record,
        "subject": "li",
        "op": op,
        "bank": SCHOOL,
        "credit_kind": kind,
        "amount": amount,
        "on": "2026-07-01",
        **more,
    }


def test_accounts_of_the_credit_bank() -> None:
    """1,200 deposited, converted to 600, of which 200 are spent: 400. The same credential again counts no
    more; 300 of 800 school credits go to the firm's bank and stay the holder's."""
    entries = [
        entry("d1", "deposit", 1_200),
        entry("again", "deposit", 1_200, on="2026-07-09"),
        entry("v", "convert", 1_200, converted_credit_kind="converted", converted_amount=600),
        entry("r", "redeem", 200, "converted"),
        entry("d2", "deposit", 800, "school"),
        entry("t", "transfer", 300, "school", to_bank=FIRM, to_credit_kind="school"),
    ]
    link = [{"record": name, "rel": "credits", "target": "crd"} for name in ("d1", "again")]
    found = compute("CREDIT_BALANCE", creditentry=entries, link=link)
    assert (found.exact, dict(found.parts)) == (Fraction(1), {"credits": Fraction(400 + 800, 100)})
    assert compute("CREDIT_CONVERSION", creditentry=entries, link=link).exact == 1
    overdrawn = [*entries, entry("r2", "redeem", 401, "converted")]
    assert compute("CREDIT_BALANCE", creditentry=overdrawn, link=link).exact == 0


def test_a_shared_session_of_equipment_counts_once() -> None:
    """Two trainees in session A (180 min), one in B (60): 240 of 480 scheduled; X has no schedule."""
    rows = [
        worked(who, ("2025-10-08", "08:00", "12:00", 0), ops=100, op_errors=errors)
        for who, errors in (("li", 3), ("an", 1))
    ]
    activity = [row for row, _ in rows]
    used = [("a-li", "A", 180), ("a-an", "A", 180), ("a-an", "B", 60)]
    equipment = [
        {"record": name, "code": "VR-1", "session": session, "minutes": minutes}
        for name, session, minutes in used
    ]
    equipment.append({"record": "a-an", "code": "X", "session": "A", "minutes": 60, "ordinal": 9})
    given: dict[str, Any] = {
        "activity": activity,
        "activity_days": [day for _, days in rows for day in days],
        "signer": signed(activity),
    }
    resource = [
        {"record": "res", "kind": "vr", "code": "VR-1", "from": "2025-09-01", "scheduled_minutes": 480}
    ]
    found = compute("EQUIPMENT_USE", activity_equipment=equipment, resource=resource, **given)
    assert (found.exact, found.coverage_bp) == (Fraction(240, 480), 8_000)
    link = [{"record": "a-li", "rel": "uses", "target": "res"}]
    errors = compute("EQUIPMENT_ERRORS", resource=resource, link=link, **given)
    assert (errors.exact, dict(errors.parts)) == (Fraction(4, 200), {"vr": Fraction(3, 100)})


@pytest.mark.parametrize(
    ("shifts", "days"),
    [
        ((("2025-10-08", "08:00", "16:00", 0),), 0),
        ((("2025-10-08", "08:00", "16:01", 0),), 1),
        ((("2025-10-08", "08:00", "13:00", 0), ("2025-10-08", "13:00", "16:30", 0)), 1),
        ((("2025-10-08", "14:00", "22:00", 0),), 0),
        ((("2025-10-08", "15:00", "22:01", 0),), 1),
        ((("2025-10-08", "06:00", "12:00", 0),), 0),
        ((("2025-10-08", "05:59", "12:00", 0),), 1),
        ((("2025-10-08", "22:00", "04:00", 0),), 1),
    ],
)
def test_long_days_and_nights(shifts: tuple[tuple[str, str, str, int], ...], days: int) -> None:
    activity, rows = worked("li", *shifts)
    found = compute("LABOUR_DAYS", activity=[activity], activity_days=rows, signer=signed([activity]))
    assert found.exact == days


def test_contract_insurance_and_pay() -> None:
    """Of four one lacks a contract, one says nothing; pay 85 %, 80 %, 79.99 % and nothing said."""
    enrolment = [
        enrolled(person, contract=contract, insurance=True, pay_ratio_bp=pay)[0]
        for person, contract, pay in (
            ("a", True, 8_500),
            ("b", False, 8_000),
            ("c", True, 7_999),
            ("d", None, None),
        )
    ]
    given: dict[str, Any] = {"enrolment": enrolment, "signer": signed(enrolment)}
    cover, pay = compute("LABOUR_COVER", **given), compute("LABOUR_PAY", **given)
    assert (cover.exact, cover.coverage_bp) == (Fraction(2, 4), 7_500)
    assert (pay.exact, pay.coverage_bp) == (Fraction(2, 3), 7_500)
