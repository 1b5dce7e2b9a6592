"""Writing the sample workbooks so that the same data gives the same bytes."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date, datetime
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

Rows = list[list[object]]
MADE_AT = datetime(2026, 11, 1, 8, 0, 0)
_ZIP_TIME = (2026, 11, 1, 8, 0, 0)
_MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)")


def write_workbook(path: Path, sheets: dict[str, Rows]) -> None:
    """Write ``sheets`` (name -> rows). A first row of one cell is a title above the header."""
    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    workbook.properties.creator = "SkillTrace sample"
    workbook.properties.created = MADE_AT
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for number, row in enumerate(rows, start=1):
            sheet.append(row)
            for column, value in enumerate(row, start=1):
                if isinstance(value, date):
                    sheet.cell(number, column).number_format = "yyyy-mm-dd"
        header = 2 if len(rows[0]) == 1 else 1
        for index, cell in enumerate(sheet[header], start=1):
            cell.font = Font(bold=True)
            sheet.column_dimensions[get_column_letter(index)].width = 14
        sheet.freeze_panes = sheet.cell(header + 1, 1)
    stream = io.BytesIO()
    workbook.save(stream)
    path.write_bytes(_fixed(stream.getvalue()))


def _fixed(data: bytes) -> bytes:
    """The same workbook without the moment of writing in it."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(stream, "w") as target:
        for name in sorted(source.namelist()):
            content = source.read(name)
            if name == "docProps/core.xml":
                content = _MODIFIED.sub(
                    rb"\g<1>" + MADE_AT.strftime("%Y-%m-%dT%H:%M:%SZ").encode() + rb"\2", content
                )
            entry = zipfile.ZipInfo(name, _ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            target.writestr(entry, content, compresslevel=9)
    return stream.getvalue()
