"""What the workbook reader will not tell: formulas without a stored value, error cells, a sheet's size before
memory is taken for it. One pass of expat over each part; document types are refused: there are no entities.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NoReturn
from xml.parsers import expat

from trace_service.imports import limits
from trace_service.imports.codes import Code
from trace_service.imports.errors import ImportRefusedError

_PREFIXED = re.compile(rb"<[^<>!?/\s]*:")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_LETTERS, _DIGITS = 3, 7  # of an address: XFD1048576 is the last cell of any sheet
Position = tuple[int, int]  # 1-based row, 0-based column


@dataclass(frozen=True, slots=True)
class SheetEntry:
    """A sheet as the workbook lists it."""

    name: str
    relation: str
    hidden: bool


@dataclass(slots=True)
class SheetScan:
    """Cells that the reader would show as empty although they are not."""

    formula_gaps: set[Position] = field(default_factory=set)
    error_cells: set[Position] = field(default_factory=set)


def _parse(
    part: str,
    content: bytes,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    parser = expat.ParserCreate()
    if _PREFIXED.search(content):  # rare, and stripping costs a third of the scan
        parser.StartElementHandler = lambda name, attributes: start(name.rpartition(":")[2], attributes)
        if end is not None:
            parser.EndElementHandler = lambda name: end(name.rpartition(":")[2])
    else:
        parser.StartElementHandler, parser.EndElementHandler = start, end
    if text is not None:
        parser.CharacterDataHandler = text

    def forbid(reason: str) -> None:
        raise ImportRefusedError(Code.FORBIDDEN_XML, part=part, reason=reason)

    def declared(_version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in ("utf-8", "us-ascii"):
            forbid(f"encoding {encoding}")

    parser.StartDoctypeDeclHandler = lambda *_: forbid("DOCTYPE")
    parser.XmlDeclHandler = declared
    if content.startswith(_UTF16):
        forbid("UTF-16")
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise ImportRefusedError(Code.NOT_READABLE, reason=f"{part}: {error}") from None


def scan_workbook(part: str, content: bytes) -> list[SheetEntry]:
    """The sheets of a workbook, in order."""
    sheets: list[SheetEntry] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "sheet":
            relation = next((value for key, value in attributes.items() if key.endswith(":id")), "")
            hidden = attributes.get("state", "visible") != "visible"
            sheets.append(SheetEntry(attributes.get("name", ""), relation, hidden))
        elif name == "workbookPr" and attributes.get("date1904") in ("1", "true"):
            # Its serial numbers mean other days; true dates would be right, bare numbers 1,462 days off.
            raise ImportRefusedError(Code.NOT_READABLE, reason="1904 日期系统 | 1904 date system")

    _parse(part, content, start)
    return sheets


def scan_relations(part: str, content: bytes) -> dict[str, str]:
    """Relation id -> target."""
    targets: dict[str, str] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship":
            targets[attributes.get("Id", "")] = attributes.get("Target", "")

    _parse(part, content, start)
    return targets


def scan_shared_strings(part: str, content: bytes) -> list[int]:
    """The length in characters of each shared string."""
    lengths: list[int] = []

    def start(name: str, _attributes: dict[str, str]) -> None:
        if name == "si":
            lengths.append(0)

    def text(data: str) -> None:
        if lengths:
            lengths[-1] += len(data)

    _parse(part, content, start, text=text)
    return lengths


def scan_sheet(part: str, content: bytes, shared: list[int], sheet: str) -> SheetScan:
    """Scan one sheet; raises `ImportRefusedError` where its used area or text is beyond the limits."""
    scanner = _SheetScanner(shared, sheet)
    _parse(part, content, scanner.start, scanner.end, scanner.text)
    return scanner.scan


@lru_cache(maxsize=1024)
def _column(letters: str) -> int:
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - ord("A") + 1
    return index - 1


class _SheetScanner:
    """The handlers of `scan_sheet` and the state between them."""

    def __init__(self, shared: list[int], sheet: str) -> None:
        self.scan = SheetScan()
        self._shared = shared
        self._sheet = sheet
        self._row = self._column = self._last_row = self._last_column = 0
        self._type = ""
        self._formula = self._in_value = False
        self._value: list[str] = []
        self._characters = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            self._move(attributes.get("r"))
            self._type = attributes.get("t", "n")
            self._formula = False
            self._value.clear()
        elif name in ("v", "t"):
            self._in_value = True
        elif name == "f":
            self._formula = True
        elif name == "row":
            self._row = self._number(attributes["r"]) if "r" in attributes else self._row + 1
            self._column = -1

    def _move(self, reference: str | None) -> None:
        if reference is None:
            self._column += 1
            return
        letters = reference.rstrip("0123456789")
        if not (letters.isascii() and letters.isupper() and letters.isalpha() and len(letters) <= _LETTERS):
            self._misplaced(reference)
        self._column = _column(letters)
        self._row = self._number(reference[len(letters) :])

    def _number(self, digits: str) -> int:
        if not (digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS and int(digits) > 0):
            self._misplaced(digits)
        return int(digits)

    def _misplaced(self, reference: str) -> NoReturn:
        raise ImportRefusedError(Code.NOT_READABLE, sheet=self._sheet, reason=f"r={reference[:20]!r}")

    def text(self, data: str) -> None:
        if self._in_value:
            self._value.append(data)

    def end(self, name: str) -> None:
        if name in ("v", "t"):
            self._in_value = False
        elif name == "c":
            self._end_cell()

    def _end_cell(self) -> None:
        value = "".join(self._value)
        if self._type == "e":
            self.scan.error_cells.add((self._row, self._column))
        elif self._formula and not value and self._type != "str":
            # "str" with nothing is a formula whose result is the empty text: a value like any other.
            self.scan.formula_gaps.add((self._row, self._column))
        if value or self._formula:
            self._measure(value)

    def _measure(self, value: str) -> None:
        self._last_row = max(self._last_row, self._row)
        self._last_column = max(self._last_column, self._column + 1)
        if self._type == "s" and value.isdigit() and int(value) < len(self._shared):
            self._characters += self._shared[int(value)]
        else:
            self._characters += len(value)
        if self._last_row > limits.MAX_ROWS:
            self._refuse(Code.TOO_MANY_ROWS, limits.MAX_ROWS)
        if self._last_column > limits.MAX_COLUMNS:
            self._refuse(Code.TOO_MANY_COLUMNS, limits.MAX_COLUMNS)
        if self._last_row * self._last_column > limits.MAX_CELLS:
            self._refuse(Code.TOO_MANY_CELLS, limits.MAX_CELLS)
        if self._characters > limits.MAX_TEXT_CHARACTERS:
            self._refuse(Code.TOO_MANY_CELLS, limits.MAX_TEXT_CHARACTERS)

    def _refuse(self, code: Code, limit: int) -> None:
        raise ImportRefusedError(code, sheet=self._sheet, limit=limit)
