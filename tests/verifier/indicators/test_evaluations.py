"""Compliance, co-evaluation, surveys, composites and maturity over small tables worked out by hand."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from tests.verifier.indicators.community_tables import (
    enrolled,
    evaluations,
    signed,
    survey,
    worked,
)
from tests.verifier.indicators.helpers import compute, compute_all


def test_compliance_is_of_the_last_attempt() -> None:
    """Li failed K1, then passed it; An failed K1; K3 is not technical, the school does not judge: 1 of 2."""
    found = compute(
        "I7",
        **evaluations(
            ("e1", "li", "K1", "enterprise", False),
            ("e2", "li", "K1", "enterprise", True),
            ("e2", "li", "K3", "enterprise", False),
            ("e3", "an", "K1", "enterprise", False),
            ("e3", "an", "K1", "school", True),
        ),
    )
    assert (found.exact, found.n, found.coverage_bp) == (Fraction(1, 2), 2, 10_000)


def test_one_person_is_computed_and_not_published() -> None:
    given = evaluations(("e1", "li", "K1", "enterprise", True))
    assert compute("I7", **given).exact == 1
    shown = compute("I7", published=True, **given)
    assert (shown.state, shown.exact, shown.n) == ("too_few", None, None)


def test_trainees_whom_nobody_assessed_lower_the_coverage() -> None:
    given = evaluations(("e1", "li", "K1", "enterprise", True), ("e2", "an", "K1", "school", True))
    assert compute("I7", **given).coverage_bp == 5_000


def test_without_an_assessment_compliance_is_missing() -> None:
    assert compute("I7", **evaluations(("e1", "li", "K1", "school", True))).state == "missing_input"


def test_co_evaluation_counts_items_with_both_scores() -> None:
    """K1 both, K2 the firm alone, K3 the school alone: 1 of 3; the gap of K1 is 30 of 100."""
    given = evaluations(
        ("e1", "li", "K1", "enterprise", False),
        ("e1", "li", "K1", "school", True),
        ("e1", "li", "K2", "enterprise", True),
        ("e1", "li", "K3", "school", True),
    )
    assert compute("COEVALUATION", **given).exact == Fraction(1, 3)
    assert compute("SCORE_GAP", **given).exact == Fraction(30, 100)


def test_satisfaction_is_the_share_of_four_and_five() -> None:
    """5, 4, 3, 5: 3 of 4; means 9/2 and 4. Trainees are not firms."""
    given = survey(
        ("a", "governance", "g1", 5),
        ("b", "governance", "g1", 4),
        ("a", "participation", "p1", 3),
        ("b", "participation", "p1", 5),
    )
    found = compute("I8", **given)
    assert (found.exact, found.n) == (Fraction(3, 4), 2)
    assert dict(found.parts) == {"governance": Fraction(9, 2), "participation": Fraction(4)}
    assert compute("I8", **survey(("a", "governance", "g1", 5), who="trainee")).state == "no_data"


def test_the_response_rate() -> None:
    waves = [
        {
            "record": who,
            "kind": "survey",
            "survey_respondent": who,
            "survey_sent": sent,
            "survey_valid": valid,
        }
        for who, sent, valid in (("enterprise", 80, 50), ("trainee", 20, 20))
    ]
    found = compute("SURVEY_RESPONSE", evaluation=waves)
    assert (found.exact, dict(found.parts)) == (
        Fraction(70, 100),
        {"enterprise": Fraction(5, 8), "trainee": Fraction(1)},
    )


def test_the_composite_takes_what_has_a_value_a_base_and_a_target() -> None:
    """I7 is 1/2 of 0.92, I8 is 3/4 of 0.98; the rest is named: mean of 25/46 and 75/98."""
    given = evaluations(("e1", "li", "K1", "enterprise", True), ("e2", "an", "K1", "enterprise", False))
    answers = survey(("a", "g", "g1", 5), ("b", "g", "g1", 4), ("c", "g", "g1", 3), ("d", "g", "g1", 5))
    given["evaluation"] = [*given["evaluation"], *answers.pop("evaluation")]
    found = compute_all("COMPOSITE", **given, **answers)
    assert dict(found["COMPOSITE"].parts) == {"I5": 0, "I7": Fraction(25, 46), "I8": Fraction(75, 98)}
    assert found["COMPOSITE"].exact == (Fraction(25, 46) + Fraction(75, 98)) / 3
    assert found["COMPOSITE"].flags == ("no_I1", "no_I2", "no_I3", "no_I4", "no_I6")


def weights(ratio: int, on: str = "2025-08-31") -> dict[str, Any]:
    return {
        "decision": [
            {
                "record": "w",
                "kind": "weights",
                "weights_method": "ahp",
                "result": "adopted",
                "on": on,
                "weights_consistency_ratio_bp": ratio,
            }
        ],
        "decision_weights_entries": [
            {"record": "w", "code": "I7", "weight_bp": 7_500},
            {"record": "w", "code": "I8", "weight_bp": 2_500},
        ],
    }


def test_weights_by_ahp_show_their_consistency() -> None:
    """I8 is missing, so I7 has all the weight: 1/0.92 counts as 1; CR 0.05, coverage 75 %."""
    given = evaluations(("e1", "li", "K1", "enterprise", True))
    found = compute_all("COMPOSITE_AHP", **given, **weights(500))["COMPOSITE_AHP"]
    assert (found.exact, found.coverage_bp, found.flags) == (Fraction(1), 7_500, ("no_I8",))
    assert dict(found.parts)["CR"] == Fraction(5, 100)


@pytest.mark.parametrize(("ratio", "on"), [(1_000, "2025-08-31"), (500, "2025-09-01")])
def test_inconsistent_or_late_weights_are_not_used(ratio: int, on: str) -> None:
    given = evaluations(("e1", "li", "K1", "enterprise", True))
    assert compute_all("COMPOSITE_AHP", **given, **weights(ratio, on))["COMPOSITE_AHP"].state == "no_data"


@pytest.mark.parametrize(
    ("changes", "score"),
    [
        ({}, Fraction(1, 2)),
        ({"on": "2025-09-01"}, Fraction(25, 46)),
        ({"result": "rejected"}, Fraction(25, 46)),
        ({"superseded": True}, Fraction(25, 46)),
    ],
)
def test_a_decision_before_the_period_goes_before_the_definitions_own_target(
    changes: dict[str, Any], score: Fraction
) -> None:
    """I7 of 1/2: between the decision's 40 and 60 % 1/2, else between 0 and 92 % 50/92 = 25/46."""
    given = evaluations(("e1", "li", "K1", "enterprise", True), ("e2", "an", "K1", "enterprise", False))
    decision = {"record": "t", "kind": "targets", "result": "adopted", "on": "2025-08-31", **changes}
    given["decision"] = [decision]
    given["decision_targets"] = [{"record": "t", "code": "I7", "base": 40, "target": 60, "unit": "percent"}]
    assert dict(compute_all("COMPOSITE", **given)["COMPOSITE"].parts)["I7"] == score


def test_maturity_stops_at_the_first_level_that_is_not_met() -> None:
    """An agreement, trainees with co-signed days; no standard that two signed: level 2."""
    agreement = [{"record": "g", "subject": "g", "kind": "strategic", "from": "2025-01-01"}]
    activity, days = worked("li", ("2025-10-08", "08:00", "16:00", 0))
    enrolment = enrolled("li")
    given: dict[str, Any] = {"agreement": agreement, "signer": signed(agreement)}
    assert compute_all("MATURITY")["MATURITY"].exact == 0
    assert compute_all("MATURITY", **given)["MATURITY"].exact == 1
    given |= {"enrolment": enrolment, "activity": [activity], "activity_days": days}
    given["signer"] = signed(agreement, enrolment, [activity])
    assert compute_all("MATURITY", **given)["MATURITY"].exact == 2
