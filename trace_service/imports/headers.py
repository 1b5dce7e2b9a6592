"""Finding the header row of a sheet, and which column is which field."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from trace_service.imports.catalogue import sheet_names
from trace_service.imports.codes import Code
from trace_service.imports.errors import Findings
from trace_service.imports.field_types import SheetSpec
from trace_service.imports.limits import MAX_HEADER_ROWS
from trace_service.imports.values import Raw, fold

_REMARK = re.compile(r"[(（\[【][^()（）\[\]【】]*[)）\]】]")
_USUAL_REMARK = re.compile(r"[(（\[【]\s*(必填|选填|可选|required|optional)\s*[)）\]】]", re.IGNORECASE)
# Never recorded: a resident ID number can be enumerated from its hash, so it has no place in any record.
_PERSONAL = frozenset(
    map(
        fold,
        ("身份证号", "身份证号码", "身份证", "证件号码", "证件号", "ID card", "National ID", "Resident ID"),
    )
)
_ENOUGH = 2  # matched columns that make a row a header: one alone may be a title


@dataclass(frozen=True, slots=True)
class Header:
    """``row`` is 1-based; ``columns`` maps field names to 0-based columns, ``labels`` are for errors."""

    row: int
    columns: dict[str, int] = field(default_factory=dict)
    labels: dict[int, str] = field(default_factory=dict)

    def label(self, name: str) -> str:
        """The column of field ``name`` as an error shows it; empty where the sheet has none."""
        return self.labels.get(self.columns.get(name, -1), "")


def column_letters(index: int) -> str:
    """The spreadsheet's name of a 0-based column: A, B, ... Z, AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


@cache
def header_table(spec: SheetSpec) -> dict[str, str]:
    """Folded header text -> field name. An earlier field wins where two share a synonym."""
    table: dict[str, str] = {}
    for rank in range(max(len(column.headers) for column in spec.fields)):
        for column in spec.fields:
            if rank < len(column.headers):
                table.setdefault(fold(column.headers[rank]), column.name)
    return table


def find_spec(name: str) -> SheetSpec | None:
    """The kind of sheet that ``name`` (of a sheet, a file or a type option) means."""
    return sheet_names().get(fold(name)) or sheet_names().get(fold(_REMARK.sub("", name)))


def match_header(text: str, spec: SheetSpec, mapping: Mapping[str, str]) -> str | None:
    """The field that a header means: by explicit mapping, by synonym, or without its remark in brackets."""
    if (given := mapping.get(text.strip())) is not None:
        return given
    table = header_table(spec)
    text = _USUAL_REMARK.sub("", text)
    if (name := table.get(fold(text))) is not None:
        return name
    bare = fold(_REMARK.sub("", text))
    return None if bare in _qualified(spec) else table.get(bare)


@cache
def _qualified(spec: SheetSpec) -> frozenset[str]:
    """Headers that mean another field with a remark, as Name (English): no remark is ignored there."""
    headers = (text for column in spec.fields for text in (column.zh, column.en, *column.synonyms))
    return frozenset(fold(_REMARK.sub("", text)) for text in headers if _REMARK.search(text))


def find_header(
    rows: Sequence[Sequence[Raw]], spec: SheetSpec, mapping: Mapping[str, str], sheet: str, found: Findings
) -> Header | None:
    """The header of a sheet; what is wrong with it goes to ``found``. None where no row can be one."""
    best: tuple[int, int] = (0, 0)
    for index, row in enumerate(rows[:MAX_HEADER_ROWS]):
        score = len({match_header(cell, spec, mapping) for cell in row if isinstance(cell, str)} - {None})
        best = max(best, (score, -index))
    if best[0] < _ENOUGH:
        required = "、".join(f"{column.zh} {column.en}" for column in spec.fields if column.required)
        found.report(Code.NO_HEADER, sheet, 0, limit=MAX_HEADER_ROWS, required=required)
        return None
    header = _read_header(-best[1], rows[-best[1]], spec, mapping, sheet, found)
    return header if _complete(header, spec, sheet, found) else None


def _read_header(
    index: int, row: Sequence[Raw], spec: SheetSpec, mapping: Mapping[str, str], sheet: str, found: Findings
) -> Header:
    header = Header(row=index + 1)
    for column, cell in enumerate(row):
        text = " ".join(str(cell).split())
        if not text:
            continue
        label = header.labels[column] = f"{column_letters(column)} {text}"
        name = match_header(str(cell), spec, mapping)
        if name is None:
            code = Code.PERSONAL_COLUMN if fold(text) in _PERSONAL else Code.UNKNOWN_COLUMN
            found.report(code, sheet, index + 1, label, text)
        elif name in header.columns:
            other = header.label(name)
            found.report(
                Code.DUPLICATE_COLUMN,
                sheet,
                index + 1,
                label,
                text,
                field=f"{spec.field(name).zh} | {spec.field(name).en}",
                other=other,
            )
        else:
            header.columns[name] = column
    return header


def _complete(header: Header, spec: SheetSpec, sheet: str, found: Findings) -> bool:
    complete = True
    for column in spec.fields:
        if column.required and column.name not in header.columns:
            complete = False
            accepted = "、".join(dict.fromkeys(column.headers))
            found.report(
                Code.MISSING_COLUMN, sheet, header.row, field=f"{column.zh} | {column.en}", accepted=accepted
            )
    return complete
