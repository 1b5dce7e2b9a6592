"""The one table of record sheets and their columns: it serves header matching, templates and documents."""

from __future__ import annotations

from trace_service.imports.field_types import SheetSpec
from trace_service.imports.fields_practice import ACTIVITIES, ENROLMENTS
from trace_service.imports.fields_results import CERTIFICATES, EVALUATIONS, PRACTICE_CREDITS
from trace_service.imports.fields_standards import PARTIES, STANDARD_ITEMS, STANDARD_LEVELS, STANDARDS

# In the order in which records can name one another: what is named stands before what names it.
SHEETS: tuple[SheetSpec, ...] = (
    PARTIES,
    STANDARDS,
    STANDARD_LEVELS,
    STANDARD_ITEMS,
    ENROLMENTS,
    ACTIVITIES,
    EVALUATIONS,
    PRACTICE_CREDITS,
    CERTIFICATES,
)
SHEET_BY_NAME: dict[str, SheetSpec] = {sheet.name: sheet for sheet in SHEETS}
