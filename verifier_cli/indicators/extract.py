"""Records -> rows of the relations, in plain Python: the verifier's own way (a service has another).

What a member becomes is said by `relations`; a number is rounded half-up to its column's four digits. Rows
go through a file of JSON lines per relation, because DuckDB takes those in a hundred times faster than
statements.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import ExitStack
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, Final

import orjson

from verifier_cli.encoding import parse_digest_multibase, parse_time
from verifier_cli.indicators.sandbox import Sandbox, quoted
from verifier_cli.indicators.times import day_of
from verifier_cli.relations import LINK, SIGNER, Column, Relation, relations, relations_of

__all__ = ["Rows", "load", "rows"]

Rows = Iterator[tuple[Relation, dict[str, Any]]]

_FOUR_DIGITS: Final = Decimal("0.0001")


def rows(digest: str, document: Mapping[str, Any]) -> Rows:
    """Every row that one record makes, `superseded` false: what supersedes it is not its own affair.

    `digest` is the record_digest in hexadecimal, `document` the verified record without proofs.
    """
    schema = document["credentialSchema"]["id"].split(":")[3]
    subject = document["credentialSubject"]
    own, *arrays = relations_of(schema)
    yield own, {**_envelope(digest, document), **_members(own, subject)}
    for relation in arrays:
        for ordinals, element in _elements(subject, relation.arrays):
            keys = zip([key.name for key in relation.keys], (digest, *ordinals), strict=True)
            yield relation, {**dict(keys), **_members(relation, element)}
    yield from _links(digest, document)
    yield from _signers(digest, document)


def _envelope(digest: str, document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "record": digest,
        "record_id": document["id"],
        "issuer": document["issuer"]["id"],
        "valid_from": document["validFrom"],
        "valid_on": day_of(parse_time(document["validFrom"])).isoformat(),
        "expires": document.get("validUntil"),
        "superseded": False,
        "subject": document["credentialSubject"]["id"],
    }


def _members(relation: Relation, element: Any) -> dict[str, Any]:
    found = {}
    for name, convert, path in _getters(relation.name):
        value = element
        for step in path:
            value = value.get(step)
            if value is None:
                break
        if value is not None:
            found[name] = value if convert is None else convert(value)
    return found


@lru_cache(maxsize=256)
def _getters(name: str) -> list[tuple[str, Callable[[Any], Any] | None, tuple[str, ...]]]:
    return [(column.name, _converter(column), column.path) for column in relations()[name].members]


def _converter(column: Column) -> Callable[[Any], Any] | None:
    return _number if column.type.startswith("DECIMAL") else None


def _number(value: float) -> str:
    return str(Decimal(repr(value)).quantize(_FOUR_DIGITS, ROUND_HALF_UP))


def _elements(
    element: Any, arrays: tuple[tuple[str, ...], ...], ordinals: tuple[int, ...] = ()
) -> Iterator[tuple[tuple[int, ...], Any]]:
    """The elements at the end of nested arrays, with their places in each."""
    if not arrays:
        yield ordinals, element
        return
    found = element
    for step in arrays[0]:
        found = found.get(step) if found is not None else None
    for place, item in enumerate(found or ()):
        yield from _elements(item, arrays[1:], (*ordinals, place))


def _links(digest: str, document: Mapping[str, Any]) -> Rows:
    for place, entry in enumerate(document.get("relatedResource", ())):
        row = {
            "record": digest,
            "ordinal": place,
            "rel": entry["rel"],
            "target": parse_digest_multibase(entry["digestMultibase"]).hex(),
            "target_id": entry["id"],
        }
        for item in entry.get("item") or (None,):
            yield LINK, {**row, "item": item}


def _signers(digest: str, document: Mapping[str, Any]) -> Rows:
    yield SIGNER, {"record": digest, "did": document["issuer"]["id"], "role": None, "position": 0}
    for place, entry in enumerate(document.get("countersigners", ()), 1):
        yield SIGNER, {"record": digest, "did": entry["id"], "role": entry["role"], "position": place}


def load(
    sandbox: Sandbox,
    records: Iterable[tuple[str, Mapping[str, Any]]],
    superseded: Iterable[str] = (),
    wanted: Container[str] | None = None,
) -> None:
    """Fill the sandbox with records (digest, document), and mark the superseded ones by their digests.

    Only the relations named in `wanted` are filled, all when None: what nobody reads costs nothing.
    """
    files: dict[str, IO[bytes]] = {}
    with ExitStack() as stack:
        for digest, document in records:
            for relation, row in rows(digest, document):
                if wanted is not None and relation.name not in wanted:
                    continue
                stream = files.get(relation.name)
                if stream is None:
                    path = sandbox.folder / f"{relation.name}.ndjson"
                    stream = files[relation.name] = stack.enter_context(path.open("wb"))
                stream.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
    for name in files:
        _read_file(sandbox, relations()[name], sandbox.folder / f"{name}.ndjson")
    sandbox.mark_superseded(superseded)


def _read_file(sandbox: Sandbox, relation: Relation, path: Path) -> None:
    columns = ", ".join(f"{quoted(column.name)}: '{column.type}'" for column in relation.columns)
    names = ", ".join(map(quoted, relation.names))
    sandbox.connection.execute(
        f"INSERT INTO {quoted(relation.name)} SELECT {names} FROM "  # noqa: S608 - names of the schemas
        f"read_json(?, columns = {{{columns}}}, format = 'newline_delimited')",
        [str(path)],
    )
    path.unlink()
