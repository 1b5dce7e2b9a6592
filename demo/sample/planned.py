"""What the plan of the sample says that a report must state, and what it states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from demo.sample.reports import Report
from samples.community.plan import BY_DEFINITION, COMPOSED, EXPECTED

Values = Mapping[str, Mapping[str, Any]]

# Those whose number in the plan is a part of the indicator, or has no unit to be converted.
_ALSO = {"SCORE_GAP": "mean_score_gap", "CREDIT_CONVERSION": "converted_share"}
_SURVEYED = ("SURVEY_RESPONSE", "enterprise", "survey_response")


class Comparison(NamedTuple):
    """An indicator in an academic year: planned, and stated by the report; None: no data."""

    code: str
    year: int
    planned: str | None
    stated: str | None

    @property
    def same(self) -> bool:
        """Whether they agree exactly."""
        return self.planned == self.stated


def compare(reports: Sequence[Report]) -> list[Comparison]:
    """Hold the reports of the three academic years, in order, against the plan, to the last fraction."""
    years = [report.values for report in reports]
    return [
        Comparison(code, year, _text(planned), _text(stated))
        for year, values in enumerate(years)
        for code, planned, stated in _pairs(values, year)
    ]


def _pairs(values: Values, year: int) -> Iterator[tuple[str, Fraction | str | None, Fraction | str | None]]:
    for code, (name, factor) in BY_DEFINITION.items():
        planned = EXPECTED[name][year]
        yield code, None if planned is None else planned * factor, _exact(values[code])
    for code, name in _ALSO.items():
        yield code, EXPECTED[name][year], _exact(values[code])
    code, part, name = _SURVEYED
    parts = {item["code"]: item["value"] for item in values[code]["parts"]}
    planned = EXPECTED[name][year]
    assert planned is not None
    yield code, f"{float(round(planned, 4)):.4f}", parts[part]
    for code, texts in COMPOSED.items():
        yield code, texts[year], values[code].get("value")


def _exact(value: Mapping[str, Any]) -> Fraction | None:
    if value["state"] != "value":
        return None
    return Fraction(int(value["numerator"]), int(value["denominator"]))


def _text(value: Fraction | str | None) -> str | None:
    return None if value is None else str(value)
