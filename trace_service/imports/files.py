"""From an uploaded file to grids of cells: XLSX through calamine, CSV through the standard library."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePath

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum

from trace_service.imports import limits
from trace_service.imports.codes import Code
from trace_service.imports.errors import ImportRefusedError
from trace_service.imports.package import open_package
from trace_service.imports.sheet_xml import SheetScan
from trace_service.imports.values import Raw

_DELIMITERS = ",\t;"
_SNIFFED_ROWS = 20  # enough to see the header below titles ...
_SNIFFED_CHARACTERS = 64 * 1024  # ... whatever their length
# Characters that GB18030-2022 moved out of the private use area, where the older tables of Python leave them:
# eighteen code positions, among them parts used in personal names.
_MOVED = {
    ord(bytes.fromhex(code).decode("gb18030")): target
    for code, target in {
        "a6d9": 0xFE10, "a6da": 0xFE12, "a6db": 0xFE11, "a6dc": 0xFE13, "a6dd": 0xFE14, "a6de": 0xFE15,
        "a6df": 0xFE16, "a6ec": 0xFE17, "a6ed": 0xFE18, "a6f3": 0xFE19, "fe59": 0x9FB4, "fe61": 0x9FB5,
        "fe66": 0x9FB6, "fe67": 0x9FB7, "fe6d": 0x9FB8, "fe7e": 0x9FB9, "fe90": 0x9FBA, "fea0": 0x9FBB,
    }.items()
}  # fmt: skip


@dataclass(slots=True)
class Grid:
    """A sheet: ``rows[0]`` is the spreadsheet's row 1; the scan says which empty cells are not empty."""

    name: str
    rows: list[list[Raw]]
    scan: SheetScan = field(default_factory=SheetScan)
    hidden: bool = False


def read_file(name: str, data: bytes) -> Iterator[Grid]:
    """The sheets of a file, one at a time; raises `ImportRefusedError`."""
    if len(data) > limits.MAX_FILE_BYTES:
        raise ImportRefusedError(Code.FILE_TOO_LARGE, limit=limits.MAX_FILE_BYTES)
    if data.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        return _read_workbook(data)
    return iter([_read_csv(PurePath(name).stem, data)])


def _read_workbook(data: bytes) -> Iterator[Grid]:
    package = open_package(data)
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(package.data)) as workbook:
            for sheet in workbook.sheets_metadata:
                hidden = sheet.name in package.hidden
                if sheet.typ is SheetTypeEnum.WorkSheet:
                    rows = [] if hidden else _rows(workbook, sheet.name)
                    yield Grid(sheet.name, rows, package.scans.get(sheet.name, SheetScan()), hidden)
    except (CalamineError, OSError) as error:
        raise ImportRefusedError(Code.NOT_READABLE, reason=str(error)) from None


def _rows(workbook: CalamineWorkbook, name: str) -> list[list[Raw]]:
    rows: list[list[Raw]] = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
    return rows


def _read_csv(name: str, data: bytes) -> Grid:
    text = _decode(data)
    rows: list[list[Raw]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True):
            rows.append(list(row))
            if len(rows) > limits.MAX_ROWS:
                raise ImportRefusedError(Code.TOO_MANY_ROWS, sheet=name, limit=limits.MAX_ROWS)
            if len(row) > limits.MAX_COLUMNS:
                raise ImportRefusedError(Code.TOO_MANY_COLUMNS, sheet=name, limit=limits.MAX_COLUMNS)
    except csv.Error as error:
        reason = f"第 {len(rows) + 1} 行 | row {len(rows) + 1}: {error}"
        raise ImportRefusedError(Code.NOT_READABLE, sheet=name, reason=reason) from None
    return Grid(name, rows)


def _decode(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text.translate(_MOVED) if encoding == "gb18030" else text
    raise ImportRefusedError(Code.UNKNOWN_ENCODING)


def _delimiter(text: str) -> str:
    head = text[:_SNIFFED_CHARACTERS]

    def width(delimiter: str) -> int:
        widest = 0
        try:
            for number, row in enumerate(csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)):
                if number >= _SNIFFED_ROWS:
                    break
                widest = max(widest, len(row))
        except csv.Error:
            return widest
        return widest

    return max(_DELIMITERS, key=width)
