"""Members of a subject in words, from the titles and value names of its JSON Schema.

What a schema says of a member is all that is needed to show it, so a member that is added to a schema is
shown without further code. Measures are shown as people write them: fen as yuan, parts of 10,000 in percent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from verifier_cli.schema import ENVELOPE, schema_json
from verifier_cli.texts import Language

__all__ = ["LISTED", "resolved", "shown_members", "subject_members", "value_word"]

IN_ONE_LINE: Final = 4
"""Members of an object that are shown side by side; more of them have a line each."""

LISTED: Final = 6
"""Entries of one list shown one by one; `inspect` shows all."""

_DEFINITION = f"urn:skilltrace:schema:{ENVELOPE.replace('.', ':')}#/$defs/"
_UNIT: Final = re.compile("(, (fen|hundredths|of 10,000)|（(分|百分之|万分之)）)$")
_MORE: Final = ("More of these", "另有")
_YES_NO: Final = {True: ("yes", "是"), False: ("no", "否")}
_Shower = Callable[[Any, Language], str]


@lru_cache(maxsize=32)
def _schema(name: str) -> dict[str, Any]:
    return schema_json(name)


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    """A schema node with the shared definition that it refers to; its own titles come first."""
    reference = node.get("$ref")
    if reference is None:
        return node
    definition = _schema(ENVELOPE)["$defs"][str(reference).removeprefix(_DEFINITION)]
    return {**definition, **node}


def subject_members(schema: str) -> dict[str, dict[str, Any]]:
    """Schema nodes of a subject's members, by name."""
    members: dict[str, dict[str, Any]] = _schema(schema)["properties"]["credentialSubject"]["properties"]
    return members


def value_word(schema: str, member: str, value: str, language: Language) -> str:
    """The word for a value of a fixed set: `kind` of `activity.1`."""
    return _word(resolved(subject_members(schema)[member]), value, language)


def shown_members(
    schema: str, subject: dict[str, Any], language: Language, names: Collection[str] | None = None
) -> Iterator[tuple[str, str]]:
    """(title, text) of the subject's members in the schema's order; `names` picks some of them."""
    members = subject_members(schema)
    shown = [name for name in (*members, "id") if name in subject and name != "type"][1:]  # the id comes last
    for name in shown:
        if names is None or name in names:
            yield from _lines(resolved(members[name]), subject[name], language)


def _title(node: dict[str, Any], language: Language) -> str:
    """Without the unit that a form needs: a measure is shown with its own."""
    title = str(node["titleZh" if language == "zh" else "title"])
    return _UNIT.sub("", title) if _definition(node) in _SHOWERS else title


def _definition(node: dict[str, Any]) -> str:
    """Name of the shared definition that a node refers to; empty if none."""
    return str(node.get("$ref", "")).removeprefix(_DEFINITION)


def _word(node: dict[str, Any], value: str, language: Language) -> str:
    titles = node.get("valueTitlesZh" if language == "zh" else "valueTitles", {})
    return str(titles.get(value, value))


def _is_records(node: dict[str, Any]) -> bool:
    """Whether a node is a list of objects."""
    return bool(resolved(node.get("items", {})).get("type") == "object")


def _lines(node: dict[str, Any], value: Any, language: Language) -> Iterator[tuple[str, str]]:
    """One line for a member. A list of objects has a line for each, under the title of one of them; a large
    object has lines of its own."""
    if _is_records(node):
        yield from _entry_lines(node, value, language)
    elif isinstance(value, dict) and _is_large(node, value):
        for name, child in node["properties"].items():
            if name in value:
                member = resolved(child)
                for title, text in _lines(member, value[name], language):
                    yield (title if _is_records(member) else f"{_title(node, language)} - {title}"), text
    else:
        yield _title(node, language), _text(node, value, language)


def _entry_lines(node: dict[str, Any], entries: list[Any], language: Language) -> Iterator[tuple[str, str]]:
    entry = resolved(node["items"])
    for part in entries[:LISTED]:
        yield _title(entry, language), _text(entry, part, language)
    if len(entries) > LISTED:
        yield _MORE[language == "zh"], str(len(entries) - LISTED)


def _is_large(node: dict[str, Any], value: dict[str, Any]) -> bool:
    if _definition(node) in _SHOWERS:
        return False
    members = [resolved(child) for name, child in node["properties"].items() if name in value]
    return len(members) > IN_ONE_LINE or any(map(_is_records, members))


def _text(node: dict[str, Any], value: Any, language: Language) -> str:
    shower = _SHOWERS.get(_definition(node))
    if shower is not None:
        return shower(value, language)
    if isinstance(value, bool):
        return _YES_NO[value][language == "zh"]
    if isinstance(value, dict):
        return _object(node, value, language)
    if isinstance(value, list):
        entry = resolved(node["items"])
        return _comma(language).join(_text(entry, part, language) for part in value)
    return _word(node, value, language) if isinstance(value, str) else str(value)


def _object(node: dict[str, Any], value: dict[str, Any], language: Language) -> str:
    """Members side by side. Codes, names, words and organisations speak for themselves; others are titled."""
    parts = []
    for name, child in node["properties"].items():
        if name in value:
            member = resolved(child)
            text = _text(member, value[name], language)
            parts.append(text if _speaks(child) else f"{_title(member, language)} {text}")
    return _comma(language).join(parts)


def _speaks(node: dict[str, Any]) -> bool:
    """Whether a value needs no title beside it: a word of a fixed set, or what shows what it is."""
    return "enum" in node or (_definition(node) in _SELF_EVIDENT and "title" not in node)


_SELF_EVIDENT: Final = frozenset(
    {
        "token",
        "label",
        "organisation",
        "person",
        "anyone",
        "named",
        "edition",
        "balance",
        "creditKind",
        "note",
    }
)


def _comma(language: Language) -> str:
    return "，" if language == "zh" else ", "


def _hundredths(value: int) -> str:
    """Exact: a record's integers are far below Decimal's 28 digits."""
    text = f"{Decimal(value) / 100:,.2f}"
    return text.rstrip("0").rstrip(".")


def _name(value: dict[str, str], language: Language) -> str:
    return value["zh"] if language == "zh" else value.get("en", value["zh"])


def _yuan(value: int, language: Language) -> str:
    amount = f"{Decimal(value) / 100:,.2f}"
    return f"{amount} 元" if language == "zh" else f"CNY {amount}"


def _credits(value: int, language: Language) -> str:
    amount = _hundredths(value)
    if language == "zh":
        return f"{amount} 学分"
    return f"{amount} credit" if amount == "1" else f"{amount} credits"


def _minutes(value: int, language: Language) -> str:
    return f"{value} 分钟" if language == "zh" else f"{value} min"


def _months(value: int, language: Language) -> str:
    return f"{value} 个月" if language == "zh" else f"{value} months"


def _balance(value: dict[str, Any], language: Language) -> str:
    node = resolved({"$ref": f"{_DEFINITION}creditKind"})
    return f"{_word(node, value['creditKind'], language)} {_credits(value['amount'], language)}"


# Shared definitions that are shown in a way of their own.
_SHOWERS: Final[dict[str, _Shower]] = {
    "label": _name,
    "text": _name,
    "named": lambda value, language: f"{_name(value['name'], language)} ({value['code']})",
    "edition": lambda value, language: f"{value['code']} {value['version']}",
    "fen": _yuan,
    "ratio": lambda value, language: f"{_hundredths(value)} %",
    "share": lambda value, language: f"{_hundredths(value)} %",
    "hundredths": _credits,
    "minutes": _minutes,
    "months": _months,
    "balance": _balance,
}
