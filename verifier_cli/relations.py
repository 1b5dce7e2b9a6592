"""The relational view of records: which table and column each member of a record becomes.

It follows from the JSON Schemas mechanically, so it cannot differ from them: a table per record type, a child
table per array. Exports, indicators and `docs/relations.md` all use this one description.

- A scalar is a column in snake_case, an object's members are columns `<object>_<member>`.
- An array of objects is a table `<type>_<array>` with `record` and `ordinal` (0, 1, ...); an array of scalars
  is one with the column `value`. An array inside an array's element has the element's ordinal as `parent`.
- `credentialSubject.id` is `subject`. Members named `type` are constants and left out.
- `link` and `signer` hold the envelope's lists of all types; a link with several items is a row for each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

from verifier_cli.errors import MisuseError
from verifier_cli.rules import SCHEMAS
from verifier_cli.schema import ENVELOPE, schema_json

__all__ = [
    "ENVELOPE_COLUMNS",
    "LINK",
    "SIGNER",
    "Column",
    "Relation",
    "relations",
    "relations_of",
    "snake_case",
]

_CAPITAL = re.compile(r"(?<=[a-z0-9])([A-Z])")
_REFERENCE = re.compile(r"urn:skilltrace:schema:envelope:1#/\$defs/([A-Za-z]+)")


class Column(NamedTuple):
    """A column: SQL type (DuckDB), and where its value is, from the record's subject or the array's element.

    `path` is empty for what is not a member (`record`, `ordinal`, ...), and for the value of an array of
    scalars.
    """

    name: str
    type: str
    path: tuple[str, ...] = ()
    title: str = ""
    title_zh: str = ""


@dataclass(frozen=True, slots=True)
class Relation:
    """A table. `schema` names the record type it comes from (`activity`), empty for `link` and `signer`.

    `arrays` are the paths of the arrays that lead to its rows: none for the record itself, two for an array
    within another's elements.
    """

    name: str
    columns: tuple[Column, ...]
    schema: str = ""
    arrays: tuple[tuple[str, ...], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns in order."""
        return tuple(column.name for column in self.columns)

    @property
    def members(self) -> tuple[Column, ...]:
        """The columns that hold members of the document."""
        return self.columns[len(self.keys) :]

    @property
    def keys(self) -> tuple[Column, ...]:
        """The columns before the members: envelope columns, or record and ordinals."""
        return ENVELOPE_COLUMNS if not self.arrays else _ORDINALS[len(self.arrays)]


_RECORD: Final = Column("record", "VARCHAR", (), "Digest of the record, 64 hexadecimal digits", "记录摘要")
_ORDINAL: Final = Column("ordinal", "BIGINT", (), "Place in the array, from 0", "数组内序号，从0起")
_PARENT: Final = Column("parent", "BIGINT", (), "Place of the containing element", "上层元素序号")
_ORDINALS: Final = {1: (_RECORD, _ORDINAL), 2: (_RECORD, _PARENT, _ORDINAL)}

ENVELOPE_COLUMNS: Final = (
    _RECORD,
    Column("record_id", "VARCHAR", (), "Identifier of the record", "记录标识"),
    Column("issuer", "VARCHAR", (), "DID of the issuer", "签发机构"),
    Column("valid_from", "VARCHAR", (), "validFrom, UTC", "生效时间（UTC）"),
    Column("valid_on", "DATE", (), "validFrom as a day of Asia/Shanghai", "生效日期（北京时间）"),
    Column("expires", "VARCHAR", (), "validUntil, UTC", "失效时间（UTC）"),
    Column("superseded", "BOOLEAN", (), "A counted record of this type and issuer supersedes it", "已被替代"),
    Column("subject", "VARCHAR", (), "Whom or what the record is about", "记录主体"),
)
"""What every type's own table begins with."""

LINK: Final = Relation(
    "link",
    (
        _RECORD,
        Column("ordinal", "BIGINT", (), "Place in relatedResource, from 0", "序号"),
        Column("rel", "VARCHAR", (), "Relation", "关系"),
        Column("target", "VARCHAR", (), "Digest of the linked record", "被引用记录摘要"),
        Column("target_id", "VARCHAR", (), "Identifier of the linked record", "被引用记录标识"),
        Column("item", "VARCHAR", (), "Item meant; one row each, null if the whole record", "所指条目"),
    ),
)
SIGNER: Final = Relation(
    "signer",
    (
        _RECORD,
        Column("did", "VARCHAR", (), "Who signed", "签名方"),
        Column("role", "VARCHAR", (), "Role of a countersigner; null for the issuer", "会签身份"),
        Column("position", "BIGINT", (), "0 is the issuer", "次序，0为签发机构"),
    ),
)


def snake_case(name: str) -> str:
    """`independentFrom` -> `independent_from`."""
    return _CAPITAL.sub(r"_\1", name).lower()


@lru_cache(maxsize=1)
def relations() -> Mapping[str, Relation]:
    """Every relation by name, `link` and `signer` included, types in the order of their schemas."""
    found = {LINK.name: LINK, SIGNER.name: SIGNER}
    for schema in SCHEMAS:
        for relation in _of_schema(schema):
            if relation.name in found:
                raise MisuseError(f"two relations are called {relation.name}")
            found[relation.name] = relation
    return found


@lru_cache(maxsize=len(SCHEMAS))
def relations_of(schema: str) -> tuple[Relation, ...]:
    """Relations of one record type (`activity`), its own table first."""
    return tuple(relation for relation in relations().values() if relation.schema == schema)


def _of_schema(name: str) -> Iterator[Relation]:
    schema = name.partition(".")[0]
    subject = _resolve(schema_json(name)["properties"]["credentialSubject"])
    yield from _tables(schema, schema, subject, ())


def _tables(
    schema: str, name: str, element: dict[str, Any], arrays: tuple[tuple[str, ...], ...]
) -> Iterator[Relation]:
    """The table of an element (or of the subject), then the tables of the arrays in it."""
    if len(arrays) not in (0, *_ORDINALS):
        raise MisuseError(f"{name}: arrays are nested too deeply for a relation")
    keys = _ORDINALS[len(arrays)] if arrays else ENVELOPE_COLUMNS
    if element.get("type") != "object":
        yield Relation(name, (*keys, _column((), element)), schema, arrays)
        return
    leaves = [(path, node) for path, node in _leaves(element) if arrays or path != ("id",)]
    columns = [_column(path, node) for path, node in leaves if node.get("type") != "array"]
    yield Relation(name, (*keys, *columns), schema, arrays)
    for path, node in leaves:
        if node.get("type") == "array":
            child = f"{name}_{'_'.join(map(snake_case, path))}"
            yield from _tables(schema, child, _resolve(node["items"]), (*arrays, path))


def _leaves(
    node: dict[str, Any], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Members that are no objects, through objects, in the schema's order."""
    for name, member in node["properties"].items():
        if name == "type" and "const" in member:
            continue
        found = _resolve(member)
        if found.get("type") == "object":
            yield from _leaves(found, (*path, name))
        else:
            yield (*path, name), found


def _column(path: tuple[str, ...], node: dict[str, Any]) -> Column:
    name = "_".join(map(snake_case, path)) or "value"
    return Column(name, _sql_type(node), path, node.get("title", ""), node.get("titleZh", ""))


def _sql_type(node: dict[str, Any]) -> str:
    if node.get("format") == "date":
        return "DATE"
    return {"integer": "BIGINT", "number": "DECIMAL(18,4)", "boolean": "BOOLEAN"}.get(
        node.get("type", "string"), "VARCHAR"
    )


@lru_cache(maxsize=1)
def _definitions() -> dict[str, Any]:
    definitions: dict[str, Any] = schema_json(ENVELOPE)["$defs"]
    return definitions


def _resolve(node: dict[str, Any]) -> dict[str, Any]:
    """The node with its `$ref` followed; what the node says itself (a title) wins."""
    if "$ref" not in node:
        return node
    match = _REFERENCE.fullmatch(node["$ref"])
    if match is None:
        raise MisuseError(f"{node['$ref']} is no definition of the envelope")
    return _resolve({**_definitions()[match[1]], **{k: v for k, v in node.items() if k != "$ref"}})
