"""Workbooks of records from plain values, through the sheets of the schemas; written in one pass."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from trace_service.imports import limits
from trace_service.imports.field_types import SheetSpec
from trace_service.imports.schema_cells import text_cell
from trace_service.imports.schema_envelope import Reading, link_cell, signers_cell
from trace_service.imports.schema_rows import CellValue, FlatRow, flatten
from trace_service.imports.schema_sheets import RecordSheets, Table, record_sheets

MAX_CELL = 32_767  # characters; a spreadsheet cuts longer text off
# Filled cells of one file: about 50 bytes each unpacked, so half of what an import unpacks.
MAX_FILLED = 1_200_000
_WIDTH = 18


class ProposedLink(Protocol):
    """A link of a proposed record; ``ref`` is an external reference or a record id, or what narrows it."""

    @property
    def ref(self) -> str | Reading: ...
    @property
    def rel(self) -> str: ...
    @property
    def items(self) -> Sequence[str]: ...


class Proposed(Protocol):
    """A record as plain values. ``issuer`` is a DID, ``countersigners`` are (DID, role) pairs; ``valid_from``
    is YYYY-MM-DDTHH:MM:SSZ. An attribute ``valid_until`` of the same form is read where there is one.
    """

    @property
    def schema(self) -> str: ...
    @property
    def ref(self) -> str: ...
    @property
    def revision(self) -> int: ...
    @property
    def issuer(self) -> str: ...
    @property
    def countersigners(self) -> Sequence[tuple[str, str]]: ...
    @property
    def subject(self) -> Any: ...
    @property
    def valid_from(self) -> str: ...
    @property
    def links(self) -> Sequence[Any]: ...


class WorkbookFullError(ValueError):
    """The file would pass the limits of an import; ``sheet`` is the one that is full."""

    def __init__(self, sheet: str) -> None:
        super().__init__(f"{sheet}: the workbook is full")
        self.sheet = sheet


class CellTooLongError(ValueError):
    """A text is longer than a cell of a spreadsheet may be; ``ref`` and ``field`` say where."""

    def __init__(self, ref: str, field: str) -> None:
        super().__init__(f"{ref}: {field} is longer than {MAX_CELL} characters, the most that a cell holds")
        self.ref = ref
        self.field = field


def header_text(zh: str, en: str) -> str:
    """The header of a column as it is written: in both languages."""
    return zh if zh == en else f"{zh} {en}"


class _Sheet:
    """A sheet while it is written."""

    def __init__(self, workbook: Workbook, spec: SheetSpec) -> None:
        self.spec = spec
        self._sheet = workbook.create_sheet(spec.zh)
        self._sheet.freeze_panes = "B2"
        for index in range(1, len(spec.fields) + 1):
            self._sheet.column_dimensions[get_column_letter(index)].width = _WIDTH
        self._positions = {field.name: index for index, field in enumerate(spec.fields)}
        self._rows = 1
        self._most = min(limits.MAX_ROWS, limits.MAX_CELLS // len(spec.fields))
        headers = [WriteOnlyCell(self._sheet, header_text(field.zh, field.en)) for field in spec.fields]
        for cell in headers:
            cell.font = Font(bold=True)
        self._sheet.append(headers)

    def room(self, rows: int) -> bool:
        """Whether an import would take so many rows more."""
        return self._rows + rows <= self._most

    def append(self, cells: dict[str, CellValue]) -> None:
        row: list[CellValue | None] = [None] * len(self._positions)
        for name, value in cells.items():
            row[self._positions[name]] = value
        self._sheet.append(row)
        self._rows += 1


class WorkbookWriter:
    """Writes records into a workbook one by one; a sheet begins with the first record that needs it."""

    def __init__(self) -> None:
        self._workbook = Workbook(write_only=True)
        self._sheets: dict[str, _Sheet] = {}
        self._filled = 0
        self.records = 0

    def add(self, entry: Proposed) -> None:
        """Write one record. Raises WorkbookFullError, and writes nothing, where no import took the file;
        CellTooLongError, UnknownMemberError, TypeError for a subject that no sheet can hold.
        """
        sheets = record_sheets(entry.schema)
        rows = list(flatten(sheets.main, entry.subject))
        key = self._key(entry, sheets)
        rows[0].cells.update(_envelope(entry, sheets))
        for row in rows[1:]:
            row.cells.update(key)
            if row.table.depth > 1:
                row.cells["@parent"] = row.parent
        _check_lengths(entry.ref, rows)
        self._make_room(rows)
        for row in rows:
            self._sheets[row.table.spec.name].append(row.cells)
        self.records += 1

    def _make_room(self, rows: list[FlatRow]) -> None:
        wanted: dict[Table, int] = {}
        for row in rows:
            wanted[row.table] = wanted.get(row.table, 0) + 1
        self._filled += sum(len(row.cells) for row in rows)
        for table, count in wanted.items():
            sheet = self._sheets.get(table.spec.name)
            if sheet is None:
                sheet = self._sheets[table.spec.name] = _Sheet(self._workbook, table.spec)
            if not sheet.room(count) or self._filled > MAX_FILLED:
                raise WorkbookFullError(sheet.spec.zh)

    @staticmethod
    def _key(entry: Proposed, sheets: RecordSheets) -> dict[str, CellValue]:
        """What a row of a detail sheet says of the record that it belongs to."""
        key: dict[str, CellValue] = {"@ref": _ref(entry, sheets), "@issuer": entry.issuer}
        if entry.revision != 1:
            key["@revision"] = entry.revision
        return key

    def save(self, target: Path | BinaryIO) -> None:
        """Write the file out; nothing can be added afterwards."""
        if not self._sheets:
            self._workbook.create_sheet("空 Empty")
        self._workbook.save(target)

    def discard(self) -> None:
        """Give up what was written: its parts wait in temporary files, which saving closes and removes."""
        self.save(io.BytesIO())


def _ref(entry: Proposed, sheets: RecordSheets) -> str:
    return text_cell(sheets.main.spec.fields[0], entry.ref)


def _envelope(entry: Proposed, sheets: RecordSheets) -> dict[str, CellValue]:
    cells: dict[str, CellValue] = {
        "@ref": _ref(entry, sheets),
        "@revision": entry.revision,
        "@validFrom": entry.valid_from,
        "@issuer": entry.issuer,
    }
    valid_until = getattr(entry, "valid_until", None)
    if valid_until:
        cells["@validUntil"] = valid_until
    if entry.countersigners:
        cells["@countersigners"] = signers_cell(entry.countersigners)
    if entry.links:
        cells["@links"] = "; ".join(_link(link) for link in entry.links)
    return cells


def _link(link: ProposedLink) -> str:
    target = link.ref if isinstance(link.ref, Reading) else Reading(link.ref)
    return link_cell(link.rel, target, link.items)


def _check_lengths(ref: str, rows: list[FlatRow]) -> None:
    for row in rows:
        for name, value in row.cells.items():
            if isinstance(value, str) and len(value) > MAX_CELL:
                raise CellTooLongError(ref, row.table.spec.field(name).zh)


def write_workbook(entries: Iterable[Proposed], path: Path) -> int:
    """Write ``entries`` into one workbook that an import takes, and return their number.

    Raises WorkbookFullError where one file cannot hold them (see `write_workbooks`).
    """
    writer = WorkbookWriter()
    try:
        for entry in entries:
            writer.add(entry)
    except BaseException:
        writer.discard()
        raise
    writer.save(path)
    return writer.records


def write_workbooks(entries: Iterable[Proposed], folder: Path, stem: str) -> list[Path]:
    """Write ``entries`` into as many workbooks as the limits of an import need: ``<stem>-01.xlsx`` and so on.

    Where ``entries`` stand in the order of their links, so do the files: import them in this order.
    """
    return write_parts(entries, lambda number: folder / f"{stem}-{number:02}.xlsx")


def write_parts(entries: Iterable[Proposed], name: Callable[[int], Path]) -> list[Path]:
    """Like `write_workbooks`; ``name`` gives the path of each part, counted from 1."""
    paths: list[Path] = []
    writer = WorkbookWriter()

    def end() -> None:
        paths.append(name(len(paths) + 1))
        writer.save(paths[-1])

    try:
        for entry in entries:
            try:
                writer.add(entry)
            except WorkbookFullError:
                end()
                writer = WorkbookWriter()
                writer.add(entry)
    except BaseException:
        writer.discard()
        raise
    end()
    return paths
