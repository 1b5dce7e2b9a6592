"""Curriculum, credits of the programme and mentors over small tables worked out by hand."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from tests.verifier.indicators.community_tables import (
    FIRM,
    MEMBERS,
    SCHOOL,
    enrolled,
    signed,
)
from tests.verifier.indicators.helpers import compute


def test_currency_compares_with_the_version_of_183_days_before() -> None:
    """Of 60 + 30 + 10 minutes: A unchanged, B with another text, C new: 40/100; a course without an earlier
    version is not compared."""
    standard = [
        {"record": "v1", "subject": "c", "kind": "course", "effective": "2025-09-01"},
        {"record": "v2", "subject": "c", "kind": "course", "effective": "2026-04-01"},
        {"record": "new", "subject": "d", "kind": "course", "effective": "2026-04-01"},
    ]
    items = [
        {"record": "v1", "code": "A", "minutes": 60, "text_zh": "a"},
        {"record": "v1", "code": "B", "minutes": 30, "text_zh": "b"},
        {"record": "v2", "code": "A", "minutes": 60, "text_zh": "a"},
        {"record": "v2", "code": "B", "minutes": 30, "text_zh": "other"},
        {"record": "v2", "code": "C", "minutes": 10, "text_zh": "c"},
        {"record": "new", "code": "X", "minutes": 500, "text_zh": "x"},
    ]
    found = compute("I4", standard=standard, standard_items=items, signer=signed(standard))
    assert (found.exact, found.coverage_bp) == (Fraction(40, 100), 5_000)


def test_enterprise_credits_of_the_programme() -> None:
    """9 of 40 and 12 of 40 credits: 21/80; the score of I5's part is (0.2625 - 0.18) / 0.12 = 11/16."""
    credential = [
        {
            "record": f"c-{who}-{kind}",
            "subject": who,
            "kind": "practice_credit",
            "credit_kind": kind,
            "credits_earned": earned,
        }
        for who, kind, earned in (
            ("li", "enterprise", "9"),
            ("li", "school", "31"),
            ("an", "enterprise", "12"),
            ("an", "school", "28"),
        )
    ]
    enrolment = enrolled("li", "an")
    given: dict[str, Any] = {
        "enrolment": enrolment,
        "credential": credential,
        "standard": [{"record": "prog", "kind": "programme", "requirements_credits": 4_000}],
        "link": [{"record": row["record"], "rel": "awards", "target": "prog"} for row in credential],
        "signer": signed(credential, enrolment),
    }
    assert compute("ENTERPRISE_CREDITS", **given).exact == Fraction(21, 80)
    found = compute("I5", **given)
    assert dict(found.parts) == {"enterprise_credits": Fraction(11, 16), "hours": 0}
    assert found.exact == Fraction(11, 32)


def mentor_tables(load: int) -> dict[str, Any]:
    """One firm mentor with so many trainees, one school teacher; a fee of 110 against 100."""
    persons = [f"p{number}" for number in range(load)]
    enrolment = enrolled(*persons)
    mentors = [
        {"record": f"n-{person}", "ordinal": place, "id": who, "org": org, "from": "2025-09-01"}
        for person in persons
        for place, (who, org) in enumerate((("mei", FIRM), ("wu", SCHOOL)))
    ]
    fee = {
        "record": "fee",
        "kind": "mentor",
        "from": "2025-01-01",
        "mentor_id": "mei",
        "fee_per_hour_fen": 110,
        "fee_benchmark_value_fen": 100,
    }
    return {
        "member": MEMBERS,
        "enrolment": enrolment,
        "enrolment_mentors": mentors,
        "agreement": [fee],
        "signer": signed(enrolment, [fee]),
    }


@pytest.mark.parametrize(("load", "within"), [(5, 1), (6, 0)])
def test_mentor_supply(load: int, within: int) -> None:
    """Share (1/2 - 0.35)/0.25 = 3/5; at most five trainees or not; fee (1.1 - 1)/0.2 = 1/2."""
    found = compute("I6", **mentor_tables(load))
    assert dict(found.parts) == {"share": Fraction(3, 5), "load": within, "fee": Fraction(1, 2)}
    assert found.exact == (Fraction(3, 5) + within + Fraction(1, 2)) / 3


def test_trainees_after_one_another_are_not_at_the_same_time() -> None:
    """Six trainees, but one came when another had gone, in another month."""
    given = mentor_tables(6)
    for row in given["enrolment"]:
        if row["subject"] == "p0":
            row["to"] = "2025-12-31"
        if row["subject"] == "p1":
            row["from"] = "2026-01-01"
    assert compute("MENTOR_LOAD", **given).exact == 1
