"""A partnership of supply and demand: shares of benefit and risk, courses and council in common."""

from __future__ import annotations

from samples.community import short
from samples.community.model import Community, LinkTo
from samples.community.organisations import DONGSHENG, YF

__all__ = ["scene"]

_DAY = "2024-09-01"
_BOTH = (YF, DONGSHENG)


def scene(c: Community) -> None:
    """Add every part."""
    _agreement(c)
    _designed_together(c)
    _evolution(c)
    _council(c)
    _shared(c)
    _teams(c)
    _workshop(c)


def _agreement(c: Community) -> None:
    terms = [
        {
            "code": code,
            "metric": metric,
            "op": op,
            "target": target,
            "unit": "count",
            "due": due,
            "purpose": "plan",
        }
        for code, metric, op, target, due in (
            ("T1", "trainees", "ge", 30, "2025-08-31"),
            ("T2", "mentors", "ge", 6, "2025-08-31"),
            ("T3", "incidents", "le", 1, "2027-08-31"),
        )
    ]
    parties = [
        {"id": YF.did, "role": "school", "shareBp": 3_000, "riskShareBp": 4_000},
        {"id": DONGSHENG.did, "role": "enterprise", "shareBp": 7_000, "riskShareBp": 6_000},
    ]
    short.agreement(
        c,
        "PA-STRATEGIC",
        "strategic",
        _BOTH,
        _DAY,
        to="2029-08-31",
        terms=terms,
        parties=parties,
        scope=["majors", "faculty", "platforms", "outcomes"],
        exit="提前三个月书面通知；设备按投入比例返还",
    )
    for code, value in (("T1", 33), ("T2", 5)):
        short.outcome(
            c,
            f"PA-MET-{code}",
            YF.did,
            "product",
            (YF,),
            "2025-08-01",
            LinkTo("PA-STRATEGIC", "fulfils", (code,)),
            value=value,
            unit="count",
        )
    short.outcome(
        c,
        "PA-INCOME",
        YF.did,
        "service",
        _BOTH,
        "2025-08-01",
        LinkTo("PA-STRATEGIC", "resultOf"),
        value=50_000_000,
        unit="fen",
    )


def _designed_together(c: Community) -> None:
    """Of three courses two carry both signatures, of four activities and two evaluations all."""
    for number in range(3):
        signers: short.Signers = _BOTH if number else (YF,)
        short.standard(c, f"PA-COURSE-{number}", "course", signers, _DAY)
    enrolled = short.enrolment(c, "PA-ENR", "PA-P0", _BOTH, _DAY)
    for number in range(4):
        short.activity(
            c,
            f"PA-ACT-{number}",
            "PA-P0",
            (DONGSHENG, YF),
            f"2025-03-0{number + 3}",
            LinkTo(enrolled, "performedUnder"),
        )
    for number in range(2):
        short.evaluation(
            c,
            f"PA-EVA-{number}",
            "PA-P0",
            (DONGSHENG, YF),
            f"2025-04-0{number + 1}",
            LinkTo(f"PA-ACT-{number}", "evaluates"),
            LinkTo("PA-COURSE-1", "alignsTo"),
            items=[("A", 80, "enterprise"), ("A", 84, "school")],
        )


def _evolution(c: Community) -> None:
    """A demand of 1 March is answered on 1 September: 184 days; the job standard's items become criteria."""
    job = short.standard(c, "PA-JOB", "post", (DONGSHENG,), "2025-02-01", items=["J1", "J2", "J3"])
    asked = short.demand(
        c, "PA-DEMAND", (DONGSHENG,), 20, "2025-03-01", LinkTo(job, "alignsTo"), skills=["J1", "J2", "J3"]
    )
    alignments = [
        {"from": f"M{n}", "standard": "PA-JOB", "item": f"J{n}", "by": DONGSHENG.did, "on": "2025-09-01"}
        for n in (1, 2)
    ]
    short.standard(
        c,
        "PA-MODULE",
        "module",
        _BOTH,
        "2025-09-01",
        LinkTo(asked, "answers"),
        items=["M1", "M2"],
        alignments=alignments,
        resources=[{"kind": "case", "code": "PA-CASE", "count": 6}],
    )


def _council(c: Community) -> None:
    for number, (votes_for, against, present) in enumerate(((7, 1, 8), (6, 0, 6), (4, 4, 8))):
        short.decision(
            c,
            f"PA-COUNCIL-{number}",
            "resolution",
            (YF, DONGSHENG),
            f"2025-0{3 * number + 1}-15",
            LinkTo("PA-STRATEGIC", "performedUnder"),
            votes={"for": votes_for, "against": against, "abstain": present - votes_for - against}
            | {"quorum": 6, "members": 9},
            result="adopted" if votes_for > against else "rejected",
        )
    for one, other, score in ((YF, DONGSHENG, 90), (DONGSHENG, YF, 84)):
        short.evaluation(
            c,
            f"PA-MUTUAL-{one.code}",
            other.did,
            (one,),
            "2025-12-01",
            LinkTo("PA-STRATEGIC", "evaluates"),
            kind="mutual",
            items=[("PARTNER", score, one.signs_as)],
        )


def _shared(c: Community) -> None:
    under = LinkTo("PA-STRATEGIC", "performedUnder")
    for kind, with_both in (("space", True), ("people", True), ("information", True), ("system", False)):
        shared = {"sharedWith": [YF.did]} if with_both else {}
        short.resource(c, f"PA-SHARED-{kind}", kind, (DONGSHENG,), _DAY, under, **shared)


def _teams(c: Community) -> None:
    """Three teachers train on the job for five days each, two engineers hold part-time agreements."""
    for number in range(3):
        short.activity(
            c,
            f"PA-ONJOB-{number}",
            f"PA-T{number}",
            (DONGSHENG, YF),
            "2025-07-18",
            role="teacher",
            kind="secondment",
            employer=YF.did,
            days=[f"2025-07-{day}" for day in (14, 15, 16, 17, 18)],
        )
    for number in range(2):
        mentor = {"id": c.person(f"PA-E{number}"), "employer": DONGSHENG.did, "background": ["engineer"]}
        short.agreement(c, f"PA-PARTTIME-{number}", "mentor", _BOTH, _DAY, mentor=mentor)
    short.resource(c, "PA-FACTORY", "lab", (DONGSHENG,), _DAY, sharedWith=[YF.did])


def _workshop(c: Community) -> None:
    for number in range(2):
        short.activity(
            c,
            f"PA-WEEK-{number}",
            f"PA-W{number}",
            (DONGSHENG, YF),
            "2025-05-16",
            LinkTo("PA-STRATEGIC", "performedUnder"),
            kind="training_week",
            days=[f"2025-05-{day}" for day in (12, 13, 14, 15, 16)],
        )
        for phase, score in (("process", 70), ("outcome", 85)):
            short.evaluation(
                c,
                f"PA-WEEK-{number}-{phase}",
                f"PA-W{number}",
                (DONGSHENG, YF),
                "2025-05-20",
                LinkTo(f"PA-WEEK-{number}", "evaluates"),
                phase=phase,
                items=[("A", score, "enterprise")],
            )
