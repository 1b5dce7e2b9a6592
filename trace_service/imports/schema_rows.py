"""Between a record's subject and the rows of its sheets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from trace_service.imports.parse import Row
from trace_service.imports.schema_cells import to_cell
from trace_service.imports.schema_columns import Path
from trace_service.imports.schema_sheets import Listing, Table

CellValue = str | int | float
_OBJECTS: dict[Table, _Index] = {}


class UnknownMemberError(ValueError):
    """A subject has a member that its schema does not name; ``path`` says where."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{'.'.join(path)}: no such member in the schema")
        self.path = path


class FlatRow(NamedTuple):
    """One row of a sheet: cells by field name, and for an array's element which ones it is within."""

    table: Table
    cells: dict[str, CellValue]
    parent: int = (
        0  # the element's number within the sheet above, from 1; 0 for rows of the first detail sheet
    )


class _Index(NamedTuple):
    """What each path of a table's element is."""

    columns: dict[Path, str]
    listings: dict[Path, Listing]
    objects: frozenset[Path]
    constants: frozenset[Path]


def _index(table: Table) -> _Index:
    found = _OBJECTS.get(table)
    if found is None:
        columns = {column.path: name for name, column in table.columns.items()}
        listings = {listing.path: listing for listing in table.listings}
        constants = frozenset(path for path, _ in table.constants)
        objects = {
            path[:length] for path in (*columns, *listings, *constants) for length in range(1, len(path))
        }
        found = _OBJECTS[table] = _Index(columns, listings, frozenset(objects), constants)
    return found


def flatten(main: Table, subject: Mapping[str, Any]) -> Iterator[FlatRow]:
    """The rows of a subject, its main row first. Raises UnknownMemberError, TypeError."""
    counts: dict[Table, int] = {}
    yield from _rows(main, subject, 0, counts)


def _rows(
    table: Table, element: Mapping[str, Any], parent: int, counts: dict[Table, int]
) -> Iterator[FlatRow]:
    number = counts[table] = counts.get(table, 0) + 1
    row = FlatRow(table, {}, parent)
    lists: list[tuple[Table, Sequence[Any]]] = []
    _fill(_index(table), table, element, (), row.cells, lists)
    yield row
    for below, elements in lists:
        for each in elements:
            yield from _rows(below, each, number if below.depth > 1 else 0, counts)


def _fill(
    index: _Index,
    table: Table,
    element: Mapping[str, Any],
    above: Path,
    cells: dict[str, CellValue],
    lists: list[tuple[Table, Sequence[Any]]],
) -> None:
    for key, value in element.items():
        path = (*above, key)
        if (name := index.columns.get(path)) is not None:
            cells[name] = to_cell(table.columns[name], value)
        elif path in index.constants:
            continue
        elif path in index.objects:
            _fill(index, table, value, path, cells, lists)
        elif (listing := index.listings.get(path)) is not None:
            lists.append((listing.table, value))
        else:
            raise UnknownMemberError(path)


def build_element(table: Table, row: Row) -> dict[str, Any]:
    """The element (the subject, for a main sheet) that a row and the rows of its detail sheets make."""
    element: dict[str, Any] = {}
    columns = table.columns
    for name, value in row.values.items():
        column = columns.get(name)
        if column is not None:
            _put(element, column.path, value)
    for listing in table.listings:
        below = (row.children or {}).get(listing.table.spec.name)
        if below is not None:
            _put(element, listing.path, [build_element(listing.table, child) for child in below.rows])
        elif listing.required and (holder := _holder(element, listing.path)) is not None:
            holder[listing.path[-1]] = []
    for path, value in table.constants:
        if (holder := _holder(element, path)) is not None:
            holder[path[-1]] = value
    return element


def _put(element: dict[str, Any], path: Path, value: Any) -> None:
    for step in path[:-1]:
        element = element.setdefault(step, {})
    element[path[-1]] = value


def _holder(element: dict[str, Any], path: Path) -> dict[str, Any] | None:
    """The object that a path's last step belongs to; None where no member of it is filled in."""
    for step in path[:-1]:
        if step not in element:
            return None
        element = element[step]
    return element
