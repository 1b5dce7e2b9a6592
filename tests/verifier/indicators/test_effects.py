"""What training leads to: certificates, pay, ventures, conversions, changes; each worked out in its text."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from tests.verifier.indicators.community_tables import FIRM, SCHOOL, Row, enrolled, signed
from tests.verifier.indicators.helpers import compute


def certificates(*held: tuple[str, str, str, tuple[str, ...]]) -> dict[str, Any]:
    """Four trainees; (person, kind, day, signers) of what they hold."""
    enrolment = enrolled("an", "bo", "li", "mo")
    credential: list[Row] = [
        {"record": f"c{place}", "subject": who, "kind": kind, "valid_on": on}
        for place, (who, kind, on, _) in enumerate(held)
    ]
    signer = signed(enrolment)
    for row, (*_, by) in zip(credential, held, strict=True):
        signer += signed([row], by=by)
    return {"enrolment": enrolment, "credential": credential, "signer": signer}


BOTH = (SCHOOL, FIRM)


@pytest.mark.parametrize(
    ("held", "share"),
    [
        ((), Fraction(0)),
        ((("an", "skill_level", "2026-08-31", BOTH),), Fraction(1, 4)),
        ((("an", "skill_level", "2026-09-01", BOTH),), Fraction(0)),  # a day after the period
        ((("an", "skill_level", "2024-05-01", BOTH),), Fraction(1, 4)),  # held since before it
        ((("an", "skill_level", "2026-05-01", (SCHOOL,)),), Fraction(0)),  # one organisation alone
        ((("an", "certificate", "2026-05-01", (SCHOOL,)),), Fraction(1, 4)),  # a third party's own
        ((("an", "award", "2026-05-01", BOTH),), Fraction(0)),
        (
            (("an", "skill_level", "2026-05-01", BOTH), ("an", "certificate", "2026-06-01", BOTH)),
            Fraction(1, 4),
        ),
        ((("xu", "skill_level", "2026-05-01", BOTH),), Fraction(0)),  # no trainee
    ],
)
def test_certified_trainees(held: tuple[tuple[str, str, str, tuple[str, ...]], ...], share: Fraction) -> None:
    found = compute("CERTIFIED", **certificates(*held))
    assert (found.exact, found.n) == (share, 4)


def test_nobody_enrolled_nobody_certified() -> None:
    assert compute("CERTIFIED").state == "no_data"


def wages(*paid: tuple[str, str, int]) -> dict[str, Any]:
    """(person, day, fen); an and bo hold a level since 1 May 2026; the post's usual pay is 5,000 yuan."""
    outcome = [
        {
            "record": f"w{place}",
            "subject": who,
            "kind": "employment",
            "start": on,
            "wage_fen": fen,
            "benchmark_value": 500_000,
        }
        for place, (who, on, fen) in enumerate(paid)
    ]
    credential = [
        {"record": f"c-{who}", "subject": who, "kind": "skill_level", "valid_on": "2026-05-01"}
        for who in ("an", "bo")
    ]
    return {"outcome": outcome, "credential": credential, "signer": signed(outcome, credential)}


def test_wage_effect_is_of_the_first_pay_of_holders() -> None:
    """An 7,000 (later 9,000, which is no start), bo 6,000: (13,000 - 10,000) / 10,000; li holds no level."""
    given = wages(
        ("an", "2026-06-01", 700_000),
        ("an", "2026-08-01", 900_000),
        ("bo", "2026-06-01", 600_000),
        ("li", "2026-06-01", 990_000),
    )
    found = compute("WAGE_EFFECT", **given)
    assert (found.exact, found.n) == (Fraction(3, 10), 2)


def test_pay_from_before_the_certificate_is_no_effect_of_it() -> None:
    assert compute("WAGE_EFFECT", **wages(("an", "2026-04-30", 700_000))).state == "no_data"


def test_ventures_of_those_who_completed() -> None:
    """Of four who completed in the period one founded in it, one a day after it: 1/4."""
    enrolment = enrolled("an", "bo", "li", "mo", status="completed", completed_on="2026-06-30")
    outcome = [
        {"record": f"v-{who}", "subject": who, "kind": "venture", "as_of": on}
        for who, on in (("an", "2026-08-31"), ("bo", "2026-09-01"))
    ]
    found = compute("VENTURES", enrolment=enrolment, outcome=outcome, signer=signed(enrolment))
    assert (found.exact, found.n) == (Fraction(1, 4), 4)


def test_who_worked_before_the_training_has_no_first_job_in_it() -> None:
    """A job that ended in 2023 is none of the graduate's: not employed; one kept on counts."""
    enrolment = enrolled("an", "bo", status="completed", completed_on="2025-07-10")
    job = {"kind": "employment", "employer": FIRM, "start": "2020-01-01"}
    outcome = [
        {"record": "o-an", "subject": "an", **job, "end": "2023-08-31"},
        {"record": "o-bo", "subject": "bo", **job},
    ]
    found = compute("EMPLOYED", enrolment=enrolment, outcome=outcome, signer=signed(enrolment, outcome))
    assert found.exact == Fraction(1, 2)


def projects(*dues: str) -> dict[str, Any]:
    agreement = [
        {"record": f"p{place}", "subject": f"p{place}", "kind": "joint_project", "from": "2024-09-01"}
        for place in range(len(dues))
    ]
    terms = [
        {"record": f"p{place}", "code": "T", "metric": "conversions", "op": "ge", "target": 1, "due": due}
        for place, due in enumerate(dues)
    ]
    return {"agreement": agreement, "agreement_terms": terms, "signer": signed(agreement)}


def test_conversion_counts_projects_that_fall_due() -> None:
    """Due on the first and last day, and a day after; the first is converted twice: 1 of 2."""
    given = projects("2025-09-01", "2026-08-31", "2026-09-01")
    outcome = [
        {"record": f"t{place}", "kind": "tech_conversion", "as_of": "2026-01-01"} for place in range(2)
    ]
    given["outcome"] = outcome
    given["link"] = [
        {"record": row["record"], "rel": "fulfils", "target": "p0", "item": "T"} for row in outcome
    ]
    given["signer"] += signed(outcome)
    assert compute("I2", **given).exact == Fraction(1, 2)
    given["signer"] = signed(given["agreement"]) + signed(outcome, by=(FIRM,))
    assert compute("I2", **given).exact == 0  # what a firm says alone does not convert


def test_without_a_project_due_there_is_no_conversion() -> None:
    assert compute("I2", **projects("2026-09-01")).state == "no_data"


def outcomes(kind: str, *found: tuple[int | None, int | None], unit: str = "bp") -> list[Row]:
    """Values and baselines as of the last day of the period."""
    return [
        {
            "record": f"{kind}{place}",
            "kind": kind,
            "value": value,
            "baseline": baseline,
            "unit": unit,
            "as_of": "2026-08-31",
        }
        for place, (value, baseline) in enumerate(found)
    ]


@pytest.mark.parametrize(
    ("code", "rows", "exact"),
    [
        # D2: 82 to 95 % are 13 points; with a second firm of 90 to 95 %, (13 + 5) / 2 = 9 points.
        ("CHANGE_YIELD", outcomes("yield", (9_500, 8_200)), Fraction(13, 100)),
        ("CHANGE_YIELD", outcomes("yield", (9_500, 8_200), (9_500, 9_000)), Fraction(9, 100)),
        ("CHANGE_RD", outcomes("rd_intensity", (780, 550)), Fraction(23, 1_000)),
        ("CHANGE_SATISFACTION", outcomes("satisfaction", (9_000, 6_500)), Fraction(25, 100)),
        ("CHANGE_SALES", outcomes("sales", (163, 100), unit="fen"), Fraction(63, 100)),
        # 1 - (35 + 60) / (100 + 100).
        ("CHANGE_COST", outcomes("cost", (35, 100), (60, 100), unit="fen"), Fraction(105, 200)),
        ("CHANGE_COST", outcomes("hiring_cost", (120, 100), unit="fen"), Fraction(-20, 100)),
        ("CHANGE_SALES", outcomes("sales", (163, 0), unit="fen"), None),
        ("CHANGE_YIELD", outcomes("yield", (9_500, None)), None),
        ("CHANGE_YIELD", outcomes("yield", (95, 82), unit="percent"), None),
    ],
)
def test_changes_against_the_baseline(code: str, rows: list[Row], exact: Fraction | None) -> None:
    assert compute(code, outcome=rows).exact == exact


def test_virtual_simulation_is_cheaper_by() -> None:
    """1 - (35 + 70) / (100 + 200); what was given up before the period does not count."""
    resource: list[Row] = [
        {"record": "a", "kind": "vr", "unit_cost_fen": 35, "baseline_cost_fen": 100, "from": "2024-01-01"},
        {"record": "b", "kind": "vr", "unit_cost_fen": 70, "baseline_cost_fen": 200, "from": "2026-08-31"},
        {
            "record": "c",
            "kind": "vr",
            "unit_cost_fen": 9,
            "baseline_cost_fen": 10,
            "from": "2024-01-01",
            "to": "2025-08-31",
        },
        {"record": "d", "kind": "lab", "unit_cost_fen": 9, "baseline_cost_fen": 10, "from": "2024-01-01"},
    ]
    assert compute("CHANGE_VR_COST", resource=resource).exact == Fraction(195, 300)


@pytest.mark.parametrize(
    ("since", "until", "scheduled"),
    [
        ("2025-09-01", "2026-09-01", 3_650),
        ("2025-09-01", "2027-09-01", 1_825),  # 365 of 730 days
        ("2025-03-01", "2025-09-01", None),  # over when the period begins
        ("2025-03-01", "2025-09-02", 19),  # a day of 185: 3,650 // 185
        ("2026-08-31", None, 3_650),  # without an end, in the period in which it begins
        ("2025-08-31", None, None),
    ],
)
def test_a_schedule_is_split_by_its_days(since: str, until: str | None, scheduled: int | None) -> None:
    """10 minutes were used."""
    activity = [{"record": "a", "subject": "li"}]
    resource = {
        "record": "r",
        "kind": "equipment",
        "code": "X",
        "scheduled_minutes": 3_650,
        "from": since,
        "to": until,
    }
    found = compute(
        "EQUIPMENT_USE",
        activity=activity,
        activity_days=[
            {"record": "a", "date": "2026-01-01", "start": "08:00", "end": "09:00", "break_minutes": 0}
        ],
        activity_equipment=[{"record": "a", "code": "X", "session": "s", "minutes": 10}],
        resource=[resource],
        signer=signed(activity),
    )
    assert found.exact == (None if scheduled is None else Fraction(10, scheduled))
    assert found.coverage_bp == (0 if scheduled is None else 10_000)


def test_a_window_without_demand_says_nothing_about_the_forecast() -> None:
    """80 of 100 in autumn; 50 forecast for a spring in which nobody asked: 1 - 20/100."""
    rows: list[Row] = [
        {
            "record": "f1",
            "kind": "forecast",
            "posts": 80,
            "forecast_for_from": "2025-09-01",
            "forecast_for_to": "2026-01-01",
        },
        {
            "record": "f2",
            "kind": "forecast",
            "posts": 50,
            "forecast_for_from": "2026-01-01",
            "forecast_for_to": "2026-06-01",
        },
        {"record": "d", "kind": "post", "posts": 100, "from": "2025-10-01"},
    ]
    assert compute("FORECAST", demand=rows).exact == Fraction(8, 10)
    assert compute(
        "FORECAST", demand=[*rows, {**rows[2], "record": "e", "from": "2026-02-01"}]
    ).exact == Fraction(13, 20)


def test_a_forecast_that_is_far_off_is_not_worth_less_than_nothing() -> None:
    rows = [
        {
            "record": "f",
            "kind": "forecast",
            "posts": 900,
            "forecast_for_from": "2025-09-01",
            "forecast_for_to": "2026-09-01",
        },
        {"record": "d", "kind": "post", "posts": 100, "from": "2025-10-01"},
    ]
    assert compute("FORECAST", demand=rows).exact == 0
