"""Hours of practice and of the firms' people, worked out by hand in each test's text."""

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
    worked,
)
from tests.verifier.indicators.helpers import YEAR, compute


def practice(*shifts: tuple[str, str, str, int], period: tuple[str, str] = YEAR) -> Fraction | None:
    """PRACTICE_HOURS of one trainee with these shifts."""
    activity, days = worked("li", *shifts)
    enrolment = enrolled("li")
    return compute(
        "PRACTICE_HOURS",
        period,
        enrolment=enrolment,
        activity=[activity],
        activity_days=days,
        signer=signed(enrolment, [activity]),
    ).exact


def test_a_day_counts_its_minutes_without_the_break() -> None:
    """08:30-17:30 less 60 = 480 of 14,400 minutes."""
    assert practice(("2025-10-08", "08:30", "17:30", 60)) == Fraction(480, 14_400)


def test_hours_above_eight_a_day_do_not_count() -> None:
    """9.5 h and, on another day, 4 h: 480 + 240."""
    assert practice(("2025-10-08", "08:30", "19:00", 60), ("2025-10-09", "08:00", "12:00", 0)) == Fraction(
        720, 14_400
    )


def test_two_shifts_of_a_day_are_capped_together() -> None:
    """6 h and 5 h make 8 h."""
    assert practice(("2025-10-08", "08:00", "14:00", 0), ("2025-10-08", "15:00", "20:00", 0)) == Fraction(
        480, 14_400
    )


def test_a_shift_past_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    """20:00-04:00 less 45 = 435, on the last day of the period."""
    assert practice(("2026-08-31", "20:00", "04:00", 45)) == Fraction(435, 14_400)


@pytest.mark.parametrize(
    ("day", "minutes"), [("2025-08-31", 0), ("2025-09-01", 480), ("2026-08-31", 480), ("2026-09-01", 0)]
)
def test_the_period_begins_with_its_first_day_and_ends_before_its_last(day: str, minutes: int) -> None:
    assert practice((day, "08:00", "16:00", 0)) == Fraction(minutes, 14_400)


def test_of_half_a_year_half_the_hours_are_asked() -> None:
    """September to February: 181 of 365 days, 14,400 x 181 / 365 = 7,140 whole minutes."""
    found = practice(("2025-10-08", "08:00", "16:00", 0), period=("2025-09-01", "2026-03-01"))
    assert found == Fraction(480, 7_140)


def test_what_one_side_alone_signs_does_not_count() -> None:
    activity, days = worked("li", ("2025-10-08", "08:00", "16:00", 0))
    enrolment = enrolled("li")
    given: dict[str, Any] = {"enrolment": enrolment, "activity": [activity], "activity_days": days}
    alone = signed(enrolment) + signed([activity], by=(FIRM,))
    assert compute("PRACTICE_HOURS", **given, signer=alone).exact == 0
    person = signed(enrolment) + signed([activity], by=(FIRM, "did:key:z6MkPerson"))
    assert compute("PRACTICE_HOURS", **given, signer=person).exact == 0


def test_a_superseded_record_does_not_count() -> None:
    activity, days = worked("li", ("2025-10-08", "08:00", "16:00", 0), superseded=True)
    enrolment = enrolled("li")
    found = compute(
        "PRACTICE_HOURS",
        enrolment=enrolment,
        activity=[activity],
        activity_days=days,
        signer=signed(enrolment, [activity]),
    )
    assert found.exact == 0


def test_investment_is_hours_of_firm_persons_for_each_trainee() -> None:
    """Mentor of the firm 2 h, teacher of the firm 3 h, teacher of the school 5 h; two trainees: 5 / 2.

    Months with such work: September, October, then February after a gap of three: September to February is
    six months.
    """
    rows = [
        worked(
            "mei",
            ("2025-09-10", "14:00", "16:00", 0),
            ("2026-02-10", "14:00", "14:00", 1440),
            role="mentor",
            kind="teaching",
            employer=FIRM,
        ),
        worked("tao", ("2025-10-10", "09:00", "12:00", 0), role="teacher", kind="teaching", employer=FIRM),
        worked("wu", ("2025-10-10", "09:00", "14:00", 0), role="teacher", kind="teaching", employer=SCHOOL),
    ]
    enrolment = enrolled("li", "an")
    activity = [row for row, _ in rows]
    found = compute(
        "I1",
        member=MEMBERS,
        enrolment=enrolment,
        activity=activity,
        activity_days=[day for _, days in rows for day in days],
        signer=signed(enrolment, activity),
    )
    assert (found.exact, found.n) == (Fraction(5, 2), 2)
    assert dict(found.parts) == {"unbroken_months": 6}


def test_without_a_trainee_there_is_no_investment_for_each() -> None:
    assert compute("I1", member=MEMBERS).state == "no_data"
