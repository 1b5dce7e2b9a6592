"""What holds of formulas whatever the numbers are."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import pytest

from tests.verifier.indicators.community_tables import (
    demand_tables,
    evaluations,
)
from tests.verifier.indicators.helpers import compute


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_rows_changes_nothing(seed: int) -> None:
    given = demand_tables()
    mixed: dict[str, Any] = {
        name: random.Random(seed).sample(rows, len(rows)) for name, rows in given.items()
    }
    for code in ("CRI", "I7", "COEVALUATION"):
        assert compute(code, **mixed) == compute(code, **given)


def test_one_more_pass_never_lowers_compliance() -> None:
    """Monotonic: with each failed item turned into a pass the rate rises."""
    persons = [f"p{number}" for number in range(4)]
    rates = [
        compute(
            "I7",
            **evaluations(
                *((f"e{p}", p, "K1", "enterprise", place < passed) for place, p in enumerate(persons))
            ),
        ).exact
        for passed in range(5)
    ]
    assert rates == [Fraction(passed, 4) for passed in range(5)]
