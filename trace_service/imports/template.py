"""Template workbooks, generated from the sheets: one sheet a kind, notes, lists of choices.

The usual one has the hand-written sheets; every record type has one of its own that follows from its schema,
with an example row that an import passes over.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from trace_service.imports.field_types import Cell, Field, SheetSpec
from trace_service.imports.fields import SHEETS
from trace_service.imports.limits import MAX_ROWS
from trace_service.imports.schema_cells import Column
from trace_service.imports.schema_examples import example_rows
from trace_service.imports.schema_sheets import record_sheets
from trace_service.imports.workbook import header_text

NOTES_SHEET = "填写说明 Notes"  # the import passes over it silently
_LISTS_SHEET = "选项 Lists"
_MAX_FORMULA = 255  # characters of a list of choices within a validation; longer ones stand in a sheet
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
    Cell.TIME: "日期或时间 / date or time, 2026-03-02T08:00:00Z",
    Cell.CLOCK: "时刻 / time of day, 08:30",
    Cell.PERSON: "签署方给的编号，或 URN、DID / a number that a signer gave, or a URN or DID",
    Cell.JSON: "JSON",
    Cell.SIGNERS: "身份=单位，分号分隔 / role=organisation, separated by semicolons",
    Cell.LINKS: "关系=编号，分号分隔 / relation=reference, separated by semicolons",
}


Examples = Mapping[str, Iterable[Mapping[str, str | int | float]]]  # rows of cells by field, by kind of sheet


def template_workbook(schema: str | None = None) -> bytes:
    """The template as an XLSX file: the hand-written sheets, or those of one record type (`agreement.1`).

    Raises MisuseError for an unknown type.
    """
    if schema is None:
        return _workbook(SHEETS, {})
    sheets = record_sheets(schema)
    return _workbook([table.spec for table in sheets.tables.values()], example_rows(schema))


def _workbook(specs: Iterable[SheetSpec], examples: Examples) -> bytes:
    workbook = Workbook()
    notes = workbook.active
    assert isinstance(notes, Worksheet)
    notes.title = NOTES_SHEET
    notes.append(["工作表 Sheet", "列 Column", "必填 Required", "内容 Content", "说明 Note", "示例 Example"])
    lists = workbook.create_sheet(_LISTS_SHEET)
    lists.sheet_state = "hidden"
    for spec in specs:
        rows = list(examples.get(spec.name, ()))
        _add_sheet(workbook, spec, lists, rows)
        for field in spec.fields:
            required = "是 yes" if field.required else ""
            kind, note, example = _explain(field)
            if not example and rows:
                example = str(rows[0].get(field.name, ""))
            notes.append(
                [f"{spec.zh} {spec.en}", header_text(field.zh, field.en), required, kind, note, example]
            )
    _as_text(notes)
    for column, width in zip("ABCDEF", (26, 40, 12, 48, 60, 40), strict=True):
        notes.column_dimensions[column].width = width
    notes.freeze_panes = "A2"
    if lists.max_row == 1 and lists["A1"].value is None:
        workbook.remove(lists)
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def _explain(field: Field) -> tuple[str, str, str]:
    listed = (field.choices or {}).items()
    several_names = isinstance(field, Column)  # of a schema: the value itself is taken too
    names = (f"{name} {value}" if several_names and name != value else name for name, value in listed)
    choices = "、".join(names)
    note = "；".join(filter(None, (field.note, f"可选 one of: {choices}" if choices else "")))
    several = "，可多个，分号分隔 / several, separated by semicolons" if getattr(field, "many", False) else ""
    return _KINDS[field.cell] + several, note, field.example


def _add_sheet(
    workbook: Workbook, spec: SheetSpec, lists: Worksheet, rows: Iterable[Mapping[str, str | int | float]]
) -> None:
    sheet = workbook.create_sheet(spec.zh)
    for index, field in enumerate(spec.fields, start=1):
        cell = sheet.cell(1, index, header_text(field.zh, field.en))
        cell.font = Font(bold=True)
        cell.fill = _REQUIRED if field.required else _OPTIONAL
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        cell.comment = Comment("\n".join(filter(None, _explain(field))), "SkillTrace", height=120, width=320)
        letter = get_column_letter(index)
        sheet.column_dimensions[letter].width = 18
        # Excel turns what looks like a number into one, and an identifier loses its zeros.
        sheet.column_dimensions[letter].number_format = "@"
        _add_choices(sheet, field, letter, lists)
    for number, row in enumerate(rows, start=2):
        for index, field in enumerate(spec.fields, start=1):
            if field.name in row:
                sheet.cell(number, index, row[field.name]).number_format = "@"
    _as_text(sheet)
    sheet.freeze_panes = "A2"


def _as_text(sheet: Worksheet) -> None:
    for row in sheet.iter_rows(min_row=2):
        for cell in row:
            if cell.data_type == "f":
                cell.data_type = "s"  # an example is never a formula


def _add_choices(sheet: Worksheet, field: Field, letter: str, lists: Worksheet) -> None:
    choices = ["是", "否"] if field.cell is Cell.BOOLEAN else list(field.choices or ())
    if field.cell not in (Cell.CHOICE, Cell.BOOLEAN) or getattr(field, "many", False):
        return
    formula = f'"{",".join(choices)}"'
    if len(formula) > _MAX_FORMULA or any("," in choice for choice in choices):
        column = lists.max_column + (1 if lists["A1"].value is not None else 0)
        for number, choice in enumerate(choices, start=1):
            lists.cell(number, column, choice)
        place = get_column_letter(column)
        formula = f"'{_LISTS_SHEET}'!${place}$1:${place}${len(choices)}"
    listed = DataValidation("list", formula1=formula, allow_blank=True)
    listed.add(f"{letter}2:{letter}{MAX_ROWS}")
    sheet.add_data_validation(listed)
