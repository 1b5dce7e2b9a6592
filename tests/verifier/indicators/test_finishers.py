"""Finishers, worked out by hand: exact fractions from rows, and what happens at the edges."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifier_cli.indicators.errors import RunError
from verifier_cli.indicators.finishers import FINISHERS, Context, score
from verifier_cli.indicators.values import Value

Row = dict[str, Any]


def finish(name: str, *rows: Row, values: dict[str, Value] | None = None) -> Value:
    return FINISHERS[name](Context("X", values or {}), rows)


def of(numerator: Any, denominator: Any = 1, **more: Any) -> Row:
    return {"numerator": numerator, "denominator": denominator, **more}


# ----- ratio -----


def test_a_ratio_with_parts_beside_it() -> None:
    found = finish("ratio", of(3, 4, part=None, n=4), of(1, 2, part="a"), of(1, 0, part="b"))
    assert (found.exact, found.n, found.parts, found.flags) == (
        Fraction(3, 4),
        4,
        (("a", Fraction(1, 2)),),
        ("no_b",),
    )


@pytest.mark.parametrize(
    ("row", "state"),
    [
        (of(0, 0), "no_data"),
        (of(None, 5), "no_data"),
        (of(0, 0, covered=0, coverable=7), "missing_input"),
        (of(0, 5), "value"),
    ],
)
def test_division_by_zero_is_no_value(row: Row, state: str) -> None:
    assert finish("ratio", row).state == state


def test_no_row_is_no_data() -> None:
    for name in FINISHERS:
        assert finish(name).state == "no_data"


def test_two_values_are_none() -> None:
    with pytest.raises(RunError):
        finish("ratio", of(1, 2), of(1, 3))


def test_coverage_is_counted_in_parts_of_ten_thousand() -> None:
    assert finish("ratio", of(1, 2, covered=2, coverable=3)).coverage_bp == 6667


# ----- index -----


def test_an_index_weighs_items_and_their_parts() -> None:
    """Item a (weight 3): (2 x 1/2 + 1 x 1) / 3 = 2/3; item b (weight 1): (2 x 0 + 1 x 1/2) / 3 = 1/6.

    (3 x 2/3 + 1 x 1/6) / 4 = 13/24.
    """
    found = finish(
        "index",
        of(1, 2, item="a", weight=3, part="p", part_weight=2),
        of(5, 4, item="a", weight=3, part="q", part_weight=1),  # above 1: counts as 1
        of(-1, 2, item="b", weight=1, part="p", part_weight=2),  # below 0: counts as 0
        of(1, 2, item="b", weight=1, part="q", part_weight=1),
    )
    assert found.exact == Fraction(13, 24)
    assert dict(found.parts) == {"p": Fraction(3, 8), "q": Fraction(7, 8)}
    assert found.coverage_bp == 10_000


def test_a_part_without_data_leaves_its_weight_to_the_others() -> None:
    """4 x 1/2 of the parts with data, which weigh 4 + 2: (4 x 1/2 + 2 x 1) / 6 = 2/3."""
    found = finish(
        "index100",
        of(1, 2, item="a", weight=1, part="cov", part_weight=4),
        of(0, 0, item="a", weight=1, part="time", part_weight=2),
        of(1, 1, item="a", weight=1, part="fill", part_weight=2),
    )
    assert (found.exact, found.flags, found.coverage_bp) == (Fraction(200, 3), ("no_time",), 6667)


def test_an_item_without_any_part_does_not_count() -> None:
    found = finish("index", of(1, 2, item="a", part="p"), of(0, 0, item="b", part="p"))
    assert found.exact == Fraction(1, 2)


# ----- median, Kaplan-Meier -----


@pytest.mark.parametrize(
    ("numbers", "middle"), [((5,), Fraction(5)), ((3, 1, 2), Fraction(2)), ((4, 1, 3, 2), Fraction(5, 2))]
)
def test_a_median(numbers: tuple[int, ...], middle: Fraction) -> None:
    found = finish("median", *(of(number) for number in numbers))
    assert (found.exact, found.n) == (middle, len(numbers))


def test_kaplan_meier_by_hand() -> None:
    """Six: events at 1, 3, 4; censored at 2, 4 and 5.

    S(1) = 5/6; at 3 four are left: 5/6 x 3/4 = 5/8; at 4 three (the one censored then still counts):
    5/8 x 2/3 = 5/12, the first not above 1/2.
    """
    rows = [
        of(1, event=True),
        of(2, event=False),
        of(3, event=True),
        of(4, event=True),
        of(4, event=False),
        of(5, event=False),
    ]
    found = finish("km_median", *rows)
    assert found.exact == 4
    assert dict(found.parts) == {"events": 3, "censored": 3}


def test_a_median_that_is_not_reached_is_no_value() -> None:
    """One event of three: S = 2/3."""
    found = finish("km_median", of(1, event=True), of(9, event=False), of(9, event=False))
    assert (found.state, found.flags) == ("missing_input", ("median_not_reached",))


# ----- Cronbach -----


def answers(*rows: tuple[int, ...]) -> list[Row]:
    return [
        {"respondent": f"r{number}", "item": f"i{place}", "score": score}
        for number, row in enumerate(rows)
        for place, score in enumerate(row)
    ]


def test_alpha_by_hand() -> None:
    """Items (1, 2, 3), (2, 2, 5): squared deviations 2 and 6, sums 3, 4, 8 give 14: 2 x (1 - 8/14) = 6/7."""
    assert finish("cronbach", *answers((1, 2), (2, 2), (3, 5))).exact == Fraction(6, 7)


def test_who_left_an_item_out_is_left_out() -> None:
    rows = answers((1, 2), (2, 2), (3, 5))
    found = finish("cronbach", *rows, {"respondent": "r9", "item": "i0", "score": 5})
    assert (found.exact, found.n, found.flags) == (Fraction(6, 7), 3, ("listwise_deletion",))
    assert (found.covered, found.coverable) == (3, 4)


@pytest.mark.parametrize("rows", [((3, 3), (3, 3)), ((1, 5), (5, 1))])
def test_without_variance_there_is_no_alpha(rows: tuple[tuple[int, ...], ...]) -> None:
    found = finish("cronbach", *answers(*rows))
    assert (found.exact, found.flags) == (None, ("zero_variance",))


def test_one_item_or_one_respondent_gives_no_alpha() -> None:
    assert finish("cronbach", *answers((1,), (2,))).exact is None
    assert finish("cronbach", *answers((1, 2))).exact is None


# ----- composite, level -----


def test_a_score_is_clipped_and_may_run_downwards() -> None:
    assert score(Fraction(1, 2), Fraction(0), Fraction(1)) == Fraction(1, 2)
    assert score(Fraction(3), Fraction(7), Fraction("2.3")) == Fraction(40, 47)
    assert score(Fraction(8), Fraction(7), Fraction("2.3")) == 0
    assert score(Fraction(2), Fraction(0), Fraction(1)) == 1


def test_a_composite_shares_the_weight_of_what_is_missing() -> None:
    """A scores 1/2 with weight 1, B 1 with weight 3, C has no value: (1/2 + 3) / 4 = 7/8; 4 of 6 weights."""
    values = {
        "A": Value("A", "value", Fraction(1, 2)),
        "B": Value("B", "value", Fraction(9)),
        "C": Value("C", "too_few"),
    }
    rows = [
        {
            "code": code,
            "weight": weight,
            "base": 0,
            "target": 10_000,
            "divisor": 10_000,
            "consistency_bp": 420,
        }
        for code, weight in (("A", 1), ("B", 3), ("C", 2))
    ]
    found = finish("composite", *rows, values=values)
    assert (found.exact, found.flags, found.coverage_bp) == (Fraction(7, 8), ("no_C",), 6667)
    assert dict(found.parts) == {"A": Fraction(1, 2), "B": Fraction(1), "CR": Fraction(42, 1000)}


def test_groups_of_a_composite_count_alike() -> None:
    """Growth (1/2 + 1) / 2 = 3/4, satisfaction 1/2: mean 5/8."""
    values = {
        code: Value(code, "value", exact) for code, exact in (("A", Fraction(1, 2)), ("B", Fraction(1)))
    }
    rows = [
        {"part": part, "code": code, "weight": 1, "base": 0, "target": 1}
        for part, code in (("growth", "A"), ("growth", "B"), ("satisfaction", "A"))
    ]
    found = finish("composite", *rows, values=values)
    assert found.exact == Fraction(5, 8)
    assert dict(found.parts) == {"growth": Fraction(3, 4), "satisfaction": Fraction(1, 2)}


@pytest.mark.parametrize(
    ("met", "reached"), [((True, True, False, True), 2), ((False, True), 0), ((True, True, True), 3)]
)
def test_a_level_needs_all_below_it(met: tuple[bool, ...], reached: int) -> None:
    rows = [{"level": number, "met": one} for number, one in enumerate(met, 1)]
    assert finish("level", *rows).exact == reached


# ----- order -----


@given(
    st.randoms(use_true_random=False), st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12)
)
def test_the_order_of_rows_does_not_matter(shuffler: random.Random, pairs: list[tuple[int, int]]) -> None:
    rows = [
        {
            **of(a, b),
            "event": a > 4,
            "item": f"i{number % 3}",
            "part": f"p{number}",
            "respondent": f"r{number // 3}",
            "score": a,
            "code": "A",
            "weight": 1,
            "base": 0,
            "target": 9,
            "level": number + 1,
            "met": b > 4,
        }
        for number, (a, b) in enumerate(pairs)
        if b
    ]
    mixed = list(rows)
    shuffler.shuffle(mixed)
    values = {"A": Value("A", "value", Fraction(1, 2))}
    for name in FINISHERS:
        assert finish(name, *rows, values=values) == finish(name, *mixed, values=values)


@given(st.lists(st.tuples(st.integers(-5, 20), st.integers(0, 9), st.integers(1, 5)), max_size=12))
def test_an_index_lies_between_0_and_1(rows: list[tuple[int, int, int]]) -> None:
    found = finish("index", *(of(a, b, item=w, weight=w, part=f"p{n}") for n, (a, b, w) in enumerate(rows)))
    assert found.exact is None or 0 <= found.exact <= 1
