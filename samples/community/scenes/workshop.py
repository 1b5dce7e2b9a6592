"""A packaging workshop: credits, real projects, pay by level, mentors, curriculum package."""

from __future__ import annotations

from typing import Any

from samples.community import short
from samples.community.making import label
from samples.community.model import Community, LinkTo
from samples.community.organisations import BANK, BORUI, EVALUATOR, FS, XINKE, ZQ

__all__ = ["scene"]

_SCHOOL_AND_FIRM = (ZQ, XINKE)


def scene(c: Community) -> None:
    """Add every part of the workshop."""
    _credits(c)
    _projects(c)
    _levels(c)
    _mentors(c)
    _package(c)


def _credits(c: Community) -> None:
    rule = {
        "code": "WS-RULE",
        "version": "1",
        "fromKind": "enterprise",
        "toKind": "converted",
        "numerator": 3,
        "denominator": 4,
    }
    short.agreement(c, "WS-BANK", "credit_bank", (BANK, ZQ), "2024-09-01", rules=[rule])
    enrolled = short.enrolment(
        c, "WS-CREDIT-ENR", "WS-P1", _SCHOOL_AND_FIRM, "2024-09-01", requiredCredits=40
    )
    course = {"creditKind": "enterprise", "creditsEarned": 8}
    for ref, members in (
        ("WS-CRD-1", course),
        ("WS-CRD-2", {**course, "creditsEarned": 4}),
        ("WS-CRD-3", {"creditKind": "school", "creditsEarned": 28}),
    ):
        short.credential(c, ref, "practice_credit", "WS-P1", _SCHOOL_AND_FIRM, "2025-06-30", **members)
    bank = (BANK, ZQ)
    under = LinkTo("WS-BANK", "performedUnder")
    last = short.credit(
        c, "WS-CBK-1", "deposit", "WS-P1", 800, bank, "2025-07-01", under, LinkTo("WS-CRD-1", "credits")
    )
    steps: tuple[tuple[str, str, int, dict[str, Any]], ...] = (
        ("WS-CBK-2", "deposit", 400, {}),
        (
            "WS-CBK-3",
            "convert",
            400,
            {
                "rule": {"code": "WS-RULE", "version": "1"},
                "converted": {"creditKind": "converted", "amount": 300},
            },
        ),
        ("WS-CBK-4", "redeem", 200, {"course": "WS-COURSE"}),
        ("WS-CBK-5", "transfer", 100, {"to": {"bank": FS.did, "creditKind": "enterprise"}}),
        ("WS-CBK-6", "expire", 50, {}),
    )
    for ref, op, amount, members in steps:
        links = [under, LinkTo(last, "follows")]
        if op == "deposit":
            links.append(LinkTo("WS-CRD-2", "credits"))
        signers = (BANK, ZQ, FS) if op == "transfer" else bank
        last = short.credit(c, ref, op, "WS-P1", amount, signers, "2025-08-01", *links, **members)
    assert enrolled in c


def _projects(c: Community) -> None:
    """Thirty days of 8 h and one of 9.5 h: 248 h counted; hired on 1 July, independent 70 days later."""
    enrolled = short.enrolment(c, "WS-PROJ-ENR", "WS-P2", _SCHOOL_AND_FIRM, "2024-09-01")
    days: list[Any] = [f"2025-03-{day:02}" for day in range(1, 31)]
    days.append({"date": "2025-03-31", "start": "08:00", "end": "18:30", "breakMinutes": 60})
    flags = {"realProject": True, "realEquipment": True, "realStandard": True}
    under = LinkTo(enrolled, "performedUnder")
    short.activity(
        c, "WS-PROJ-1", "WS-P2", (XINKE, ZQ), "2025-04-01", under, days=days, project="封装良率提升", **flags
    )
    short.activity(
        c, "WS-PROJ-2", "WS-P2", (XINKE, ZQ), "2025-04-02", under, project="校内练习", realProject=False
    )
    short.outcome(
        c,
        "WS-HIRED",
        "WS-P2",
        "employment",
        (XINKE, ZQ),
        "2025-07-02",
        LinkTo(enrolled, "resultOf"),
        employer=XINKE.did,
        start="2025-07-01",
    )
    short.evaluation(
        c,
        "WS-INDEPENDENT",
        "WS-P2",
        (XINKE, ZQ),
        "2025-09-10",
        LinkTo(enrolled, "evaluates"),
        items=[("A", 88, "enterprise")],
        independentFrom="2025-09-09",
    )


def _levels(c: Community) -> None:
    """Level 4 holders start at 7,000 yuan, others of the post at 5,000: 40 % more, as agreed."""
    short.agreement(
        c, "WS-PAY", "strategic", _SCHOOL_AND_FIRM, "2024-09-01", payRules=[{"level": "4", "upliftBp": 4_000}]
    )
    for number, wage in enumerate((690_000, 700_000, 710_000, 490_000, 500_000, 510_000)):
        who = f"WS-L{number}"
        held: tuple[LinkTo, ...] = ()
        if wage > 600_000:
            ref = short.credential(
                c, f"WS-LEVEL-{number}", "skill_level", who, (EVALUATOR, XINKE), "2025-06-20", level="4"
            )
            held = (LinkTo(ref, "resultOf"),)
        short.outcome(
            c,
            f"WS-WAGE-{number}",
            who,
            "wage",
            (XINKE, ZQ),
            "2025-08-01",
            *held,
            employer=XINKE.did,
            post={"code": "WS-PACKAGER", "name": label("高级封装工", "Senior packager")},
            wageFen=wage,
        )


def _mentors(c: Community) -> None:
    """Five mentors, three of firms (60 %), one of these with research behind him; one has six trainees."""
    backgrounds = ((XINKE, ["leading_firm_rd"]), (XINKE, ["engineer"]), (BORUI, ["technician"]))
    for number, (firm, background) in enumerate(backgrounds):
        mentor = {"id": c.person(f"WS-M{number}"), "employer": firm.did, "background": background}
        short.agreement(
            c,
            f"WS-MENTOR-{number}",
            "mentor",
            (ZQ, firm),
            "2024-09-01",
            mentor=mentor,
            feePerHourFen=12_000,
            feeBenchmark={"valueFen": 10_000, "source": "行业均值", "asOf": "2024-06-30"},
        )
    for number, place in enumerate((0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4)):
        employer = (XINKE, XINKE, BORUI, ZQ, ZQ)[place]
        mentors = [{"id": c.person(f"WS-M{place}"), "org": employer.did, "from": "2024-09-01"}]
        short.enrolment(
            c, f"WS-LOAD-{number:02}", f"WS-T{number}", _SCHOOL_AND_FIRM, "2024-09-01", mentors=mentors
        )
    short.activity(
        c,
        "WS-TEACHING",
        "WS-M0",
        (ZQ, XINKE),
        "2024-10-08",
        LinkTo("WS-MENTOR-0", "performedUnder"),
        role="mentor",
        kind="teaching",
        employer=XINKE.did,
        days=["2024-10-07", "2024-10-08"],
    )
    short.resource(
        c,
        "WS-FEE",
        "fee",
        (ZQ,),
        "2024-10-31",
        LinkTo("WS-MENTOR-0", "performedUnder"),
        fee={"minutes": 960, "amountFen": 192_000},
    )


def _package(c: Community) -> None:
    """Ten items of 60 min; half a year later three of them are new or changed: 30 %."""
    items = [short.item(f"I{n}", origin="school") for n in range(10)]
    course = {
        "id": c.thing("WS-PACKAGE"),
        "code": "WS-PACKAGE",
        "name": label("5G基站研发", "5G base stations"),
    }
    first = short.standard(c, "WS-PACKAGE-1", "course", _SCHOOL_AND_FIRM, "2024-09-01", items=items, **course)
    newer = [*items[:7], *(short.item(f"I{n}", origin="firm", changed=True) for n in (7, 8, 10))]
    resources = [
        {"kind": "textbook", "code": "WS-BOOK", "count": 2, "origin": "firm"},
        {"kind": "case", "code": "WS-CASES", "count": 45, "origin": "firm"},
    ]
    short.standard(
        c,
        "WS-PACKAGE-2",
        "course",
        _SCHOOL_AND_FIRM,
        "2025-03-01",
        LinkTo(first, "supersedes"),
        items=newer,
        resources=resources,
        **{**course, "version": "2"},
    )
    processes = [{"code": f"S{n}", "name": label(f"工序{n}", f"Process {n}")} for n in range(8)]
    units = [short.item(f"U{n:02}", process=f"S{n % 8}") for n in range(96)]
    short.standard(c, "WS-UNITS", "unit", _SCHOOL_AND_FIRM, "2024-09-01", items=units, processes=processes)
    for number in range(11):
        short.standard(
            c,
            f"WS-CORE-{number:02}",
            "course",
            _SCHOOL_AND_FIRM,
            "2024-09-01",
            LinkTo("WS-UNITS", "alignsTo", (f"U{number:02}",)),
            targetPost="WS-PACKAGER",
        )
