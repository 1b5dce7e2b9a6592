"""Records -> rows of the relations inside DuckDB, column by column: the service's own way.

The canonical documents go as they are into one file of JSON lines per record type; their members are read
into nested columns, whose types follow from `verifier_cli.relations`, and spread over the tables by SQL. The
verifier extracts in plain Python; tests hold both equal.
"""

from __future__ import annotations

import datetime
from collections.abc import Container, Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Final

from verifier_cli.indicators.community import STARTS
from verifier_cli.indicators.sandbox import Sandbox, quoted
from verifier_cli.indicators.times import UTC_OFFSET
from verifier_cli.profile import MAX_SIZE
from verifier_cli.relations import LINK, SIGNER, Column, Relation, relations, relations_of

__all__ = ["digests", "load"]

_LINKS: Final = 'STRUCT(id VARCHAR, "digestMultibase" VARCHAR, rel VARCHAR, item VARCHAR[])[]'
_COUNTERSIGNERS: Final = "STRUCT(id VARCHAR, role VARCHAR)[]"

_SUBJECT: Final = 'document."credentialSubject"'
_ELEMENT: Final = "[]"
"""Stands for an array's element among the steps of a path; no member is called so."""

MAX_LINE: Final = 2 * MAX_SIZE
"""Bytes of a line: a record and its digest."""

_VALID_ON: Final = f'CAST(CAST(document."validFrom" AS TIMESTAMP) + to_seconds({UTC_OFFSET}) AS DATE)'
_OWN: Final = f"""
    record, document.id, document.issuer.id, document."validFrom", {_VALID_ON},
    document."validUntil", false, document."credentialSubject".id
"""
"""The envelope columns, in the order of `relations.ENVELOPE_COLUMNS`."""

_TARGET: Final = """lower(hex(from_base64(
    rpad(replace(replace(substr(l."digestMultibase", 2), '-', '+'), '_', '/'), 48, '='))[3:]))"""
"""digestMultibase -> hexadecimal: u, then 34 bytes in base64url, of which the first two name the hash."""


def load(
    sandbox: Sandbox,
    records: Iterable[tuple[str, str, bytes]],
    period_to: datetime.date | None = None,
    wanted: Container[str] | None = None,
) -> None:
    """Fill the sandbox with records: (type as in `activity`, record_digest in hexadecimal, document).

    With `period_to`, only those about something that began before that day; `superseded` is then of them.
    Of arrays only the relations named in `wanted` are filled, all when None: what nobody reads costs nothing.
    """
    paths = _write(sandbox.folder, records)
    for schema, path in paths.items():
        _load_type(sandbox, schema, path, period_to, wanted)
        path.unlink()
    if period_to is not None:
        for schema in paths:
            sandbox.connection.execute(_supersede_statement(quoted(schema)))


def digests(sandbox: Sandbox) -> list[str]:
    """record_digest of every record in the sandbox, in hexadecimal."""
    own = [relation.name for relation in relations().values() if relation.schema and not relation.arrays]
    union = " UNION ALL ".join(f"SELECT record FROM {quoted(name)}" for name in own)  # noqa: S608 - our names
    return [row[0] for row in sandbox.connection.execute(union).fetchall()]


def _write(folder: Path, records: Iterable[tuple[str, str, bytes]]) -> Mapping[str, Path]:
    files: dict[str, IO[bytes]] = {}
    paths: dict[str, Path] = {}
    with ExitStack() as stack:
        for schema, digest, document in records:
            stream = files.get(schema)
            if stream is None:
                paths[schema] = folder / f"{schema}.documents"
                stream = files[schema] = stack.enter_context(paths[schema].open("wb"))
            stream.write(b'{"record":"%b","document":%b}\n' % (digest.encode(), document))
    return paths


def _load_type(
    sandbox: Sandbox,
    schema: str,
    path: Path,
    period_to: datetime.date | None,
    wanted: Container[str] | None,
) -> None:
    run = sandbox.connection.execute
    own, *arrays = _read_relations(schema, wanted)
    begun = "" if period_to is None else f" WHERE {_start(schema)} < DATE '{period_to.isoformat()}'"
    run(f"CREATE TEMP TABLE raw AS {_read_statement(schema, own, arrays)}{begun}", [str(path)])
    members = "".join(f", {_value(_SUBJECT, column)}" for column in own.members)
    run(f"INSERT INTO {quoted(own.name)} SELECT {_OWN}{members} FROM raw")  # noqa: S608 - of the schemas
    for relation in arrays:
        run(_array_statement(relation))
    run(_link_statement())
    run(_signer_statement())
    run("DROP TABLE raw")


def _read_statement(schema: str, own: Relation, arrays: Sequence[Relation]) -> str:
    document = (
        'STRUCT(id VARCHAR, issuer STRUCT(id VARCHAR), "validFrom" VARCHAR, "validUntil" VARCHAR, '
        f'"relatedResource" {_LINKS}, countersigners {_COUNTERSIGNERS}, '
        f'"credentialSubject" {_subject(schema, own, arrays)})'
    )
    return (
        "SELECT record, document FROM read_json(?, "  # noqa: S608 - of the schemas
        f"columns = {{record: 'VARCHAR', document: '{document}'}}, "
        f"format = 'newline_delimited', maximum_object_size = {MAX_LINE})"
    )


def _start(schema: str) -> str:
    """The first day of what a record is about; see `community.STARTS`."""
    alternatives = [_path(_SUBJECT, path[:1]) for path in STARTS.get(schema, ())]
    for place, path in enumerate(STARTS.get(schema, ())):
        if len(path) > 1:
            elements = f"[element.{quoted(path[1])} FOR element IN {alternatives[place]}]"
            alternatives[place] = f"list_min({elements})"
    return f"coalesce({', '.join((*alternatives, _VALID_ON))})"


def _supersede_statement(own: str) -> str:
    return f"""
        UPDATE {own} SET superseded = true WHERE EXISTS (
          SELECT 1 FROM link l JOIN {own} successor ON successor.record = l.record
          WHERE l.rel = 'supersedes' AND l.target = {own}.record AND successor.issuer = {own}.issuer)
    """  # noqa: S608 - our own text


def _array_statement(relation: Relation) -> str:
    outer, *inner = relation.arrays
    rows = f"SELECT record, {_numbered(_path(_SUBJECT, outer), 'ordinal')} FROM raw"  # noqa: S608 - of the schemas
    keys = "record, ordinal"
    if inner:
        rows = f"SELECT record, ordinal AS parent, {_numbered(_path('e', inner[0]), 'place')} FROM ({rows})"  # noqa: S608 - of the schemas
        keys = "record, parent, place"
    members = "".join(f", {_value('e', column)}" for column in relation.members)
    return f"INSERT INTO {quoted(relation.name)} SELECT {keys}{members} FROM ({rows})"  # noqa: S608 - of the schemas


def _numbered(array: str, ordinal: str) -> str:
    """Select items: each element as `e`, its place from 0."""
    return f"unnest({array}) AS e, unnest(range(len({array}))) AS {ordinal}"


def _link_statement() -> str:
    items = "CASE WHEN len(l.item) > 0 THEN l.item ELSE [NULL] END"
    return f"""
        INSERT INTO {quoted(LINK.name)}
        SELECT record, ordinal, l.rel, {_TARGET}, l.id, unnest({items})
        FROM (SELECT record, unnest(document."relatedResource") AS l,
                     unnest(range(len(document."relatedResource"))) AS ordinal FROM raw)
    """  # noqa: S608 - our own text


def _signer_statement() -> str:
    return f"""
        INSERT INTO {quoted(SIGNER.name)}
        SELECT record, document.issuer.id, NULL, 0 FROM raw
        UNION ALL
        SELECT record, c.id, c.role, position
        FROM (SELECT record, unnest(document.countersigners) AS c,
                     unnest(range(1, len(document.countersigners) + 1)) AS position FROM raw)
    """  # noqa: S608 - our own text


def _path(root: str, path: tuple[str, ...]) -> str:
    return ".".join((root, *map(quoted, path)))


def _value(root: str, column: Column) -> str:
    """A member as its column's type. Numbers were read as text, so that no binary fraction comes between."""
    value = _path(root, column.path)
    return f"CAST({value} AS {column.type})" if column.type.startswith("DECIMAL") else value


def _read_relations(schema: str, wanted: Container[str] | None) -> list[Relation]:
    """The type's own relation, then those of its arrays that are wanted."""
    own, *arrays = relations_of(schema)
    return [own, *(item for item in arrays if wanted is None or item.name in wanted)]


def _subject(schema: str, own: Relation, arrays: Sequence[Relation]) -> str:
    """The nested type of a type's subject: what the relations hold, and what its start is read from."""
    tree: dict[str, Any] = {"id": "VARCHAR"}
    for path in STARTS.get(schema, ()):
        if len(path) > 1:
            tree[path[0]] = {_ELEMENT: {path[1]: "DATE"}}
    for relation in (own, *arrays):
        above = tuple(step for array in relation.arrays for step in (*array, _ELEMENT))
        for column in relation.members:
            *steps, last = *above, *column.path  # of an array of scalars the element itself is last
            node = tree
            for step in steps:
                node = node.setdefault(step, {})
            node[last] = "VARCHAR" if column.type.startswith("DECIMAL") else column.type
    return _type(tree)


def _type(node: Any) -> str:
    if isinstance(node, str):
        return node
    if _ELEMENT in node:
        return f"{_type(node[_ELEMENT])}[]"
    return f"STRUCT({', '.join(f'{quoted(name)} {_type(member)}' for name, member in node.items())})"
