"""Conversion and lots: worked cases, and what holds for every amount."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trace_service.creditbank.arithmetic import (
    Conversion,
    Lot,
    Movement,
    convert,
    converted_lots,
    lapsed,
    lots_after,
    take,
)
from trace_service.creditbank.entry import first_day_after
from verifier_cli.encoding import parse_time

EARLY, LATE = date(2026, 8, 1), date(2026, 9, 1)
ends = st.sampled_from([EARLY, LATE, None])
lots = st.lists(st.builds(Lot, st.integers(1, 1_000), ends), max_size=6)
days = st.sampled_from([date(2026, 7, 31), EARLY, LATE])
ratios = st.tuples(st.integers(1, 50), st.integers(1, 50))


@pytest.mark.parametrize(
    ("amount", "numerator", "denominator", "made"),
    [
        (100, 2, 3, Conversion(66, 2, 3)),  # 200 = 66 x 3 + 2
        (99, 2, 3, Conversion(66, 0, 3)),
        (1, 1, 2, Conversion(0, 1, 2)),
        (10_000_000, 1_000_000, 7, Conversion(1_428_571_428_571, 3, 7)),
    ],
)
def test_conversion(amount: int, numerator: int, denominator: int, made: Conversion) -> None:
    assert convert(amount, numerator, denominator) == made


@given(st.integers(0, 10**7), ratios)
def test_nothing_is_lost_but_the_residue(amount: int, ratio: tuple[int, int]) -> None:
    made = convert(amount, *ratio)
    assert made.amount * ratio[1] + made.residue == amount * ratio[0]
    assert 0 <= made.residue < ratio[1]


def test_what_lapses_first_is_spent_first() -> None:
    given_lots = [Lot(5), Lot(4, LATE), Lot(3, EARLY)]
    assert take(given_lots, 5, date(2026, 7, 31)) == ([Lot(3, EARLY), Lot(2, LATE)], [Lot(5), Lot(2, LATE)])
    # On its first day the early lot has lapsed: it is spent no longer, and an expiry takes it.
    assert take(given_lots, 5, EARLY) == ([Lot(4, LATE), Lot(1)], [Lot(4), Lot(3, EARLY)])
    assert take(given_lots, 3, EARLY, expiry=True) == ([Lot(3, EARLY)], [Lot(5), Lot(4, LATE)])
    assert lapsed(given_lots, EARLY) == 3
    assert lapsed(given_lots, LATE) == 7


@given(lots, st.data(), days, st.booleans())
def test_taking_keeps_the_sum_and_fits_at_any_time(
    lots: list[Lot], data: st.DataObject, on: date, expiry: bool
) -> None:
    total = sum(lot.amount for lot in lots)
    amount = data.draw(st.integers(0, total))
    taken, left = take(lots, amount, on, expiry=expiry)
    assert sum(lot.amount for lot in taken) == amount
    assert sum(lot.amount for lot in left) == total - amount
    lapsed_before, lapsed_taken = lapsed(lots, on), lapsed(taken, on)
    expected = min(amount, lapsed_before) if expiry else max(0, amount - (total - lapsed_before))
    assert lapsed_taken == expected


def test_more_than_there_is_cannot_be_taken() -> None:
    with pytest.raises(ValueError, match="lots"):
        take([Lot(5)], 6, EARLY)


@given(lots, ratios)
def test_conversion_by_lots_gives_that_of_the_whole(lots: list[Lot], ratio: tuple[int, int]) -> None:
    made = converted_lots(lots, *ratio)
    assert sum(lot.amount for lot in made) == convert(sum(lot.amount for lot in lots), *ratio).amount
    assert {lot.expires_on for lot in made} <= {lot.expires_on for lot in lots}
    assert all(lot.amount > 0 for lot in made)


def test_lots_after_movements() -> None:
    on = date(2026, 7, 31)
    movements = [
        Movement(300, on, EARLY),
        Movement(200, on),
        Movement(-100, on),
        Movement(-50, LATE),
        Movement(-200, LATE, expiry=True),
    ]
    assert lots_after(movements) == [Lot(150)]


@pytest.mark.parametrize(
    ("until", "day"),
    [
        ("2026-08-31T16:00:00Z", date(2026, 9, 1)),  # midnight in Shanghai: that whole day is lost
        ("2026-08-31T15:59:59Z", date(2026, 9, 1)),
        ("2026-08-31T16:00:01Z", date(2026, 9, 2)),
        ("2026-08-30T16:00:00Z", date(2026, 8, 31)),
    ],
)
def test_first_day_without_validity(until: str, day: date) -> None:
    assert first_day_after(parse_time(until)) == day
