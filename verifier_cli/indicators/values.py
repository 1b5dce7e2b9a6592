"""Values of indicators: exact fractions until the one division that prints them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Final

__all__ = ["BP", "DIGITS", "Value", "publish", "rounded"]

DIGITS: Final = 4
"""Digits after the point of every published value."""

BP: Final = 10_000
"""Parts in which weights and coverage are counted."""

MAX_INTEGER_TEXT: Final = 39
"""Digits of a numerator that a report shows; the sum of many unlike fractions has more, and only a value."""


@dataclass(frozen=True, slots=True)
class Value:
    """What an indicator came to.

    `state` is value, no_data (nothing to measure), missing_input (there is, but not a record that says it) or
    too_few. `n` counts distinct persons, `complement` those of the same whole who are outside the group;
    `covered` of `coverable` things had what the formula needs.
    """

    code: str
    state: str
    exact: Fraction | None = None
    n: int | None = None
    complement: int | None = None
    covered: int | None = None
    coverable: int | None = None
    parts: tuple[tuple[str, Fraction], ...] = ()
    flags: tuple[str, ...] = field(default=())
    part_persons: tuple[tuple[str, int], ...] = ()
    """Persons of those parts that are about some of them; not published."""

    @property
    def coverage_bp(self) -> int | None:
        """Coverage in parts of 10,000, half-even; None where nothing could be covered."""
        if self.covered is None or not self.coverable:
            return None
        return round(Fraction(self.covered * BP, self.coverable))

    def to_subject(self) -> dict[str, Any]:
        """The entry of `values` in a report."""
        entry: dict[str, Any] = {"code": self.code, "state": self.state}
        if self.exact is not None:
            entry["value"] = rounded(self.exact)
            terms = {"numerator": str(self.exact.numerator), "denominator": str(self.exact.denominator)}
            if all(len(text) <= MAX_INTEGER_TEXT for text in terms.values()):
                entry |= terms
        if self.n is not None:
            entry["n"] = self.n
        if self.coverage_bp is not None:
            entry["coverageBp"] = self.coverage_bp
        if self.parts:
            entry["parts"] = [{"code": code, "value": rounded(part)} for code, part in self.parts]
        if self.flags:
            entry["flags"] = list(self.flags)
        return entry


def rounded(exact: Fraction) -> str:
    """A decimal string of four digits, half-even: the only division."""
    whole = round(exact * 10**DIGITS)  # of a Fraction: to the nearest, half to even
    sign, digits = "-" if whole < 0 else "", f"{abs(whole):0{DIGITS + 1}}"
    return f"{sign}{digits[:-DIGITS]}.{digits[-DIGITS:]}"


def publish(value: Value, min_persons: int) -> Value:
    """The value as it may be published: nothing about fewer than `min_persons` persons, nor of a group so
    large that the rest of the whole is as small; of its parts none about fewer."""
    if min_persons == 0:
        return value
    if value.state != "value":
        # Why there is none may be about the few: that all of them answered alike, say.
        few = 0 < (value.n or 0) < min_persons
        return replace(value, n=None, complement=None, covered=None, flags=()) if few else value
    few = value.n is None or value.n < min_persons or 0 < (value.complement or 0) < min_persons
    if few:
        return replace(
            value, state="too_few", exact=None, n=None, complement=None, parts=(), flags=(), covered=None
        )
    hidden = {code for code, persons in value.part_persons if persons < min_persons}
    parts = tuple((code, part) for code, part in value.parts if code not in hidden)
    flags = sorted({*value.flags, *(f"few_{code}" for code in hidden)})
    return replace(value, parts=parts, flags=tuple(flags))
