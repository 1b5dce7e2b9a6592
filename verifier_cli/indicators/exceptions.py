"""Rules of an auditor over a loaded, locked sandbox, and their rows in JSON form.

A row of an exception names its record by digest in the column `record`, and where two are involved the second
one in `other`; the other columns say who, when and by how much.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from verifier_cli.encoding import digest_multibase
from verifier_cli.indicators.definition import Definition, shipped
from verifier_cli.indicators.engine import closure, run
from verifier_cli.indicators.sandbox import Sandbox, quoted
from verifier_cli.relations import relations

__all__ = ["RECORDS", "Found", "codes", "rules", "search"]

RECORDS: Final = ("record", "other")
"""Columns that hold digests of records."""


@dataclass(frozen=True, slots=True)
class Found:
    """What one rule found. `rows` are in JSON form: records as `{"id": …, "digest": …}`, days as text."""

    code: str
    version: str
    title: Mapping[str, str]
    note: str
    unit: str
    threshold: str | None
    rows: list[dict[str, Any]]

    def to_json(self, limit: int | None = None) -> dict[str, Any]:
        """The JSON form, with at most `limit` rows; `count` is that of all."""
        given: dict[str, Any] = {
            "code": self.code,
            "version": self.version,
            "title": dict(self.title),
            "note": self.note,
            "unit": self.unit or None,
            "threshold": self.threshold,
            "count": len(self.rows),
            "rows": self.rows[:limit],
        }
        return {name: value for name, value in given.items() if value is not None}


def codes() -> tuple[str, ...]:
    """Codes of the rules of this release."""
    return tuple(code for code, item in shipped().items() if item.form == "exception")


def rules(wanted: Collection[str] | None = None) -> tuple[Definition, ...]:
    """These rules (all when None) with the views that they read. Raises DefinitionError for another code."""
    return closure(shipped(), codes() if wanted is None else wanted)


def search(
    sandbox: Sandbox, definitions: Iterable[Definition], progress: Callable[[str], None] = lambda code: None
) -> list[Found]:
    """What the rules among `definitions` find, by code. Raises DefinitionError, RunError."""
    chosen = tuple(definitions)
    answers = run(sandbox, chosen, progress=progress).exceptions
    named = {row[name] for answer in answers.values() for row in answer for name in RECORDS if row.get(name)}
    ids = _ids(sandbox, named)
    found = []
    for item in chosen:
        if item.form == "exception":
            rows = [_row(row, ids) for row in answers[item.code]]
            threshold = None if item.target is None else str(item.target)
            found.append(Found(item.code, item.version, item.title, item.note, item.unit, threshold, rows))
    return sorted(found, key=lambda each: each.code)


def _ids(sandbox: Sandbox, digests: Collection[str]) -> dict[str, str]:
    """Identifiers of these records, the withdrawn ones included."""
    tables = [item.name for item in relations().values() if item.schema and not item.arrays]
    union = " UNION ALL ".join(
        f"SELECT record, record_id FROM {quoted(name)}"  # noqa: S608 - names of the schemas
        for name in (*tables, "withdrawn")
    )
    query = f"SELECT record, record_id FROM ({union}) WHERE record IN (SELECT unnest(?))"  # noqa: S608
    return {
        digest: name
        for digest, name in sandbox.connection.execute(query, [sorted(digests)]).fetchall()
        if name is not None
    }


def _row(row: Mapping[str, Any], ids: Mapping[str, str]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for name, value in row.items():
        if value is None:
            continue
        if name in RECORDS:
            digest = digest_multibase(bytes.fromhex(value))
            shown[name] = {"id": ids[value], "digest": digest} if value in ids else {"digest": digest}
        else:
            head, *rest = name.split("_")
            plain = value.isoformat() if isinstance(value, datetime.date) else value
            shown[head + "".join(map(str.capitalize, rest))] = plain
    return shown
