"""Mistakes in an uploaded file: where each is, what was found, and how to mend it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from trace_service.imports.codes import Code
from trace_service.imports.limits import MAX_ERRORS, MAX_SHOWN_VALUE
from trace_service.imports.messages import BETWEEN, DETAIL_BETWEEN, TEXTS

# A resident identity number: 17 digits and a check character, or the 15 digits of the first generation.
_RESIDENT_ID = re.compile(r"(?<!\d)(\d{3})\d{11,14}(\d[\dXx]|\d)(?!\d)")


class Severity(StrEnum):
    """A note tells what was ignored; an error keeps the row (or the file) out."""

    ERROR = "error"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class RowError:
    """One mistake. ``row`` is the spreadsheet's number, 0 for a sheet as a whole; ``value`` is shortened."""

    sheet: str
    row: int
    column: str
    value: str
    code: Code
    message: str
    fix: str
    severity: Severity = Severity.ERROR


class ImportRefusedError(Exception):
    """The file as a whole cannot be read; ``error`` says why."""

    def __init__(self, code: Code, *, sheet: str = "", value: object = "", **details: object) -> None:
        self.error = make_error(code, sheet=sheet, row=0, column="", value=value, **details)
        super().__init__(f"{self.error.code}: {self.error.message}")


@dataclass(slots=True)
class Findings:
    """What was found in one file; keeps the first `MAX_ERRORS` and counts all."""

    kept: list[RowError] = field(default_factory=list)
    errors: int = 0
    notes: int = 0

    def add(self, error: RowError) -> None:
        """Count ``error`` and keep it while there is room."""
        if error.severity is Severity.ERROR:
            self.errors += 1
        else:
            self.notes += 1
        if len(self.kept) < MAX_ERRORS:
            self.kept.append(error)

    def report(
        self, code: Code, sheet: str, row: int, column: str = "", value: object = "", **details: object
    ) -> None:
        """Make an error of ``code`` with its texts and add it."""
        self.add(make_error(code, sheet=sheet, row=row, column=column, value=value, **details))


def make_error(
    code: Code, *, sheet: str, row: int, column: str, value: object, **details: object
) -> RowError:
    """Fill the texts of ``code`` with ``details``."""
    text = TEXTS[code]
    message, fix = (_fill(part, details) for part in (text.message, text.fix))
    severity = Severity.NOTE if text.note else Severity.ERROR
    return RowError(sheet, row, column, shown(value), code, message, fix, severity)


def _fill(text: str, details: dict[str, object]) -> str:
    """Both halves of a text, Chinese and English; a detail of two halves gives each its own."""
    halves = text.split(BETWEEN)
    last = len(halves) - 1
    filled = []
    for index, half in enumerate(halves):
        parts = {name: str(value).split(DETAIL_BETWEEN) for name, value in details.items()}
        filled.append(
            half.format_map({name: part[-1] if index == last else part[0] for name, part in parts.items()})
        )
    return BETWEEN.join(filled)


def shown(value: object) -> str:
    """``value`` as an error may repeat it: one short line, what looks like a resident ID number masked."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = " ".join(str(value).split())
    text = "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in text)
    text = _RESIDENT_ID.sub(lambda match: f"{match[1]}***{match[2]}", text)
    return text if len(text) <= MAX_SHOWN_VALUE else text[: MAX_SHOWN_VALUE - 1] + "…"
