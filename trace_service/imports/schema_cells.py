"""Cells of the sheets that follow from record schemas: from a cell to the member's JSON value, and back.

What is written is read back as the same value. Text that a spreadsheet or the import would take for something
else (a formula, spaces at an end, a number in an identifier) is written as a JSON string, in quotes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Any

import orjson

from trace_service.imports import values
from trace_service.imports.codes import Code
from trace_service.imports.field_types import Cell, Field
from trace_service.imports.report import safe_cell
from trace_service.imports.values import CellError, Raw
from verifier_cli.encoding import parse_time
from verifier_cli.errors import DataError

YES, NO = "是", "否"
EMPTY_LIST = "[]"
_EXACT_IN_SPREADSHEETS = 10**15  # whole numbers with more digits are written as text
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")
_CLOCK = re.compile(r"(\d{1,2})[:：](\d{2})(?::00)?")
_LISTED = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[^;；"]*[^;；"\s]|)\s*(?:[;；]|$)')
# _x000D_ is a control character to a workbook, # begins a remark or an error value, a quote our own form.
_SPECIAL = re.compile(r'_x[0-9A-Fa-f]{4}_|^["#]')
_SPECIAL_IN_LIST = re.compile(r'[;；"\[]')
_DAY_SECONDS = 24 * 60 * 60


@dataclass(frozen=True, slots=True, eq=False)
class Column(Field):
    """A column of a member. ``path`` leads to it from the subject, or from the element of a detail sheet."""

    path: tuple[str, ...] = ()
    many: bool = False  # an array of scalars in one cell


def quote(text: str) -> str:
    """``text`` as a JSON string of printable characters, in which a workbook changes nothing."""
    return _printable(json.dumps(text, ensure_ascii=False))


def _printable(written: str) -> str:
    written = written.replace("_x", "\\u005fx")
    return "".join(sign if sign.isprintable() else json.dumps(sign)[1:-1] for sign in written)


def unquote(raw: Raw) -> str | None:
    """The text that a cell in quotes stands for; None for every other cell."""
    if type(raw) is not str or raw[:1] != '"':
        return None
    try:
        value = json.loads(raw)
    except ValueError:
        return None
    return value if isinstance(value, str) else None


def _quotable(read: Callable[[Raw, Field], object]) -> Callable[[Raw, Field], object]:
    def reader(raw: Raw, field: Field) -> object:
        exact = unquote(raw)
        return read(raw, field) if exact is None else exact

    return reader


def read_day(raw: Raw, _field: Field | None = None) -> str:
    """A date as records have it."""
    return _text_day(raw) if type(raw) is str else values.read_date(raw).isoformat()


@lru_cache(maxsize=4096)
def _text_day(raw: str) -> str:
    return values.read_date(raw).isoformat()


def read_time(raw: Raw, _field: Field | None = None) -> str:
    """A time as records have it: 2026-03-02T08:00:00Z, or a date for its 00:00 UTC."""
    if isinstance(raw, str) and _TIME.fullmatch(raw.strip()):
        try:
            parse_time(raw.strip())
        except DataError as error:
            raise CellError(Code.TIME_MALFORMED, what=error.reason) from None
        return raw.strip()
    return f"{read_day(raw)}T00:00:00Z"


def read_clock(raw: Raw, _field: Field | None = None) -> str:
    """A time of day: 08:30, 8:30, or a time cell."""
    if isinstance(raw, timedelta) and 0 <= raw.total_seconds() < _DAY_SECONDS:
        raw = (datetime.min + raw).time()
    if isinstance(raw, time) and raw.second == raw.microsecond == 0:
        return raw.strftime("%H:%M")
    match = _CLOCK.fullmatch(raw.strip()) if isinstance(raw, str) else None
    if match is None or int(match[1]) > 23 or int(match[2]) > 59:
        raise CellError(Code.TIME_MALFORMED, what="08:30")
    return f"{int(match[1]):02}:{match[2]}"


def read_json(raw: Raw, _field: Field | None = None) -> object:
    """A value in JSON."""
    try:
        return json.loads(raw) if isinstance(raw, str) else raw
    except (ValueError, RecursionError) as error:
        raise CellError(Code.LIST_MALFORMED, reason=f"JSON: {error}") from None


_READERS: dict[Cell, Callable[[Raw, Any], object]] = {
    **{cell: _quotable(values.READERS[cell]) for cell in (Cell.TEXT, Cell.IDENTIFIER, Cell.TOKEN)},
    Cell.PERSON: _quotable(values.read_identifier),
    Cell.ORGANISATION: _quotable(values.read_text),
    Cell.CHOICE: _quotable(values.read_choice),
    Cell.DATE: _quotable(read_day),
    Cell.TIME: _quotable(read_time),
    Cell.CLOCK: _quotable(read_clock),
    Cell.INTEGER: values.read_integer,
    Cell.DECIMAL: values.read_decimal,
    Cell.BOOLEAN: values.read_boolean,
    Cell.JSON: read_json,
}


def reader_for(cell: Cell, many: bool) -> Callable[[Raw, Any], object]:
    """The reader of a member of this kind, or of a list of them."""
    one = _READERS[cell]
    if not many:
        return one

    def read_list(raw: Raw, field: Field) -> object:
        if not isinstance(raw, str):
            return [one(raw, field)]
        return [one(part, field) for part in split_list(raw) if part]

    return read_list


def split_list(raw: str) -> Iterator[str]:
    """The parts of a list in a cell, separated by semicolons, each perhaps in quotes."""
    position = 0
    if raw.strip() == EMPTY_LIST:
        return
    while position < len(raw):
        match = _LISTED.match(raw, position)
        if match is None:
            raise CellError(Code.LIST_MALFORMED, reason=raw[position : position + 20])
        yield match[1]
        position = match.end()


def to_cell(column: Column, value: Any) -> str | int | float:
    """``value`` of a member as a cell that is read back as the same value; raises TypeError for a value that
    the schema cannot allow there."""
    if column.cell is Cell.JSON:
        return _printable(orjson.dumps(value).decode())
    if column.many:
        return "; ".join(_part(column, part) for part in value) if value else EMPTY_LIST
    return _scalar(column, value)


def _part(column: Column, value: Any) -> str:
    if isinstance(value, str) and _SPECIAL_IN_LIST.search(value):
        return quote(value)
    return str(_scalar(column, value))


def _scalar(column: Column, value: Any) -> str | int | float:
    if isinstance(value, bool):
        return YES if value else NO
    if isinstance(value, str):
        return text_cell(column, value)
    if isinstance(value, int | float):
        return value if abs(value) < _EXACT_IN_SPREADSHEETS else str(int(value))
    raise TypeError(f"{'.'.join(column.path)}: {type(value).__name__} in a column of {column.cell.name}")


@lru_cache(maxsize=1 << 16)
def text_cell(column: Field, value: str) -> str:
    """Text as it is where the column reads it back so, in quotes otherwise."""
    if not value or _SPECIAL.search(value) or safe_cell(value) != value:
        return quote(value)
    try:
        same = _READERS[column.cell](value, column) == value
    except CellError:
        same = False
    return value if same else quote(value)
