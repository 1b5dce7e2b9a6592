"""Every sheet that an import knows: those written by hand for daily use, and those of the record schemas."""

from __future__ import annotations

from functools import cache

from trace_service.imports.field_types import SheetSpec
from trace_service.imports.fields import SHEETS
from trace_service.imports.schema_sheets import all_record_sheets, schema_specs
from trace_service.imports.values import fold


@cache
def all_specs() -> dict[str, SheetSpec]:
    """Every kind of sheet by its name, the hand-written ones first."""
    return {**{spec.name: spec for spec in SHEETS}, **schema_specs()}


@cache
def sheet_names() -> dict[str, SheetSpec]:
    """Folded name -> kind of sheet. A hand-written sheet wins, then the earlier name of a type."""
    specs = [*SHEETS, *schema_specs().values()]
    return {fold(name): spec for spec in reversed(specs) for name in reversed(spec.names)}


def known_types() -> str:
    """The names that a sheet, file or type may have, for error texts."""
    hand_written = [f"{spec.zh} {spec.name}" for spec in SHEETS]
    generic = [f"{sheets.main.spec.zh} {sheets.schema}" for sheets in all_record_sheets().values()]
    return "、".join((*hand_written, *generic))
