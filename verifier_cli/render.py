"""A report as text for people: the verdict first, then what was checked, then what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from verifier_cli.encoding import format_time
from verifier_cli.report import LineageReport, Outcome, Report, Step, StepResult, Verdict
from verifier_cli.texts import (
    ADVICE,
    DEFAULT_ADVICE,
    OUTCOMES,
    REASONS,
    REMARKS,
    STEPS,
    VERDICT_WORDS,
    VERDICTS,
    Language,
    Sentence,
    printable,
    say,
)

__all__ = ["flatten", "render", "render_line", "render_summary"]

SUBJECT_LINES: Final = 14
"""Signed members shown beside a verdict; `inspect` shows all."""

LINEAGE_LINES: Final = 20
"""Records of a lineage shown one by one when they hold; those that do not are all shown."""

_COLORS: Final = {
    Verdict.VALID: "32",
    Verdict.VALID_WITH_REMARKS: "33",
    Verdict.NOT_VALID: "31",
    Verdict.UNDECIDED: "33",
}
_LABELS: Final[dict[str, Sentence]] = {
    "record": ("Record", "记录"),
    "signed": ("Signed by", "签署方"),
    "says": ("It says", "所载内容"),
    "anchored": ("Anchored", "上链时间"),
    "read": ("Read from", "数据来源"),
    "checks": ("Checks", "检查"),
    "remarks": ("Remarks", "说明"),
    "lineage": ("Lineage", "溯源"),
    "todo": ("What to do", "建议"),
    "expected": ("expected", "应为"),
    "found": ("found", "实为"),
    "block": ("block", "区块"),
    "requests": ("requests", "次请求"),
    "own_key": ("person's own key", "个人密钥"),
    "valid_at": ("Validity held against", "有效期对照时间"),
    "status_as_of": ("status as of the block", "状态以该区块为准"),
    "more": ("more, see inspect", "项未列出，见 inspect"),
}


def _label(name: str, language: Language) -> str:
    return say(_LABELS[name], language)


def _reason(code: str | None, language: Language) -> str:
    return say(REASONS[code], language) if code in REASONS else str(code)


def render(report: Report, language: Language, *, color: bool = False) -> str:
    """The whole report as text without a final newline."""
    word = say(VERDICT_WORDS[report.verdict], language)
    if color:
        word = f"\033[1;{_COLORS[report.verdict]}m{word}\033[0m"
    lines = [f"{word}  {printable(report.name)}", say(VERDICTS[report.verdict], language), ""]
    lines += _facts(report, language)
    lines += [_label("checks", language)]
    for result in report.steps:
        if result.step is not Step.LINEAGE or result.reason != "not_requested":
            lines += _step(result, language)
    if report.remarks:
        lines += ["", _label("remarks", language)]
        for remark in report.remarks:
            detail = f" ({printable(remark.detail)})" if remark.detail else ""
            lines.append(f"  - {say(REMARKS[remark.code], language)}{detail}")
    if report.lineage is not None:
        lines += ["", *_lineage(report.lineage, language)]
    if advice := _advice(report):
        lines += ["", _label("todo", language), f"  {say(advice, language)}"]
    return "\n".join(lines)


def _facts(report: Report, language: Language) -> list[str]:
    lines: list[str] = []
    if report.record_id is not None:
        lines.append(f"{_label('record', language)}: {report.schema} {report.record_id}")
    for signer in report.signers:
        own = f", {_label('own_key', language)}" if signer.own_key else ""
        lines.append(f"{_label('signed', language)}: {printable(signer.id)} ({signer.role}{own})")
    if report.document is not None and report.signers:
        lines.append(f"{_label('says', language)}:")
        # What stands at the top of the subject says most: name, kind, level, result.
        shown = sorted(flatten(report.document["credentialSubject"]), key=_depth)
        lines += [f"  {printable(path)}: {printable(text)}" for path, text in shown[:SUBJECT_LINES]]
        if len(shown) > SUBJECT_LINES:
            lines.append(f"  ({len(shown) - SUBJECT_LINES} {_label('more', language)})")
    if report.anchored_at is not None:
        lines.append(f"{_label('anchored', language)}: {format_time(report.anchored_at)}")
    if report.chain is not None:
        view = report.chain
        lines.append(
            f"{_label('read', language)}: {printable(view.deployment)}, {view.sources} {view.source}, "
            f"{_label('block', language)} {view.block_number} ({format_time(view.block_time)}), "
            f"{report.requests} {_label('requests', language)}"
        )
    if report.valid_at != report.checked_at:
        moment = format_time(report.valid_at)
        lines.append(f"{_label('valid_at', language)}: {moment}; {_label('status_as_of', language)}")
    return [*lines, ""] if lines else lines


def _depth(item: tuple[str, str]) -> int:
    return item[0].count(".") + item[0].count("[")


def _step(result: StepResult, language: Language) -> list[str]:
    outcome = say(OUTCOMES[result.outcome], language)
    line = f"  {int(result.step)}. [{outcome}] {say(STEPS[result.step], language)}"
    if result.outcome is Outcome.PASSED:
        return [line]
    lines = [f"{line}: {_reason(result.reason, language)}"]
    if result.expected is not None:
        lines.append(f"       {_label('expected', language)}: {printable(result.expected)}")
    if result.actual is not None:
        lines.append(f"       {_label('found', language)}: {printable(result.actual)}")
    return lines


def _lineage(lineage: LineageReport, language: Language) -> list[str]:
    word = say(VERDICT_WORDS[lineage.verdict], language)
    lines = [f"{_label('lineage', language)}: {word} ({len(lineage.nodes)})"]
    sound = [node for node in lineage.nodes if node.verdict is Verdict.VALID][:LINEAGE_LINES]
    for node in lineage.nodes:
        if node.verdict is Verdict.VALID and node not in sound:
            continue
        reason = "" if node.reason is None else f": {_reason(node.reason, language)}"
        name = printable(node.id or node.digest)
        mark = say(VERDICT_WORDS[node.verdict], language)
        lines.append(f"{'  ' * min(node.depth, 8)}{node.relation} {name} [{mark}]{reason}")
    return lines


def _advice(report: Report) -> Sentence | None:
    """What to do about the first thing that could not be checked, when that is what decided."""
    undecided = [item for item in report.steps if item.outcome is Outcome.NOT_CHECKED]
    if report.verdict is not Verdict.UNDECIDED:
        undecided = [item for item in undecided if item.reason == "missing"]
    if not undecided:
        return None
    return ADVICE.get(undecided[0].reason or "", DEFAULT_ADVICE)


def render_line(report: Report, language: Language) -> str:
    """One line for a record among many; empty when it is simply valid."""
    if report.verdict is Verdict.VALID and (
        report.lineage is None or report.lineage.verdict is Verdict.VALID
    ):
        return ""
    wanted = Outcome.FAILED if report.verdict is Verdict.NOT_VALID else Outcome.NOT_CHECKED
    reasons = [f"{int(r.step)} {_reason(r.reason, language)}" for r in report.steps if r.outcome is wanted]
    if report.verdict in (Verdict.VALID, Verdict.VALID_WITH_REMARKS) or not reasons:
        reasons = [say(REMARKS[remark.code], language) for remark in report.remarks]
    if report.lineage is not None and report.lineage.verdict is not Verdict.VALID:
        word = say(VERDICT_WORDS[report.lineage.verdict], language)
        reasons.append(f"{_label('lineage', language)}: {word}")
    return f"{say(VERDICT_WORDS[report.verdict], language)}  {printable(report.name)}  {'; '.join(reasons)}"


def render_summary(counts: Mapping[str, int], language: Language) -> str:
    """How many records had which verdict."""
    words = {verdict.value: say(VERDICT_WORDS[verdict], language) for verdict in Verdict}
    words["unreadable"] = say(("unreadable", "无法读取"), language)
    total = say(("in all", "共计"), language)
    parts = [f"{words[name]} {counts[name]}" for name in words if counts.get(name)]
    return f"{'  '.join(parts)}  ({total} {sum(counts.values())})"


def flatten(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Scalars of a JSON value with their dotted paths, in document order."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from flatten(member, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from flatten(item, f"{path}[{index}]")
    else:
        yield path, str(value)
