"""The template workbook, generated from the field table: one sheet a record type, notes, lists."""

from __future__ import annotations

import io

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from trace_service.imports.field_types import Cell, Field, SheetSpec
from trace_service.imports.fields import SHEETS
from trace_service.imports.limits import MAX_ROWS

NOTES_SHEET = "填写说明 Notes"  # the import passes over it silently
_REQUIRED = PatternFill("solid", fgColor="FFE8C6")
_OPTIONAL = PatternFill("solid", fgColor="E8EEF7")
_KINDS = {
    Cell.TEXT: "文本 / text",
    Cell.IDENTIFIER: "编号（文本格式） / identifier (format as text)",
    Cell.TOKEN: "代码（字母、数字和 . _ / -） / code (letters, digits, . _ / -)",
    Cell.ORGANISATION: "单位登记名称或 DID / registered name or DID",
    Cell.DATE: "日期 / date, 2026-03-02",
    Cell.INTEGER: "整数 / whole number",
    Cell.DECIMAL: "数字 / number",
    Cell.BOOLEAN: "是 或 否 / yes or no",
    Cell.CHOICE: "从列表选择 / from the list",
    Cell.CHOICES: "从列表选择，可多个 / from the list, several allowed",
    Cell.SPANS: "起止时间（休息分钟） / start-end(break minutes): 08:30-17:30(60)",
    Cell.DATED_SPANS: "日期和起止时间 / date and times",
    Cell.WEEKS: "周次 / weeks: 1-15;17",
    Cell.IDENTIFIERS: "编号，分号分隔 / identifiers, separated by semicolons",
}


def template_workbook() -> bytes:
    """The template as an XLSX file."""
    workbook = Workbook()
    notes = workbook.active
    assert isinstance(notes, Worksheet)
    notes.title = NOTES_SHEET
    notes.append(["工作表 Sheet", "列 Column", "必填 Required", "内容 Content", "说明 Note", "示例 Example"])
    for spec in SHEETS:
        _add_sheet(workbook, spec)
        for field in spec.fields:
            required = "是 yes" if field.required else ""
            notes.append([f"{spec.zh} {spec.en}", f"{field.zh} {field.en}", required, *_explain(field)])
    for column, width in zip("ABCDEF", (26, 40, 12, 48, 60, 40), strict=True):
        notes.column_dimensions[column].width = width
    notes.freeze_panes = "A2"
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def _explain(field: Field) -> tuple[str, str, str]:
    choices = "、".join(field.choices or ())
    note = "；".join(filter(None, (field.note, f"可选 one of: {choices}" if choices else "")))
    return _KINDS[field.cell], note, field.example


def _add_sheet(workbook: Workbook, spec: SheetSpec) -> None:
    sheet = workbook.create_sheet(spec.zh)
    for index, field in enumerate(spec.fields, start=1):
        cell = sheet.cell(1, index, f"{field.zh} {field.en}")
        cell.font = Font(bold=True)
        cell.fill = _REQUIRED if field.required else _OPTIONAL
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        cell.comment = Comment("\n".join(filter(None, _explain(field))), "SkillTrace", height=120, width=320)
        letter = get_column_letter(index)
        sheet.column_dimensions[letter].width = 18
        # Excel turns what looks like a number into one, and an identifier loses its zeros.
        sheet.column_dimensions[letter].number_format = "@"
        choices = ["是", "否"] if field.cell is Cell.BOOLEAN else list(field.choices or ())
        if field.cell in (Cell.CHOICE, Cell.BOOLEAN):
            listed = DataValidation("list", formula1=f'"{",".join(choices)}"', allow_blank=True)
            listed.add(f"{letter}2:{letter}{MAX_ROWS}")
            sheet.add_data_validation(listed)
    sheet.freeze_panes = "A2"
