"""A report as text for people: the verdict first, then what was checked, then what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import PurePath
from typing import Any, Final

from verifier_cli.contents import describe, word_for
from verifier_cli.opening import SOUND, moment, named, opening, reason_text
from verifier_cli.report import ChainView, LineageReport, Outcome, Report, Step, StepResult, Verdict
from verifier_cli.texts import (
    ADVICE,
    DEFAULT_ADVICE,
    OUTCOMES,
    REMARKS,
    STEPS,
    VERDICT_WORDS,
    Language,
    Sentence,
    printable,
    say,
)

__all__ = ["flatten", "render", "render_line", "render_summary"]

LINEAGE_LINES: Final = 20
"""Records of a lineage shown one by one when they hold; those that do not are all shown."""

_MARKS: Final = {Outcome.PASSED: "✔", Outcome.FAILED: "✘", Outcome.NOT_CHECKED: "?"}
_LABELS: Final[dict[str, Sentence]] = {
    "says": ("It says", "所载内容"),
    "claims": ("The file claims (not confirmed)", "文件自称（未经证实）"),
    "signed": ("Signed by", "签署方"),
    "signed_claim": ("The file names as signers (not confirmed)", "文件所列签署方（未经证实）"),
    "origin": ("Where this comes from", "来源"),
    "file": ("File", "文件"),
    "record": ("Record", "记录"),
    "anchored": ("Anchored", "上链时间"),
    "read": ("Read from", "数据来源"),
    "path": ("accredited", "认可路径"),
    "owner": ("owner of the contracts", "合约所有者"),
    "checks": ("Checks", "检查"),
    "remarks": ("Remarks", "说明"),
    "lineage": ("Lineage", "溯源"),
    "recognised": (
        "It names an agreement on mutual recognition; --lineage shows what it counts as elsewhere.",
        "该证书引用了互认协议；使用 --lineage 可核验其互认等同资格。",
    ),
    "todo": ("What to do", "建议"),
    "expected": ("expected", "应为"),
    "found": ("found", "实为"),
    "block": ("block", "区块"),
    "own_key": ("person's own key", "个人密钥"),
    "valid_at": ("Validity held against", "有效期对照时间"),
    "status_as_of": ("status as of the block", "状态以该区块为准"),
}


def _label(name: str, language: Language) -> str:
    return say(_LABELS[name], language)


def render(report: Report, language: Language, *, terminal: bool = False) -> str:
    """The whole report as text without a final newline; with colours and marks on a `terminal`."""
    lines = [*opening(report, language, terminal=terminal), "", *_contents(report, language)]
    lines += [*_origin(report, language), "", _label("checks", language)]
    lines += _steps(report, language, terminal)
    if report.remarks:
        lines += ["", _label("remarks", language)]
        for remark in report.remarks:
            detail = f" ({printable(remark.detail)})" if remark.detail else ""
            lines.append(f"  - {say(REMARKS[remark.code], language)}{detail}")
    if report.lineage is not None:
        lines += ["", *_lineage(report.lineage, language)]
    lines += _equivalents(report, language)
    if advice := _advice(report):
        lines += ["", _label("todo", language), f"  {say(advice, language)}"]
    return "\n".join(lines)


def _contents(report: Report, language: Language) -> list[str]:
    """What the record says and who signed it; as the file's claim wherever the verdict does not bear it."""
    if report.document is None or report.schema is None:
        return []
    says = "says" if report.verdict in SOUND else "claims"
    lines = [_label(says, language)]
    colon = "：" if language == "zh" else ": "
    described = describe(report.schema, report.document, language)
    lines += [f"  {label}{colon}{text}" for label, text in described.members]
    lines += ["", _label("signed" if report.verdict in SOUND else "signed_claim", language)]
    issuer = report.document["issuer"]
    lines.append(f"  {word_for('issuer', language)}{colon}{named(issuer['name'], issuer['id'], language)}")
    own = {signer.id for signer in report.signers if signer.own_key}
    for entry in report.document.get("countersigners", ()):
        mark = f" ({_label('own_key', language)})" if entry["id"] in own else ""
        lines.append(f"  {word_for(entry['role'], language)}{colon}{printable(entry['id'])}{mark}")
    return [*lines, ""]


def _origin(report: Report, language: Language) -> list[str]:
    """Which file, which record, which chain."""
    lines = [_label("origin", language)]
    colon = "：" if language == "zh" else ": "

    def add(label: str, text: str) -> None:
        lines.append(f"  {_label(label, language)}{colon}{text}")

    if report.name:
        add("file", printable(PurePath(report.name).name))
    if report.record_id is not None:
        add("record", f"{printable(report.record_id)} ({report.schema})")
    if report.anchored_at is not None:
        add("anchored", moment(report.anchored_at))
    if report.chain is not None:
        add("read", _chain_text(report.chain, report.requests, language))
    if report.valid_at != report.checked_at:
        add("valid_at", f"{moment(report.valid_at)}; {_label('status_as_of', language)}")
    return lines if len(lines) > 1 else []


def _chain_text(view: ChainView, requests: int, language: Language) -> str:
    if language == "zh":
        source = view.source.replace("snapshot signed by ", "快照，签名者 ").replace("snapshot", "快照")
        source = f"{view.sources} 个节点" if view.source == "node" else source
        asked, comma = f"{requests} 次请求", "，"
    else:
        source = _counted(view.sources, "node") if view.source == "node" else view.source
        asked, comma = _counted(requests, "request"), ", "
    block = f"{_label('block', language)} {view.block_number} ({moment(view.block_time)})"
    return comma.join((printable(view.deployment), printable(source), block, asked))


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _steps(report: Report, language: Language, terminal: bool) -> list[str]:
    lines: list[str] = []
    said: str | None = None
    for result in report.steps:
        if result.step is Step.LINEAGE and result.reason == "not_requested":
            continue
        # One trouble with the chain leaves five steps unchecked; its details are said once.
        repeated = result.outcome is Outcome.NOT_CHECKED and result.actual == said
        lines += _step(replace(result, actual=None) if repeated else result, language, terminal)
        said = result.actual
    return lines


def _step(result: StepResult, language: Language, terminal: bool) -> list[str]:
    outcome = say(OUTCOMES[result.outcome], language)
    mark = _MARKS[result.outcome] if terminal else f"[{outcome}]"
    colon = "：" if language == "zh" else ": "
    line = f"  {int(result.step)}. {mark} {say(STEPS[result.step], language)}"
    if result.outcome is Outcome.PASSED:
        paths = [value for name, value in result.facts if name == "path"]
        top = _label("owner", language)
        return [
            line,
            *(f"       {_label('path', language)}{colon}{printable(path)} <- {top}" for path in paths),
        ]
    lines = [f"{line}{colon}{reason_text(result.reason, language)}"]
    if result.expected is not None:
        lines.append(f"       {_label('expected', language)}{colon}{printable(result.expected)}")
    if result.actual is not None:
        lines.append(f"       {_label('found', language)}{colon}{printable(result.actual)}")
    return lines


def _lineage(lineage: LineageReport, language: Language) -> list[str]:
    word = say(VERDICT_WORDS[lineage.verdict], language)
    lines = [f"{_label('lineage', language)}: {word} ({len(lineage.nodes)})"]
    sound = [node for node in lineage.nodes if node.verdict is Verdict.VALID][:LINEAGE_LINES]
    for node in lineage.nodes:
        if node.verdict is Verdict.VALID and node not in sound:
            continue
        reason = "" if node.reason is None else f": {reason_text(node.reason, language)}"
        name = printable(node.id or node.digest)
        mark = say(VERDICT_WORDS[node.verdict], language)
        lines.append(f"{'  ' * min(node.depth, 8)}{node.relation} {name} [{mark}]{reason}")
    return lines


def _equivalents(report: Report, language: Language) -> list[str]:
    """What a credential counts as elsewhere: only its lineage tells whether an agreement bears it."""
    if report.lineage is not None:
        if not report.lineage.equivalents:
            return []
        from verifier_cli.lineage_text import equivalent_lines

        return ["", *equivalent_lines(report.lineage.equivalents, language)]
    links = (report.document or {}).get("relatedResource", ())
    if any(entry["rel"] == "recognisedUnder" for entry in links):
        return ["", say(_LABELS["recognised"], language)]
    return []


def _advice(report: Report) -> Sentence | None:
    """What to do about the first thing that could not be checked, when that is what decided."""
    undecided = [item for item in report.steps if item.outcome is Outcome.NOT_CHECKED]
    if report.verdict is not Verdict.UNDECIDED:
        undecided = [item for item in undecided if item.reason in ("missing", "no_access")]
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
    reasons = [
        f"{int(r.step)} {reason_text(r.reason, language)}" for r in report.steps if r.outcome is wanted
    ]
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
