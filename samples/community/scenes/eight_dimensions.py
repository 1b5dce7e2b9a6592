"""A chain in the year before the sample's three, small enough to work out each of its indicators on paper.

Two graduates, two trainees, a leader, a supplier, a school and an auditor; 2022-09-01 to 2023-09-01.
"""

from __future__ import annotations

from typing import Any

from samples.community import short
from samples.community.making import label
from samples.community.model import Community, LinkTo
from samples.community.organisations import AUDITOR, LEADER, XINKE, ZQ

__all__ = ["scene"]

_BOTH = (ZQ, LEADER)
_FIRM_FIRST = (LEADER, ZQ)
_BEGIN, _END = "2022-09-01", "2023-08-31"


def scene(c: Community) -> None:
    """Add the chain, its demand and curriculum, its people, and what its firms do."""
    _found(c)
    _demand(c)
    _curriculum(c)
    _graduates(c)
    _trainees(c)
    _credits(c)
    _firms(c)


def _found(c: Community) -> None:
    parties = [
        {"id": LEADER.did, "role": "leader", "position": "core"},
        {"id": XINKE.did, "role": "member", "position": "upstream"},
        {"id": ZQ.did, "role": "school"},
        {"id": AUDITOR.did, "role": "auditor"},
    ]
    signers = (LEADER, XINKE, ZQ, AUDITOR)
    short.agreement(c, "ED-CHAIN", "chain", signers, "2021-09-01", parties=parties)


def _demand(c: Community) -> None:
    """Ten posts with four skills, asked for on 1 June 2022."""
    items = [short.item(code, technical=code in ("K1", "K2")) for code in ("K1", "K2", "K3", "K4")]
    short.standard(c, "ED-POST", "post", _BOTH, "2022-05-01", items=items)
    skills = ["K1", "K2", "K3", "K4"]
    answered = LinkTo("ED-POST", "alignsTo", tuple(skills))
    short.demand(c, "ED-DEM", (LEADER,), 10, "2022-06-01", answered, skills=skills)


def _curriculum(c: Community) -> None:
    """Four hours, of which one changes in April; two skills of the post are answered since 1 January."""
    course = {"code": "ED-COURSE", "id": c.thing("ED-COURSE")}
    items = [short.item(code) for code in "ABCD"]
    short.standard(c, "ED-COURSE", "course", _BOTH, _BEGIN, items=items, **course)
    changed = {**items[3], "text": label("条目D（新）", "Item D, new")}
    alignments = [
        {"from": own, "standard": "ED-POST", "item": skill, "by": LEADER.did, "on": "2023-01-01"}
        for own, skill in (("A", "K1"), ("B", "K2"))
    ]
    links = (LinkTo("ED-COURSE", "supersedes"), LinkTo("ED-POST", "alignsTo", ("K1", "K2")))
    second = {**course, "version": "2", "items": [*items[:3], changed], "alignments": alignments}
    short.standard(c, "ED-COURSE-2", "course", _BOTH, "2023-04-01", *links, **second)


def _graduates(c: Community) -> None:
    """Two of July 2022: hired at once at 1.1 of the benchmark, one in the field, both still there."""
    for number, in_field in ((1, True), (2, False)):
        who = f"ED-G{number}"
        over = {"status": "completed", "completedOn": "2022-07-01", "stage": 4}
        short.enrolment(c, f"ED-N-G{number}", who, _BOTH, "2021-09-01", **over)
        job = {
            "employer": LEADER.did,
            "start": "2022-07-15",
            "inField": in_field,
            "wageFen": 550_000,
            "benchmark": {"value": 500_000, "source": "情景基准", "asOf": "2022-06-30"},
        }
        hired = LinkTo("ED-DEM", "resultOf")
        short.outcome(c, f"ED-JOB-{number}", who, "employment", _FIRM_FIRST, "2022-07-15", hired, **job)
        kept = {"employer": LEADER.did, "months": 12}
        short.outcome(c, f"ED-KEPT-{number}", who, "retention", _FIRM_FIRST, "2023-07-15", **kept)


def _trainees(c: Community) -> None:
    """One practises 48 h at the leader, one 24 h at the supplier; three of four technical items pass."""
    mentors = [
        {"id": c.person("ED-MENTOR"), "org": LEADER.did, "from": _BEGIN, "role": "mentor"},
        {"id": c.person("ED-TEACHER"), "org": ZQ.did, "from": _BEGIN, "role": "teacher"},
    ]
    for number, firm, days, second in ((1, LEADER, 6, 86), (2, XINKE, 3, 50)):
        who = f"ED-T{number}"
        enrolled = short.enrolment(c, f"ED-N-T{number}", who, _BOTH, _BEGIN, to=_END, mentors=mentors)
        dates = [f"2022-10-{day:02}" for day in range(10, 10 + days)]
        under = LinkTo(enrolled, "performedUnder")
        done = short.activity(c, f"ED-ACT-T{number}", who, (firm, ZQ), dates[0], under, days=dates)
        short.evaluation(
            c,
            f"ED-EVA-T{number}",
            who,
            _FIRM_FIRST,
            "2023-06-01",
            LinkTo(done, "evaluates"),
            LinkTo("ED-POST", "alignsTo", ("K1", "K2")),
            items=[(item, score, by) for item, score, by in _scores(second)],
        )


def _scores(second: int) -> list[tuple[str, int, str]]:
    return [
        (item, score, by) for item, score in (("K1", 90), ("K2", second)) for by in ("enterprise", "school")
    ]


def _credits(c: Community) -> None:
    """12 and 10 of the programme's 40 credits are the enterprise's."""
    requirements = {"credits": 4_000}
    short.standard(c, "ED-PROGRAMME", "programme", _BOTH, "2022-08-01", requirements=requirements)
    for number, earned in ((1, 12), (2, 10)):
        members = {"creditKind": "enterprise", "creditsEarned": earned}
        short.credential(
            c,
            f"ED-CRD-T{number}",
            "practice_credit",
            f"ED-T{number}",
            _BOTH,
            "2023-06-30",
            LinkTo("ED-PROGRAMME", "awards"),
            **members,
        )


def _firms(c: Community) -> None:
    """Ten hours of a mentor at 1.15 of the usual fee; one of two projects converted; 150 posts; a survey."""
    days: list[Any] = [
        "2022-11-07",
        {"date": "2022-11-08", "start": "09:00", "end": "11:00", "breakMinutes": 0},
    ]
    teaching = {"role": "mentor", "kind": "teaching", "employer": LEADER.did, "days": days}
    short.activity(c, "ED-ACT-M", "ED-MENTOR", _BOTH, "2022-11-07", **teaching)
    fee = {
        "mentor": {"id": c.person("ED-MENTOR"), "employer": LEADER.did},
        "feePerHourFen": 11_500,
        "feeBenchmark": {"valueFen": 10_000, "source": "情景均值", "asOf": "2022-06-30"},
    }
    short.agreement(c, "ED-FEE", "mentor", _FIRM_FIRST, _BEGIN, **fee)
    term = {
        "code": "T1",
        "metric": "conversions",
        "op": "ge",
        "target": 1,
        "unit": "count",
        "due": "2023-06-30",
    }
    for number in (1, 2):
        short.agreement(c, f"ED-PROJECT-{number}", "joint_project", _FIRM_FIRST, _BEGIN, terms=[term])
    converted = LinkTo("ED-PROJECT-1", "fulfils", ("T1",))
    short.outcome(
        c, "ED-CONVERSION", LEADER.did, "tech_conversion", _FIRM_FIRST, "2023-05-31", converted, value=1
    )
    short.outcome(c, "ED-POSTS", LEADER.did, "job_created", (LEADER,), "2023-05-01", value=150, unit="count")
    answers = [
        {"dim": dim, "item": f"Q{number}", "score": score}
        for number, (dim, score) in enumerate(
            zip(("participation", "governance", "satisfaction", "talent_quality"), (5, 4, 3, 4), strict=True),
            1,
        )
    ]
    survey = {"instrument": "ED-SURVEY", "respondent": "enterprise", "answers": answers}
    short.evaluation(c, "ED-SURVEY", XINKE.did, (XINKE,), "2023-06-15", kind="survey", survey=survey)
