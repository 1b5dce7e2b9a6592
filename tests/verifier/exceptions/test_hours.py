"""Rules about working hours, on hand-made tables."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import pytest

from tests.verifier.indicators.helpers import exceptions

SCHOOL = "did:web:school.example"
LI = "urn:li"


def worked(*spans: tuple[str, str, str, str, int], **more: Any) -> dict[str, list[dict[str, Any]]]:
    """Tables of spans (record, date, start, end, break minutes), all of trainee Li but where `more` says
    otherwise of all."""
    given = {"subject": LI, "role": "trainee", "kind": "practice", "issuer": "did:web:firm.example", **more}
    records = dict.fromkeys(span[0] for span in spans)
    days = [
        {"record": record, "date": date, "start": start, "end": end, "break_minutes": rest}
        for record, date, start, end, rest in spans
    ]
    return {"activity": [{"record": record, **given} for record in records], "activity_days": days}


def found(code: str, given: Mapping[str, Any], column: str = "minutes") -> list[tuple[str, int]]:
    """(record, minutes) of the rows."""
    return [(row["record"], row[column]) for row in exceptions(code, **given)]


def pairs(given: Mapping[str, Any]) -> list[tuple[str, str, int]]:
    return [(row["record"], row["other"], row["minutes"]) for row in exceptions("overlapping_hours", **given)]


# ----- overlapping hours -----


def test_two_places_at_once() -> None:
    # 13:00-17:00 lies in 08:30-17:30: 240 minutes, of which the hour's break of a may explain 60.
    given = worked(("a", "2025-10-20", "08:30", "17:30", 60), ("b", "2025-10-20", "13:00", "17:00", 0))
    assert pairs(given) == [("a", "b", 180)]


def test_one_after_the_other_is_none() -> None:
    given = worked(("a", "2025-10-20", "08:00", "12:00", 0), ("b", "2025-10-20", "12:00", "17:00", 0))
    assert pairs(given) == []


@pytest.mark.parametrize(("end", "expected"), [("13:00", []), ("13:01", [("a", "b", 1)])])
def test_what_fits_into_a_break_is_none(end: str, expected: list[tuple[str, str, int]]) -> None:
    given = worked(("a", "2025-10-20", "08:00", "17:00", 60), ("b", "2025-10-20", "12:00", end, 0))
    assert pairs(given) == expected


def test_breaks_of_both_explain() -> None:
    # An hour in common; half an hour each was a break.
    given = worked(("a", "2025-10-20", "08:00", "12:30", 30), ("b", "2025-10-20", "11:30", "16:00", 30))
    assert pairs(given) == []


def test_across_midnight() -> None:
    # 22:00-06:00 of the 20th reaches into 05:00-09:00 of the 21st by an hour.
    given = worked(("a", "2025-10-20", "22:00", "06:00", 0), ("b", "2025-10-21", "05:00", "09:00", 0))
    assert pairs(given) == [("a", "b", 60)]


def test_until_midnight_and_from_midnight_is_none() -> None:
    given = worked(("a", "2025-10-20", "16:00", "00:00", 0), ("b", "2025-10-21", "00:00", "04:00", 0))
    assert pairs(given) == []


def test_within_one_record() -> None:
    given = worked(("a", "2025-10-20", "08:00", "12:00", 0), ("a", "2025-10-20", "11:00", "13:00", 0))
    assert pairs(given) == [("a", "a", 60)]


def test_several_days_of_two_records_are_one_row() -> None:
    days = ("2025-10-20", "2025-10-21")
    spans = [(record, day, "08:00", "10:00", 0) for record in ("a", "b") for day in days]
    rows = list(exceptions("overlapping_hours", **worked(*spans)))
    assert [(row["date"], row["minutes"]) for row in rows] == [(datetime.date(2025, 10, 20), 240)]


def test_of_two_people_is_none() -> None:
    given = worked(("a", "2025-10-20", "08:00", "12:00", 0), ("b", "2025-10-20", "08:00", "12:00", 0))
    given["activity"][1]["subject"] = "urn:wang"
    assert pairs(given) == []


def test_a_mentor_is_at_one_place_too() -> None:
    spans = (("a", "2025-10-20", "08:00", "12:00", 0), ("b", "2025-10-20", "11:00", "12:00", 0))
    assert pairs(worked(*spans, role="mentor")) == [("a", "b", 60)]


def test_a_superseded_record_overlaps_nothing() -> None:
    given = worked(("a", "2025-10-20", "08:00", "12:00", 0), ("b", "2025-10-20", "08:00", "12:00", 0))
    given["activity"][0]["superseded"] = True
    assert pairs(given) == []


@pytest.mark.parametrize(
    ("period", "rows"),
    [
        (("2025-08-01", "2025-09-01"), 0),  # the later one begins in September
        (("2025-09-01", "2025-10-01"), 1),
        (("2025-10-01", "2025-11-01"), 0),
    ],
)
def test_a_pair_belongs_to_one_period(period: tuple[str, str], rows: int) -> None:
    given = worked(("a", "2025-08-31", "20:00", "04:00", 0), ("b", "2025-09-01", "03:00", "09:00", 0))
    assert len(exceptions("overlapping_hours", period, **given).rows) == rows


# ----- hours over eight -----


@pytest.mark.parametrize(
    ("end", "rest", "expected"),
    [("17:00", 60, []), ("17:01", 60, [("a", 481)]), ("16:00", 0, []), ("16:30", 0, [("a", 510)])],
)
def test_eight_hours_exactly_are_allowed(end: str, rest: int, expected: list[tuple[str, int]]) -> None:
    assert found("hours_over_8", worked(("a", "2025-10-20", "08:00", end, rest))) == expected


def test_records_of_a_day_are_added_up() -> None:
    # 300 + 240 = 540 minutes; the day after has 300 only.
    given = worked(
        ("a", "2025-10-20", "08:00", "13:00", 0),
        ("b", "2025-10-20", "14:00", "18:00", 0),
        ("c", "2025-10-21", "08:00", "13:00", 0),
    )
    assert found("hours_over_8", given) == [("a", 540), ("b", 540)]


def test_a_night_counts_for_the_day_it_began() -> None:
    # 20:00-06:00 are 600 minutes of the 20th, none of the 21st.
    rows = list(exceptions("hours_over_8", **worked(("a", "2025-10-20", "20:00", "06:00", 0))))
    assert [(row["date"], row["minutes"]) for row in rows] == [(datetime.date(2025, 10, 20), 600)]


def test_a_superseded_day_is_not_added() -> None:
    given = worked(("a", "2025-10-20", "08:00", "16:00", 0), ("b", "2025-10-20", "08:00", "15:00", 0))
    given["activity"][0]["superseded"] = True
    assert found("hours_over_8", given) == []


def test_the_limit_is_for_trainees() -> None:
    assert found("hours_over_8", worked(("a", "2025-10-20", "08:00", "20:00", 0), role="mentor")) == []


@pytest.mark.parametrize(
    ("day", "rows"), [("2025-08-31", 0), ("2025-09-01", 1), ("2026-08-31", 1), ("2026-09-01", 0)]
)
def test_days_of_the_period(day: str, rows: int) -> None:
    given = worked(("a", day, "08:00", "18:00", 0))
    assert len(found("hours_over_8", given)) == rows


# ----- night work -----


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        ("06:00", "22:00", None),
        ("05:59", "14:00", 1),
        ("14:00", "22:01", 1),
        ("16:00", "00:00", 120),
        ("22:00", "07:00", 480),
        ("00:00", "06:00", 360),
        ("21:00", "06:30", 480),
        ("08:00", "08:00", 480),  # a day and a night: 22:00-06:00 only, it ends before the next night
        ("23:00", "23:00", 480),  # 23:00-06:00 and 22:00-23:00
    ],
)
def test_minutes_between_ten_and_six(start: str, end: str, minutes: int | None) -> None:
    expected = [] if minutes is None else [("a", minutes)]
    assert found("night_work", worked(("a", "2025-10-20", start, end, 0))) == expected


def test_nights_of_mentors_are_allowed() -> None:
    assert found("night_work", worked(("a", "2025-10-20", "22:00", "06:00", 0), role="mentor")) == []


# ----- late entry -----


def entered(last_day: str, valid_on: str, **more: Any) -> dict[str, Any]:
    given = worked(("a", "2025-10-01", "08:00", "12:00", 0), ("a", last_day, "08:00", "12:00", 0))
    given["activity"][0] |= {"valid_on": valid_on, **more}
    return given


@pytest.mark.parametrize(
    ("valid_on", "expected"), [("2025-10-20", []), ("2025-11-03", []), ("2025-11-04", [("a", 15)])]
)
def test_the_fourteenth_day_is_in_time(valid_on: str, expected: list[tuple[str, int]]) -> None:
    assert found("late_entry", entered("2025-10-20", valid_on), "days") == expected


def test_a_correction_is_not_late_but_what_it_corrects_may_be() -> None:
    given = entered("2025-10-20", "2025-10-21", superseded=True)
    given["activity"].append(
        {**given["activity"][0], "record": "b", "superseded": False, "valid_on": "2026-02-01"}
    )
    given["activity_days"] += [{**day, "record": "b"} for day in given["activity_days"]]
    given["link"] = [{"record": "b", "rel": "supersedes", "target": "a"}]
    assert found("late_entry", given, "days") == []
    given["activity"][0]["valid_on"] = "2025-12-19"
    assert found("late_entry", given, "days") == [("a", 60)]
