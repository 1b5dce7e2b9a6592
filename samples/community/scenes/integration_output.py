"""Pupils who go on, research into demand, and what a consortium brings forth."""

from __future__ import annotations

from samples.community import short
from samples.community.model import Community, LinkTo
from samples.community.organisations import BORUI, FS, LEADER, LIANHE, XINKE, YF, ZQ

__all__ = ["scene"]

_DAY = "2024-09-01"


def scene(c: Community) -> None:
    """Add every part."""
    _further_study(c)
    _research(c)
    _output(c)


def _further_study(c: Community) -> None:
    """Five pupils of the secondary school, all go on; the credits of one move with him."""
    for number in range(5):
        who = f"IN-S{number}"
        enrolled = short.enrolment(
            c,
            f"IN-YF-{number}",
            who,
            (YF, LIANHE),
            "2023-09-01",
            kind="secondary_higher",
            status="completed",
            completedOn="2024-06-30",
        )
        short.outcome(
            c,
            f"IN-STUDY-{number}",
            who,
            "further_study",
            (FS, YF),
            "2024-09-10",
            LinkTo(enrolled, "resultOf"),
        )
        short.enrolment(
            c, f"IN-FS-{number}", who, (FS, LIANHE), "2024-09-01", kind="secondary_higher", stage=2
        )
    short.credit(
        c,
        "IN-MOVED",
        "transfer",
        "IN-S0",
        600,
        (YF, FS),
        "2024-09-20",
        to={"bank": FS.did, "creditKind": "enterprise"},
    )


def _research(c: Community) -> None:
    """315 of 500 firms answer; of five interns of a year or more four are hired, of five shorter ones two."""
    short.standard(
        c,
        "IN-RESEARCH",
        "demand_report",
        (ZQ, LEADER),
        "2024-06-01",
        research={"method": ["questionnaire"], "firms": 500, "responses": 315, "demandShareBp": 6_300},
    )
    short.demand(c, "IN-INTERN", (LEADER,), 10, "2024-06-02", internMonths=12)
    for number in range(10):
        long = number < 5
        enrolled = short.enrolment(
            c,
            f"IN-TERM-{number}",
            f"IN-I{number}",
            (ZQ, LEADER),
            "2023-09-01",
            plan={"theoryMonths": 6, "practiceMonths": 12 if long else 6},
        )
        if number in (0, 1, 2, 3, 5, 6):
            short.outcome(
                c,
                f"IN-HIRED-{number}",
                f"IN-I{number}",
                "employment",
                (LEADER, ZQ),
                "2025-01-10",
                LinkTo(enrolled, "resultOf"),
                employer=LEADER.did,
                start="2025-01-01",
            )


def _output(c: Community) -> None:
    room = short.agreement(c, "IN-UNION", "consortium", (ZQ, BORUI, XINKE), _DAY)
    contributors = [
        {"id": BORUI.did, "shareBp": 6_000, "valueFen": 60_000_000},
        {"id": ZQ.did, "shareBp": 4_000, "valueFen": 40_000_000},
    ]
    for number in range(3):
        short.resource(
            c,
            f"IN-LAB-{number}",
            "lab",
            (ZQ,),
            _DAY,
            LinkTo(room, "performedUnder"),
            contributors=contributors,
        )
    short.standard(
        c,
        "IN-CASES",
        "course",
        (ZQ, BORUI),
        _DAY,
        LinkTo(room, "basedOn"),
        resources=[{"kind": "moral_case", "code": "IN-MORAL", "count": 24, "origin": "joint"}],
    )
    for ref, kind, value, unit in (
        ("IN-BOOKS", "publication", 12, "count"),
        ("IN-PAPERS", "publication", 21, "count"),
        ("IN-SERVICE", "service", 179_000_000, "fen"),
    ):
        short.outcome(c, ref, ZQ.did, kind, (ZQ, BORUI), "2025-06-30", value=value, unit=unit)
