"""The community sample: every number that its plan works out by hand, from the records of three years."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from fractions import Fraction

import pytest

from samples.community import Community, build, to_records
from samples.community.parties import chain_urn
from samples.community.plan import EXPECTED, YEARS
from tests.service.indicators.test_extract import contents
from trace_service.indicators import extract as columnar
from verifier_cli.indicators import extract
from verifier_cli.indicators.community import (
    Facts,
    facts_of,
    inputs,
    members,
    relations_read,
    schemas_read,
    superseded,
)
from verifier_cli.indicators.definition import shipped
from verifier_cli.indicators.engine import run
from verifier_cli.indicators.sandbox import MEMBER, open_sandbox
from verifier_cli.indicators.values import Value
from verifier_cli.record import Record

MONTH = Fraction(487, 16)
"""Days."""

# The plan's name -> the indicator, and how the plan's number follows from its value.
ALIKE: dict[str, tuple[str, Callable[[Value], Fraction | None]]] = {
    "cri": ("CRI", lambda value: value.exact),
    "enterprise_minutes_per_trainee": ("I1", lambda value: value.exact and value.exact * 60),
    "converted_share": ("CREDIT_CONVERSION", lambda value: value.exact),
    "mean_score_gap": ("SCORE_GAP", lambda value: value.exact),
    "tech_conversion": ("I2", lambda value: value.exact),
    "employed_in_a_month": ("EMPLOYED", lambda value: value.exact),
    "retention": ("RETENTION", lambda value: value.exact),
    "median_wage_to_benchmark": ("WAGE_MEDIAN", lambda value: value.exact),
    "in_field": ("IN_FIELD", lambda value: value.exact),
    "curriculum_currency": ("I4", lambda value: value.exact),
    "enterprise_credit_share": ("ENTERPRISE_CREDITS", lambda value: value.exact),
    "mean_practice": ("PRACTICE_HOURS", lambda value: value.exact),
    "firm_mentor_share": ("MENTOR_SHARE", lambda value: value.exact),
    "mentors_within_five": ("MENTOR_LOAD", lambda value: value.exact),
    "fee_to_benchmark": ("MENTOR_FEE", lambda value: value.exact),
    "technical_compliance": ("I7", lambda value: value.exact),
    "firm_satisfaction": ("I8", lambda value: value.exact),
    "survey_response": ("SURVEY_RESPONSE", lambda value: dict(value.parts)["enterprise"]),
    "utilisation": ("EQUIPMENT_USE", lambda value: value.exact),
    "error_rate": ("EQUIPMENT_ERRORS", lambda value: value.exact),
    "jobs_12_months": ("CHAIN_POSTS_12", lambda value: value.exact),
    "jobs_24_months": ("CHAIN_POSTS_24", lambda value: value.exact),
    "certified": ("CERTIFIED", lambda value: value.exact),
    "co_evaluation": ("COEVALUATION", lambda value: value.exact),
    "terms_met": ("FULFILMENT", lambda value: value.exact),
    "forecast_accuracy": ("FORECAST", lambda value: value.exact),
    "adaptation_days_median": ("ADAPTATION", lambda value: value.exact and value.exact * MONTH),
}

# What the README works out for the whole of a formula, by year.
WHOLE = {
    "I3": (None, "87.4942", "94.9186"),
    # (1/2 of the credits' score (24, 27 and 29.97 - 18) / 12) + 1/2 of the hours.
    "I5": ("0.7341", "0.8591", "0.9827"),
    # Mean of (share - 35 %) / 25 %, load, (1.15 - 1) / 0.2 = 0.75: (0.2 + 1 + 0.75) / 3, ...
    "I6": ("0.6500", "0.7833", "0.9127"),
    "CHAIN_FIRMS": ("6.0000", "6.0000", "6.0000"),
    # Long days and nights are all of the third year: three of 9.5 h, two nights, one day at two firms.
    "LABOUR_DAYS": ("0.0000", "0.0000", "6.0000"),
    "LABOUR_COVER": ("1.0000", "1.0000", "0.9952"),
    "LABOUR_PAY": ("1.0000", "1.0000", "0.9976"),
    "CREDIT_BALANCE": ("1.0000", "1.0000", "1.0000"),
}


def counted(community: Community, *, check: bool = False) -> list[tuple[Facts, Record]]:
    """Records never revoked, with their facts."""
    records = zip(community.entries, to_records(community, check=check), strict=True)
    return [
        (facts_of(record.digest.hex(), record.document), record)
        for entry, record in records
        if entry.revoked_on is None
    ]


def chain_of(facts: Iterable[Facts]) -> str:
    return next(
        item.digest for item in facts if item.agreement is not None and item.agreement.subject == chain_urn()
    )


@pytest.fixture(scope="module")
def years() -> list[dict[str, Value]]:
    """Values by code of each academic year."""
    known = counted(build(with_scenes=False))
    facts = [item for item, _ in known]
    definitions = list(shipped().values())
    found = []
    for year in YEARS:
        period = datetime.date(year, 9, 1), datetime.date(year + 1, 9, 1)
        belonging = members(chain_of(facts), facts, *period)
        dids = {item.did for item in belonging}
        lines = (
            (item.schema, item.digest, record.canonical) for item, record in known if item.issuer in dids
        )
        with open_sandbox() as sandbox:
            columnar.load(sandbox, lines, period[1], relations_read(definitions))
            sandbox.insert(MEMBER, belonging)
            sandbox.lock(*period, chain_urn())
            found.append(run(sandbox, definitions).values)
    return found


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_each_number_of_the_plan(years: list[dict[str, Value]], name: str) -> None:
    code, number = ALIKE[name]
    found = [number(year[code]) if year[code].state == "value" else None for year in years]
    assert tuple(found) == EXPECTED[name]


@pytest.mark.parametrize("code", sorted(WHOLE))
def test_each_whole_formula(years: list[dict[str, Value]], code: str) -> None:
    assert tuple(year[code].to_subject().get("value") for year in years) == WHOLE[code]


def test_no_value_of_the_sample_is_about_few_persons(years: list[dict[str, Value]]) -> None:
    assert {value.state for year in years for value in year.values()} <= {"value", "no_data"}


def test_selection_and_rows_are_the_same_both_ways() -> None:
    """With every planted fact and every scene, up to the middle of a year."""
    period = datetime.date(2025, 9, 1), datetime.date(2026, 3, 1)
    known = counted(build(0.02))
    facts = [item for item, _ in known]
    dids = {item.did for item in members(chain_of(facts), facts, *period)}
    chosen = inputs(facts, dids, schemas_read(shipped().values()), period[1])
    documents = {item.digest: record for item, record in known}
    with open_sandbox() as ours, open_sandbox() as theirs:
        records = ((item.digest, documents[item.digest].document) for item in chosen)
        extract.load(ours, records, superseded(chosen))
        schemas = schemas_read(shipped().values())
        lines = (
            (item.schema, item.digest, record.canonical)
            for item, record in known
            if item.issuer in dids and item.schema in schemas
        )
        columnar.load(theirs, lines, period[1])
        assert sorted(columnar.digests(theirs)) == sorted(item.digest for item in chosen)
        expected, found = contents(ours), contents(theirs)
    assert 0 < len(chosen) < len(known)
    for name, rows in expected.items():
        assert found[name] == rows, name
