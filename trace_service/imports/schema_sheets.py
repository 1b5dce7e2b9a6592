"""Sheets that follow from the record schemas: one main sheet a type, one detail sheet an array of objects.

The schema is the only source: what it names becomes a column with its titles, bounds and choices. Nested
objects are flattened, constants have no column, an array of scalars is one cell. Import, templates, export
and the writer of workbooks share these descriptions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from trace_service.imports.field_types import Field, SheetSpec
from trace_service.imports.fields import SHEETS
from trace_service.imports.schema_cells import Column
from trace_service.imports.schema_columns import (
    Leaf,
    Path,
    detail_fields,
    envelope_fields,
    member_columns,
    names_thing,
    resolve,
    titles_of,
)
from trace_service.imports.values import fold
from verifier_cli.schema import SCHEMAS, schema_json

GENERIC = ("（通用）", " (generic)")  # after a title that a hand-written sheet has
MAX_SHEET_NAME = 31  # of spreadsheets


@dataclass(frozen=True, slots=True)
class Listing:
    """An array of objects: ``path`` leads to it from the element of the containing sheet."""

    path: Path
    required: bool
    table: Table


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A sheet and the element (the subject, or one of an array's) that a row of it is.

    ``columns`` are those of members, by field name; ``constants`` are (path, value) pairs.
    """

    spec: SheetSpec
    columns: dict[str, Column]
    constants: tuple[tuple[Path, Any], ...]
    listings: tuple[Listing, ...] = ()
    depth: int = 0

    @property
    def tables(self) -> Iterator[Table]:
        """This table and those of the arrays in it."""
        yield self
        for listing in self.listings:
            yield from listing.table.tables


@dataclass(frozen=True, slots=True, eq=False)
class RecordSheets:
    """The sheets of one record type. ``thing``: the subject has an id of its own, not a person's or a DID."""

    schema: str
    titles: tuple[str, str]
    main: Table
    thing: bool
    tables: dict[str, Table] = field(default_factory=dict)  # by the name of the sheet's kind, main first


@lru_cache(maxsize=len(SCHEMAS))
def record_sheets(schema: str) -> RecordSheets:
    """The sheets of a record type (`activity.1`). Raises MisuseError for an unknown one."""
    document = schema_json(schema)
    subject = resolve(document["properties"]["credentialSubject"], document)
    # The record's own title tells types apart; the subject's is often that of one of its arrays.
    titles = titles_of(subject) or titles_of(document) or (schema, schema)
    names = tuple(dict.fromkeys((titles, titles_of(document) or titles)))
    main = _Walk(document, schema).table(subject, schema, names, ())
    thing = names_thing(resolve(subject["properties"]["id"], document))
    tables = {table.spec.name: table for table in main.tables}
    return RecordSheets(schema, titles, main, thing, tables)


@lru_cache(maxsize=1)
def all_record_sheets() -> dict[str, RecordSheets]:
    """The sheets of every type, by schema."""
    return {schema: record_sheets(schema) for schema in SCHEMAS}


@lru_cache(maxsize=1)
def schema_specs() -> dict[str, SheetSpec]:
    """Every sheet kind that follows from a schema, by its name."""
    return {
        name: table.spec for sheets in all_record_sheets().values() for name, table in sheets.tables.items()
    }


@lru_cache(maxsize=1)
def _taken() -> frozenset[str]:
    return frozenset(fold(name) for spec in SHEETS for name in spec.names)


class _Walk:
    """The walk over one schema."""

    def __init__(self, document: dict[str, Any], schema: str) -> None:
        self._document = document
        self._schema = schema

    def table(
        self, element: dict[str, Any], name: str, titles: tuple[tuple[str, str], ...], above: tuple[Path, ...]
    ) -> Table:
        """The table of an element and, within it, those of its arrays. ``above``: arrays that lead here."""
        leaves: list[Leaf] = []
        constants: list[tuple[Path, Any]] = []
        arrays: list[tuple[Leaf, dict[str, Any]]] = []
        for leaf in self._leaves(element, (), (), required=True):
            items = resolve(leaf.schema.get("items", {}), self._document)
            if "const" in leaf.schema and leaf.required_here:
                constants.append((leaf.path, leaf.schema["const"]))
            elif leaf.schema.get("type") == "array" and items.get("type") == "object":
                arrays.append((leaf, items))
            else:
                leaves.append(leaf)
        fields = detail_fields(len(above)) if above else envelope_fields(self._schema)
        columns = member_columns(leaves, fields, self._document)
        spec = _spec(name, self._schema, titles, above, (*fields, *columns))
        listings = tuple(self._listing(leaf, items, name, titles, above) for leaf, items in arrays)
        by_name = {column.name: column for column in columns}
        return Table(spec, by_name, tuple(constants), listings, len(above))

    def _leaves(
        self,
        element: dict[str, Any],
        path: Path,
        parents: tuple[tuple[str, str] | None, ...],
        *,
        required: bool,
    ) -> Iterator[Leaf]:
        """Members that are no objects, through objects, in the schema's order."""
        wanted = element.get("required", ())
        for name, member in element["properties"].items():
            found = resolve(member, self._document)
            here = (*path, name)
            titled = (*parents, titles_of(found))
            needed = required and name in wanted
            if found.get("type") == "object" and "properties" in found:
                yield from self._leaves(found, here, titled, required=needed)
            else:
                yield Leaf(here, found, titled, needed, name in wanted)

    def _listing(
        self,
        leaf: Leaf,
        items: dict[str, Any],
        name: str,
        titles: tuple[tuple[str, str], ...],
        above: tuple[Path, ...],
    ) -> Listing:
        path = ".".join(leaf.path)
        own = leaf.titles[-1] or (path, path)
        child = f"{name}-{path}" if above else f"{name}/{path}"
        named = tuple((f"{zh}-{own[0]}", f"{en} - {own[1]}") for zh, en in titles)
        return Listing(leaf.path, leaf.required_here, self.table(items, child, named, (*above, leaf.path)))


def _spec(
    name: str,
    schema: str,
    titles: tuple[tuple[str, str], ...],
    above: tuple[Path, ...],
    fields: tuple[Field, ...],
) -> SheetSpec:
    """The sheet with every name that means it, of which its first is no hand-written sheet's."""
    short = ".".join((schema.partition(".")[0], *(".".join(path) for path in above)))
    plain = [text for pair in titles for text in pair]
    generic = [f"{text}{GENERIC[index % 2]}" for index, text in enumerate(plain)]
    names = [text for text in (*plain, short) if fold(text) not in _taken()]
    zh, en = titles[0] if not {fold(text) for text in titles[0]} & _taken() else (generic[0], generic[1])
    zh = sheet_name(zh if len(zh) <= MAX_SHEET_NAME else short)
    return SheetSpec(name, zh, en, ("@ref",), fields, (*names, *generic), remarks=True)


def sheet_name(text: str) -> str:
    """``text`` as a spreadsheet takes it for the name of a sheet."""
    return "".join("·" if sign in "[]:*?/\\" else sign for sign in text)[:MAX_SHEET_NAME]
