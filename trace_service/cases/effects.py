"""What a case is about in numbers: an indicator before and after, read from the two reports themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from trace_service.cases.exceptions import every_code
from trace_service.problems import Problem
from verifier_cli.indicators.definition import shipped
from verifier_cli.indicators.values import DIGITS

__all__ = ["BEFORE", "Measure", "count", "criterion", "effect", "measure", "stated"]

BEFORE: Final = "/before"
"""Ends the code of the criterion that repeats what was found at the diagnosis."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One value of an indicator, or a count of exceptions.

    ``source`` is ``report``, ``count``, or ``stated`` where only the decision says so; ``report`` names it.
    """

    code: str
    value: Decimal
    source: str
    target: Decimal | None = None
    base: Decimal | None = None
    report: str | None = None
    since: str | None = None
    until: str | None = None

    @property
    def rising(self) -> bool:
        """Whether more is better. A count of exceptions has no base: fewer are better."""
        return self.base is not None and self.target is not None and self.target > self.base

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None without one."""
        if self.target is None:
            return None
        return self.value >= self.target if self.rising else self.value <= self.target

    def to_json(self) -> dict[str, Any]:
        """The value as it was published, and where it stands."""
        given = {"value": self.text, "source": self.source, "report": self.report}
        given |= {"from": self.since, "to": self.until}
        return {name: value for name, value in given.items() if value is not None}

    @property
    def text(self) -> str:
        """The value as a report prints it; a count is whole."""
        return str(self.value)


def measure(document: Mapping[str, Any], code: str, path: str) -> Measure:
    """The value of indicator ``code`` in the report ``document``.

    Raises `Problem` 422 where the record is no report, or the report has no value under this code.
    """
    report = document["credentialSubject"].get("report")
    if report is None:
        raise Problem(
            422,
            "cases.no_report",
            "The record is no indicator report",
            path=path,
            fix="name a Decision of kind report",
        )
    found = {item["code"]: item for item in report["values"]}.get(code, {"state": "not computed"})
    if found["state"] != "value":
        raise Problem(
            422,
            "cases.no_value",
            "The report has no such value",
            detail=f"{code}: {found['state']}",
            path=path,
            fix="name an indicator that the report gives a value for",
        )
    target, base = _scale(code)
    value = Decimal(found["value"])
    return Measure(code, value, "report", target, base, document["id"], report["from"], report["to"])


def stated(criteria: Mapping[str, Any]) -> Measure | None:
    """What a decision's criterion says by itself: whole counts, or ten-thousandths of an indicator."""
    if "value" not in criteria:
        return None
    code = criteria["code"].removesuffix(BEFORE)
    if code in every_code():
        return count(code, criteria["value"])
    target, base = _scale(code)
    if "target" in criteria:
        target = Decimal(criteria["target"]).scaleb(-DIGITS)
    return Measure(code, Decimal(criteria["value"]).scaleb(-DIGITS), "stated", target, base)


def count(code: str, rows: int) -> Measure:
    """So many rows of an exception; the target is that there are none."""
    return Measure(code, Decimal(rows), "count", Decimal(0))


def _scale(code: str) -> tuple[Decimal | None, Decimal | None]:
    """Target and base of an indicator of this release."""
    definition = shipped().get(code)
    return (None, None) if definition is None else (definition.target, definition.base)


def criterion(found: Measure, suffix: str = "") -> dict[str, Any]:
    """The criterion of a decision that states it: integers, of indicators in ten-thousandths."""
    digits = 0 if found.source == "count" else DIGITS
    given: dict[str, Any] = {
        "code": found.code + suffix,
        "result": "unmet" if found.met is False else "met",
        "value": int(found.value.scaleb(digits)),
    }
    if found.target is not None:
        given["target"] = int(found.target.scaleb(digits))
    return given


def effect(before: Measure | None, after: Measure | None) -> dict[str, Any] | None:
    """Before, after and the change between; None where nothing is known."""
    known = after or before
    if known is None:
        return None
    given: dict[str, Any] = {
        "code": known.code,
        "target": None if known.target is None else str(known.target),
        "before": None if before is None else before.to_json(),
        "after": None if after is None else after.to_json(),
    }
    if before is not None and after is not None:
        change = after.value - before.value
        given["change"] = f"{change:+}"
        given["improved"] = change > 0 if known.rising else change < 0
        given["reached"] = after.met
    return given
