"""The plan holds: what it says by hand is what the records of all trainees give."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import pytest

from samples.community import Community
from samples.community.plan import COMPOSED, EXPECTED, YEARS
from tests.samples.oracle import INDICATORS
from tests.samples.year import Year

# The same by hand in decimals, as the README has them: a slip in a fraction of the plan shows here.
PERCENT = {
    "cri": ("70.6235", "82.9476", "91.2240"),
    "retention": (None, "0.7500", "0.8000"),
    "mean_practice": ("0.9683", "0.9683", "0.9675"),
    "firm_mentor_share": ("0.4000", "0.5000", "0.6000"),
    "technical_compliance": ("0.8000", "0.8800", "0.9250"),
    "firm_satisfaction": ("0.9000", "0.9400", "0.9800"),
    "certified": ("0.7619", "0.8381", "0.8762"),
    "terms_met": ("0.5833", "0.7500", "0.9167"),
}


@pytest.fixture(scope="module")
def years(whole: Community) -> list[Year]:
    """The three years."""
    return [Year(whole, index) for index in range(len(YEARS))]


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_the_records_give_what_the_plan_says(years: list[Year], name: str) -> None:
    assert tuple(INDICATORS[name](year) for year in years) == EXPECTED[name]


def test_no_number_of_the_plan_goes_uncounted() -> None:
    assert INDICATORS.keys() == EXPECTED.keys()


@pytest.mark.parametrize("name", sorted(PERCENT))
def test_decimals_written_by_hand(name: str) -> None:
    for exact, text in zip(EXPECTED[name], PERCENT[name], strict=True):
        assert (exact is None) == (text is None)
        if exact is not None and text is not None:
            assert abs(exact - Fraction(text)) <= Fraction(1, 20_000)


def clip(part: Fraction) -> Fraction:
    """Between 0 and 1."""
    return max(Fraction(0), min(Fraction(1), part))


def scored(name: str, year: int, base: str, target: str) -> Fraction:
    """An expected value between its base and its target."""
    value = EXPECTED[name][year]
    assert value is not None
    return clip((value - Fraction(base)) / (Fraction(target) - Fraction(base)))


def competitiveness(year: int) -> Fraction:
    targets = {"employed_in_a_month": "0.99", "retention": "0.81", "median_wage_to_benchmark": "1.18"}
    parts = [scored(name, year, "0", target) for name, target in {**targets, "in_field": "1"}.items()]
    return 100 * sum(parts, Fraction()) / 4


def depth(year: int) -> Fraction:
    share = scored("enterprise_credit_share", year, "0.18", "0.30")
    return (share + scored("mean_practice", year, "0", "1")) / 2


def mentoring(year: int) -> Fraction:
    share, fee = (
        scored("firm_mentor_share", year, "0.35", "0.60"),
        scored("fee_to_benchmark", year, "1", "1.2"),
    )
    return (share + scored("mentors_within_five", year, "0", "1") + fee) / 3


@pytest.mark.parametrize(("code", "of"), [("I3", competitiveness), ("I5", depth), ("I6", mentoring)])
def test_composed_indicators(code: str, of: Callable[[int], Fraction]) -> None:
    for year, text in enumerate(COMPOSED[code]):
        if text is not None:
            exact = of(year)
            number = Decimal(exact.numerator) / Decimal(exact.denominator)
            assert str(number.quantize(Decimal("0.0001"), ROUND_HALF_EVEN)) == text
