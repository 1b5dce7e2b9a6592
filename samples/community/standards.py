"""Standards: two posts, three courses in four versions, the skill standard and the programme in three."""

from __future__ import annotations

from typing import Any, Final

from samples.community.days import in_year
from samples.community.making import label, made
from samples.community.model import Community, Entry, LinkTo, thing
from samples.community.organisations import (
    ALL_FIRMS,
    BORUI,
    DONGSHENG,
    EVALUATOR,
    FS,
    LEADER,
    REGULATOR,
    XINKE,
    YF,
    ZQ,
    Organisation,
)
from samples.community.plan import ALIGNED, CHANGED_ITEMS, CREDITS, YEARS

__all__ = [
    "POST",
    "POST_AI",
    "POST_ITEMS",
    "TECHNICAL_ITEMS",
    "add_courses",
    "add_posts",
    "add_programmes",
    "course_ref",
    "programme_ref",
    "skill_ref",
]

POST: Final = "STD-POST-IOT"
POST_AI: Final = "STD-POST-AI"
_POST_TEXTS = (
    ("K1", "按图接线并通电前后检查", "Wires from a drawing and checks before and after power-on"),
    ("K2", "组建现场总线与无线节点", "Builds field buses and wireless nodes"),
    ("K3", "调试网关与协议转换", "Brings gateways and protocol conversion into service"),
    ("K4", "编写采集与上报程序", "Writes acquisition and reporting programs"),
    ("K5", "按检验单测试并留存记录", "Tests from the checklist and keeps the record"),
    ("K6", "与班组协作并交接清楚", "Works with the shift and hands over clearly"),
)
POST_ITEMS: Final = tuple(code for code, _, _ in _POST_TEXTS)
TECHNICAL_ITEMS: Final = POST_ITEMS[:4]
_AI_TEXTS = (
    ("A1", "部署边缘推理模型", "Deploys inference models at the edge"),
    ("A2", "标注并核查训练数据", "Labels and checks training data"),
    ("A3", "监测模型漂移", "Watches models for drift"),
    ("A4", "评估误报并调整阈值", "Judges false alarms and adjusts thresholds"),
)
_COURSES: Final = (
    (1, ZQ, LEADER, "物联网终端装调", "Assembly of IoT terminals"),
    (2, FS, XINKE, "芯片封装基础", "Foundations of chip packaging"),
    (3, YF, BORUI, "产品营销与应用", "Product marketing and application"),
)
_SKILL_DAYS = ("2023-09-01", "2024-09-01", "2025-09-01")
_REVISED = "04-01"


def course_ref(number: int, version: int) -> str:
    """Reference of a course (1..3) in a version (1..4)."""
    return f"STD-COURSE-{number}-v{version}"


def skill_ref(year: int) -> str:
    """Reference of the skill standard in force in an academic year (0..2)."""
    return f"STD-SKILL-v{year + 1}"


def programme_ref(year: int) -> str:
    """Reference of the programme in force in an academic year (0..2)."""
    return f"STD-PROGRAMME-v{year + 1}"


def add_posts(c: Community) -> None:
    """The posts that demands name, before any demand."""
    posts = (
        (POST, LEADER, "POST-IOT", "物联网装调工", "IoT assembly technician", _POST_TEXTS, TECHNICAL_ITEMS),
        (POST_AI, DONGSHENG, "POST-AI", "智能运维员", "AI operations technician", _AI_TEXTS, ()),
    )
    for ref, firm, code, zh, en, texts, technical in posts:
        subject = {
            **_head(ref, "post", code, "1", zh, en, "2023-09-01"),
            "items": [_item(item, text, english, item in technical, "firm") for item, text, english in texts],
            "area": label("物联网", "Internet of Things"),
            "occupation": label("物联网安装调试员", "IoT installer"),
        }
        c.add(made(ref, "standard", (firm,), subject, "2023-09-01"))


def _head(what: str, kind: str, code: str, version: str, zh: str, en: str, effective: str) -> dict[str, Any]:
    return {
        "id": thing(what),
        "kind": kind,
        "code": code,
        "version": version,
        "name": label(zh, en),
        "effective": effective,
        "levels": [],
    }


def _item(code: str, zh: str, en: str, technical: bool, origin: str) -> dict[str, Any]:
    return {"code": code, "text": label(zh, en), "technical": technical, "origin": origin}


def add_courses(c: Community, year: int) -> None:
    """The courses as they are revised on 1 April of a year; with year 0 also their first version."""
    for course in _COURSES:
        if year == 0:
            c.add(_course(*course, 1, "2023-09-01"))
        c.add(_course(*course, year + 2, in_year(year, _REVISED)))


def _course(
    number: int, school: Organisation, firm: Organisation, zh: str, en: str, version: int, day: str
) -> Entry:
    code = f"COURSE-{number}"
    subject = {
        **_head(code, "course", code, str(version), zh, en, day),
        "items": [_course_item(number, place, version) for place in range(1, 11)],
    }
    links = []
    if version > 1:
        links.append(LinkTo(course_ref(number, version - 1), "supersedes"))
        year = version - 2
        if number == 1:
            subject["alignments"] = _alignments(year)
            links.append(LinkTo(POST, "alignsTo"))
        answered = [f"DEM-{YEARS[year] % 100}-{one.code}" for one in _answered(number, firm)]
        links += [LinkTo(demand, "answers") for demand in answered]
    ref = course_ref(number, version)
    return made(ref, "standard", (school, firm), subject, day, *links, revision=version)


def _answered(number: int, firm: Organisation) -> tuple[Organisation, ...]:
    """The first course answers the demands of all firms but two, which have courses of their own."""
    own = {entry[2] for entry in _COURSES[1:]}
    return tuple(entry for entry in ALL_FIRMS if entry not in own) if number == 1 else (firm,)


def _course_item(number: int, place: int, version: int) -> dict[str, Any]:
    """An item; its text carries the edition in which it last changed: v2 changes 1, v3 2 and v4 3 items."""
    edition = 1
    for changed_in, changes in enumerate(CHANGED_ITEMS, start=2):
        if changed_in <= version and place <= changes:
            edition = changed_in
    return {
        "code": f"C{number}{place:02}",
        "text": label(f"第{place}单元（第{edition}稿）", f"Unit {place}, edition {edition}"),
        "minutes": 480,
        "origin": "firm" if place <= 5 else "school",
        "semester": 5,
    }


def _alignments(year: int) -> list[dict[str, Any]]:
    """Unit n answers post item Kn; entered on 1 April of the year in which it was agreed, by the leader."""
    return [
        {
            "from": f"C10{item[1]}",
            "standard": "POST-IOT",
            "item": item,
            "by": LEADER.did,
            "on": in_year(agreed, _REVISED),
        }
        for agreed in range(year + 1)
        for item in ALIGNED[agreed]
    ]


def add_programmes(c: Community) -> None:
    """The programme and the skill standard, each in the version of every academic year."""
    for year, share in enumerate(CREDITS):
        c.add(_programme(year, share * 10_000 // 4_000), _skill_standard(year))


def _programme(year: int, enterprise_share: int) -> Entry:
    zh, en = "现场工程师培养项目", "Field engineer programme"
    subject = {
        **_head("programme", "programme", "FE", str(year + 1), zh, en, _SKILL_DAYS[year]),
        "items": [],
        "requirements": {
            "practiceMinutes": 14_400,
            "enterpriseShareBp": enterprise_share,
            "credits": 4_000,
            "evaluatedBy": ["enterprise", "school"],
            "stages": True,
            "labour": True,
            "minPayRatioBp": 8_000,
            "overrideBy": REGULATOR.did,
        },
    }
    links = () if year == 0 else (LinkTo(programme_ref(year - 1), "supersedes"),)
    ref = programme_ref(year)
    return made(ref, "standard", (ZQ, FS, YF, LEADER), subject, _SKILL_DAYS[year], *links, revision=year + 1)


def _skill_standard(year: int) -> Entry:
    zh, en = "物联网装调职业技能标准", "Skill standard for IoT assembly"
    subject = _head("skill-standard", "skill_standard", "SKILL-IOT", str(year + 1), zh, en, _SKILL_DAYS[year])
    subject["levels"] = [
        {"code": "L3", "level": "3", "name": label("中级", "Intermediate")},
        {"code": "L4", "level": "4", "name": label("高级", "Senior")},
    ]
    subject["items"] = [
        {
            "code": f"S{place}",
            "level": level,
            "text": label(f"技能点{place}（{year + 1}版）", f"Skill {place}"),
        }
        for place, level in enumerate(("L3", "L3", "L3", "L4", "L4", "L4"), start=1)
    ]
    links = [LinkTo(POST, "alignsTo")]
    if year:
        links.append(LinkTo(skill_ref(year - 1), "supersedes"))
    signers = (EVALUATOR, LEADER)
    return made(skill_ref(year), "standard", signers, subject, _SKILL_DAYS[year], *links, revision=year + 1)
