"""Demand and its answer: CRI and forecasts over small tables worked out by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tests.verifier.indicators.community_tables import (
    FIRM,
    Row,
    demand_tables,
)
from tests.verifier.indicators.helpers import compute


def test_cri_of_one_demand() -> None:
    """cov 1/2; time (730 - 365)/547; attain 0.5/0.92; fill 4/10."""
    found = compute("CRI", **demand_tables())
    parts = {
        "cov": Fraction(1, 2),
        "time": Fraction(365, 547),
        "attain": Fraction(50, 92),
        "fill": Fraction(4, 10),
    }
    assert dict(found.parts) == parts
    assert (
        found.exact == 100 * (4 * parts["cov"] + 2 * (parts["time"] + parts["attain"] + parts["fill"])) / 10
    )
    assert found.coverage_bp == 10_000


def test_an_order_class_bounds_the_places() -> None:
    """A quota of 5: fill is 4/5."""
    given = demand_tables()
    given["agreement"] = [{"record": "oc", "kind": "order_class", "quota": 5}]
    given["link"] = [*given["link"], {"record": "dem", "rel": "performedUnder", "target": "oc"}]
    assert dict(compute("CRI", **given).parts)["fill"] == Fraction(4, 5)


def test_a_demand_that_nobody_answers_has_no_time_and_no_attainment() -> None:
    """cov 0 with weight 4, fill 4/10 with weight 2: 100 x 0.8 / 6."""
    given = {**demand_tables(), "standard_alignments": []}
    found = compute("CRI", **given)
    assert (found.exact, found.flags) == (100 * Fraction(8, 10) / 6, ("no_attain", "no_time"))
    assert found.coverage_bp == 5_000


def test_an_alignment_needs_the_signature_of_the_firm_that_makes_it() -> None:
    given = demand_tables()
    given["signer"] = [row for row in given["signer"] if (row["record"], row["did"]) != ("crs", FIRM)]
    assert dict(compute("CRI", **given).parts)["cov"] == 0


@pytest.mark.parametrize(
    ("changes", "counted"),
    [
        ({"from": "2026-08-31"}, True),
        ({"from": "2026-09-01"}, False),
        ({"valid_until": "2025-09-01"}, True),
        ({"valid_until": "2025-08-31"}, False),
        ({"kind": "forecast"}, False),
        ({"superseded": True}, False),
    ],
)
def test_a_demand_counts_that_is_in_force_in_the_period(changes: Row, counted: bool) -> None:
    assert (compute("CRI", **demand_tables(**changes)).state == "value") is counted


def test_demands_weigh_by_their_posts() -> None:
    """A second demand for 30 posts without any answer and hire scores 0: (10 x s + 0) / 40."""
    one = compute("CRI", **demand_tables()).exact
    given = demand_tables()
    given["demand"] = [*given["demand"], {"record": "d2", "kind": "post", "posts": 30, "from": "2025-09-10"}]
    given["demand_skills"] = [*given["demand_skills"], {"record": "d2", "value": "A1"}]
    assert one is not None
    assert compute("CRI", **given).exact == one * 10 / 40


def test_forecasts_are_held_against_what_was_demanded() -> None:
    """80 forecast, 100 demanded: 1 - 20/100; demanded after the window is not of it."""
    forecast = {
        "record": "f",
        "kind": "forecast",
        "posts": 80,
        "from": "2025-06-01",
        "forecast_for_from": "2025-09-01",
        "forecast_for_to": "2026-09-01",
    }
    posts = [
        {"record": f"d{day}", "kind": "post", "posts": 50, "from": day}
        for day in ("2025-09-01", "2026-08-31", "2026-09-01")
    ]
    assert compute("FORECAST", demand=[forecast, *posts]).exact == Fraction(80, 100)
    assert compute("FORECAST", demand=[forecast]).state == "no_data"
    assert compute("FORECAST", demand=[{**forecast, "posts": 300}, *posts]).exact == 0
