"""Organisations and people in cells: registered names and numbers become DIDs and URNs."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from trace_service.imports.codes import Code
from trace_service.imports.context import Reading
from trace_service.imports.field_types import Cell
from trace_service.imports.model import Node, Organisation, Place
from trace_service.imports.schema_cells import Column
from trace_service.imports.schema_sheets import Table
from verifier_cli.schema import SCHEMAS

_IDENTIFIERS = ("did:", "urn:")
_AT = "@"  # 2023060101@did:web:school.example: whose number it is, where the row does not tell
_OF_ENTERPRISE = frozenset(
    {"mentor", "engineer", "enterprise"}
)  # roles of people whom the enterprise numbers


class _Names(NamedTuple):
    organisations: tuple[Column, ...]
    people: tuple[Column, ...]


@lru_cache(maxsize=16 * len(SCHEMAS))
def _names(table: Table) -> _Names:
    columns = table.columns.values()
    return _Names(
        tuple(column for column in columns if column.cell is Cell.ORGANISATION),
        tuple(column for column in columns if column.cell is Cell.PERSON),
    )


def resolve_names(reading: Reading, node: Node, place: Place, table: Table) -> bool:
    """Replace names and numbers in the row and in the rows below it; False after an error."""
    names = _names(table)
    values = place.row.values
    for column in (*names.organisations, *names.people):
        if column.name not in values:
            continue
        given = values[column.name]
        found = [
            _resolve(reading, node, place, table, column, text)
            for text in (given if column.many else [given])
        ]
        if None in found:
            return False
        values[column.name] = found if column.many else found[0]
    children = place.row.children or {}
    return all(
        resolve_names(reading, node, Place(details.sheet, child), listing.table)
        for listing in table.listings
        if (details := children.get(listing.table.spec.name)) is not None
        for child in details.rows
    )


def _resolve(
    reading: Reading, node: Node, place: Place, table: Table, column: Column, text: str
) -> str | None:
    if text.startswith(_IDENTIFIERS):
        return text
    if column.cell is Cell.PERSON:
        # An organisation may stand here too, by its name, where the subject is not a person.
        known = reading.directory.find(text) if column.path == ("id",) else set()
        return (
            next(iter(known)).did if len(known) == 1 else _person(reading, node, place, table, column, text)
        )
    found = reading.directory.find(text)
    if len(found) == 1:
        return next(iter(found)).did
    code = Code.AMBIGUOUS_REFERENCE if found else Code.UNKNOWN_ORGANISATION
    place.sheet.report(code, place.row, column.name, what="单位 | organisation", header="DID")
    return None


def _person(
    reading: Reading, node: Node, place: Place, table: Table, column: Column, text: str
) -> str | None:
    """The URN behind a number. Only numbers of the record's own signers: others' are not for the uploader."""
    number, _, named = text.partition(_AT)
    found = reading.directory.find(named) if named else set()
    if found or named.startswith(_IDENTIFIERS):
        owner = next(iter(found)) if len(found) == 1 else None
    else:
        number, owner = text, _beside(reading, place, table, column) or _usual(node, place)
    if owner is None or owner not in node.signers:
        what = f"签署方编号 {text} | person {text} of a signer"
        place.sheet.report(Code.UNKNOWN_REFERENCE, place.row, column.name, what=what)
        return None
    return reading.people.urn(owner, number)


def _beside(reading: Reading, place: Place, table: Table, column: Column) -> Organisation | None:
    """The organisation in the same object, as a mentor's employer."""
    if table.depth == 0 and column.path == ("id",):
        return None  # a graduate's employer did not give the student number
    for other in _names(table).organisations:
        if other.path[:-1] == column.path[:-1] and not other.many:
            return reading.directory.by_did(place.row.values.get(other.name, ""))
    return None


def _usual(node: Node, place: Place) -> Organisation | None:
    role = place.row.values.get("role")
    return node.organisation("enterprise" if role in _OF_ENTERPRISE else "school")
