"""Enrolments: a record for each stage, and one for the end."""

from __future__ import annotations

from typing import Any, Final

from samples.community.agreements import programme_agreement
from samples.community.days import in_year, later, practice_days
from samples.community.making import label, made
from samples.community.model import Community, LinkTo
from samples.community.plan import LEFT_AFTER_WEEKS, YEARS
from samples.community.roster import Trainee
from samples.community.standards import programme_ref

__all__ = [
    "COMPLETED_ON",
    "NO_CONTRACT",
    "NO_INSURANCE",
    "UNDERPAID",
    "add_end",
    "add_first_stages",
    "add_last_stages",
    "enrolment_ref",
]

COMPLETED_ON: Final = "07-10"
NO_INSURANCE: Final = "25-FS-LH-01"
NO_CONTRACT: Final = "25-FS-LH-02"
UNDERPAID: Final = "25-FS-LH-03"
"""Their last enrolment record lacks insurance, lacks a contract, gives 75 % of the wage."""
_STAGES: Final = ("09-01", "12-01", "03-01", "05-01")
_IDENTITIES: Final = ("student", "apprentice", "quasi_employee", "prospective_employee")
_KINDS: Final = {"ZQ": "regular", "FS": "apprenticeship", "YF": "secondary_higher"}
_PROGRAMME: Final = {"code": "FE", "name": label("现场工程师培养项目", "Field engineer programme")}


def enrolment_ref(trainee: Trainee, number: int) -> str:
    """Reference of an enrolment record: numbers 1..4 are the stages, 5 the end; of a leaver 2 is the end."""
    return f"ENR-{trainee.code}-{number}"


def _subject(trainee: Trainee, stage: int) -> dict[str, Any]:
    first, until = in_year(trainee.year, "09-01"), f"{YEARS[trainee.year] + 1}-09-01"
    return {
        "id": trainee.person,
        "kind": _KINDS[trainee.school.code],
        "programme": _PROGRAMME,
        "cohort": trainee.code[:-3],
        "from": first,
        "to": until,
        "status": "active",
        "stage": stage,
        "stageSince": in_year(trainee.year, _STAGES[stage - 1]),
        "identity": _IDENTITIES[stage - 1],
        "studentNumber": f"{YEARS[trainee.year]}{trainee.serial + 1:04}",
        "requiredCredits": 40,
        "mentors": [
            {
                "id": trainee.mentor.person,
                "org": trainee.firm.did,
                "from": first,
                "to": until,
                "role": "mentor",
            },
            {"id": trainee.teacher, "org": trainee.school.did, "from": first, "to": until, "role": "teacher"},
        ],
        "contract": True,
        "insurance": True,
        "payRatioBp": 8_500,
        "plan": {"theoryMonths": 3, "practiceMonths": 9, "daysPerWeek": 1},
        "region": "GD",
    }


def _add(
    c: Community, trainee: Trainee, number: int, subject: dict[str, Any], day: str, *links: LinkTo
) -> None:
    former = () if number == 1 else (LinkTo(enrolment_ref(trainee, number - 1), "supersedes"),)
    signers = (trainee.school, trainee.firm)
    ref = enrolment_ref(trainee, number)
    standing = LinkTo(programme_ref(trainee.year), "alignsTo")
    under = LinkTo(programme_agreement(trainee.school, trainee.firm), "performedUnder")
    c.add(made(ref, "enrolment", signers, subject, day, standing, under, *former, *links, revision=number))


def add_first_stages(c: Community, trainee: Trainee) -> None:
    """Stage 1 in September and 2 in December; who leaves has an end instead of the second."""
    _add(c, trainee, 1, _subject(trainee, 1), in_year(trainee.year, _STAGES[0]))
    if trainee.leaves:
        weekday = trainee.class_number % 5
        last_day = practice_days(trainee.year, weekday)[LEFT_AFTER_WEEKS - 1]
        left = {**_subject(trainee, 1), "status": "left", "leftReason": "personal", "to": later(last_day, 3)}
        _add(c, trainee, 2, left, later(last_day, 3))
    else:
        _add(c, trainee, 2, _subject(trainee, 2), in_year(trainee.year, _STAGES[1]))


def add_last_stages(c: Community, trainee: Trainee, evaluation: str) -> None:
    """Stage 3 in March, on the evidence of the process evaluation, and stage 4 in May."""
    gate = LinkTo(evaluation, "evidencedBy")
    _add(c, trainee, 3, _subject(trainee, 3), in_year(trainee.year, _STAGES[2]), gate)
    _add(c, trainee, 4, _subject(trainee, 4), in_year(trainee.year, _STAGES[3]))


def add_end(c: Community, trainee: Trainee, evaluation: str) -> None:
    """Completion on 10 July, on the evidence of the outcome evaluation."""
    day = in_year(trainee.year, COMPLETED_ON)
    subject = {**_subject(trainee, 4), "status": "completed", "completedOn": day}
    if trainee.code == NO_INSURANCE:
        subject["insurance"] = False
    elif trainee.code == NO_CONTRACT:
        subject["contract"] = False
    elif trainee.code == UNDERPAID:
        subject["payRatioBp"] = 7_500
    _add(c, trainee, 5, subject, day, LinkTo(evaluation, "evidencedBy"))
