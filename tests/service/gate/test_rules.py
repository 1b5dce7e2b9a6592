"""Each requirement by hand: met, one short of it, and what must not count."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from trace_service.gate.facts import Earned, Missing, Score, Shift, Stay, TraineeFacts
from trace_service.gate.hours import Span, academic_years, minutes_by_day
from trace_service.gate.requirements import Requirements, read_requirements
from trace_service.gate.rules import Case, find_missing

STANDARD = "urn:uuid:standard"
YEAR = Stay(date(2024, 9, 1), date(2025, 8, 31), 4, contract=True, insurance=True, pay_ratio_bp=8_500)
AFTER = date(2026, 9, 1)
HOURS_240 = Requirements(STANDARD, "S", practice_minutes=14_400)


def days(count: int, start: date, minutes: int = 480) -> tuple[Shift, ...]:
    """One shift on each of ``count`` days, from 08:00."""
    return tuple(Shift(start + timedelta(days=n), 480, 480 + minutes) for n in range(count))


def missing(
    wanted: Requirements, on: date = AFTER, level: str | None = None, **facts: object
) -> list[Missing]:
    """What is missing of a trainee who was enrolled for one academic year."""
    return find_missing(Case(wanted, TraineeFacts(**({"stays": (YEAR,)} | facts)), on, level))  # type: ignore[arg-type]


def test_practice_met_and_one_minute_short() -> None:
    # 30 days of 8 h are 14,400 minutes.
    full = days(30, date(2024, 10, 1))
    assert missing(HOURS_240, shifts=full) == []
    short = (*full[:-1], Shift(full[-1].day, 480, 480 + 479))
    assert missing(HOURS_240, shifts=short) == [
        Missing("practice_minutes", 14_400, 14_399, "minutes", ("2024-2025",))
    ]


def test_a_day_counts_eight_hours_at_most() -> None:
    # 29 days of 8 h and one of 10 h are 240 h worked + 2 h, of which 8 h of the last day count: enough;
    # 24 days of 10 h are 240 h worked, of which 24 x 480 = 11,520 minutes count.
    assert missing(HOURS_240, shifts=(*days(29, date(2024, 10, 1)), *days(1, date(2024, 11, 1), 600))) == []
    (found,) = missing(HOURS_240, shifts=days(24, date(2024, 10, 1), 600))
    assert (found.needed, found.found) == (14_400, 11_520)


def test_two_academic_years_each_ask_for_their_share() -> None:
    # Enrolled 1 March to 31 October 2026: 184 of the 365 days of 2025/26 and 61 of those of 2026/27.
    # 14,400 x 184 / 365 = 7,259.2 and 14,400 x 61 / 365 = 2,406.6: 7,260 and 2,407 minutes.
    stay = Stay(date(2026, 3, 1), date(2026, 10, 31), 1)
    spring = (*days(15, date(2026, 3, 2)), *days(1, date(2026, 4, 1), 60))  # 7,260
    autumn = (*days(5, date(2026, 9, 1)), *days(1, date(2026, 10, 1), 7))  # 2,407
    on = date(2026, 11, 1)
    assert missing(HOURS_240, on, stays=(stay,), shifts=(*spring, *autumn)) == []
    for lost, year in ((spring[-1], "2025-2026"), (autumn[-1], "2026-2027")):
        rest = tuple(shift for shift in (*spring, *autumn) if shift is not lost)
        cut = (*rest, lost._replace(end=lost.end - 1))
        assert [(m.found - m.needed, m.about) for m in missing(HOURS_240, on, stays=(stay,), shifts=cut)] == [
            (-1, (year,))
        ]
    # Hours too many in one year do not fill the other.
    every = missing(HOURS_240, on, stays=(stay,), shifts=days(100, date(2026, 3, 2)))
    assert [(m.found, m.about) for m in every] == [(0, ("2026-2027",))]


def test_the_share_runs_to_the_day_of_the_gate() -> None:
    # Up to 30 September 30 of 365 days: 1,183.6 minutes.
    (found,) = missing(HOURS_240, date(2024, 9, 30))
    assert found.needed == 1_184
    assert missing(HOURS_240, date(2024, 9, 30), shifts=days(3, date(2024, 9, 1))) == []


def test_a_leap_year_has_366_days() -> None:
    whole = Stay(date(2023, 9, 1), date(2024, 8, 31), 1)
    assert missing(HOURS_240, stays=(whole,))[0].needed == 14_400
    # 2024-02-29 alone: 14,400 / 366 = 39.3
    one = Stay(date(2024, 2, 29), date(2024, 2, 29), 1)
    assert missing(HOURS_240, stays=(one,))[0].needed == 40


def test_days_outside_the_enrolment_and_other_work_do_not_count() -> None:
    before, after = days(30, date(2024, 7, 1)), days(30, date(2025, 9, 2))
    visits = tuple(shift._replace(counts=False) for shift in days(30, date(2024, 10, 1)))
    assert missing(HOURS_240, shifts=(*before, *after, *visits))[0].found == 0


def test_a_superseded_enrolment_asks_for_nothing() -> None:
    former = Stay(date(2022, 9, 1), date(2025, 8, 31), 1, current=False)
    assert missing(HOURS_240, stays=(former, YEAR), shifts=days(30, date(2024, 10, 1))) == []


def test_no_enrolment() -> None:
    assert missing(HOURS_240, stays=()) == [Missing("enrolment", 1, 0, "records")]
    assert missing(HOURS_240, date(2024, 8, 31)) == [Missing("enrolment", 1, 0, "records")]


def test_overlapping_shifts_count_once() -> None:
    day = date(2024, 10, 1)
    # 08:30-17:30 with an hour's break and 13:00-17:00: eight hours all the same.
    assert minutes_by_day([Shift(day, 510, 1_050, 60), Shift(day, 780, 1_020)]) == {day: 480}
    assert minutes_by_day([Shift(day, 480, 720), Shift(day, 780, 1_020)]) == {day: 480}


@pytest.mark.parametrize(
    ("span", "years"),
    [
        (Span(date(2025, 8, 31), date(2025, 9, 1)), [2024, 2025]),
        (Span(date(2025, 9, 1), date(2026, 8, 31)), [2025]),
        (Span(date(2024, 1, 1), date(2026, 1, 1)), [2023, 2024, 2025]),
    ],
)
def test_borders_of_academic_years(span: Span, years: list[int]) -> None:
    assert [year.first.year for year in academic_years(span)] == years


def test_credits_and_the_enterprises_share() -> None:
    wanted = Requirements(STANDARD, "S", enterprise_share_bp=3_000, credits=4_000)
    both = (Earned(1_200, "enterprise"), Earned(2_800, "school"))
    assert missing(wanted, credits=both) == []
    assert missing(wanted, credits=(Earned(1_199, "enterprise"), Earned(2_801, "school"))) == [
        Missing("enterprise_share", 1_200, 1_199, "hundredths")
    ]
    assert missing(wanted, credits=(Earned(1_200, "enterprise"), Earned(2_799, "school"))) == [
        Missing("credits", 4_000, 3_999, "hundredths")
    ]


def test_share_of_what_was_earned_where_no_number_is_asked() -> None:
    wanted = Requirements(STANDARD, "S", enterprise_share_bp=3_000)
    assert missing(wanted, credits=(Earned(300, "enterprise"), Earned(700, "school"))) == []
    assert [m.code for m in missing(wanted, credits=(Earned(299, "enterprise"), Earned(701, "school")))] == [
        "enterprise_share"
    ]
    assert [m.code for m in missing(wanted)] == ["enterprise_share"]


BOTH = Requirements(
    STANDARD, "S", evaluated_by=("enterprise", "school"), items=(("E1", "3"), ("E2", "3"), ("F1", "4"))
)


def scores(*given: str) -> tuple[Score, ...]:
    """``E1 enterprise +`` in the order of attempts."""
    parts = (text.split() for text in given)
    return tuple(Score((STANDARD, item), by, sign == "+") for item, by, sign in parts)


def test_each_side_must_pass_every_item_of_the_level() -> None:
    all_four = ("E1 enterprise +", "E2 enterprise +", "E1 school +", "E2 school +")
    assert missing(BOTH, level="3", scores=scores(*all_four)) == []
    assert missing(BOTH, level="3", scores=scores(*all_four[:3])) == [
        Missing("evaluated_by_school", 2, 1, "items", ("E2",))
    ]
    assert [m.about for m in missing(BOTH, scores=scores(*all_four))] == [("F1",), ("F1",)]


def test_the_last_attempt_holds() -> None:
    rest = ("E2 enterprise +", "E1 school +", "E2 school +")
    assert missing(BOTH, level="3", scores=scores("E1 enterprise -", *rest, "E1 enterprise +")) == []
    failed = missing(BOTH, level="3", scores=scores("E1 enterprise +", *rest, "E1 enterprise -"))
    assert failed == [Missing("evaluated_by_enterprise", 2, 1, "items", ("E1",))]


def test_items_of_another_standard_do_not_count() -> None:
    other = tuple(
        Score(("urn:uuid:other", s.item[1]), s.by, s.passed) for s in scores("E1 school +", "E2 school +")
    )
    wanted = Requirements(STANDARD, "S", evaluated_by=("school",), items=(("E1", None), ("E2", None)))
    assert missing(wanted, scores=other) == [Missing("evaluated_by_school", 2, 0, "items", ("E1", "E2"))]


def test_a_standard_without_items_looks_at_every_item_scored() -> None:
    wanted = Requirements(STANDARD, "S", evaluated_by=("school",))
    assert missing(wanted) == [Missing("evaluated_by_school", 1, 0, "items")]
    assert missing(wanted, scores=scores("K1 school +", "K2 school +", "K3 enterprise -")) == []
    assert missing(wanted, scores=scores("K1 school +", "K2 school -")) == [
        Missing("evaluated_by_school", 2, 1, "items", ("K2",))
    ]


@pytest.mark.parametrize(
    ("stages", "found"),
    [
        ((1, 2, 3, 4), []),
        ((1, 1, 2, 3, 3, 4, 4), []),
        ((1, 3, 4), [Missing("stages", 4, 3, "stages", ("2",))]),
        ((1, 2), [Missing("stages", 4, 2, "stages", ("3", "4"))]),
        ((1, 3, 2, 4), [Missing("stages", 4, 4, "stages")]),
        ((4,), [Missing("stages", 4, 1, "stages", ("1", "2", "3"))]),
    ],
)
def test_stages_in_order(stages: tuple[int, ...], found: list[Missing]) -> None:
    stays = tuple(Stay(YEAR.start, YEAR.end, stage, current=False) for stage in stages[:-1])
    last = Stay(YEAR.start, YEAR.end, stages[-1])
    assert missing(Requirements(STANDARD, "S", stages=True), stays=(*stays, last)) == found


def test_a_stage_gate_that_was_not_passed() -> None:
    stays = [Stay(YEAR.start, YEAR.end, n, gates_passed=n != 3, current=n == 4) for n in (1, 2, 3, 4)]
    assert missing(Requirements(STANDARD, "S", stages=True), stays=tuple(stays)) == [
        Missing("stage_gate", 1, 0, "gates", ("3",))
    ]


LABOUR = Requirements(STANDARD, "S", labour=True, min_pay_ratio_bp=8_000)


@pytest.mark.parametrize(
    ("shift", "codes"),
    [
        ((510, 1_050, 60), []),  # 08:30-17:30
        ((510, 1_051, 60), ["labour_day"]),
        ((360, 840, 0), []),  # 06:00-14:00
        ((359, 800, 0), ["labour_night"]),
        ((900, 1_320, 0), []),  # until 22:00
        ((900, 1_321, 0), ["labour_night"]),
        ((1_200, 1_620, 0), ["labour_night"]),  # 20:00-03:00
    ],
)
def test_hours_of_a_day_and_of_the_night(shift: tuple[int, int, int], codes: list[str]) -> None:
    found = missing(LABOUR, shifts=(Shift(date(2024, 10, 1), *shift),))
    assert [(m.code, m.found, m.about) for m in found] == [(code, 1, ("2024-10-01",)) for code in codes]


def test_two_shifts_of_one_day_are_added_for_labour_too() -> None:
    day = date(2024, 10, 1)
    found = missing(LABOUR, shifts=(Shift(day, 480, 720), Shift(day, 780, 1_021)))
    assert [m.code for m in found] == ["labour_day"]


def test_contract_insurance_and_pay_of_the_newest_enrolment() -> None:
    former = Stay(YEAR.start, YEAR.end, 1, current=False)
    assert missing(LABOUR, stays=(former, YEAR)) == []
    bare = Stay(YEAR.start, YEAR.end, 4, pay_ratio_bp=7_999)
    assert missing(LABOUR, stays=(bare,)) == [
        Missing("labour_contract", 1, 0, "enrolments"),
        Missing("labour_insurance", 1, 0, "enrolments"),
        Missing("pay_ratio", 8_000, 7_999, "bp"),
    ]


def test_requirements_are_read_from_the_record() -> None:
    subject = {
        "id": STANDARD,
        "code": "S",
        "levels": [{"code": "L", "level": "3"}],
        "items": [{"code": "E1", "level": "L"}, {"code": "E2"}, {"code": "X", "elective": True}],
        "requirements": {
            "practiceMinutes": 1,
            "evaluatedBy": ["school"],
            "overrideBy": "did:web:edu.example",
        },
    }
    wanted = read_requirements(subject)
    assert wanted is not None
    assert (wanted.items_of("3"), wanted.items_of("4"), wanted.items_of(None)) == (
        ("E1", "E2"),
        ("E2",),
        ("E1", "E2"),
    )
    assert read_requirements(subject | {"requirements": {}}) is None
