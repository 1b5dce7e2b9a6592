"""What is made of the other indicators, and of surveys and co-signed standards; worked out in each text."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.verifier.indicators.community_tables import (
    FIRM,
    MEMBERS,
    SCHOOL,
    SUPPLIER,
    Row,
    demand_tables,
    enrolled,
    evaluations,
    signed,
    survey,
    worked,
)
from tests.verifier.indicators.helpers import COMMUNITY, compute, compute_all, tables
from verifier_cli.indicators.definition import shipped
from verifier_cli.indicators.engine import run
from verifier_cli.indicators.finishers import FINISHERS, Context
from verifier_cli.indicators.values import Value

CORE = [f"I{number}" for number in range(1, 9)]


def case(after: int, result: str = "met") -> dict[str, Any]:
    """Diagnosis (value 40), improvement, verification."""
    decision: list[Row] = [
        {"record": "dia", "kind": "diagnosis", "result": "open", "on": "2025-10-01"},
        {"record": "imp", "kind": "improvement", "result": "adopted", "on": "2025-12-01"},
        {"record": "ver", "kind": "verification", "result": result, "on": "2026-06-01"},
    ]
    criteria = [
        {"record": "dia", "code": "hours", "value": 40},
        {"record": "ver", "code": "hours", "value": after},
    ]
    link = [
        {"record": "imp", "rel": "answers", "target": "dia"},
        {"record": "ver", "rel": "answers", "target": "imp"},
    ]
    return {"decision": decision, "decision_criteria": criteria, "link": link}


@pytest.mark.parametrize(
    ("changes", "risen"),
    [({"after": 65}, 1), ({"after": 40}, 0), ({"after": 39}, 0), ({"after": 65, "result": "unmet"}, 0)],
)
def test_a_case_counts_for_maturity_if_its_indicator_rose(changes: dict[str, Any], risen: int) -> None:
    """The fifth level is met, and not reached: the first is not."""
    found = compute_all("MATURITY", **case(**changes))["MATURITY"]
    assert dict(found.parts)["level5"] == risen
    assert found.exact == 0


@pytest.mark.parametrize(
    ("to", "community", "measured", "superseded", "met"),
    [
        ("2025-09-01", COMMUNITY, 8, False, True),
        ("2025-08-01", COMMUNITY, 8, False, False),  # not the period before
        ("2025-09-01", "urn:uuid:other", 8, False, False),
        ("2025-09-01", COMMUNITY, 7, False, False),
        ("2025-09-01", COMMUNITY, 8, True, False),
    ],
)
def test_all_eight_are_needed_in_two_periods(
    to: str, community: str, measured: int, superseded: bool, met: bool
) -> None:
    report = {
        "record": "r",
        "kind": "report",
        "on": "2025-09-20",
        "report_to": to,
        "report_community": community,
        "superseded": superseded,
    }
    values = [{"record": "r", "code": code, "state": "value"} for code in CORE[:measured]]
    definition = shipped()["MATURITY"]
    views = [shipped()[name] for name in definition.sources if name in shipped()]
    with tables(decision=[report], decision_report_values=values) as sandbox:
        sandbox.connection.execute(
            "INSERT INTO result SELECT 'I' || range, 'value', 1, NULL, 9000 FROM range(1, 9)"
        )
        needed = {"co_signed": shipped()["co_signed"]} | {view.code: view for view in views}
        for name in ("trainee", "activity_day", "agreement_in_force"):
            needed |= {source: shipped()[source] for source in shipped()[name].sources if source in shipped()}
        found = run(sandbox, [*needed.values(), definition], published=False).values["MATURITY"]
    assert dict(found.parts)["level4"] == int(met)


def test_half_of_the_items_co_signed_and_co_evaluated() -> None:
    """One standard of three items by both, one of four by the school alone: 3/7 is too little, 3/6 is not."""
    given = evaluations(("e", "li", "K1", "enterprise", True), ("e", "li", "K1", "school", True))
    given["agreement"] = [{"record": "g", "kind": "strategic", "from": "2025-01-01"}]
    activity, given["activity_days"] = worked("li", ("2025-10-08", "08:00", "16:00", 0))
    given["activity"] = [activity]
    given["signer"] += signed("g", "std", [activity]) + signed("own", by=(SCHOOL,))
    given["standard"] = [
        {**row, "effective": "2025-01-01"}
        for row in [*given["standard"], {"record": "own", "kind": "course"}]
    ]
    for alone, level in ((4, 2), (3, 3)):
        own = [{"record": "own", "code": f"A{place}"} for place in range(alone)]
        items = {"standard_items": [*given["standard_items"], *own]}
        assert compute_all("MATURITY", **{**given, **items})["MATURITY"].exact == level


def test_views_of_the_scorecard_count_alike() -> None:
    """Satisfaction 1/2 of 0.98 = 25/49; growth: CRI alone, its score the value over 100; the mean of both."""
    given = demand_tables()
    answers = survey(("x", "d", "q", 5), ("y", "d", "q", 2))
    given["evaluation"] = answers["evaluation"]
    given["evaluation_survey_answers"] = answers["evaluation_survey_answers"]
    given["evaluation_items"] = []
    given["member"] = MEMBERS[:2]
    found = compute_all("CRI", "CHAIN_POSTS_24", "CHAIN_FIRMS", "BSC", **given)
    cri = found["CRI"].exact
    assert cri is not None
    parts = dict(found["BSC"].parts)
    assert (parts["satisfaction"], parts["growth"]) == (Fraction(25, 49), cri / 100)
    assert found["BSC"].exact == sum(parts.values()) / len(parts)


def test_a_scale_without_a_length_gives_no_score() -> None:
    values = {"I1": Value("I1", "value", Fraction(1, 2))}
    rows = [{"code": "I1", "weight": 1, "base": 1, "target": 1}]
    found = FINISHERS["composite"](Context("C", values), rows)
    assert (found.state, found.flags) == ("missing_input", ("no_I1",))


def test_likert_means_of_all_respondents() -> None:
    """Firms say 5 and 2 on participation, 4 on governance: 11/3, 7/2, 4."""
    found = compute(
        "LIKERT",
        **survey(
            ("x", "participation", "q1", 5), ("x", "governance", "q2", 4), ("y", "participation", "q1", 2)
        ),
    )
    assert (found.exact, found.n) == (Fraction(11, 3), 2)
    assert found.parts == (("governance", Fraction(4)), ("participation", Fraction(7, 2)))
    assert compute("LIKERT").state == "no_data"


def test_reliability_is_of_one_questionnaire() -> None:
    """Three answer A (1,2; 2,3; 3,4: the items move as one, alpha 1), two answer B, which does not mix in."""
    answers = survey(
        *((f"x{n}", "d", item, n + add) for n in (1, 2, 3) for item, add in (("q1", 0), ("q2", 1))),
        *((f"y{n}", "d", item, score) for n, score in ((1, 5), (2, 1)) for item in ("q1", "q9")),
    )
    for row in answers["evaluation"]:
        row["survey_instrument"] = "A" if row["record"].startswith("e-x") else "B"
    found = compute("SURVEY_ALPHA", **answers)
    assert (found.exact, found.n) == (Fraction(1), 3)


def test_the_gap_is_of_parts_of_each_maximum() -> None:
    """45 of 50 against 80 of 100 is 1/10; a third item has one score only."""
    given = evaluations(
        ("e", "li", "K1", "enterprise", True),
        ("e", "li", "K1", "school", True),
        ("e", "li", "K2", "school", True),
    )
    given["evaluation_items"][0] |= {"score": 45, "max": 50}
    assert compute("SCORE_GAP", **given).exact == Fraction(1, 10)


def test_a_link_that_names_items_speaks_of_these_alone() -> None:
    """Both items are scored; the evaluation says that it is K1 which belongs to the standard."""
    given = evaluations(("e", "li", "K1", "enterprise", True), ("e", "li", "K2", "enterprise", False))
    assert compute("I7", **given).exact == Fraction(1, 2)
    given["link"] = [{**row, "item": "K1"} for row in given["link"]]
    assert compute("I7", **given).exact == 1


@pytest.mark.parametrize(
    ("by", "covered"),
    [((SCHOOL, FIRM), 1), ((SCHOOL, SUPPLIER), 1), ((SCHOOL, "did:web:stranger.example"), 0), ((FIRM,), 0)],
)
def test_an_alignment_needs_a_firm_of_the_community_beside_another_organisation(
    by: tuple[str, ...], covered: int
) -> None:
    given = demand_tables()
    others = [row for row in given["signer"] if row["record"] != "crs"]
    found = compute("CRI", **{**given, "signer": others + signed("crs", by=by)})
    assert dict(found.parts)["cov"] == Fraction(covered, 2)


def test_one_person_hired_twice_for_a_demand_is_one_hire() -> None:
    given = demand_tables()
    given["outcome"] = [{**row, "subject": "p0"} for row in given["outcome"]]
    assert dict(compute("CRI", **given).parts)["fill"] == Fraction(1, 10)


def test_a_mentor_of_two_firms_is_one_mentor() -> None:
    """Three trainees at one firm, three at another: six at once, and one mentor of one."""
    enrolment = enrolled(*(f"p{place}" for place in range(6)))
    mentors = [
        {"record": row["record"], "id": "mei", "org": (FIRM, SUPPLIER)[place % 2], "from": "2025-09-01"}
        for place, row in enumerate(enrolment)
    ]
    given: dict[str, Any] = {"member": MEMBERS, "enrolment": enrolment, "enrolment_mentors": mentors}
    load = compute("MENTOR_LOAD", **given, signer=signed(enrolment))
    share = compute("MENTOR_SHARE", **given, signer=signed(enrolment))
    assert (load.exact, load.n) == (Fraction(0), 1)
    assert (share.exact, share.n) == (Fraction(1), 1)


scores = st.lists(
    st.tuples(
        st.sampled_from(["an", "bo"]),
        st.sampled_from(["K1", "K2", "K3"]),
        st.sampled_from(["enterprise", "school"]),
        st.booleans(),
    ),
    max_size=6,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scores, st.randoms(use_true_random=False))
def test_shares_lie_between_0_and_1_in_any_order_and_rise_with_a_pass(
    found: list[tuple[str, str, str, bool]], shuffler: random.Random
) -> None:
    """I7, co-evaluation and gap; after one more passing attempt of the firm at K1, I7 is no lower."""
    given = evaluations(*((f"e{place}", *score) for place, score in enumerate(found)))
    mixed: dict[str, Any] = {name: shuffler.sample(rows, len(rows)) for name, rows in given.items()}
    for code in ("I7", "COEVALUATION", "SCORE_GAP"):
        value = compute(code, **given)
        assert value == compute(code, **mixed)
        assert value.exact is None or 0 <= value.exact <= 1
    more = evaluations(
        *((f"e{place}", *score) for place, score in enumerate([*found, ("an", "K1", "enterprise", True)]))
    )
    before, after = compute("I7", **given).exact, compute("I7", **more).exact
    assert after is not None
    assert before is None or after >= before
