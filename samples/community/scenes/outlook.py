"""Teachers on secondment, a third party's certificates, and one chain from demand to job."""

from __future__ import annotations

from samples.community import short
from samples.community.model import Community, LinkTo
from samples.community.organisations import (
    AUDITOR,
    EVALUATOR,
    LEADER,
    XINKE,
    ZQ,
)

__all__ = ["scene"]

_SCHOOL_AND_FIRM = (ZQ, XINKE)


def scene(c: Community) -> None:
    """Add every part."""
    _teachers(c)
    _academy(c)
    _full_chain(c)


def _teachers(c: Community) -> None:
    """Seven teachers on secondment, six certified; 13 of 14 answers are at least 4."""
    for number in range(7):
        who = f"OL-T{number}"
        short.activity(
            c,
            f"OL-SECOND-{number}",
            who,
            _SCHOOL_AND_FIRM,
            "2024-07-15",
            role="teacher",
            kind="secondment",
            employer=ZQ.did,
        )
        if number < 6:
            short.credential(c, f"OL-TEACHER-{number}", "teacher", who, (ZQ,), "2024-08-30")
    answers = [{"dim": "satisfaction", "item": f"Q{n}", "score": 3 if n == 13 else 5} for n in range(14)]
    survey = {"instrument": "OL-SURVEY", "respondent": "enterprise", "answers": answers}
    short.evaluation(c, "OL-SURVEY", ZQ.did, (AUDITOR,), "2024-12-01", kind="survey", survey=survey)
    for ref, kind, value, baseline, unit in (
        ("OL-MAILS", "service", 40, 10, "count"),
        ("OL-CLIENTS", "satisfaction", 9_000, 6_500, "bp"),
    ):
        signers = (XINKE, ZQ) if kind == "service" else (XINKE,)
        short.outcome(
            c, ref, XINKE.did, kind, signers, "2024-12-31", value=value, baseline=baseline, unit=unit
        )


def _academy(c: Community) -> None:
    """Seventeen of 20 trainees hold the academy's certificate."""
    for number in range(20):
        who = f"OL-A{number}"
        short.enrolment(c, f"OL-ICT-{number:02}", who, _SCHOOL_AND_FIRM, "2024-09-01")
        if number < 17:
            short.credential(c, f"OL-ICT-CERT-{number:02}", "certificate", who, (EVALUATOR,), "2025-06-30")


def _full_chain(c: Community) -> None:
    """One demand, the standard that answers it, three days, two evaluations' scores, a certificate, a job."""
    post = short.standard(c, "OL-POST", "post", (LEADER,), "2024-05-01", items=["A", "B"])
    wanted = short.demand(
        c, "OL-DEMAND", (LEADER,), 12, "2024-06-01", LinkTo(post, "alignsTo", ("A", "B")), skills=["A", "B"]
    )
    course = short.standard(
        c,
        "OL-COURSE",
        "course",
        (ZQ, LEADER),
        "2024-09-01",
        LinkTo(wanted, "answers"),
        items=["C1", "C2"],
        alignments=[
            {"from": "C1", "standard": "OL-POST", "item": "A", "by": LEADER.did, "on": "2024-09-01"},
            {"from": "C2", "standard": "OL-POST", "item": "B", "by": LEADER.did, "on": "2024-09-01"},
        ],
    )
    enrolled = short.enrolment(c, "OL-ENR", "OL-P1", (ZQ, LEADER), "2024-09-01", LinkTo(course, "alignsTo"))
    done = short.activity(
        c,
        "OL-ACT",
        "OL-P1",
        (LEADER, ZQ),
        "2025-03-03",
        LinkTo(enrolled, "performedUnder"),
        days=["2025-03-03", "2025-03-04", "2025-03-05"],
    )
    judged = short.evaluation(
        c,
        "OL-EVA",
        "OL-P1",
        (LEADER, ZQ),
        "2025-04-01",
        LinkTo(done, "evaluates"),
        items=[("C1", 88, "enterprise"), ("C1", 91, "school")],
    )
    held = short.credential(
        c,
        "OL-CRD",
        "skill_level",
        "OL-P1",
        (EVALUATOR, LEADER),
        "2025-05-01",
        LinkTo(judged, "evidencedBy"),
        LinkTo(course, "awards"),
        level="3",
    )
    short.outcome(
        c,
        "OL-OUT",
        "OL-P1",
        "employment",
        (LEADER, ZQ),
        "2025-07-01",
        LinkTo(held, "resultOf"),
        LinkTo(wanted, "resultOf"),
        employer=LEADER.did,
        start="2025-07-01",
    )
    short.decision(
        c,
        "OL-SPEED",
        "audit",
        (AUDITOR,),
        "2025-12-01",
        LinkTo(held, "verifies"),
        criteria=[{"code": "verification_p95_ms", "result": "met", "value": 178, "target": 3_000}],
    )
