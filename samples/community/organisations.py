"""The fifteen organisations of the community: invented, with domains that nobody can register."""

from __future__ import annotations

from typing import NamedTuple

__all__ = [
    "ALL_FIRMS",
    "AUDITOR",
    "BANK",
    "BORUI",
    "BY_DID",
    "DONGSHENG",
    "EVALUATOR",
    "FIRM_CODES",
    "FS",
    "HENGDA",
    "IHK",
    "LEADER",
    "LIANHE",
    "MEMBERS",
    "NANFANG",
    "ORGANISATIONS",
    "REGULATOR",
    "SCHOOLS",
    "SCHOOL_CODES",
    "XINKE",
    "YF",
    "ZQ",
    "Organisation",
]


class Organisation(NamedTuple):
    """One organisation; `role` is the registry's, `signs_as` what records call it, `code` stands in refs."""

    code: str
    did: str
    zh: str
    en: str
    role: str
    signs_as: str
    position: str
    register_number: str


def _organisation(
    code: str, host: str, zh: str, en: str, role: str, signs_as: str, position: str = ""
) -> Organisation:
    number = f"91441200SAMPLE1{len(_FOUND):03}"
    found = Organisation(code, f"did:web:{host}.example", zh, en, role, signs_as, position, number)
    _FOUND.append(found)
    return found


_FOUND: list[Organisation] = []

ZQ = _organisation("ZQ", "zq-college", "肇庆示例职业学院", "Zhaoqing Sample College", "school", "school")
FS = _organisation("FS", "fs-college", "佛山示例技师学院", "Foshan Sample College", "school", "school")
YF = _organisation("YF", "yf-school", "云浮示例中等职业学校", "Yunfu Sample School", "school", "school")
LEADER = _organisation(
    "JX", "jixiang", "吉祥通信（示例）集团", "Jixiang Telecom (Sample) Group", "leader", "enterprise", "core"
)
XINKE = _organisation(
    "XK", "xinke", "芯科封测（示例）有限公司", "Xinke Packaging (Sample)", "member", "enterprise", "upstream"
)
LIANHE = _organisation(
    "LH", "lianhe", "联禾器件（示例）有限公司", "Lianhe Devices (Sample)", "member", "enterprise", "upstream"
)
HENGDA = _organisation(
    "HD", "hengda", "恒达线缆（示例）有限公司", "Hengda Cables (Sample)", "member", "enterprise", "upstream"
)
BORUI = _organisation(
    "BR", "borui", "博睿物联（示例）有限公司", "Borui IoT (Sample)", "member", "enterprise", "downstream"
)
NANFANG = _organisation(
    "NF",
    "nanfang",
    "楠舫集成（示例）有限公司",
    "Nanfang Integration (Sample)",
    "member",
    "enterprise",
    "downstream",
)
DONGSHENG = _organisation(
    "DS",
    "dongsheng",
    "东昇运维（示例）有限公司",
    "Dongsheng Operations (Sample)",
    "member",
    "enterprise",
    "downstream",
)
REGULATOR = _organisation(
    "EB", "edu-bureau", "示例市教育局", "Sample City Education Bureau", "regulator", "regulator"
)
EVALUATOR = _organisation(
    "SE", "skill-eval", "示例技能鉴定中心", "Sample Skill Evaluation Centre", "evaluator", "evaluator"
)
AUDITOR = _organisation("QA", "quality-audit", "示例质量评估所", "Sample Quality Audit", "auditor", "auditor")
BANK = _organisation("CB", "credit-bank", "示例学分银行", "Sample Credit Bank", "operator", "operator")
IHK = _organisation(
    "IH", "ihk-demo", "示范工商会（德国）", "IHK Demo (foreign body)", "evaluator", "evaluator"
)

ORGANISATIONS: tuple[Organisation, ...] = tuple(_FOUND)
BY_DID: dict[str, Organisation] = {entry.did: entry for entry in ORGANISATIONS}
SCHOOLS = (ZQ, FS, YF)
MEMBERS = (XINKE, LIANHE, HENGDA, BORUI, NANFANG, DONGSHENG)
ALL_FIRMS = (LEADER, *MEMBERS)
SCHOOL_CODES = {school.code: school for school in SCHOOLS}
FIRM_CODES = {firm.code: firm for firm in ALL_FIRMS}
