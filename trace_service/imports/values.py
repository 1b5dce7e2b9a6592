"""From a cell to the value of a field. Pure: no clock, no database; every refusal is a `CellError`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache

from trace_service.imports.codes import Code
from trace_service.imports.field_types import Cell, Field
from trace_service.imports.times import parse_dated_spans, parse_spans

Raw = str | int | float | bool | date | datetime | time | timedelta

MAX_TEXT = 200  # characters of a name or title; longer fields say so in the table
MAX_IDENTIFIER = 100  # characters; the column of the database that holds it
FIRST_DATE = date(1990, 1, 1)  # no record is older than the system it belongs to ...
LAST_DATE = date(2099, 12, 31)  # ... and a later year is a slip of the keyboard
_EPOCH = date(1899, 12, 30)  # day 0 of spreadsheet serial numbers (1900 date system, after 1900-02-28)
MAX_FRACTION_DIGITS = 5  # protocol section 2.1
_MAX_WEEK = 60
_TOO_LARGE = 10**16  # no field goes so far; bounds the work for 1e999999

_DATE = re.compile(
    r"(\d{4})(?:[-/.](\d{1,2})[-/.](\d{1,2})|年(\d{1,2})月(\d{1,2})日|(\d{2})(\d{2}))(?: 0?0:00(?::00)?)?"
)
_SCIENTIFIC = re.compile(r"\d(\.\d+)?[eE]\+?\d+")
_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}")
_SEPARATORS = re.compile(r"[;；,，、\s]+")
_IDENTIFIER_START = ("=", "+", "-", "@", "'")  # of a formula, or what is left of one
YES = frozenset({"是", "有", "已", "√", "✓", "✔", "y", "yes", "true", "1"})
NO = frozenset({"否", "无", "未", "×", "✗", "n", "no", "false", "0"})


class CellError(Exception):
    """The cell cannot be read as its field; ``code`` and ``details`` fill the error's texts."""

    def __init__(self, code: Code, **details: object) -> None:
        super().__init__(code)
        self.code = code
        self.details = details


def read_text(raw: Raw, field: Field | None = None) -> str:
    """Text, NFC, without surrounding or invisible characters; numbers as they are shown."""
    if not isinstance(raw, str):
        return _number_text(raw)
    text = raw.replace("\u3000", " ").replace("\u00a0", " ").strip()
    limit = (field.high if field else 0) or MAX_TEXT
    if len(text) > limit:
        raise CellError(Code.CELL_TOO_LONG, limit=limit)
    if not text.isprintable():
        text = text.replace("\r\n", "\n")
        if not all(map(_allowed, text)):
            raise CellError(Code.CONTROL_CHARACTER)
    return unicodedata.normalize("NFC", text)


def _allowed(character: str) -> bool:
    # Planes 2 and 3 hold only ideographs: rare ones in names may be newer than this Python's tables.
    return character.isprintable() or character == "\n" or 0x20000 <= ord(character) < 0x3FFFE


def _number_text(raw: Raw) -> str:
    if isinstance(raw, float) and raw.is_integer():
        return str(int(raw))
    return str(raw)


def read_identifier(raw: Raw, field: Field | None = None) -> str:
    """A number somebody gave: text only, because a numeric cell has lost zeros and digits."""
    if isinstance(raw, (int, float)) and not isinstance(raw, bool):
        raise CellError(Code.IDENTIFIER_AS_NUMBER)
    if not isinstance(raw, str):
        raise CellError(Code.IDENTIFIER_MALFORMED, reason=type(raw).__name__)
    text = read_text(raw)
    limit = (field.high if field else 0) or MAX_IDENTIFIER
    if _SCIENTIFIC.fullmatch(text):
        raise CellError(Code.IDENTIFIER_AS_NUMBER)
    if len(text) > limit:
        raise CellError(Code.CELL_TOO_LONG, limit=limit)
    if any(map(str.isspace, text)):
        raise CellError(Code.IDENTIFIER_MALFORMED, reason="含空格 | it holds a space")
    if text.startswith(_IDENTIFIER_START):
        raise CellError(Code.IDENTIFIER_MALFORMED, reason=f"以 {text[0]} 开头 | it begins with {text[0]}")
    return text


def read_token(raw: Raw, _field: Field | None = None) -> str:
    """An identifier of a standard's parts, as the record schemas allow it."""
    text = read_identifier(raw)
    if not _TOKEN.fullmatch(text):
        raise CellError(
            Code.IDENTIFIER_MALFORMED, reason="仅限字母、数字和 . _ / - | letters, digits, . _ / - only"
        )
    return text


def read_date(raw: Raw, _field: Field | None = None) -> date:
    """A date: true date, text such as 2026-03-02, 2026/3/2, 2026年3月2日, 20260302, or a serial number."""
    if isinstance(raw, datetime):
        if raw.time() != time():
            raise CellError(Code.DATE_MALFORMED)
        found: date | None = raw.date()
    elif isinstance(raw, date):
        found = raw
    elif isinstance(raw, (int, float)) and not isinstance(raw, bool):
        found = _date_from_number(raw)
    else:
        found = _date_from_text(raw) if isinstance(raw, str) else None
    if found is None or not FIRST_DATE <= found <= LAST_DATE:
        raise CellError(Code.DATE_MALFORMED)
    return found


def _date_from_number(raw: float) -> date | None:
    if raw != int(raw):
        return None
    if 19900101 <= raw <= 20991231:
        return _date_from_text(str(int(raw)))
    return _EPOCH + timedelta(days=int(raw)) if 1 <= raw < 100_000 else None


@lru_cache(maxsize=4096)
def _date_from_text(text: str) -> date | None:
    match = _DATE.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if match is None:
        return None
    year, month, day = (int(group) for group in match.groups() if group is not None)
    try:
        return date(year, month, day)
    except ValueError:
        return None


def read_decimal(raw: Raw, field: Field) -> int | float:
    """A number with at most five fraction digits, within the field's bounds; whole ones as int."""
    number = _decimal(raw, "数字 | a number")
    if not field.low <= number <= field.high:
        raise CellError(Code.NUMBER_OUT_OF_RANGE, low=field.low, high=field.high)
    if number != round(number, MAX_FRACTION_DIGITS):
        raise CellError(
            Code.NUMBER_MALFORMED,
            what=f"{MAX_FRACTION_DIGITS} 位以内小数 | a number of at most {MAX_FRACTION_DIGITS} decimals",
        )
    return int(number) if number == int(number) else float(number)


def read_integer(raw: Raw, field: Field) -> int:
    """A whole number within the field's bounds."""
    number = _decimal(raw, "整数 | a whole number")
    if number != int(number):
        raise CellError(Code.NUMBER_MALFORMED, what="整数 | a whole number")
    if not field.low <= number <= field.high:
        raise CellError(Code.NUMBER_OUT_OF_RANGE, low=field.low, high=field.high)
    return int(number)


def _decimal(raw: Raw, what: str) -> Decimal:
    if isinstance(raw, float):
        raw = f"{raw:.15g}"  # what the spreadsheet shows: 0.1 + 0.2 is 0.3 there
    if isinstance(raw, bool) or not isinstance(raw, (str, int)):
        raise CellError(Code.NUMBER_MALFORMED, what=what)
    text = unicodedata.normalize("NFKC", str(raw)).strip()
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise CellError(Code.NUMBER_MALFORMED, what=what) from None
    if not number.is_finite() or "_" in text or abs(number) >= _TOO_LARGE:
        raise CellError(Code.NUMBER_MALFORMED, what=what)
    return number


def read_boolean(raw: Raw, _field: Field | None = None) -> bool:
    """是 / 否, yes / no, true / false, √ / ×, 1 / 0, or a true boolean cell."""
    if isinstance(raw, bool):
        return raw
    text = _number_text(raw).strip().casefold()
    if text in YES:
        return True
    if text in NO:
        return False
    raise CellError(Code.BOOLEAN_MALFORMED)


def fold(text: str) -> str:
    """``text`` without width, case, spaces and punctuation: how headers and choices are compared."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))


def read_choice(raw: Raw, field: Field) -> str:
    """One of the field's choices, as the record's value."""
    found = _choices(field).get(fold(_number_text(raw)))
    if found is None:
        raise CellError(Code.CHOICE_UNKNOWN, choices="、".join(field.choices or ()))
    return found


def read_choices(raw: Raw, field: Field) -> tuple[str, ...]:
    """Several of the field's choices, in the order given, each once."""
    parts = filter(None, _SEPARATORS.split(_number_text(raw)))
    return tuple(dict.fromkeys(read_choice(part, field) for part in parts))


@cache
def _choices(field: Field) -> dict[str, str]:
    given = field.choices or {}
    return {fold(value): value for value in given.values()} | {fold(text): given[text] for text in given}


def read_weeks(raw: Raw, _field: Field | None = None) -> tuple[int, ...]:
    """Week numbers: 1-15;17 gives 1 to 15 and 17, ascending, each once."""
    weeks: set[int] = set()
    for part in filter(None, _SEPARATORS.split(unicodedata.normalize("NFKC", _number_text(raw)).strip())):
        match = re.fullmatch(r"(\d{1,2})(?:[-~—–至](\d{1,2}))?", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 1 <= first <= last <= _MAX_WEEK:
            raise CellError(Code.LIST_MALFORMED, reason=part)
        weeks.update(range(first, last + 1))
    return tuple(sorted(weeks))


def read_identifiers(raw: Raw, _field: Field | None = None) -> tuple[str, ...]:
    """Several identifiers in one cell, in the order given, each once."""
    if not isinstance(raw, str):
        return (read_identifier(raw),)
    return tuple(dict.fromkeys(read_identifier(part) for part in _SEPARATORS.split(raw.strip()) if part))


def _read_spans(raw: Raw, _field: Field | None = None) -> object:
    return _times(parse_spans, raw)


def _read_dated_spans(raw: Raw, _field: Field | None = None) -> object:
    return _times(parse_dated_spans, raw)


def _times(parse: Callable[[str], object], raw: Raw) -> object:
    if not isinstance(raw, str):
        raise CellError(Code.TIMES_MALFORMED, reason="须为文本 | it must be text with start and end")
    try:
        return parse(raw)
    except ValueError as error:
        raise CellError(Code.TIMES_MALFORMED, reason=str(error)) from None


READERS: dict[Cell, Callable[[Raw, Field], object]] = {
    Cell.TEXT: read_text,
    Cell.IDENTIFIER: read_identifier,
    Cell.TOKEN: read_token,
    Cell.ORGANISATION: read_text,
    Cell.DATE: read_date,
    Cell.INTEGER: read_integer,
    Cell.DECIMAL: read_decimal,
    Cell.BOOLEAN: read_boolean,
    Cell.CHOICE: read_choice,
    Cell.CHOICES: read_choices,
    Cell.SPANS: _read_spans,
    Cell.DATED_SPANS: _read_dated_spans,
    Cell.WEEKS: read_weeks,
    Cell.IDENTIFIERS: read_identifiers,
}
