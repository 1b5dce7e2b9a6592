"""What became of the graduates, over small tables worked out by hand."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from tests.verifier.indicators.community_tables import (
    FIRM,
    Row,
    enrolled,
    signed,
)
from tests.verifier.indicators.helpers import compute


def careers(*graduates: tuple[str, str | None, int | None, bool | None, int | None]) -> dict[str, Any]:
    """(person, start, wage, in field, months kept): completed on 10 July 2025, judged by 1 September 2026."""
    enrolment = enrolled(*(person for person, *_ in graduates), status="completed", completed_on="2025-07-10")
    outcome: list[Row] = []
    for person, start, wage, field, months in graduates:
        if start is not None:
            outcome.append(
                {
                    "record": f"o-{person}",
                    "subject": person,
                    "kind": "employment",
                    "employer": FIRM,
                    "start": start,
                    "as_of": start,
                    "wage_fen": wage,
                    "benchmark_value": 500_000,
                    "in_field": field,
                }
            )
        if months is not None:
            outcome.append(
                {
                    "record": f"r-{person}",
                    "subject": person,
                    "kind": "retention",
                    "employer": FIRM,
                    "months": months,
                    "as_of": "2026-08-15",
                }
            )
    return {"enrolment": enrolment, "outcome": outcome, "signer": signed(enrolment, outcome)}


GRADUATES = careers(
    ("a", "2025-08-01", 500_000, True, 12),
    ("b", "2025-08-10", 600_000, True, 12),  # a month after completion, to the day
    ("c", "2025-08-11", 700_000, False, 6),  # a day later
    ("d", None, None, None, None),
)


@pytest.mark.parametrize(
    ("code", "exact", "n"),
    [
        ("EMPLOYED", Fraction(2, 4), 4),
        ("RETENTION", Fraction(2, 3), 3),
        ("WAGE_MEDIAN", Fraction(6, 5), 3),
        ("IN_FIELD", Fraction(2, 3), 3),
    ],
)
def test_careers_of_the_cohort(code: str, exact: Fraction, n: int) -> None:
    found = compute(code, **GRADUATES)
    assert (found.exact, found.n) == (exact, n)


def test_competitiveness_is_the_mean_of_four_clipped_ratios() -> None:
    """(2/4)/0.99 = 50/99; (2/3)/0.81 = 200/243; 1.2/1.18 counts as 1; 2/3.

    100 x (50/99 + 200/243 + 1 + 2/3) / 4.
    """
    expected = 100 * (Fraction(50, 99) + Fraction(200, 243) + 1 + Fraction(2, 3)) / 4
    assert compute("I3", **GRADUATES).exact == expected


def test_the_median_of_an_even_number_is_between_the_two_in_the_middle() -> None:
    """4,000, 5,000, 6,000, 9,000 over 5,000: 1.1."""
    wages = careers(
        *((f"p{wage}", "2025-08-01", wage * 100, True, 12) for wage in (9_000, 4_000, 6_000, 5_000))
    )
    assert compute("WAGE_MEDIAN", **wages).exact == Fraction(11, 10)


@pytest.mark.parametrize(
    ("completed", "counted"),
    [("2024-08-31", 0), ("2024-09-01", 1), ("2025-08-31", 1), ("2025-09-01", 0)],
)
def test_the_cohort_completed_in_the_year_that_ended_a_year_ago(completed: str, counted: int) -> None:
    enrolment = enrolled("li", status="completed", completed_on=completed)
    assert (compute("EMPLOYED", enrolment=enrolment, signer=signed(enrolment)).n or 0) == counted


def test_adaptation_is_a_median_with_censoring() -> None:
    """Two independent after 73.05 and 146.1 days (2.4 and 4.8 months of 30.4375), one never.

    S(73) = 2/3, S(146) = 1/3: the median is at 146 days, 146 x 16 / 487 months.
    """
    given = careers(*((person, "2025-08-01", None, None, None) for person in ("a", "b", "c")))
    evaluation = [
        {"record": "e-a", "subject": "a", "independent_from": "2025-10-13"},  # 73 days
        {"record": "e-a2", "subject": "a", "independent_from": "2025-12-01"},
        {"record": "e-b", "subject": "b", "independent_from": "2025-12-25"},  # 146 days
    ]
    given["signer"] += signed(evaluation)
    found = compute("ADAPTATION", evaluation=evaluation, **given)
    assert found.exact == Fraction(146 * 16, 487)
    assert dict(found.parts) == {"events": 2, "censored": 1}
