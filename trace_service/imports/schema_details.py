"""Rows of detail sheets find the row that they belong to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from trace_service.imports.codes import Code
from trace_service.imports.context import Reading
from trace_service.imports.model import Place
from trace_service.imports.parse import Details, ParsedSheet, Row
from trace_service.imports.schema_sheets import RecordSheets, Table


def attach_details(
    reading: Reading, sheets: Mapping[str, ParsedSheet], types: RecordSheets, broken: frozenset[str]
) -> Place | bool:
    """Hang every row of the type's detail sheets under the row it belongs to.

    Whether all have found theirs: a row that has not may be missing from any record of the type, so none of
    them may be issued without it. Such a row is returned; False stands for a sheet that cannot be read.
    """
    main = sheets.get(types.schema)
    by_ref: dict[str, list[Row]] = defaultdict(list)
    for row in main.rows if main is not None else ():
        by_ref[row.values.get("@ref", "")].append(row)
    whole: Place | bool = True
    for name, table in types.tables.items():
        sheet = sheets.get(name)
        if name in broken:
            whole = False
        if sheet is None or table is types.main:
            continue
        for row in sheet.rows:
            if not _attach(reading, Place(sheet, row), by_ref, types, table):
                whole = whole and Place(sheet, row)
    return whole


def _attach(
    reading: Reading, place: Place, by_ref: Mapping[str, list[Row]], types: RecordSheets, table: Table
) -> bool:
    sheet, row = place
    ref = row.values.get("@ref")
    if ref is None:
        return False  # reported as missing or unreadable
    candidates = by_ref.get(ref, [])
    if len(candidates) > 1:
        candidates = [one for one in candidates if _same(reading, one, row)]
    elif candidates and row.values.get("@revision", 1) != candidates[0].values.get("@revision", 1):
        candidates = candidates if "@revision" not in row.values else []
    if len(candidates) != 1:
        code = Code.AMBIGUOUS_REFERENCE if candidates else Code.UNKNOWN_REFERENCE
        what = f"{types.main.spec.zh} {ref} | {types.main.spec.en} {ref}"
        sheet.report(code, row, "@ref", what=what, header="修订号、签发单位 | revision and issuer")
        return False
    holder = _descend(candidates[0], types, table, row)
    if holder is None:
        sheet.report(Code.UNKNOWN_REFERENCE, row, "@parent", what="上级行 | parent row")
        return False
    if holder.children is None:
        holder.children = {}
    holder.children.setdefault(table.spec.name, Details(sheet)).rows.append(row)
    return True


def _same(reading: Reading, main: Row, detail: Row) -> bool:
    if main.values.get("@revision", 1) != detail.values.get("@revision", 1):
        return False
    uploader = {reading.uploader}
    issuers = [
        reading.directory.find(row.values["@issuer"]) if "@issuer" in row.values else uploader
        for row in (main, detail)
    ]
    return issuers[0] == issuers[1]


def _descend(main: Row, types: RecordSheets, table: Table, row: Row) -> Row | None:
    """The row that holds ``row``: the main one, or of the sheet between the one that its number names."""
    if table.depth <= 1:
        return main
    above = next(one for one in types.tables.values() if any(table is x.table for x in one.listings))
    rows = _all_of(main, types.main, above)
    number = row.values.get("@parent", 0)
    return rows[number - 1] if 1 <= number <= len(rows) else None


def _all_of(row: Row, table: Table, wanted: Table) -> list[Row]:
    """Every row of ``wanted`` below ``row``, in order."""
    if table is wanted:
        return [row]
    found: list[Row] = []
    for listing in table.listings:
        details = (row.children or {}).get(listing.table.spec.name)
        for child in details.rows if details is not None else ():
            found += _all_of(child, listing.table, wanted)
    return found
