"""What a Standard asks for before a credential may award it, read from its record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Requirements:
    """A Standard's ``requirements``; 0, empty or False where it asks for nothing.

    ``practice_minutes`` for each academic year, ``credits`` in hundredths, ``…_bp`` in parts of 10,000.
    ``items`` are the codes of the standard's items, by the level (``"1"`` … ``"8"``) that asks for them.
    """

    standard: str  # the subject's id, the same in every version
    code: str
    practice_minutes: int = 0
    enterprise_share_bp: int = 0
    credits: int = 0
    evaluated_by: tuple[str, ...] = ()
    stages: bool = False
    labour: bool = False
    min_pay_ratio_bp: int = 0
    override_by: str | None = None
    items: tuple[tuple[str, str | None], ...] = ()

    def items_of(self, level: str | None) -> tuple[str, ...]:
        """Return the items that a credential of this level rests on; of every level where it names none."""
        return tuple(code for code, asked in self.items if None in (level, asked) or asked == level)


def read_requirements(subject: Mapping[str, Any]) -> Requirements | None:
    """Return what the Standard with this subject asks for; None where it asks for nothing."""
    given = subject.get("requirements")
    if not given:
        return None
    grades = {level["code"]: level["level"] for level in subject.get("levels", ())}
    return Requirements(
        standard=subject["id"],
        code=subject["code"],
        practice_minutes=given.get("practiceMinutes", 0),
        enterprise_share_bp=given.get("enterpriseShareBp", 0),
        credits=given.get("credits", 0),
        evaluated_by=tuple(given.get("evaluatedBy", ())),
        stages=given.get("stages", False),
        labour=given.get("labour", False),
        min_pay_ratio_bp=given.get("minPayRatioBp", 0),
        override_by=given.get("overrideBy"),
        items=tuple(
            (item["code"], grades.get(item.get("level", "")))
            for item in subject.get("items", ())
            if not item.get("elective", False)
        ),
    )
