"""Weekly practice of the trainees: one day of eight hours, and the planted exceptions."""

from __future__ import annotations

from typing import Any, Final

from samples.community.agreements import BASE
from samples.community.days import later, practice_days
from samples.community.making import made
from samples.community.model import Community, LinkTo
from samples.community.organisations import LEADER
from samples.community.plan import OP_ERRORS
from samples.community.resources import equipment_code, equipment_ref
from samples.community.roster import Trainee
from samples.community.trainees import enrolment_ref

__all__ = [
    "AFTER_END",
    "LATE",
    "LONG_DAYS",
    "NIGHTS",
    "REVOKED",
    "SECOND_PLACE",
    "activity_ref",
    "add_practice",
    "second_place_ref",
]

LONG_DAYS: Final = (("25-ZQ-JX-01", 5), ("25-ZQ-JX-02", 9), ("25-FS-XK-01", 12))
"""(trainee, week) of days of 9.5 h: the usual day and an hour and a half."""
NIGHTS: Final = (("25-FS-HD-01", 20), ("25-FS-HD-01", 21))
"""22:00-07:00 with an hour's break."""
LATE: Final = (("25-FS-NF-01", 10), ("25-FS-NF-01", 11))
"""Signed sixty days after the day, instead of within a week."""
REVOKED: Final = ("25-FS-HD-02", 16)
"""Revoked on 20 August 2026, after evaluation and credentials rested on it."""
AFTER_END: Final = tuple(("25-FS-HD-02", week) for week in (13, 14, 15))
"""Weeks of December 2025 that name the base agreement ended on 30 November."""
SECOND_PLACE: Final = ("25-ZQ-LH-01", 7)
"""A week in which the trainee is also said to have been at the leader's, 13:00-17:00 of the same day."""
_PROJECTS: Final = ("冷链监测终端", "振动采集节点", "园区能耗网关", "泵站远程监控", "产线看板接入")
_KIND_UNTIL: Final = ((10, "practice"), (17, "rotation"), (26, "fixed_post"), (31, "comprehensive"))
_SHIFTS: Final = (("08:30", "17:30", "19:00"), ("08:00", "17:00", "18:30"), ("09:00", "18:00", "19:30"))
_SIGNED_AFTER: Final = 7
_LATE_AFTER: Final = 60


def activity_ref(trainee: Trainee | str, week: int) -> str:
    """Reference of a trainee's week (1..31)."""
    code = trainee if isinstance(trainee, str) else trainee.code
    return f"ACT-{code}-w{week:02}"


def second_place_ref() -> str:
    """Reference of the activity at the second place."""
    return f"{activity_ref(*SECOND_PLACE)}-second"


def add_practice(c: Community, trainee: Trainee) -> None:
    """Every week of a trainee, and what is planted beside."""
    days = practice_days(trainee.year, trainee.class_number % 5)
    under = LinkTo(enrolment_ref(trainee, 1), "performedUnder")
    uses = LinkTo(equipment_ref(trainee.year, trainee.firm), "uses")
    signers = (trainee.firm, trainee.school)
    for week in range(1, trainee.weeks + 1):
        key = (trainee.code, week)
        day = days[week - 1]
        links = (under, uses, LinkTo(BASE, "performedUnder")) if key in AFTER_END else (under, uses)
        signed_on = later(day, _LATE_AFTER if key in LATE else _SIGNED_AFTER)
        revoked_on = "2026-08-20" if key == REVOKED else None
        ref = activity_ref(trainee, week)
        subject = _week(trainee, week, day)
        c.add(made(ref, "activity", signers, subject, signed_on, *links, revoked_on=revoked_on))
    if trainee.code == SECOND_PLACE[0]:
        _add_second_place(c, trainee, days[SECOND_PLACE[1] - 1], under)


def _week(trainee: Trainee, week: int, day: str) -> dict[str, Any]:
    kind = next(kind for last, kind in _KIND_UNTIL if week <= last)
    session = f"{trainee.mentor.code}-{trainee.code[:2]}-w{week:02}"
    return {
        "id": trainee.person,
        "role": "trainee",
        "kind": kind,
        "project": _PROJECTS[week * len(_PROJECTS) // 32],
        "days": [_hours(trainee, week, day)],
        "week": week,
        "realProject": True,
        "realEquipment": week % 2 == 0,
        "realStandard": True,
        "equipment": [{"code": equipment_code(trainee.firm), "session": session, "minutes": 240}],
        "ops": 100,
        "opErrors": OP_ERRORS[trainee.year] + (-1, 0, 1)[(week + trainee.serial) % 3],
        "coaches": [{"id": trainee.mentor.person, "org": trainee.firm.did, "role": "mentor"}],
    }


def _hours(trainee: Trainee, week: int, day: str) -> dict[str, Any]:
    start, end, late_end = _SHIFTS[trainee.class_number % len(_SHIFTS)]
    if (trainee.code, week) in LONG_DAYS:
        end = late_end
    elif (trainee.code, week) in NIGHTS:
        start, end = "22:00", "07:00"
    return {"date": day, "start": start, "end": end, "breakMinutes": 60}


def _add_second_place(c: Community, trainee: Trainee, day: str, under: LinkTo) -> None:
    subject = {
        "id": trainee.person,
        "role": "trainee",
        "kind": "practice",
        "project": "仓库门磁布设",
        "days": [{"date": day, "start": "13:00", "end": "17:00", "breakMinutes": 0}],
        "week": SECOND_PLACE[1],
    }
    signers = (LEADER, trainee.school)
    c.add(made(second_place_ref(), "activity", signers, subject, later(day, _SIGNED_AFTER), under))
