"""What a workshop leads to: simulation, a programme, an examination, jobs, an order class, ventures."""

from __future__ import annotations

from typing import Any

from samples.community import short
from samples.community.making import label
from samples.community.model import Community, LinkTo
from samples.community.organisations import BORUI, EVALUATOR, FS, LEADER, REGULATOR, XINKE, ZQ

__all__ = ["scene"]

_SCHOOL_AND_FIRM = (ZQ, XINKE)


def scene(c: Community) -> None:
    """Add every part."""
    _simulation(c)
    _artisan(c)
    _compliance(c)
    _jobs(c)
    _order_class(c)
    _platforms(c)


def _simulation(c: Community) -> None:
    """A simulated unit costs 350 yuan instead of 1,000; the devices run 57 of 60 scheduled hours."""
    short.resource(
        c,
        "WS-VR",
        "vr",
        (BORUI,),
        "2024-09-01",
        scenarios=212,
        unitCostFen=35_000,
        baselineCostFen=100_000,
        scheduledMinutes=3_600,
    )
    enrolled = short.enrolment(c, "WS-VR-ENR", "WS-P3", (ZQ, BORUI), "2024-09-01")
    for number, (minutes, ops, errors) in enumerate(((1_140, 400, 6), (1_140, 300, 7), (1_140, 300, 6))):
        short.activity(
            c,
            f"WS-SIM-{number}",
            "WS-P3",
            (BORUI, ZQ),
            f"2025-04-1{number}",
            LinkTo(enrolled, "performedUnder"),
            LinkTo("WS-VR", "uses"),
            kind="simulation",
            equipment=[{"code": "WS-VR", "session": f"S{number}", "minutes": minutes}],
            ops=ops,
            opErrors=errors,
            tasks=["role-a", "role-b"],
        )
    # A partner's entry of the first session: the machine ran once.
    short.activity(
        c,
        "WS-SIM-PARTNER",
        "WS-P4",
        (BORUI, ZQ),
        "2025-04-10",
        LinkTo("WS-VR", "uses"),
        kind="simulation",
        equipment=[{"code": "WS-VR", "session": "S0", "minutes": 1_140}],
    )


def _artisan(c: Community) -> None:
    short.agreement(
        c, "WS-ARTISAN", "programme", (XINKE, ZQ, FS), "2024-09-01", name=label("芯片工匠", "Chip artisans")
    )
    under = LinkTo("WS-ARTISAN", "performedUnder")
    short.resource(
        c,
        "WS-CLEAN-ROOM",
        "lab",
        (XINKE,),
        "2024-09-01",
        under,
        valueFen=5_000_000_000,
        scheduledMinutes=1_440,
    )
    short.resource(c, "WS-DEVICES", "equipment", (XINKE,), "2024-09-01", under, count=38)
    short.outcome(
        c,
        "WS-YIELD",
        XINKE.did,
        "yield",
        (XINKE,),
        "2025-09-01",
        LinkTo("WS-ARTISAN", "resultOf"),
        value=9_500,
        unit="bp",
        baseline=8_200,
    )
    for number, (theory, practice) in enumerate(((9, 9), (3, 9))):
        plan = {"theoryMonths": theory, "practiceMonths": practice}
        short.enrolment(
            c, f"WS-MODE-{number}", f"WS-MODE-P{number}", _SCHOOL_AND_FIRM, "2024-09-01", under, plan=plan
        )


def _compliance(c: Community) -> None:
    """Twenty-five technical items of the firm's examiner, 23 passed in the last attempt: 92 %."""
    items = [short.item(f"T{n:02}", technical=True) for n in range(25)]
    items.append(short.item("MANNERS", technical=False))
    short.standard(c, "WS-TECH", "skill_standard", (EVALUATOR,), "2024-09-01", items=items)
    to = LinkTo("WS-TECH", "alignsTo")
    first = [(f"T{n:02}", 40 if n < 5 else 80, "enterprise") for n in range(25)]
    again = [(f"T{n:02}", 70 if n < 3 else 50, "enterprise") for n in range(5)]
    short.evaluation(
        c, "WS-EXAM-1", "WS-P2", (XINKE, ZQ), "2025-05-10", to, items=[*first, ("MANNERS", 30, "school")]
    )
    short.evaluation(c, "WS-EXAM-2", "WS-P2", (XINKE, ZQ), "2025-06-10", to, items=again)


def _jobs(c: Community) -> None:
    """Of 10 hires 8 are still there after twelve months; 9 started in the month of graduation."""
    for number in range(10):
        enrolled = short.enrolment(
            c,
            f"WS-GRAD-{number}",
            f"WS-G{number}",
            _SCHOOL_AND_FIRM,
            "2023-09-01",
            status="completed",
            completedOn="2024-06-30",
        )
        start = "2024-09-15" if number == 9 else "2024-07-10"
        members: dict[str, Any] = {
            "employer": XINKE.did,
            "start": start,
            "direction": "design" if number < 4 else "process",
            "inField": number != 0,
            "wageFen": 840_000 + 2_000 * number,
            "benchmark": {"value": 720_000, "source": "同岗位均薪", "asOf": "2024-06-30"},
        }
        short.outcome(
            c,
            f"WS-JOB-{number}",
            f"WS-G{number}",
            "employment",
            (XINKE, ZQ),
            "2024-10-01",
            LinkTo(enrolled, "resultOf"),
            **members,
        )
        if number < 8:
            short.outcome(
                c,
                f"WS-STAYED-{number}",
                f"WS-G{number}",
                "retention",
                (XINKE, ZQ),
                "2025-07-20",
                LinkTo(enrolled, "resultOf"),
                employer=XINKE.did,
                months=12,
            )


def _order_class(c: Community) -> None:
    terms = [
        {"code": "FANS", "metric": "followers", "op": "ge", "target": 1_000_000, "unit": "count"},
        {"code": "GMV", "metric": "gmv", "op": "ge", "target": 50_000_000, "unit": "fen"},
    ]
    terms = [{**term, "due": "2025-06-30", "purpose": "task"} for term in terms]
    short.agreement(c, "WS-ORDER", "order_class", (BORUI, ZQ), "2024-09-01", quota=30, terms=terms)
    for code, ref, value, unit in (
        ("FANS", "WS-FANS", 1_200_000, "count"),
        ("GMV", "WS-GMV", 48_000_000, "fen"),
    ):
        short.outcome(
            c,
            ref,
            BORUI.did,
            "sales",
            (BORUI,),
            "2025-06-30",
            LinkTo("WS-ORDER", "fulfils", (code,)),
            value=value,
            unit=unit,
        )


def _platforms(c: Community) -> None:
    signers = (REGULATOR, ZQ, LEADER, BORUI)
    short.agreement(
        c,
        "WS-4N",
        "programme",
        signers,
        "2024-09-01",
        components=["courses", "simulation", "order_class", "dual_teacher"],
    )
    under = LinkTo("WS-4N", "performedUnder")
    for number in range(5):
        enrolled = short.enrolment(
            c,
            f"WS-4N-ENR-{number}",
            f"WS-4N-P{number}",
            (ZQ, BORUI),
            "2023-09-01",
            under,
            status="completed",
            completedOn="2024-06-30",
        )
        if number == 0:
            short.outcome(
                c,
                "WS-VENTURE",
                f"WS-4N-P{number}",
                "venture",
                (ZQ,),
                "2024-12-01",
                LinkTo(enrolled, "resultOf"),
            )
    for month, value in (("2024-11-30", 815_000_000), ("2024-12-31", 830_000_000)):
        short.outcome(
            c,
            f"WS-SALES-{month}",
            BORUI.did,
            "sales",
            (BORUI,),
            month,
            LinkTo("WS-4N", "resultOf"),
            value=value,
            unit="fen",
            baseline=500_000_000,
        )
    short.resource(c, "WS-4N-ROOM", "space", (LEADER,), "2024-09-01", under, count=4)
