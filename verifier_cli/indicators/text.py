"""What a recomputation says to people, in English and Chinese."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from verifier_cli.indicators.differences import Difference
from verifier_cli.indicators.recompute import Recomputed
from verifier_cli.texts import Language, Sentence, printable, say

__all__ = ["result_lines"]

SHOWN: Final = 20
"""Differences in full; --json has them all."""

_VERDICTS: Final[dict[str, Sentence]] = {
    "match": ("MATCH: every value and the input root come out the same.", "一致：全部数值与输入根均相同。"),
    "mismatch": (
        "MISMATCH: the report does not come out of these records.",
        "不一致：由这些记录得不出该报告。",
    ),
    "undecided": ("UNDECIDED: something that it takes could not be had.", "无法判定：缺少所需内容。"),
}
_KINDS: Final[dict[str, Sentence]] = {
    "report": ("report", "报告"),
    "definition": ("definition", "定义"),
    "community": ("community", "共同体"),
    "input": ("input", "输入"),
    "value": ("value", "数值"),
}
_EXPECTED: Final[Sentence] = ("report {0}, here {1}", "报告为 {0}，此处为 {1}")
_COUNTS: Final[Sentence] = (
    "  {0} values of {1} to {2}, {3} records, as of block {4}",
    "  {1} 至 {2} 共 {0} 项数值，{3} 条记录，截至区块 {4}",
)
_LATER: Final[Sentence] = (
    "  {0} of these records were revoked or suspended after the report: no mismatch.",
    "  其中 {0} 条记录在报告之后被撤销或暂停：不属于不一致。",
)
_ISSUER: Final[Sentence] = ("  report signed by {0}", "  报告签署方：{0}")
_DEFINED: Final[Sentence] = ("  {1} definitions signed by {0}", "  {1} 项定义由 {0} 签署")
_STRANGER: Final[Sentence] = (" - no member of the community", "——非共同体成员")
_OWN: Final[Sentence] = (
    "  {0} of the definitions are not those of this release: read them before you rely on {1}",
    "  其中 {0} 项定义与本版本所附定义不同，采信前请先阅读：{1}",
)
_MORE: Final[Sentence] = ("  … and {0} more (--json lists them)", "  ……另有 {0} 项（见 --json）")


def result_lines(result: Recomputed, language: Language) -> Iterator[str]:
    """The result as lines, the first difference first."""
    yield say(_VERDICTS[result.verdict], language)
    report = result.report
    yield say(_COUNTS, language).format(
        len(result.values), report.period_from, report.period_to, result.input_count, report.block
    )
    yield from map(printable, _word_of(result, language))
    found = [*result.missing, *result.differences]
    for item in found[:SHOWN]:
        yield f"  {printable(_line(item, language))}"
    if len(found) > SHOWN:
        yield say(_MORE, language).format(len(found) - SHOWN)
    if result.later:
        yield say(_LATER, language).format(len(result.later))


def _word_of(result: Recomputed, language: Language) -> Iterator[str]:
    """Who signed what: recomputing shows that values come out, not that their definitions are apt."""
    yield say(_ISSUER, language).format(result.report.issuer) + _stranger(
        result.report.issuer, result, language
    )
    for did, count in sorted(Counter(item.issuer for item in result.editions).items()):
        yield say(_DEFINED, language).format(did, count) + _stranger(did, result, language)
    own = [item.definition.code for item in result.editions if not item.is_shipped]
    if own:
        shown = ", ".join(own[:SHOWN]) + (", …" if len(own) > SHOWN else "")
        yield say(_OWN, language).format(len(own), shown)


def _stranger(did: str, result: Recomputed, language: Language) -> str:
    # Who belongs is not known where the community itself could not be had.
    return "" if did in result.members or not result.members else say(_STRANGER, language)


def _line(item: Difference, language: Language) -> str:
    parts = [say(_KINDS[item.kind], language), item.subject, item.reason]
    if item.expected or item.actual:
        parts.append(say(_EXPECTED, language).format(item.expected or "-", item.actual or "-"))
    if item.detail:
        parts.append(f"({item.detail})")
    return " ".join(filter(None, parts))
