"""From the path in a record at which a check failed to the cell that it comes from."""

from __future__ import annotations

import re

from trace_service.imports.codes import Code
from trace_service.imports.model import Node, Place
from trace_service.imports.schema_columns import Path
from trace_service.imports.schema_sheets import Listing, Table, record_sheets
from verifier_cli.errors import DataError
from verifier_cli.rules import combinations, subkind_of

_STEP = re.compile(r"\.(@?\w+)|\[(\d+)\]")
_REQUIRED = re.compile(r'^"(\w+)" is a required property')
_ENVELOPE = {
    "issuer": "@issuer",
    "validFrom": "@validFrom",
    "validUntil": "@validUntil",
    "countersigners": "@countersigners",
    "relatedResource": "@links",
}


def report_refusal(node: Node, error: DataError) -> None:
    """Report what the schema or a rule refused, at the sheet, row and column that it comes from."""
    assert node.place is not None
    if error.path == "$.countersigners":
        allowed = allowed_signers(node)
        node.place.sheet.report(
            Code.MISSING_COUNTERSIGNERS, node.place.row, "@countersigners", allowed=allowed
        )
        return
    place, name = locate(node, error.path, error.reason)
    place.sheet.report(Code.SCHEMA_REFUSED, place.row, name, path=error.path, reason=error.reason)


def allowed_signers(node: Node) -> str:
    """The sets of signers that a record of this type and kind may have: issuer + countersigners."""
    rows = combinations(node.schema, subkind_of(node.subject))
    return "；".join(dict.fromkeys(" + ".join((row.issuer, *sorted(row.countersigners))) for row in rows))


def locate(node: Node, path: str, reason: str) -> tuple[Place, str]:
    """The row that a path of a record leads to and the name of its column, empty where no column is meant."""
    assert node.place is not None
    steps = [name or int(number) for name, number in _STEP.findall(path)]
    if not steps or steps[0] != "credentialSubject":
        return node.place, _ENVELOPE.get(str(steps[0]), "") if steps else ""
    place, table, member = _walk(node.place, record_sheets(node.schema).main, steps[1:])
    if (missing := _REQUIRED.match(reason)) is not None:
        member = (*member, missing[1])
    return place, _column(table, member)


def _walk(place: Place, table: Table, steps: list[str | int]) -> tuple[Place, Table, Path]:
    """Through detail sheets to the row, its table, and the rest of the path within the row."""
    member: Path = ()
    listing: Listing | None = None
    for step in steps:
        if isinstance(step, str):
            member = (*member, step)
            listing = next((below for below in table.listings if below.path == member), None)
            continue
        details = (place.row.children or {}).get(listing.table.spec.name) if listing else None
        if listing is not None and details is not None and step < len(details.rows):
            place, table, member = Place(details.sheet, details.rows[step]), listing.table, ()
            listing = None
    return place, table, member


def _column(table: Table, member: Path) -> str:
    for length in range(len(member), 0, -1):
        for name, column in table.columns.items():
            if column.path[:length] == member[:length]:
                return name
    return ""
