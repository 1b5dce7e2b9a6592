"""Relations from small literal tables, and one definition computed over them."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from verifier_cli.indicators.definition import shipped
from verifier_cli.indicators.engine import closure, run
from verifier_cli.indicators.sandbox import MEMBER, WITHDRAWN, Answer, Sandbox, open_sandbox
from verifier_cli.indicators.values import Value
from verifier_cli.relations import relations

Rows = Sequence[Mapping[str, Any]]
YEAR = ("2025-09-01", "2026-09-01")
"""The academic year 2025/26: [from, to)."""

COMMUNITY = "urn:uuid:00000000-0000-4000-8000-000000000001"

_FILLED: Mapping[str, Any] = {
    "superseded": False,
    "valid_from": "2025-10-01T00:00:00Z",
    "valid_on": "2025-10-01",
}


@contextmanager
def tables(period: tuple[str, str] = YEAR, /, **given: Rows) -> Iterator[Sandbox]:
    """A locked sandbox with these rows: `activity=[{"record": "a1", "subject": "li"}], ...`.

    Columns left out are null, but `superseded` (false), `valid_from`, `valid_on` and `ordinal` (the row's
    place among those of its record). A misspelt table or column is a KeyError.
    """
    with open_sandbox() as sandbox:
        for name, rows in given.items():
            relation = {"member": MEMBER, "withdrawn": WITHDRAWN}.get(name) or relations()[name]
            places: dict[Any, int] = {}
            filled = []
            for row in rows:
                unknown = set(row) - set(relation.names)
                if unknown:
                    raise KeyError(f"{name} has no {', '.join(sorted(unknown))}")
                place = places[row.get("record")] = places.get(row.get("record"), -1) + 1
                whole = {**_FILLED, "ordinal": place, **row}
                filled.append([whole.get(column) for column in relation.names])
            sandbox.insert(relation, filled)
        since, until = map(datetime.date.fromisoformat, period)
        sandbox.lock(since, until, COMMUNITY)
        yield sandbox


def compute(code: str, period: tuple[str, str] = YEAR, /, *, published: bool = False, **given: Rows) -> Value:
    """The value of one shipped definition (with the views it reads) over literal tables."""
    with tables(period, **given) as sandbox:
        return run(sandbox, closure(shipped(), [code]), published=published).values[code]


def exceptions(code: str, period: tuple[str, str] = YEAR, /, **given: Rows) -> Answer:
    """The rows of one shipped exception over literal tables."""
    with tables(period, **given) as sandbox:
        return run(sandbox, closure(shipped(), [code])).exceptions[code]


def compute_all(*codes: str, **given: Rows) -> dict[str, Value]:
    """These indicators after I1 to I8 and co-evaluation, unpublished."""
    wanted = [*(f"I{number}" for number in range(1, 9)), "COEVALUATION", *codes]
    with tables(**given) as sandbox:
        return dict(run(sandbox, closure(shipped(), wanted), published=False).values)
