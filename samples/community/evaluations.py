"""Evaluations of the trainees by firm and school, and of the graduates at work by their employers."""

from __future__ import annotations

from typing import Any, Final

from samples.community.days import in_year, later
from samples.community.making import made
from samples.community.model import Community, Entry, LinkTo, person
from samples.community.organisations import BORUI, HENGDA, LIANHE, XINKE, Organisation
from samples.community.plan import ADAPTATION_DAYS, FAILING
from samples.community.practice import activity_ref
from samples.community.roster import Trainee
from samples.community.standards import POST, POST_ITEMS, TECHNICAL_ITEMS
from samples.community.trainees import enrolment_ref

__all__ = [
    "CIRCLE",
    "FAR_APART",
    "IDENTICAL_CLASS",
    "PROCESS_WEEKS",
    "RETESTED",
    "add_adaptation",
    "add_mutual",
    "add_outcome",
    "add_process",
    "outcome_ref",
    "passing_ref",
    "process_ref",
    "retest_ref",
]

PROCESS_WEEKS: Final = 15
"""The process evaluation covers weeks 1-15 and items K1-K3, the outcome evaluation the rest and all items."""
RETESTED: Final = ("25-ZQ-JX-13", "25-ZQ-XK-19")
"""Failed K1-K4 in June and passed on the 25th."""
FAR_APART: Final = ("25-ZQ-NF-01", "25-ZQ-NF-02")
"""The firm gives 60 and the school 95 on every item, elsewhere the school gives two more than the firm."""
IDENTICAL_CLASS: Final = "25-YF-BR"
"""Every outcome evaluation of this class has 80 by the firm and 82 by the school on every item."""
CIRCLE: Final = ("EVA-MUTUAL-HD-LH", "EVA-MUTUAL-LH-HD")
"""Two firms that praise each other; EVA-MUTUAL-XK-BR is praise without return."""
_PROCESS_ITEMS: Final = POST_ITEMS[:3]


def process_ref(trainee: Trainee) -> str:
    """Reference of the evaluation of January."""
    return f"EVA-{trainee.code}-process"


def outcome_ref(trainee: Trainee | str) -> str:
    """Reference of the evaluation of June."""
    return f"EVA-{trainee if isinstance(trainee, str) else trainee.code}-outcome"


def retest_ref(trainee: Trainee | str) -> str:
    """Reference of the second attempt of those who have one."""
    return f"EVA-{trainee if isinstance(trainee, str) else trainee.code}-retest"


def fails(trainee: Trainee) -> bool:
    """Whether this graduate fails the technical items in June."""
    modulus, residues = FAILING[trainee.year]
    return trainee.graduate % modulus in residues


def passing_ref(trainee: Trainee) -> str | None:
    """The evaluation in which a graduate passed every item; None who never did."""
    if not fails(trainee):
        return outcome_ref(trainee)
    return retest_ref(trainee) if trainee.code in RETESTED else None


def _evaluators(trainee: Trainee, both: bool) -> list[dict[str, str]]:
    found = [{"id": trainee.mentor.person, "org": trainee.firm.did, "role": "enterprise"}]
    if both:
        found.append({"id": trainee.teacher, "org": trainee.school.did, "role": "school"})
    return found


def _scores(item: str, firm: int, school: int | None) -> list[dict[str, Any]]:
    """Both sides' scores of an item out of 100; 60 passes."""
    given = [("enterprise", firm)] if school is None else [("enterprise", firm), ("school", school)]
    return [{"item": item, "score": score, "max": 100, "pass": score >= 60, "by": by} for by, score in given]


def _usual(trainee: Trainee, place: int) -> int:
    """The firm's score: 70..88, another for each neighbour."""
    return 70 + (trainee.graduate * 5 + place * 7) % 19


def add_process(c: Community, trainee: Trainee) -> None:
    """January; in the first year the firm alone scores."""
    both = trainee.year > 0
    items: list[dict[str, Any]] = []
    for place, item in enumerate(_PROCESS_ITEMS):
        firm = _usual(trainee, place)
        items += _scores(item, firm, firm + 2 if both else None)
    weeks = range(1, min(PROCESS_WEEKS, trainee.weeks) + 1)
    _add(c, trainee, process_ref(trainee), "process", items, in_year(trainee.year, "01-10"), weeks, both)


def add_outcome(c: Community, trainee: Trainee) -> None:
    """June, and the second attempt of those who have one."""
    items: list[dict[str, Any]] = []
    for place, item in enumerate(POST_ITEMS):
        firm, school = _outcome_scores(trainee, place, item)
        items += _scores(item, firm, school)
    weeks = range(PROCESS_WEEKS + 1, trainee.weeks + 1)
    _add(c, trainee, outcome_ref(trainee), "outcome", items, in_year(trainee.year, "06-15"), weeks)
    if trainee.code in RETESTED:
        again = [score for item in TECHNICAL_ITEMS for score in _scores(item, 72, 74)]
        weeks = range(trainee.weeks, trainee.weeks + 1)
        _add(c, trainee, retest_ref(trainee), "outcome", again, in_year(trainee.year, "06-25"), weeks)


def _outcome_scores(trainee: Trainee, place: int, item: str) -> tuple[int, int]:
    if trainee.code in FAR_APART:
        return 60, 95
    if trainee.code.startswith(IDENTICAL_CLASS):
        return 80, 82
    if fails(trainee) and item in TECHNICAL_ITEMS:
        return 50 + trainee.graduate % 7, 52 + trainee.graduate % 7
    firm = _usual(trainee, place)
    return firm, firm + 2


def _add(
    c: Community,
    trainee: Trainee,
    ref: str,
    phase: str,
    items: list[dict[str, Any]],
    day: str,
    weeks: range,
    both: bool = True,
) -> None:
    subject = {
        "id": trainee.person,
        "kind": "practice",
        "phase": phase,
        "evaluators": _evaluators(trainee, both),
        "items": items,
    }
    judged = tuple(dict.fromkeys(entry["item"] for entry in items))
    links = [LinkTo(activity_ref(trainee, week), "evaluates") for week in weeks]
    standing = LinkTo(POST, "alignsTo", judged)
    c.add(made(ref, "evaluation", (trainee.firm, trainee.school), subject, day, *links, standing))


def add_adaptation(c: Community, trainee: Trainee, start: str) -> None:
    """The employer's judgement on K6 once a graduate of the first two years is independent: nine in ten."""
    hire = trainee.hire
    if hire is None or trainee.year >= len(ADAPTATION_DAYS) or hire % 10 == 9:
        return
    day = later(start, ADAPTATION_DAYS[trainee.year][hire % 3])
    firm = _usual(trainee, len(POST_ITEMS))
    subject = {
        "id": trainee.person,
        "kind": "practice",
        "phase": "outcome",
        "evaluators": _evaluators(trainee, True),
        "items": _scores("K6", firm, firm + 2),
        "independentFrom": day,
    }
    links = (LinkTo(enrolment_ref(trainee, 5), "evaluates"), LinkTo(POST, "alignsTo", ("K6",)))
    ref = f"EVA-{trainee.code}-adaptation"
    c.add(made(ref, "evaluation", (trainee.firm, trainee.school), subject, later(day, 5), *links))


def add_mutual(c: Community) -> None:
    """What firms say of each other."""
    for by, about in ((HENGDA, LIANHE), (LIANHE, HENGDA), (XINKE, BORUI)):
        c.add(_praise(by, about))


def _praise(by: Organisation, about: Organisation) -> Entry:
    subject = {
        "id": about.did,
        "kind": "mutual",
        "phase": "outcome",
        "evaluators": [{"id": person(f"head-{by.code}"), "org": by.did, "role": "enterprise"}],
        "items": [{"item": "cooperation", "score": 95, "max": 100, "pass": True, "by": "enterprise"}],
        "comment": "合作顺畅。",
    }
    return made(f"EVA-MUTUAL-{by.code}-{about.code}", "evaluation", (by,), subject, "2026-05-20")
