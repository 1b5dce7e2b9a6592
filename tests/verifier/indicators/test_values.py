"""How a value is printed, and which values about few persons are not."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifier_cli.indicators.values import Value, publish, rounded

# ----- printing -----


@pytest.mark.parametrize(
    ("exact", "text"),
    [
        (Fraction(2, 3), "0.6667"),
        (Fraction(1, 20_000), "0.0000"),  # 0.00005 lies between 0.0000 and 0.0001: the even one
        (Fraction(3, 20_000), "0.0002"),  # 0.00015: 0.0001 or 0.0002, the even one
        (Fraction(-1, 3), "-0.3333"),
        (Fraction(0), "0.0000"),
        (Fraction(10**30, 3), "3" * 30 + ".3333"),
        (Fraction(123_456, 10), "12345.6000"),
    ],
)
def test_a_value_is_rounded_once_half_to_even(exact: Fraction, text: str) -> None:
    assert rounded(exact) == text


@given(st.fractions())
def test_rounding_is_never_off_by_more_than_half_a_step(exact: Fraction) -> None:
    assert abs(Fraction(rounded(exact)) - exact) <= Fraction(1, 20_000)


# ----- few persons -----


@pytest.mark.parametrize(
    ("n", "complement", "shown"),
    [
        (9, None, False),
        (10, None, True),
        (10, 0, True),
        (10, 1, False),
        (10, 9, False),
        (10, 10, True),
        (None, None, False),
    ],
)
def test_groups_of_fewer_than_ten_and_of_all_but_fewer_than_ten_are_not_published(
    n: int | None, complement: int | None, shown: bool
) -> None:
    value = Value("X", "value", Fraction(1, 2), n, complement, parts=(("a", Fraction(1)),))
    found = publish(value, 10)
    if shown:
        assert found == value
    else:
        assert (found.state, found.exact, found.n, found.parts) == ("too_few", None, None, ())


def test_what_is_not_about_persons_is_published_always() -> None:
    value = Value("X", "value", Fraction(1, 2))
    assert publish(value, 0) == value
