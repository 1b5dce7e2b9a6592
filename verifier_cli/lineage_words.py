"""Words of the lineage: relations, record types, outcomes; English, Chinese."""

from __future__ import annotations

from typing import Final

from verifier_cli.texts import Language, Sentence, say

__all__ = ["CITED", "CITES", "DOSSIER_TEXTS", "MARKS", "OUTCOMES", "TEXTS", "counted", "type_word"]

CITED: Final[dict[str, Sentence]] = {
    "supersedes": ("replaces", "替代"),
    "alignsTo": ("follows the standard", "依照标准"),
    "performedUnder": ("performed under", "依据"),
    "evaluates": ("evaluates", "评价对象"),
    "evidencedBy": ("evidence", "证据"),
    "awards": ("awarded by the standard", "所授标准"),
    "recognisedUnder": ("recognised under", "互认依据"),
    "basedOn": ("based on", "基于"),
    "answers": ("answers", "回应"),
    "uses": ("uses", "使用"),
    "resultOf": ("result of", "源自"),
    "credits": ("credits", "计入学分的证书"),
    "follows": ("follows", "接续"),
    "fulfils": ("fulfils", "履行"),
    "verifies": ("verifies", "核查对象"),
}
"""From a record to what it cites."""

CITES: Final[dict[str, Sentence]] = {
    "supersedes": ("replaced by", "被替代为"),
    "alignsTo": ("followed by", "被依照"),
    "performedUnder": ("basis of", "作为依据"),
    "evaluates": ("evaluated in", "接受评价"),
    "evidencedBy": ("evidence for", "用作证据"),
    "awards": ("awarded as", "据此授予"),
    "recognisedUnder": ("recognises", "据此互认"),
    "basedOn": ("basis of", "作为依据"),
    "answers": ("answered by", "得到回应"),
    "uses": ("used in", "被使用"),
    "resultOf": ("led to", "产生结果"),
    "credits": ("credited in", "计入学分"),
    "follows": ("followed by", "其后"),
    "fulfils": ("fulfilled by", "得到履行"),
    "verifies": ("verified in", "接受核查"),
}
"""From a record to what cites it."""

_TYPES: Final[dict[str, tuple[str, str, Sentence]]] = {
    "party": ("party entry", "party entries", ("份", "主体信息")),
    "agreement": ("agreement", "agreements", ("份", "协议")),
    "standard": ("standard", "standards", ("份", "标准")),
    "demand": ("demand", "demands", ("份", "用人需求")),
    "enrolment": ("enrolment", "enrolments", ("份", "培养登记")),
    "activity": ("practice record", "practice records", ("条", "实践记录")),
    "evaluation": ("evaluation", "evaluations", ("份", "评价")),
    "credential": ("credential", "credentials", ("份", "证书")),
    "creditentry": ("credit entry", "credit entries", ("条", "学分记录")),
    "outcome": ("outcome", "outcomes", ("份", "成果记录")),
    "resource": ("resource", "resources", ("份", "资源")),
    "decision": ("decision", "decisions", ("份", "决定")),
}
_RECORD: Final = ("record", "records", ("份", "记录"))

MARKS: Final[dict[str, str]] = {
    "VALID": "✔",
    "VALID_WITH_REMARKS": "✔!",
    "NOT_VALID": "✘",
    "UNDECIDED": "?",
    "WITHHELD": "◌",
}
"""Signs that differ in shape, not in colour alone."""

OUTCOMES: Final[dict[str, Sentence]] = {
    "VALID": ("valid", "有效"),
    "VALID_WITH_REMARKS": ("valid with remarks", "有效（有说明）"),
    "NOT_VALID": ("NOT VALID", "无效"),
    "UNDECIDED": ("undecided", "无法判定"),
    "WITHHELD": ("WITHHELD", "未披露"),
}

TEXTS: Final[dict[str, Sentence]] = {
    "again": ("shown above", "见上文"),
    "all": ("all", "均"),
    "anchored": ("anchored", "上链于"),
    "ancestors": ("What it builds on", "其依据"),
    "descendants": ("What builds on it", "以其为依据"),
    "no_ancestors": ("It builds on no other record.", "该记录不依据其他记录。"),
    "no_descendants": ("Nothing at hand builds on it.", "现有材料中没有以其为依据的记录。"),
    "claims": ("claims", "自称"),
    "edge_differs": ("its link does not name this very record", "引用与该记录不符"),
    "edge_not_allowed": ("may not be cited so", "不能这样被引用"),
    "issuers": ("issuers", "个签发方"),
    "equivalents": ("Counts elsewhere as", "互认等同"),
    "confirmed": ("confirmed by the agreement of", "已由以下各方的互认协议证实："),
    "not_confirmed": ("NOT CONFIRMED", "未经证实"),
    "signers": ("Signers", "签署方"),
    "unnamed": ("an equivalent", "等同资格"),
    "records": ("records", "份记录"),
    "result": ("Record and lineage", "记录与溯源"),
    "cut_too_many": (
        "Only part is shown: the lineage has more than {nodes} records or {edges} links.",
        "仅显示一部分：溯源超过 {nodes} 份记录或 {edges} 条引用。",
    ),
    "cut_too_deep": (
        "Only part is shown: links go deeper than {depth} levels.",
        "仅显示一部分：引用层级超过 {depth} 层。",
    ),
    "left_out": (
        "{count} more records do not fit into the picture; --json has them.",
        "另有 {count} 份记录未能画出，可用 --json 查看。",
    ),
    "withheld": (
        "{count} withheld: the keeper names digest and type, nothing about them was verified.",
        "{count} 份未披露：保管方仅给出摘要和类型，其内容未经核验。",
    ),
}

DOSSIER_TEXTS: Final[dict[str, Sentence]] = {
    "inside": (
        "NOTE: trust file and snapshot come from the dossier itself, that is, from whoever made it. This\n"
        "shows that its parts fit together and who is said to have signed; whoever can invent a chain can\n"
        "invent a dossier. To rely on it, give your own trust file: --trust FILE",
        "注意：信任文件和快照均来自档案本身，即由制作者提供。本次核验只说明档案各部分彼此一致以及所称的签署方；\n"
        "能够虚构一条链的人也能虚构一份档案。若要据此作出决定，请使用自己的信任文件：--trust FILE",
    ),
    "deployment": (
        "      It names: {name}, chain {chain}, registry {registry}. Compare with what the issuer publishes.",
        "      其所指的链：{name}，链号 {chain}，登记合约 {registry}。请与签发方公布的信息核对。",
    ),
    "as_of": (
        "      Status as of {time}, {days} days ago; later withdrawals: ask nodes or a newer snapshot.",
        "      状态截至 {time}（{days} 天前）。此后的撤销情况须查询节点或较新的快照。",
    ),
    "own_trust": ("Trust: your own file {file}.", "信任文件：使用您自己的 {file}。"),
}


def type_word(record_type: str, count: int, language: Language) -> str:
    """How many records of a type: `31 practice records`, `31 条实践记录`; for one, the word alone."""
    one, many, (measure, chinese) = _TYPES.get(record_type, _RECORD)
    if count == 1:
        return chinese if language == "zh" else one
    return f"{count} {measure}{chinese}" if language == "zh" else f"{count} {many}"


def counted(text: str, language: Language, **numbers: int) -> str:
    """One of `TEXTS` with its numbers filled in."""
    return say(TEXTS[text], language).format(**{name: f"{value:,}" for name, value in numbers.items()})
