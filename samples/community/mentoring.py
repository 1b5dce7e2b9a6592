"""Hours that people of the firms give: mentors in the firm, one teacher from a firm at each school."""

from __future__ import annotations

from typing import Final

from samples.community.agreements import mentor_ref, programme_agreement
from samples.community.days import later, mentor_days, practice_days
from samples.community.making import made
from samples.community.model import Community, LinkTo, person
from samples.community.organisations import BORUI, FS, LEADER, XINKE, YF, ZQ
from samples.community.plan import YEARS
from samples.community.roster import Mentor

__all__ = ["add_firm_teachers", "add_mentoring"]

_MONTHS: Final = (9, 10, 11, 12, 1, 2, 3, 4, 5, 6)
_FIRM_TEACHERS: Final = ((ZQ, LEADER), (FS, XINKE), (YF, BORUI))
_TEACHING_WEEKS: Final = 30
_FEWEST_WEEKS: Final = 5
"""At scales below 1, where the plan's sums do not hold."""


def add_mentoring(c: Community, year: int, mentors: list[Mentor]) -> None:
    """A record a month and mentor, four times two hours."""
    months = _MONTHS if c.scale >= 1 else _MONTHS[::4]
    for mentor in mentors:
        under = LinkTo(mentor_ref(mentor), "performedUnder")
        for month in months:
            days = mentor_days(year, month)
            subject = {
                "id": mentor.person,
                "role": "mentor",
                "kind": "teaching",
                "project": "师带徒",
                "days": [{"date": day, "start": "14:00", "end": "16:00", "breakMinutes": 0} for day in days],
                "employer": mentor.firm.did,
            }
            ref = f"ACT-M-{YEARS[year] % 100}-{mentor.code}-{month:02}"
            signers = (mentor.firm, mentor.school)
            c.add(made(ref, "activity", signers, subject, later(days[-1], 3), under))


def add_firm_teachers(c: Community, year: int) -> None:
    """Lessons at each school by a teacher from a firm: 30 weeks of twice three hours, 180 h a year."""
    for school, firm in _FIRM_TEACHERS:
        mondays, thursdays = practice_days(year, 0), practice_days(year, 3)
        under = LinkTo(programme_agreement(school, firm), "performedUnder")
        for week in range(1, 1 + (_TEACHING_WEEKS if c.scale >= 1 else _FEWEST_WEEKS)):
            days = (mondays[week - 1], thursdays[week - 1])
            subject = {
                "id": person(f"firm-teacher-{school.code}"),
                "role": "teacher",
                "kind": "teaching",
                "project": "双师课堂",
                "days": [
                    {"date": day, "start": "09:00", "end": "12:00", "breakMinutes": 0}
                    for day in sorted(set(days))
                ],
                "week": week,
                "employer": firm.did,
                "online": week % 3 == 0,
            }
            ref = f"ACT-F-{YEARS[year] % 100}-{school.code}-w{week:02}"
            c.add(made(ref, "activity", (school, firm), subject, later(max(days), 4), under))
