"""Position, course, competition, certificate: alignments, modules, levels, a contest, dual teachers."""

from __future__ import annotations

from typing import Any

from samples.community import short
from samples.community.making import label
from samples.community.model import Community, LinkTo
from samples.community.organisations import BORUI, EVALUATOR, LEADER, ZQ

__all__ = ["scene"]

_SCHOOL_AND_FIRM = (ZQ, BORUI)
_DAY = "2024-09-01"


def scene(c: Community) -> None:
    """Add every part."""
    _alignments(c)
    _posts_and_modules(c)
    _levels(c)
    _course_building(c)
    _competition(c)
    _teaching(c)


def _alignments(c: Community) -> None:
    """A course of four items: three answer the post, two the competition, two the certificate."""
    for ref, kind, signers in (
        ("IN-POST", "post", (LEADER,)),
        ("IN-CONTEST", "competition", (EVALUATOR,)),
        ("IN-CERT", "skill_standard", (EVALUATOR,)),
    ):
        short.standard(c, ref, kind, signers, _DAY, items=["X", "Y", "Z"])
    pairs: tuple[tuple[str, str, str], ...] = (
        ("IN-POST", "X", "A"),
        ("IN-POST", "Y", "B"),
        ("IN-POST", "Z", "C"),
    )
    pairs += (
        ("IN-CONTEST", "X", "A"),
        ("IN-CONTEST", "Y", "D"),
        ("IN-CERT", "X", "A"),
        ("IN-CERT", "Y", "B"),
    )
    by = {"IN-POST": LEADER.did, "IN-CONTEST": EVALUATOR.did, "IN-CERT": EVALUATOR.did}
    alignments = [
        {"from": own, "standard": other, "item": item, "by": by[other], "on": _DAY}
        for other, item, own in pairs
    ]
    short.standard(
        c,
        "IN-COURSE",
        "course",
        (ZQ, LEADER, EVALUATOR),
        _DAY,
        items=["A", "B", "C", "D"],
        alignments=alignments,
    )


def _posts_and_modules(c: Community) -> None:
    """Six posts in three areas, five occupations; posts 4 to 6 have none. Four modules of electives."""
    areas = ("部署", "部署", "运维", "运维", "开发", "开发")
    occupations = ("安装调试员", "测试员", "运维员", "", "", "")
    for number, (area, occupation) in enumerate(zip(areas, occupations, strict=True)):
        members: dict[str, Any] = {"area": label(area, f"Area {area}")}
        if occupation:
            members["occupation"] = label(occupation, f"Occupation {number}")
        short.standard(c, f"IN-JOB-{number}", "post", (BORUI,), _DAY, **members)
    for number, courses in enumerate((3, 2, 2, 4)):
        items = [short.item(f"C{n}", elective=n > 0) for n in range(courses)]
        short.standard(
            c,
            f"IN-MODULE-{number}",
            "module",
            _SCHOOL_AND_FIRM,
            _DAY,
            items=items,
            targetPost=f"IN-JOB-{number}",
        )


def _levels(c: Community) -> None:
    """Elementary in semester 5, intermediate in semester 7; three certificates of them are issued."""
    levels = [
        {"code": "ELEM", "level": "2", "name": label("初级", "Elementary")},
        {"code": "INTER", "level": "3", "name": label("中级", "Intermediate")},
    ]
    items = [
        short.item(f"R{n}", level="ELEM" if n < 3 else "INTER", semester=5 if n < 3 else 7)
        | {"content": label(f"实训{n}", f"Practical content {n}")}
        for n in range(7)
    ]
    held = short.standard(c, "IN-SENSOR", "skill_standard", (EVALUATOR, ZQ), _DAY, levels=levels, items=items)
    for number, level in enumerate(("2", "3", "3")):
        short.credential(
            c,
            f"IN-1X-{number}",
            "skill_level",
            f"IN-P{number}",
            (EVALUATOR, BORUI),
            "2025-06-01",
            LinkTo(held, "awards"),
            level=level,
        )


def _course_building(c: Community) -> None:
    items = [short.item(f"H{n}") for n in range(32)]
    kinds = (("teaching_plan", 16), ("courseware", 8), ("micro_lesson", 8), ("question_bank", 3))
    resources = [{"kind": kind, "code": f"IN-{kind}", "count": count} for kind, count in kinds]
    built = short.standard(c, "IN-QUALITY", "course", (ZQ, BORUI), _DAY, items=items, resources=resources)
    short.decision(
        c, "IN-HONOUR", "recognition", (EVALUATOR,), "2025-01-10", LinkTo(built, "verifies"), result="passed"
    )


def _competition(c: Community) -> None:
    rules = short.standard(c, "IN-STARLIGHT", "competition", (EVALUATOR,), _DAY, items=["K1", "K2"])
    short.standard(
        c,
        "IN-TRAINING",
        "course",
        (ZQ,),
        _DAY,
        LinkTo(rules, "alignsTo", ("K1", "K2")),
        alignments=[{"from": "A", "standard": "IN-STARLIGHT", "item": "K1", "on": _DAY}],
    )
    for number, (score, place) in enumerate(
        ((95, "gold"), (90, "silver"), (88, "silver"), (80, "bronze"), (70, ""))
    ):
        short.evaluation(
            c,
            f"IN-JURY-{number}",
            f"IN-C{number}",
            (EVALUATOR, ZQ),
            "2024-11-01",
            LinkTo(rules, "alignsTo"),
            kind="jury",
            items=[("K1", score, "evaluator")],
        )
        if place:
            short.credential(
                c,
                f"IN-AWARD-{number}",
                "award",
                f"IN-C{number}",
                (EVALUATOR,),
                "2024-11-02",
                LinkTo(f"IN-JURY-{number}", "evidencedBy"),
                LinkTo(rules, "awards"),
                award={
                    "competition": "IN-STARLIGHT",
                    "place": place,
                    "scope": "national" if number == 1 else "municipal",
                },
            )


def _teaching(c: Community) -> None:
    """Teachers of firms give 54 h in the year, a third of it online; one class has three coaches."""
    coaches = [
        {"id": c.person("IN-TEACHER"), "org": ZQ.did, "role": "teacher"},
        {"id": c.person("IN-ENGINEER"), "org": BORUI.did, "role": "mentor"},
        {"id": c.person("IN-CORE"), "org": BORUI.did, "role": "teacher"},
    ]
    for number in range(9):
        short.activity(
            c,
            f"IN-CLASS-{number}",
            f"IN-F{number % 3}",
            (ZQ, BORUI),
            f"2025-03-0{number + 1}",
            role="mentor",
            kind="teaching",
            employer=BORUI.did,
            online=number < 3,
            days=[{"date": f"2025-03-0{number + 1}", "start": "09:00", "end": "15:00", "breakMinutes": 0}],
            coaches=coaches if number == 0 else coaches[:1],
        )
    scores: list[tuple[str, int, str]] = [
        ("A", 82, "enterprise"),
        ("A", 90, "school"),
        ("B", 75, "enterprise"),
        ("B", 79, "school"),
        ("C", 88, "school"),
    ]
    short.evaluation(
        c, "IN-BOTH", "IN-P0", (BORUI, ZQ), "2025-06-02", LinkTo("IN-COURSE", "alignsTo"), items=scores
    )
    for number, item in enumerate("AB"):
        short.evaluation(
            c,
            f"IN-GAP-{number}",
            "IN-P3",
            (BORUI, ZQ),
            f"2025-06-1{number}",
            LinkTo("IN-COURSE", "alignsTo", (item,)),
            kind="diagnostic",
            items=[(item, 70, "enterprise")],
        )
