"""Rules about mentors and scores, on hand-made tables."""

from __future__ import annotations

from typing import Any

import pytest

from tests.verifier.indicators.helpers import exceptions

MENTOR = "urn:mentor"
FIRM, SCHOOL = "did:web:firm.example", "did:web:school.example"


# ----- one mentor, five trainees -----


def guided(count: int, **of_sixth: Any) -> dict[str, Any]:
    """Trainees 0..count-1 with one mentor for the academic year; `of_sixth` changes that of number 5."""
    enrolments = [
        {"record": f"e{number}", "subject": f"urn:t{number}", "from": "2025-09-01", "to": "2026-06-30"}
        for number in range(count)
    ]
    mentors = [
        {"record": f"e{number}", "id": MENTOR, "org": FIRM, "role": "mentor", "from": "2025-09-01"}
        for number in range(count)
    ]
    if of_sixth:
        mentors[5] |= of_sixth
    return {"enrolment": enrolments, "enrolment_mentors": mentors}


def records(given: dict[str, Any], *period: tuple[str, str]) -> list[str]:
    return [row["record"] for row in exceptions("mentor_over_five", *period, **given)]


def test_five_are_allowed_and_six_are_not() -> None:
    assert records(guided(5)) == []
    rows = list(exceptions("mentor_over_five", **guided(6)))
    assert [row["record"] for row in rows] == [f"e{number}" for number in range(6)]
    assert {(row["person"], row["trainees"], row["date"].isoformat()) for row in rows} == {
        (MENTOR, 6, "2025-09-01")
    }


@pytest.mark.parametrize(
    ("change", "many"),
    [
        ({"from": "2026-06-30"}, True),  # the last day of the others
        ({"from": "2026-07-01"}, False),
        ({"id": "urn:other"}, False),
        ({"role": "teacher", "org": SCHOOL}, False),
        ({"org": "did:web:other-firm.example"}, True),  # the same person at another firm
    ],
)
def test_at_a_time_means_on_one_day(change: dict[str, Any], many: bool) -> None:
    assert bool(records(guided(6, **change))) == many


def test_one_trainee_with_two_enrolments_is_one() -> None:
    given = guided(6)
    given["enrolment"][5]["subject"] = "urn:t0"
    assert records(given) == []


def test_who_has_completed_is_not_guided_any_more() -> None:
    given = guided(6, **{"from": "2026-02-01"})
    given["enrolment"][0]["completed_on"] = "2026-01-31"
    assert records(given) == []
    given["enrolment"][0]["completed_on"] = "2026-02-01"
    assert len(records(given)) == 6


def test_a_superseded_enrolment_is_not_counted() -> None:
    given = guided(6)
    given["enrolment"][2]["superseded"] = True
    assert records(given) == []


def test_a_mentor_without_a_role_is_one_unless_a_school_sent_him() -> None:
    given = guided(6, role=None)
    assert len(records(given)) == 6
    given["enrolment_mentors"][5]["org"] = SCHOOL
    assert records({**given, "member": [{"did": SCHOOL, "role": "school"}]}) == []


def test_only_days_of_the_period() -> None:
    given = guided(6)
    assert len(records(given, ("2026-06-30", "2026-07-01"))) == 6
    assert records(given, ("2026-07-01", "2026-08-01")) == []
    assert records(given, ("2025-08-01", "2025-09-01")) == []


# ----- identical scores -----


def marked(count: int, *, day: str = "2026-06-15") -> dict[str, Any]:
    """Evaluations v0.. of a class: 80 by the firm and 82 by the school on K1, 85 by the firm on K2."""
    people = range(count)
    scores = (("K1", "enterprise", 80), ("K1", "school", 82), ("K2", "enterprise", 85))
    return {
        "enrolment": [
            {
                "record": f"e{n}",
                "subject": f"urn:t{n}",
                "programme_code": "IOT",
                "cohort": "C1",
                "from": "2025-09-01",
            }
            for n in people
        ],
        "evaluation": [
            {
                "record": f"v{n}",
                "subject": f"urn:t{n}",
                "kind": "practice",
                "phase": "outcome",
                "valid_on": day,
            }
            for n in people
        ],
        "evaluation_items": [
            {"record": f"v{n}", "item": item, "by": by, "score": score, "max": 100}
            for n in people
            for item, by, score in scores
        ],
    }


def alike(given: dict[str, Any]) -> int:
    return len(exceptions("identical_scores", **given).rows)


def test_ten_alike_and_nine() -> None:
    assert alike(marked(10)) == 10
    assert alike(marked(9)) == 0
    assert {row["persons"] for row in exceptions("identical_scores", **marked(12))} == {12}


def test_one_other_score_is_enough_to_differ() -> None:
    given = marked(10)
    given["evaluation_items"][2]["score"] = 84
    assert alike(given) == 0


def test_the_same_total_of_other_scores_is_not_alike() -> None:
    given = marked(10)
    given["evaluation_items"][0]["score"], given["evaluation_items"][2]["score"] = 85, 80
    assert alike(given) == 0


def test_an_item_more_is_not_alike() -> None:
    given = marked(10)
    given["evaluation_items"].append({"record": "v0", "item": "K3", "by": "school", "score": 0, "max": 100})
    assert alike(given) == 0


@pytest.mark.parametrize("member", ["programme_code", "cohort"])
def test_another_class_is_not_counted(member: str) -> None:
    given = marked(10)
    given["enrolment"][0][member] = "other"
    assert alike(given) == 0


@pytest.mark.parametrize(("day", "rows"), [("2026-07-15", 10), ("2026-07-16", 0)])
def test_within_thirty_one_days(day: str, rows: int) -> None:
    given = marked(10)
    given["evaluation"][9]["valid_on"] = day
    assert alike(given) == rows


def test_ten_evaluations_of_nine_people() -> None:
    given = marked(10)
    given["evaluation"][9]["subject"] = "urn:t0"
    assert alike(given) == 0


def test_a_superseded_evaluation_and_surveys_are_left_out() -> None:
    given = marked(10)
    given["evaluation"][3]["superseded"] = True
    assert alike(given) == 0
    given = marked(10)
    for row in given["evaluation"]:
        row["kind"] = "survey"
    assert alike(given) == 0


# ----- scores far apart -----


def judged(firm: float, school: float, most: tuple[int, int] = (100, 100)) -> dict[str, Any]:
    return {
        "evaluation": [{"record": "v", "subject": "urn:li", "kind": "practice", "valid_on": "2026-06-15"}],
        "evaluation_items": [
            {"record": "v", "item": "K1", "by": "enterprise", "score": firm, "max": most[0]},
            {"record": "v", "item": "K1", "by": "school", "score": school, "max": most[1]},
        ],
    }


def points(given: dict[str, Any]) -> list[tuple[str, int]]:
    return [(row["item"], row["points"]) for row in exceptions("scores_far_apart", **given)]


@pytest.mark.parametrize(
    ("firm", "school", "most", "expected"),
    [
        (60, 95, (100, 100), [("K1", 35)]),
        (95, 60, (100, 100), [("K1", 35)]),
        (60, 80, (100, 100), [("K1", 20)]),
        (60, 79.9, (100, 100), []),
        (3, 4, (5, 5), [("K1", 20)]),  # 60 and 80 of a hundred
        (3, 80, (5, 100), [("K1", 20)]),
        (3, 79, (5, 100), []),
    ],
)
def test_twenty_points_of_a_hundred(
    firm: float, school: float, most: tuple[int, int], expected: list[tuple[str, int]]
) -> None:
    assert points(judged(firm, school, most)) == expected


def test_two_items_of_two_sides_are_not_compared() -> None:
    given = judged(60, 95)
    given["evaluation_items"][1]["item"] = "K2"
    assert points(given) == []


def test_two_scores_of_one_side_are_not_compared() -> None:
    given = judged(60, 95)
    given["evaluation_items"][1]["by"] = "enterprise"
    assert points(given) == []


def test_a_superseded_judgement_is_none() -> None:
    given = judged(60, 95)
    given["evaluation"][0]["superseded"] = True
    assert points(given) == []


@pytest.mark.parametrize(("day", "rows"), [("2025-08-31", 0), ("2025-09-01", 1), ("2026-09-01", 0)])
def test_judgements_of_the_period(day: str, rows: int) -> None:
    given = judged(60, 95)
    given["evaluation"][0]["valid_on"] = day
    assert len(points(given)) == rows
