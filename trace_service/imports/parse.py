"""From a grid to typed rows of one sheet kind, every mistake reported with its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from trace_service.imports.codes import Code
from trace_service.imports.errors import Findings
from trace_service.imports.field_types import Field, SheetSpec
from trace_service.imports.files import Grid
from trace_service.imports.headers import Header, find_header
from trace_service.imports.values import READERS, CellError, Raw

REMARK = "#"  # begins a row that is none: the example of a template
_Column = tuple[int, Field, Callable[[Raw, Field], object]]


@dataclass(slots=True)
class Row:
    """One row: ``values`` holds the fields that are filled in. A faulty row had at least one error."""

    number: int
    values: dict[str, Any]
    faulty: bool = False
    children: dict[str, Details] | None = None  # rows of detail sheets that belong to it, by kind of sheet


@dataclass(slots=True)
class ParsedSheet:
    """The rows of one sheet with what is needed to point at a cell."""

    name: str
    spec: SheetSpec
    header: Header
    grid: Grid
    found: Findings
    rows: list[Row] = field(default_factory=list)

    def report(self, code: Code, row: Row, name: str = "", **details: object) -> None:
        """Report an error at field ``name`` of ``row`` and mark the row faulty."""
        row.faulty = True
        column = self.header.columns.get(name)
        cells = self.grid.rows[row.number - 1]
        value = cells[column] if column is not None and column < len(cells) else ""
        self.found.report(code, self.name, row.number, self.header.label(name), value, **details)


@dataclass(slots=True)
class Details:
    """Rows of a detail sheet that belong to one row of the sheet above."""

    sheet: ParsedSheet
    rows: list[Row] = field(default_factory=list)


def parse_grid(grid: Grid, spec: SheetSpec, mapping: dict[str, str], found: Findings) -> ParsedSheet | None:
    """Read all rows below the header; None where the header is unusable."""
    header = find_header(grid.rows, spec, mapping, grid.name, found)
    if header is None:
        return None
    sheet = ParsedSheet(grid.name, spec, header, grid, found)
    columns: list[_Column] = [
        (header.columns[column.name], column, column.reader or READERS[column.cell])
        for column in spec.fields
        if column.name in header.columns
    ]
    remarks = header.columns.get(spec.fields[0].name) if spec.remarks else None
    odd_rows = {row for row, _ in grid.scan.formula_gaps | grid.scan.error_cells}
    for number, cells in enumerate(grid.rows[header.row :], start=header.row + 1):
        if remarks is not None and remarks < len(cells) and str(cells[remarks]).startswith(REMARK):
            continue
        if number in odd_rows:
            _parse_row(sheet, number, _mark_odd(sheet, number, cells), columns)
        elif any(cells[index] != "" for index, _, _ in columns if index < len(cells)):
            _parse_row(sheet, number, cells, columns)
    return sheet


class _Odd:
    """Stands in a cell that the reader shows as empty although it is not."""

    def __init__(self, code: Code) -> None:
        self.code = code


def _mark_odd(sheet: ParsedSheet, number: int, cells: Sequence[Raw]) -> list[Any]:
    marked: list[Any] = list(cells)
    for code, positions in (
        (Code.FORMULA_WITHOUT_VALUE, sheet.grid.scan.formula_gaps),
        (Code.ERROR_CELL, sheet.grid.scan.error_cells),
    ):
        for column in sheet.header.columns.values():
            if (number, column) in positions:
                marked.extend([""] * (column + 1 - len(marked)))
                marked[column] = _Odd(code)
    return marked


def _parse_row(sheet: ParsedSheet, number: int, cells: Sequence[Any], columns: Sequence[_Column]) -> None:
    values: dict[str, Any] = {}
    row = Row(number, values)
    width = len(cells)
    for index, column, reader in columns:
        raw = cells[index] if index < width else ""
        if raw == "" or (isinstance(raw, str) and not raw.strip()):
            if column.required:
                sheet.report(Code.MISSING_VALUE, row, column.name, field=f"{column.zh} | {column.en}")
            continue
        if isinstance(raw, _Odd):
            sheet.report(raw.code, row, column.name)
            continue
        try:
            values[column.name] = reader(raw, column)
        except CellError as error:
            sheet.report(error.code, row, column.name, **error.details)
    if values or row.faulty:
        sheet.rows.append(row)
