"""Each composed formula against the oracle, over small random tables that have the borders of the period."""

from __future__ import annotations

import datetime
from collections import Counter
from fractions import Fraction
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.verifier.indicators import oracle
from tests.verifier.indicators.community_tables import FIRM, MEMBERS, Row, enrolled, signed, worked
from tests.verifier.indicators.helpers import compute
from verifier_cli.indicators.finishers import FINISHERS, Context
from verifier_cli.indicators.values import Value, rounded

slowly = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""An example fills a database."""
SKILLS = ("K1", "K2", "K3")
PERSONS = ("an", "bo", "li")
DAYS = st.sampled_from(
    ["2024-01-15", "2025-08-31", "2025-09-01", "2026-03-03", "2026-03-04", "2026-08-31", "2026-09-01"]
)
skills = st.lists(st.sampled_from(SKILLS), min_size=1, unique=True)
demands = st.lists(
    st.fixed_dictionaries(
        {
            "from": DAYS,
            "until": DAYS,
            "posts": st.integers(1, 6),
            "skills": skills,
            "quota": st.none() | st.integers(1, 4),
        }
    ),
    max_size=3,
)
attempts = st.lists(
    st.tuples(st.sampled_from(PERSONS), st.sampled_from(SKILLS), st.booleans(), st.booleans()), max_size=8
)
hires = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(PERSONS), DAYS), max_size=6)


def same(found: Value, expected: Fraction | None) -> None:
    """Both the fraction and what is printed."""
    assert found.exact == expected
    if expected is not None:
        assert found.to_subject()["value"] == oracle.printed(expected)


@slowly
@given(demands, st.dictionaries(st.sampled_from(SKILLS), DAYS), attempts, hires)
def test_cri(
    asked: list[Row],
    aligned: dict[str, str],
    scored: list[tuple[str, str, bool, bool]],
    hired: list[tuple[int, str, str]],
) -> None:
    demand: list[Row] = [{**row, "record": f"d{place}"} for place, row in enumerate(asked)]
    aligned = {skill: on for skill, on in aligned.items() if oracle.day(on) < oracle.TO}
    outcome = [
        {"record": f"o{place}", "subject": who, "kind": "employment", "start": start, "of": f"d{number}"}
        for place, (number, who, start) in enumerate(hired)
        if number < len(demand)
    ]
    found = compute("CRI", **_cri_tables(demand, aligned, scored, outcome))
    by_firm = [(who, skill, passed) for who, skill, passed, firm in scored if firm]
    met = {(row["of"], row["subject"]) for row in outcome if oracle.day(row["start"]) < oracle.TO}
    same(found, oracle.cri(demand, aligned, by_firm, Counter(of for of, _ in met)))


def _cri_tables(
    demand: list[Row], aligned: dict[str, str], scored: list[tuple[str, str, bool, bool]], outcome: list[Row]
) -> dict[str, Any]:
    enrolment = enrolled(*PERSONS)
    evaluation = [
        {
            "record": f"e{place:02}",
            "subject": who,
            "valid_from": f"2026-05-{place + 1:02}T00:00:00Z",
            "valid_on": f"2026-05-{place + 1:02}",
        }
        for place, (who, *_) in enumerate(scored)
    ]
    quotas = [row for row in demand if row["quota"] is not None]
    links = [{"record": row["record"], "rel": "alignsTo", "target": "post"} for row in (*demand, *evaluation)]
    links += [
        {"record": row["record"], "rel": "performedUnder", "target": f"q{row['record']}", "ordinal": 1}
        for row in quotas
    ]
    links += [{"record": row["record"], "rel": "resultOf", "target": row["of"]} for row in outcome]
    return {
        "member": MEMBERS,
        "enrolment": enrolment,
        "demand": [
            {
                "record": row["record"],
                "kind": "post",
                "posts": row["posts"],
                "from": row["from"],
                "valid_until": row["until"],
            }
            for row in demand
        ],
        "demand_skills": [
            {"record": row["record"], "value": skill} for row in demand for skill in row["skills"]
        ],
        "agreement": [
            {"record": f"q{row['record']}", "kind": "order_class", "quota": row["quota"]} for row in quotas
        ],
        "standard": [
            {
                "record": "post",
                "subject": "s-post",
                "code": "POST",
                "kind": "post",
                "effective": "2024-01-01",
            },
            {"record": "crs", "subject": "s-crs", "code": "C", "kind": "course", "effective": "2024-01-01"},
        ],
        "standard_items": [{"record": "post", "code": skill} for skill in SKILLS],
        "standard_alignments": [
            {"record": "crs", "from": skill, "standard": "POST", "item": skill, "by": FIRM, "on": on}
            for skill, on in aligned.items()
        ],
        "evaluation": evaluation,
        "evaluation_items": [
            {
                "record": f"e{place:02}",
                "item": skill,
                "pass": passed,
                "by": "enterprise" if firm else "school",
                "score": 1,
                "max": 1,
            }
            for place, (_, skill, passed, firm) in enumerate(scored)
        ],
        "outcome": [{name: value for name, value in row.items() if name != "of"} for row in outcome],
        "link": links,
        "signer": signed(enrolment, evaluation, outcome, "crs"),
    }


graduates = st.lists(
    st.fixed_dictionaries(
        {
            "start": st.none() | st.sampled_from(["2025-07-10", "2025-08-10", "2025-08-11", "2026-08-31"]),
            "kept": st.booleans(),
            "wage": st.none() | st.integers(1, 9),
            "benchmark": st.integers(1, 9),
            "in_field": st.none() | st.booleans(),
        }
    ),
    max_size=6,
)


@slowly
@given(graduates)
def test_competitiveness(found_out: list[Row]) -> None:
    enrolment = enrolled(*_names(found_out), status="completed", completed_on="2025-07-10")
    jobs = [(name, row) for name, row in zip(_names(found_out), found_out, strict=True) if row["start"]]
    outcome: list[Row] = [
        {
            "record": f"j-{name}",
            "subject": name,
            "kind": "employment",
            "employer": FIRM,
            "start": row["start"],
            "in_field": row["in_field"],
            "wage_fen": row["wage"],
            "benchmark_value": row["benchmark"],
        }
        for name, row in jobs
    ]
    kept = {"kind": "retention", "employer": FIRM, "months": 12, "as_of": "2026-08-31"}
    outcome += [{"record": f"k-{name}", "subject": name, **kept} for name, row in jobs if row["kept"]]
    value = compute("I3", enrolment=enrolment, outcome=outcome, signer=signed(enrolment, outcome))
    same(value, oracle.competitiveness([{**row, "limit": "2025-08-10"} for row in found_out]))


def _names(rows: list[Any]) -> list[str]:
    return [f"p{place}" for place in range(len(rows))]


shifts = st.lists(
    st.tuples(st.sampled_from(["2025-08-31", "2025-09-01", "2026-02-28", "2026-08-31"]), st.integers(1, 900)),
    max_size=4,
)


@slowly
@given(st.lists(shifts, max_size=3), st.lists(st.integers(0, 4_000), max_size=3))
def test_practice_depth(given_shifts: list[list[tuple[str, int]]], earned: list[int]) -> None:
    names = _names(given_shifts)
    rows = [
        worked(name, *((date, "00:00", f"{minutes // 60:02}:{minutes % 60:02}", 0) for date, minutes in days))
        for name, days in zip(names, given_shifts, strict=True)
    ]
    credential = [
        {
            "record": f"c{place}",
            "subject": f"h{place}",
            "kind": "practice_credit",
            "credit_kind": "enterprise",
            "credits_earned": str(Fraction(amount, 100).limit_denominator(100) * 1.0),
        }
        for place, amount in enumerate(earned)
    ]
    enrolment, activity = enrolled(*names), [row for row, _ in rows]
    value = compute(
        "I5",
        enrolment=enrolment,
        activity=activity,
        activity_days=[each for _, days in rows for each in days],
        credential=credential,
        standard=[{"record": "prog", "subject": "prog", "kind": "programme", "requirements_credits": 4_000}],
        link=[{"record": row["record"], "rel": "awards", "target": "prog"} for row in credential],
        signer=signed(enrolment, activity, credential),
    )
    minutes: list[dict[str, int]] = []
    for days in given_shifts:
        by_day: Counter[str] = Counter()
        for date, amount in days:
            by_day[date] += amount
        minutes.append(dict(by_day))
    same(value, oracle.depth(minutes, [(amount, 4_000) for amount in earned]))


@slowly
@given(st.lists(st.tuples(st.integers(0, 60), st.booleans()), max_size=7))
def test_adaptation(times: list[tuple[int, bool]]) -> None:
    """Censored at the period's end, so whoever is never independent began that many days before it."""
    enrolment = enrolled(*_names(times), status="completed", completed_on="2025-07-10")
    started = [
        oracle.TO - datetime.timedelta(days=time) if not event else datetime.date(2025, 8, 1)
        for time, event in times
    ]
    outcome = [
        {
            "record": f"j-{name}",
            "subject": name,
            "kind": "employment",
            "employer": FIRM,
            "start": start.isoformat(),
        }
        for name, start, (time, event) in zip(_names(times), started, times, strict=True)
        if event or time
    ]
    evaluation = [
        {
            "record": f"e-{name}",
            "subject": name,
            "independent_from": (start + datetime.timedelta(days=time)).isoformat(),
        }
        for name, start, (time, event) in zip(_names(times), started, times, strict=True)
        if event
    ]
    everything = signed(enrolment, outcome, evaluation)
    value = compute(
        "ADAPTATION", enrolment=enrolment, outcome=outcome, evaluation=evaluation, signer=everything
    )
    days = oracle.kaplan_meier([(time, event) for time, event in times if event or time])
    same(value, None if days is None else Fraction(days * 16, 487))


@slowly
@given(st.lists(st.lists(st.none() | st.integers(1, 5), min_size=3, max_size=3), max_size=6))
def test_reliability(answers: list[list[int | None]]) -> None:
    evaluation = [
        {
            "record": name,
            "subject": name,
            "kind": "survey",
            "survey_respondent": "enterprise",
            "survey_instrument": "S",
        }
        for name in _names(answers)
    ]
    rows = [
        {"record": name, "dim": "d", "item": f"q{place}", "score": score}
        for name, scores in zip(_names(answers), answers, strict=True)
        for place, score in enumerate(scores)
        if score is not None
    ]
    value = compute("SURVEY_ALPHA", evaluation=evaluation, evaluation_survey_answers=rows)
    same(value, oracle.alpha(answers) if answers else None)


scales = st.tuples(st.integers(-5, 5), st.integers(-5, 5)).filter(lambda pair: pair[0] != pair[1])


@given(st.lists(st.tuples(st.none() | st.fractions(-9, 9), scales, st.integers(0, 9)), max_size=8))
def test_composites(entries: list[tuple[Fraction | None, tuple[int, int], int]]) -> None:
    values = {
        f"I{place}": Value(f"I{place}", "value" if exact is not None else "no_data", exact)
        for place, (exact, _, _) in enumerate(entries)
    }
    rows = [
        {
            "code": f"I{place}",
            "weight": weight,
            "base": base * 10_000,
            "target": target * 10_000,
            "divisor": 10_000,
        }
        for place, (_, (base, target), weight) in enumerate(entries)
    ]
    expected = oracle.composite(
        (exact, Fraction(base), Fraction(target), weight) for exact, (base, target), weight in entries
    )
    same(FINISHERS["composite"](Context("C", values), rows), expected)


@given(st.fractions(-1_000, 1_000))
def test_printing(exact: Fraction) -> None:
    assert Fraction(rounded(exact)) == Fraction(oracle.printed(exact))
