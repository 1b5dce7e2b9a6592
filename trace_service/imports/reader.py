"""From a file to the records that it proposes: sheets, rows, references, revisions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from trace_service.imports.build_credentials import build_certificates, build_practice_credits
from trace_service.imports.build_practice import build_activities, build_enrolments
from trace_service.imports.build_results import build_evaluations
from trace_service.imports.build_standards import build_parties, build_standards, read_names
from trace_service.imports.catalogue import all_specs, known_types
from trace_service.imports.codes import Code
from trace_service.imports.context import Reading
from trace_service.imports.errors import Findings, ImportRefusedError
from trace_service.imports.field_types import SheetSpec
from trace_service.imports.fields import SHEET_BY_NAME
from trace_service.imports.files import Grid, read_file
from trace_service.imports.lookup import load_activities, load_enrolments, load_evaluations, load_standards
from trace_service.imports.options import ImportOptions, SheetMapping, read_mapping, spec_for
from trace_service.imports.parse import ParsedSheet, parse_grid
from trace_service.imports.schema_build import build_schema_records
from trace_service.imports.template import NOTES_SHEET

Progress = Callable[[str, int], None]  # a step's name and how many rows it took


@dataclass(slots=True)
class ParsedFile:
    """The record sheets of a file by kind, and the number of their rows."""

    sheets: dict[str, ParsedSheet]
    rows: int
    broken: frozenset[str] = frozenset()  # kinds of which a sheet could not be read


def parse_file(
    name: str, data: bytes, options: ImportOptions, found: Findings, progress: Progress
) -> ParsedFile:
    """Read every record sheet; raises `ImportRefusedError` for a file that cannot be read at all."""
    mapping = read_mapping(options.mapping)
    sheets: dict[str, ParsedSheet] = {}
    broken: set[str] = set()
    recognised = False
    for grid in read_file(name, data):
        spec = spec_for(grid.name, name, options, mapping.get(grid.name, SheetMapping()))
        if spec is not None and not grid.hidden:
            recognised = True
            columns = mapping.get(grid.name, SheetMapping()).columns
            if not _parse_sheet(grid, spec, columns, sheets, found):
                broken.add(spec.name)
        elif grid.hidden and spec is not None:
            found.report(Code.HIDDEN_SHEET, grid.name, 0)
        elif grid.name != NOTES_SHEET and not grid.hidden:
            found.report(Code.UNKNOWN_SHEET, grid.name, 0, known=known_types())
        progress(grid.name, len(grid.rows))
    if not recognised:
        raise ImportRefusedError(Code.UNKNOWN_TYPE, given=name, known=known_types())
    rows = sum(len(sheet.rows) for sheet in sheets.values())
    if rows == 0 and found.errors == 0:
        raise ImportRefusedError(Code.NOTHING_TO_IMPORT)
    return ParsedFile({key: sheets[key] for key in all_specs() if key in sheets}, rows, frozenset(broken))


def _parse_sheet(
    grid: Grid, spec: SheetSpec, columns: dict[str, str], sheets: dict[str, ParsedSheet], found: Findings
) -> bool:
    """Add one sheet to ``sheets``; whether it could be read."""
    if spec.name in sheets:
        found.report(Code.DUPLICATE_SHEET, grid.name, 0, other=sheets[spec.name].name)
        return False
    if not any(cell != "" for row in grid.rows for cell in row):
        return True  # an empty sheet of the template
    parsed = parse_grid(grid, spec, columns, found)
    if parsed is not None:
        sheets[spec.name] = parsed
    return parsed is not None


def build_graph(reading: Reading, parsed: ParsedFile, progress: Progress) -> None:
    """Turn the rows into the graph of proposed records, what is named before what names it."""
    sheets = {name: sheet for name, sheet in parsed.sheets.items() if name in SHEET_BY_NAME}
    read_names(reading, sheets)
    build_parties(reading, sheets)
    build_standards(reading, sheets)
    load_standards(reading, sheets)
    if "enrolments" in sheets:
        build_enrolments(reading, sheets["enrolments"])
    load_enrolments(reading, sheets)
    if "activities" in sheets:
        build_activities(reading, sheets["activities"])
    if "evaluations" in sheets:
        load_activities(reading, sheets["evaluations"])
        build_evaluations(reading, sheets["evaluations"])
    load_evaluations(reading, sheets)
    if "practice_credits" in sheets:
        build_practice_credits(reading, sheets["practice_credits"])
    if "certificates" in sheets:
        build_certificates(reading, sheets["certificates"])
    reading.graph.nodes[:] = [node for node in reading.graph.nodes if not node.faulty]
    build_schema_records(reading, parsed.sheets, parsed.broken)
    progress("records", len(reading.graph.nodes))
