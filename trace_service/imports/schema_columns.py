"""Columns that follow from the members of a record schema: what a cell holds, which headers mean it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from trace_service.imports.field_types import Cell, Field
from trace_service.imports.schema_cells import Column, read_time, reader_for
from trace_service.imports.schema_envelope import read_links, read_signers
from trace_service.imports.values import MAX_IDENTIFIER, fold
from verifier_cli.profile import MAX_INTEGER
from verifier_cli.schema import ENVELOPE, schema_json

Path = tuple[str, ...]
Titles = tuple[str, str]  # Chinese, English

MAX_REFERENCE = 200  # characters; the column of the database
_LONG_TEXT = 4_000  # characters where a schema bounds a string by its pattern alone
_MAX_DECIMAL = 10**9  # protocol 2.1
_URN = "urn:uuid:5b1c7a52-6f0e-4c0e-9d1a-0c9f2f3f6a11"
_KEY = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
_DID = "did:web:school.example"
_LANGUAGES = {"zh": ("（中文）", " (Chinese)"), "en": ("（英文）", " (English)")}
_REFERRED = {"token": Cell.TOKEN, "clock": Cell.CLOCK, "recordId": Cell.TEXT}
_FORMATS = {"date": Cell.DATE, "date-time": Cell.TIME}
_TYPES = {"integer": Cell.INTEGER, "number": Cell.DECIMAL, "boolean": Cell.BOOLEAN}
_MEMBER = "credentialSubject."  # before a member that has the name of an envelope column


@dataclass(frozen=True, slots=True)
class Leaf:
    """A member without members of its own. ``titles``: of each step of ``path``; ``required``: in every
    element, ``required_here``: in the object that holds it."""

    path: Path
    schema: dict[str, Any]
    titles: tuple[Titles | None, ...]
    required: bool
    required_here: bool


@lru_cache(maxsize=1)
def _definitions() -> dict[str, Any]:
    definitions: dict[str, Any] = schema_json(ENVELOPE)["$defs"]
    return definitions


def resolve(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """A schema with its ``$ref`` followed; its own members win. ``$def`` names the definition it is from."""
    reference = schema.get("$ref")
    if reference is None:
        return schema
    name = reference.rpartition("/")[2]
    definitions = document["$defs"] if reference.startswith("#/") else _definitions()
    own = {key: value for key, value in schema.items() if key != "$ref"}
    return {"$def": name, **resolve(definitions[name], document), **own}


def titles_of(schema: dict[str, Any]) -> Titles | None:
    """The Chinese and the English title; of a shared definition without what it says of its form."""
    zh, en = schema.get("titleZh"), schema.get("title")
    if not zh or not en:
        return None
    return zh.removeprefix("中英文"), en.removesuffix(" in Chinese and English")


def scalar_cell(schema: dict[str, Any], name: str) -> Cell:
    """What a cell of this member holds."""
    known = schema.get("enum") or ([schema["const"]] if "const" in schema else [])
    if known and all(isinstance(value, str) for value in known):
        return Cell.CHOICE
    if known:
        return Cell.BOOLEAN if isinstance(known[0], bool) else Cell.INTEGER
    if (cell := _TYPES.get(str(schema.get("type")))) is not None:
        return cell
    branches = schema.get("anyOf") or schema.get("oneOf")
    if branches is None:
        return _string_cell(schema, name) if schema.get("type") == "string" else Cell.JSON
    cells = {_string_cell(resolve(branch, {}), name) for branch in branches}
    return Cell.PERSON if Cell.PERSON in cells or Cell.ORGANISATION in cells else Cell.TEXT


def _string_cell(schema: dict[str, Any], name: str) -> Cell:
    found = _REFERRED.get(schema.get("$def", "")) or _FORMATS.get(schema.get("format", ""))
    if found is not None:
        return found
    accepted = {sample for sample in (_URN, _KEY, _DID) if _matches(schema, sample)}
    if {_URN, _KEY} <= accepted:
        return Cell.PERSON
    if _DID in accepted:
        return Cell.ORGANISATION
    return Cell.IDENTIFIER if name.endswith(("Number", "number")) else Cell.TEXT


def _matches(schema: dict[str, Any], sample: str) -> bool:
    # The samples are told apart by patterns of identifiers only: one that takes any text says nothing.
    pattern = schema.get("pattern")
    return pattern is not None and bool(re.search(pattern, sample)) and not re.search(pattern, "A.1")


def names_thing(schema: dict[str, Any]) -> bool:
    """Whether an identifier is that of a thing: a URN, never a person's or an organisation's DID."""
    return _matches(schema, _URN) and not _matches(schema, _KEY)


def envelope_fields(schema: str) -> tuple[Field, ...]:
    """The columns of a main sheet beside the members of the subject."""
    return (
        _reference(),
        _revision(),
        Field(
            "@validFrom", "生效时间", "Valid from", Cell.TIME, synonyms=("validFrom",), reader=read_time,
            note="留空则取自记录中的日期 / empty: from the dates of the record",
        ),
        Field(
            "@validUntil", "失效时间", "Valid until", Cell.TIME, synonyms=("validUntil",), reader=read_time
        ),
        _issuer(),
        Field(
            "@countersigners", "会签方", "Countersigners", Cell.SIGNERS, reader=read_signers,
            synonyms=("countersigners",), note="school=did:web:…; enterprise=did:web:…",
        ),
        Field(
            "@links", "关联记录", "Links", Cell.LINKS, reader=read_links,
            synonyms=("links", "relatedResource"),
            note="关系=编号，分号分隔，方括号内为条目 / relation=reference; with [item,item] for items",
        ),
    )  # fmt: skip


def detail_fields(depth: int) -> tuple[Field, ...]:
    """The columns by which a row of a detail sheet names what it belongs to."""
    own = (_reference(), _revision(), _issuer())
    if depth == 1:
        return own
    return (
        *own,
        Field(
            "@parent", "上级序号", "Parent number", Cell.INTEGER, True, low=1, high=10_000,
            synonyms=("parent",),
            note="同一编号的上级行中第几行 / which of the parent rows of this reference, from 1",
        ),
    )  # fmt: skip


def _reference() -> Field:
    return Field(
        "@ref", "编号", "Reference", Cell.IDENTIFIER, True, ("ref", "externalRef", "Ref"), high=MAX_REFERENCE,
        reader=reader_for(Cell.IDENTIFIER, many=False), example="A-0001",
        note="本单位给记录的编号，修订时不变 / the issuer's own, the same in every revision",
    )  # fmt: skip


def _revision() -> Field:
    return Field(
        "@revision", "修订号", "Revision", Cell.INTEGER, synonyms=("revision",), low=1, high=1_000_000,
        note="更正时加一；留空为1 / one more for a correction; empty: 1",
    )  # fmt: skip


def _issuer() -> Field:
    return Field(
        "@issuer", "签发单位", "Issuer", Cell.ORGANISATION, synonyms=("issuer",), high=255,
        note="登记名称或 DID；留空为上传单位 / registered name or DID; empty: the uploader",
    )  # fmt: skip


def member_columns(
    leaves: Sequence[Leaf], before: Iterable[Field], document: dict[str, Any]
) -> tuple[Column, ...]:
    """The columns of members. Of headers that would mean two of them, both have their path instead."""
    taken = {fold(text) for column in before for text in column.headers}
    names = [_free_name(".".join(leaf.path) or "value", taken) for leaf in leaves]
    paths = {fold(name): index for index, name in enumerate(names)}
    headers = [_headers(leaf, name) for leaf, name in zip(leaves, names, strict=True)]
    for language in (0, 1):
        counts = Counter(fold(header[language]) for header in headers)
        for index, header in enumerate(headers):
            folded = fold(header[language])
            if counts[folded] > 1 or folded in taken or paths.get(folded, index) != index:
                header[language] = names[index]
    used = {fold(text) for header in headers for text in header} | taken | paths.keys()
    short = Counter(fold(text) for leaf in leaves for text in _own_titles(leaf))
    return tuple(
        _column(
            leaf, name, header, document,
            tuple(text for text in _own_titles(leaf) if short[fold(text)] == 1 and fold(text) not in used),
        )
        for leaf, name, header in zip(leaves, names, headers, strict=True)
    )  # fmt: skip


def _free_name(name: str, taken: set[str]) -> str:
    return _MEMBER + name if fold(name) in taken else name


def _own_titles(leaf: Leaf) -> set[str]:
    own = leaf.titles[-1] if leaf.titles else None
    return set(own) if own and leaf.path[-1] not in _LANGUAGES else set()


def _headers(leaf: Leaf, name: str) -> list[str]:
    known = [titles for titles in leaf.titles if titles is not None]
    if not known or len(known) != len(leaf.titles):
        return [name, name]
    language = _LANGUAGES.get(leaf.path[-1]) if len(known) > 1 else None
    if language is not None:
        known.pop()
    zh, en = "-".join(titles[0] for titles in known), " - ".join(titles[1] for titles in known)
    return [zh + language[0], en + language[1]] if language else [zh, en]


def _column(
    leaf: Leaf, name: str, headers: Sequence[str], document: dict[str, Any], synonyms: tuple[str, ...]
) -> Column:
    schema, many = leaf.schema, leaf.schema.get("type") == "array"
    if many:
        schema = resolve(schema.get("items", {}), document)
    cell = scalar_cell(schema, leaf.path[-1] if leaf.path else "value")
    if many and cell is Cell.JSON:
        many = False
    low, high = _bounds(schema, cell)
    required = leaf.required and not (leaf.path == ("id",) and names_thing(schema))
    notes = (leaf.schema.get("descriptionZh"), leaf.schema.get("description"))
    return Column(
        name, headers[0], headers[1], cell, required,
        synonyms, _choices(schema) if cell is Cell.CHOICE else None,
        low, high, " / ".join(filter(None, notes)), reader=reader_for(cell, many), path=leaf.path, many=many,
    )  # fmt: skip


def _choices(schema: dict[str, Any]) -> dict[str, str]:
    """The Chinese name of each value, which an import takes beside the value itself."""
    known: list[str] = schema.get("enum") or [schema["const"]]
    names = schema.get("valueTitlesZh", {})
    listed = {str(names.get(value, value)): value for value in known}
    folded = {fold(name): value for name, value in listed.items()}
    clear = len(folded) == len(known) and all(folded.get(fold(value), value) == value for value in known)
    return listed if clear else {value: value for value in known}


def _bounds(schema: dict[str, Any], cell: Cell) -> tuple[int, int]:
    """Of a number, or of the length of a text. A schema's own check is exact; these bounds come before it."""
    if cell in (Cell.INTEGER, Cell.DECIMAL):
        most = MAX_INTEGER if cell is Cell.INTEGER else _MAX_DECIMAL
        low, high = schema.get("minimum", -most), schema.get("maximum", most)
        return int(low // 1), int(-(-high // 1))
    return 0, schema.get("maxLength", MAX_IDENTIFIER if cell is Cell.IDENTIFIER else _LONG_TEXT)
