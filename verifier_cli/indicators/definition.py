"""A definition: an indicator, a view that others read, or an exception, as data.

Each is a TOML file in `definitions/`, and is issued as a Decision of kind `definition`: what a report was
made with is signed beside it, and whoever recomputes it needs no release of this package of the same day.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from verifier_cli.indicators.errors import DefinitionError

__all__ = ["FOLDER", "FORMS", "Definition", "in_order", "shipped"]

FOLDER: Final = Path(__file__).parent / "definitions"
FORMS: Final = ("view", "indicator", "exception")
WITHDRAWN_SOURCE: Final = "withdrawn"
"""The relation with the names of withdrawn records."""

MIN_PERSONS: Final = 10
"""Distinct persons below which a value about persons is not published (domain document, exactness)."""


@dataclass(frozen=True, slots=True)
class Definition:
    """One definition. `sources` are the relations and views its SQL may read, `finisher` makes rows a value.

    `min_persons` 0: the value is not about persons. `rows` are the rows of `docs/papers.md` that it serves.
    """

    code: str
    version: str
    form: str
    title: Mapping[str, str]
    sql: str
    sources: tuple[str, ...]
    finisher: str = ""
    unit: str = ""
    base: Decimal | None = None
    target: Decimal | None = None
    min_persons: int = 0
    rows: tuple[int, ...] = ()
    note: str = ""

    @classmethod
    def of_subject(cls, given: Mapping[str, Any]) -> Definition:
        """From the member `definition` of a Decision. Raises DefinitionError."""
        code = str(given.get("code", "?"))
        try:
            definition = cls(
                code,
                given["version"],
                given["form"],
                given["title"],
                given["sql"],
                tuple(given["sources"]),
                given.get("finisher", ""),
                given.get("unit", ""),
                _decimal(given.get("base")),
                _decimal(given.get("target")),
                given.get("minPersons", 0),
                tuple(given.get("rows", ())),
                given.get("note", ""),
            )
        except KeyError as error:
            raise DefinitionError(code, f"$.{error.args[0]}", "is missing") from None
        except InvalidOperation:
            raise DefinitionError(code, "$.base", "base or target is no decimal number") from None
        definition.check()
        return definition

    def to_subject(self) -> dict[str, Any]:
        """The member `definition` of the Decision that issues it."""
        given: dict[str, Any] = {
            "code": self.code,
            "version": self.version,
            "form": self.form,
            "title": dict(self.title),
            "unit": self.unit or None,
            "finisher": self.finisher or None,
            "sql": self.sql,
            "sources": list(self.sources),
            "base": None if self.base is None else str(self.base),
            "target": None if self.target is None else str(self.target),
            "minPersons": self.min_persons,
            "rows": list(self.rows),
            "note": self.note or None,
        }
        return {name: value for name, value in given.items() if value is not None}

    def check(self) -> None:
        """Raises DefinitionError for a form or finisher that this release does not know."""
        from verifier_cli.indicators.finishers import FINISHERS

        if self.form not in FORMS:
            raise DefinitionError(self.code, "$.form", f"is none of {', '.join(FORMS)}")
        if self.form == "indicator" and self.finisher not in FINISHERS:
            raise DefinitionError(self.code, "$.finisher", f"unknown: {self.finisher}")
        if self.form != "exception" and WITHDRAWN_SOURCE in self.sources:
            # A report is made of what counts: what does not must not move a value either.
            raise DefinitionError(self.code, "$.sources", "withdrawn records are for exceptions only")


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


@lru_cache(maxsize=1)
def shipped() -> Mapping[str, Definition]:
    """The definitions of this release, by code, in an order in which each can be computed."""
    found = [_read(path) for path in sorted(FOLDER.glob("*.toml"))]
    return {definition.code: definition for definition in in_order(found)}


def _read(path: Path) -> Definition:
    given = tomllib.loads(path.read_text(encoding="utf-8"))
    if given.get("code") != path.stem:
        raise DefinitionError(path.stem, "$.code", "differs from the file's name")
    return Definition.of_subject(given)


def in_order(definitions: Iterable[Definition]) -> tuple[Definition, ...]:
    """Views before who reads them, what reads results last, else by code.

    Raises DefinitionError for a circle.
    """
    waiting = {definition.code: definition for definition in definitions}
    done: list[Definition] = []
    while waiting:
        ready = [item for item in waiting.values() if not waiting.keys() & set(item.sources)]
        if not ready:
            code = min(waiting)
            raise DefinitionError(code, "$.sources", "reads itself through others")
        chosen = min(ready, key=lambda item: ("result" in item.sources, item.form != "view", item.code))
        done.append(waiting.pop(chosen.code))
    return tuple(done)
