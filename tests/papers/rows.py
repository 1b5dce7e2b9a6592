"""The 104 mechanisms that the papers name, as data: what serves each, and what the sample community shows.

`rows/*.toml` holds one table a row. Fields are paths into the record schemas (`agreement.parties[].shareBp`),
so that types, titles and kinds in docs/papers.md come from the schemas; checks are asked of the sample
community, and what they must answer was written by hand.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from verifier_cli.schema import SCHEMAS, schema_json

ROWS = 104
"""Rows of the domain reference, section 1."""

FOLDER = Path(__file__).parent / "rows"
CHECKS = ("query", "refusal", "indicator", "exception", "gate")


class RowError(ValueError):
    """A row that says something the schemas or the files do not bear out; the text names the row."""


@dataclass(frozen=True, slots=True)
class Check:
    """One question to the community. `form` is one of `CHECKS`; `data` is the rest of its table."""

    form: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One mechanism. `fields` are schema paths, `kinds` pairs such as `agreement chain`."""

    number: int
    paper: str
    name: str
    name_zh: str
    fields: tuple[str, ...]
    kinds: tuple[str, ...]
    scenario: str
    signs: str
    checks: tuple[Check, ...]

    @property
    def types(self) -> tuple[str, ...]:
        """Record types that serve the row, in the order of its fields."""
        named = [
            *(field.partition(".")[0] for field in self.fields),
            *(k.partition(" ")[0] for k in self.kinds),
        ]
        return tuple(dict.fromkeys(named))


@cache
def rows() -> tuple[Row, ...]:
    """Every row, by number. Raises RowError where a row is missing, given twice, or malformed."""
    found: dict[int, Row] = {}
    for path in sorted(FOLDER.glob("*.toml")):
        for table in tomllib.loads(path.read_text(encoding="utf-8"))["row"]:
            row = _row(table)
            if row.number in found:
                raise RowError(f"row {row.number} is given twice")
            found[row.number] = row
    return tuple(found[number] for number in sorted(found))


def _row(table: dict[str, Any]) -> Row:
    number = table.get("number")
    try:
        checks = tuple(Check(check.pop("form"), check) for check in table["checks"])
        row = Row(
            number=int(table["number"]),
            paper=table["paper"],
            name=table["name"],
            name_zh=table["name_zh"],
            fields=tuple(table["fields"]),
            kinds=tuple(table.get("kinds", ())),
            scenario=" ".join(table["scenario"].split()),
            signs=table["signs"],
            checks=checks,
        )
    except KeyError as error:
        raise RowError(f"row {number} has no {error}") from None
    if not row.checks or not row.fields:
        raise RowError(f"row {number} has no check or no field")
    if any(check.form not in CHECKS for check in checks):
        raise RowError(f"row {number} has a check of an unknown form")
    for field in row.fields:
        subschema(field)
    for kind in row.kinds:
        schema, _, name = kind.partition(" ")
        if name not in kinds_of(schema):
            raise RowError(f"row {number} names {kind}, which the schemas do not know")
    return row


def kinds_of(schema: str) -> tuple[str, ...]:
    """Kinds (of a credit entry: operations) that a type has."""
    subject = _subject(schema)
    member = subject["properties"].get("kind") or subject["properties"].get("op") or {}
    return tuple(_resolve(member).get("enum", ()))


def subschema(field: str) -> dict[str, Any]:
    """The part of a record schema that `field` names. Raises RowError where there is none."""
    schema, *steps = field.split(".")
    if f"{schema}.1" not in SCHEMAS:
        raise RowError(f"{field}: no such type")
    here = _subject(schema)
    for step in steps:
        name = step.removesuffix("[]")
        member = here.get("properties", {}).get(name)
        if member is None:
            raise RowError(f"{field}: the schema has no {name}")
        here = _resolve(member)
        if step.endswith("[]"):
            here = _resolve(here["items"])
    return here


def _subject(schema: str) -> dict[str, Any]:
    subject: dict[str, Any] = _schema(f"{schema}.1")["properties"]["credentialSubject"]
    return _resolve(subject)


@cache
def _schema(name: str) -> dict[str, Any]:
    return schema_json(name)


def _resolve(member: dict[str, Any]) -> dict[str, Any]:
    """`member` with what it refers to, its own titles winning."""
    reference = member.get("$ref")
    if reference is None:
        return member
    definition = _schema("envelope.1")["$defs"][reference.rpartition("/")[2]]
    return {**_resolve(definition), **{key: value for key, value in member.items() if key != "$ref"}}
