"""Cells of the envelope: countersigners and links, from text and back.

``school=did:web:school.example; enterprise=粤湾传感`` and ``evaluates=A-1; alignsTo=SNAD@2026.2[E1,E2]``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from trace_service.imports.codes import Code
from trace_service.imports.field_types import Field
from trace_service.imports.schema_cells import quote, unquote
from trace_service.imports.values import CellError, Raw
from verifier_cli.schema import ENVELOPE, schema_json

_SIGNER = re.compile(r"\s*([A-Za-z]+)\s*[=＝]\s*([^;；=＝]*[^;；=＝\s])\s*(?:[;；]\s*|$)")
_LINK = re.compile(
    r"""\s*(?P<rel>[A-Za-z]+)\s*[=＝]\s*
    (?: (?: (?P<type>[a-z]+): )? (?P<quoted>"(?:[^"\\]|\\.)*") (?P<after>[^\s;；\[\]]*)
      | (?P<plain>[^\s;；\[\]"]+) )
    \s*(?:\[(?P<items>[^\[\]]*)\])?\s*(?:[;；]\s*|$)""",
    re.VERBOSE,
)
# A reference with what tells it from others of the same text: type, revision, issuer.
_AFTER = r"(?:\#(?P<revision>[1-9][0-9]{0,6}))?(?:@(?P<issuer>did:web:[^\s;；\[\]#@]+))?"
_QUALIFIED = re.compile(r"(?:(?P<type>[a-z]+):)?(?P<ref>.+?)" + _AFTER)
_ONLY_AFTER = re.compile(_AFTER)
_SIMPLE = re.compile(r"[^\s;；\[\]\"#:=＝@]+(@(?!did:)[^\s;；\[\]\"#:=＝@]+)?")
_ITEMS = re.compile(r"[;；,，、\s]+")
_ROLES = tuple(schema_json(ENVELOPE)["$defs"]["countersigners"]["items"]["properties"]["role"]["enum"])


class Reading(NamedTuple):
    """One way to read the target of a link: narrowed by type, revision and issuer where these are given."""

    ref: str
    type: str | None = None
    revision: int | None = None
    issuer: str | None = None


class LinkText(NamedTuple):
    """A link as a cell has it; ``readings`` in the order in which they are tried."""

    rel: str
    text: str
    readings: tuple[Reading, ...]
    items: tuple[str, ...] = ()


def read_signers(raw: Raw, _field: Field | None = None) -> tuple[tuple[str, str], ...]:
    """(role, DID or registered name) of each countersigner."""
    found: list[tuple[str, str]] = []
    for match in _all(_SIGNER, raw, Code.SIGNERS_MALFORMED):
        role = match[1].lower()
        if role not in _ROLES:
            raise CellError(Code.CHOICE_UNKNOWN, choices="、".join(_ROLES))
        found.append((role, match[2]))
    return tuple(found)


def read_links(raw: Raw, _field: Field | None = None) -> tuple[LinkText, ...]:
    """The links of a cell, in order."""
    return tuple(_link(match) for match in _all(_LINK, raw, Code.LINKS_MALFORMED))


def _all(pattern: re.Pattern[str], raw: Raw, code: Code) -> Iterator[re.Match[str]]:
    text = raw.strip() if isinstance(raw, str) else ""
    position = 0
    while position < len(text) or not text:
        match = pattern.match(text, position)
        if match is None:
            raise CellError(code, reason=(text or str(raw))[position : position + 40])
        yield match
        position = match.end()


def _link(match: re.Match[str]) -> LinkText:
    items = tuple(filter(None, _ITEMS.split(match["items"] or "")))
    if match["plain"] is not None:
        return LinkText(match["rel"], match["plain"], tuple(_plain(match["plain"])), items)
    after = _ONLY_AFTER.fullmatch(match["after"])
    ref = unquote(match["quoted"])
    if after is None or ref is None:
        raise CellError(Code.LINKS_MALFORMED, reason=match[0].strip())
    return LinkText(match["rel"], ref, (_reading(ref, match["type"], after),), items)


def _plain(text: str) -> Iterator[Reading]:
    yield Reading(text)
    match = _QUALIFIED.fullmatch(text)
    if match is not None and match["ref"] != text:
        yield _reading(match["ref"], match["type"], match)


def _reading(ref: str, type_: str | None, match: re.Match[str]) -> Reading:
    revision = int(match["revision"]) if match["revision"] else None
    return Reading(ref, type_, revision, match["issuer"])


def signers_cell(signers: Iterable[tuple[str, str]]) -> str:
    """(DID, role) of each countersigner as a cell."""
    return "; ".join(f"{role}={did}" for did, role in signers)


def link_cell(rel: str, target: Reading, items: Iterable[str] = ()) -> str:
    """One link as a cell has it."""
    simple = _SIMPLE.fullmatch(target.ref) or target.ref.startswith("urn:uuid:")
    text = target.ref if simple else quote(target.ref)
    text = f"{target.type}:{text}" if target.type else text
    text = f"{text}#{target.revision}" if target.revision else text
    text = f"{text}@{target.issuer}" if target.issuer else text
    listed = ",".join(items)
    return f"{rel}={text}[{listed}]" if listed else f"{rel}={text}"
