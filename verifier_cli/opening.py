"""The sentence at the top of a report: the verdict, and what it is about.

A verdict that bears what the record says puts it as a fact: what, by whom, since when, not revoked as of
when.
Any other verdict gives its reason first and says what the file claims. Each part begins a line of its own and
no text of a record can break a line, so a name that imitates the next part does not pass for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from verifier_cli.contents import describe, word_for
from verifier_cli.encoding import format_time
from verifier_cli.report import Outcome, Report, Verdict
from verifier_cli.texts import CAUTIONS, REASONS, REMARKS, VERDICT_WORDS, Language, printable, say

__all__ = ["SOUND", "moment", "named", "opening", "reason_text"]

SOUND: Final = frozenset((Verdict.VALID, Verdict.VALID_WITH_REMARKS))
"""Verdicts that bear what the record says."""

_COLORS: Final = {
    Verdict.VALID: "32",
    Verdict.VALID_WITH_REMARKS: "33",
    Verdict.NOT_VALID: "31",
    Verdict.UNDECIDED: "33",
}
_MARKS: Final = {
    Verdict.VALID: "✔",
    Verdict.VALID_WITH_REMARKS: "✔",
    Verdict.NOT_VALID: "✘",
    Verdict.UNDECIDED: "?",
}


def reason_text(code: str | None, language: Language) -> str:
    """The sentence of a reason code, or of a remark's."""
    for sentences in (REASONS, REMARKS):
        if code in sentences:
            return say(sentences[code], language)
    return str(code)


def moment(seconds: int) -> str:
    """A time for people, in UTC to the second."""
    return format_time(seconds).replace("T", " ").replace("Z", " UTC")


def named(name: str, did: str, language: Language) -> str:
    """A name with the DID that it goes with; the DID is what the chain knows, the name is what was signed."""
    left, right = ("（", "）") if language == "zh" else (" (", ")")
    return f"{printable(name)}{left}{printable(did)}{right}"


def opening(report: Report, language: Language, *, terminal: bool) -> list[str]:
    """Lines of the sentence, the verdict word first."""
    word = say(VERDICT_WORDS[report.verdict], language)
    if terminal:
        word = f"\033[1;{_COLORS[report.verdict]}m{_MARKS[report.verdict]} {word}\033[0m"
    dash = " —— " if language == "zh" else " — "
    if report.verdict in SOUND:
        return _fact(report, word + dash, language)
    reasons = printable(_reasons(report, language))
    end = "。" if language == "zh" else ". "
    lines = [f"{word}{dash}{reasons}{end}{say(CAUTIONS[report.verdict], language)}"]
    if report.document is not None and report.schema is not None:
        claim = "文件自称：" if language == "zh" else "The file claims: "
        title = describe(report.schema, report.document, language).title
        lines += _joined([claim + title, *_signers(report.document, language)], language)
    return lines


def _fact(report: Report, head: str, language: Language) -> list[str]:
    assert report.document is not None
    assert report.schema is not None
    assert report.anchored_at is not None
    assert report.chain is not None
    since, read = moment(report.anchored_at), moment(report.chain.head_time)
    title = describe(report.schema, report.document, language).title
    if language == "zh":
        last = f"自 {since} 上链以来未被改动，截至 {read} 未被撤销"
    else:
        last = f"unchanged since {since}, not revoked as of {read}"
    lines = _joined([head + title, *_signers(report.document, language), last], language)
    if report.remarks:
        lines.append(say(CAUTIONS[report.verdict], language) + _remarks(report, language))
    return lines


def _joined(parts: Sequence[str], language: Language) -> list[str]:
    comma, end = ("，", "。") if language == "zh" else (",", ".")
    return [*(part + comma for part in parts[:-1]), parts[-1] + end]


def _signers(document: dict[str, Any], language: Language) -> list[str]:
    issuer = named(document["issuer"]["name"], document["issuer"]["id"], language)
    entries = document.get("countersigners", ())
    if language == "zh":
        others = "、".join(f"{printable(e['id'])}（{word_for(e['role'], language)}）" for e in entries)
        return [f"由 {issuer}签发", *([f"由 {others}会签"] if others else [])]
    others = " and ".join(f"{printable(e['id'])} ({word_for(e['role'], language)})" for e in entries)
    return [f"issued by {issuer}", *([f"countersigned by {others}"] if others else [])]


def _reasons(report: Report, language: Language) -> str:
    """Why not: what failed, else (with --strict) the remarks, else what could not be checked first."""
    failed = [item.reason for item in report.steps[:8] if item.outcome is Outcome.FAILED]
    if failed:
        return _listed([reason_text(reason, language) for reason in failed], language)
    if report.verdict is Verdict.NOT_VALID:
        return _remarks(report, language).rstrip(".。")
    unknown = next(item for item in report.steps if item.outcome is Outcome.NOT_CHECKED)
    return reason_text(unknown.reason, language)


def _remarks(report: Report, language: Language) -> str:
    end = "。" if language == "zh" else "."
    return _listed([say(REMARKS[remark.code], language) for remark in report.remarks], language) + end


def _listed(texts: Sequence[str], language: Language) -> str:
    return ("；" if language == "zh" else "; ").join(dict.fromkeys(texts))
