"""Errors of an import as a file for the person who mends them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from openpyxl import Workbook
from openpyxl.styles import Font, PatternFill

from trace_service.database import AnyRow

HEADER = (
    "工作表 Sheet",
    "行 Row",
    "列 Column",
    "内容 Value",
    "级别 Severity",
    "代码 Code",
    "问题 Message",
    "处理 Fix",
)
_WIDTHS = (16, 8, 24, 30, 10, 26, 70, 70)
# A spreadsheet takes a cell that begins so for a formula: what an attacker put into a workbook would run on
# the machine of whoever opens the list of its errors. TAB, CR and LF can hide such a start.
_ACTIVE = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe_cell(text: str) -> str:
    """``text`` such that no spreadsheet runs it: an apostrophe goes before what starts a formula."""
    return f"'{text}" if text.startswith(_ACTIVE) else text


def _cells(rows: Iterable[AnyRow]) -> Iterator[tuple[str | int, ...]]:
    for row in rows:
        texts = (row.column, row.value, row.severity, row.code, row.message, row.fix)
        yield (safe_cell(row.sheet), row.row, *map(safe_cell, texts))


def errors_csv(rows: Iterable[AnyRow]) -> bytes:
    """A CSV file in UTF-8 with a byte order mark, so that spreadsheets read the Chinese."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(HEADER)
    writer.writerows(_cells(rows))
    return stream.getvalue().encode("utf-8-sig")


def errors_xlsx(rows: Iterable[AnyRow]) -> bytes:
    """A workbook with one row an error, errors marked red and notes grey."""
    workbook = Workbook()
    sheet = workbook.worksheets[0]
    sheet.title = "错误 Errors"
    sheet.append(HEADER)
    marks = {"error": PatternFill("solid", fgColor="FFD9D6"), "note": PatternFill("solid", fgColor="EEEEEE")}
    for cells, row in enumerate(_cells(rows), start=2):
        sheet.append(row)
        sheet.cell(cells, 4).fill = marks[str(row[4])]
    for column, width in zip("ABCDEFGH", _WIDTHS, strict=True):
        sheet.column_dimensions[column].width = width
        sheet[f"{column}1"].font = Font(bold=True)
    sheet.freeze_panes = "A2"
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()
