"""What the rules found, as lines for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from verifier_cli.indicators.exceptions import RECORDS, Found
from verifier_cli.texts import Language, Sentence, printable, say

__all__ = ["found_lines"]

SHOWN: Final = 50
"""Rows of a rule in full; --json has them all."""

_COUNT: Final[Sentence] = ("{0} ({1}): {2}", "{0}（{1}）：{2}")
_MORE: Final[Sentence] = ("  … and {0} more (--json lists them)", "  ……另有 {0} 项（见 --json）")
_NOTHING: Final[Sentence] = ("Nothing was found.", "未发现异常。")


def found_lines(found: Iterable[Found], language: Language) -> Iterator[str]:
    """A head for each rule that found something, and a line for each row; a last line names the others."""
    silent = []
    for rule in found:
        title = say((rule.title.get("en", rule.code), rule.title["zh"]), language)
        if not rule.rows:
            silent.append(rule.code)
            continue
        yield say(_COUNT, language).format(title, rule.code, len(rule.rows))
        for row in rule.rows[:SHOWN]:
            yield f"  {printable(_line(row))}"
        if len(rule.rows) > SHOWN:
            yield say(_MORE, language).format(len(rule.rows) - SHOWN)
    if silent:
        yield f"{say(_NOTHING, language)} {', '.join(silent)}"


def _line(row: Mapping[str, Any]) -> str:
    records = [str(row[name].get("id", row[name]["digest"])) for name in RECORDS if name in row]
    others = [f"{name} {value}" for name, value in row.items() if name not in RECORDS]
    return "  ".join((" + ".join(records), *others))
