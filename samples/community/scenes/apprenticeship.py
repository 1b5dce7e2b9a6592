"""A modern apprenticeship: four stages, five roles, forms of training, council, studios, new ideas."""

from __future__ import annotations

from samples.community import short
from samples.community.making import label
from samples.community.model import Community, LinkTo
from samples.community.organisations import FS, LIANHE, REGULATOR

__all__ = ["scene"]

_BOTH = (FS, LIANHE)
_STAGES = (
    ("2023-09-01", "student", "practice"),
    ("2024-09-01", "apprentice", "rotation"),
    ("2025-03-01", "apprentice", "fixed_post"),
    ("2025-09-01", "prospective_employee", "comprehensive"),
)


def scene(c: Community) -> None:
    """Add every part."""
    _stages(c)
    _materials(c)
    _integrations(c)
    _council(c)
    _studios(c)
    _ideas(c)


def _stages(c: Community) -> None:
    """One apprentice goes through all four, each gate an evaluation and a decision, and is then hired."""
    agreed = short.agreement(c, "AP-AGREEMENT", "apprenticeship", _BOTH, "2023-09-01")
    before: tuple[LinkTo, ...] = ()
    for number, (day, identity, kind) in enumerate(_STAGES, 1):
        enrolled = short.enrolment(
            c,
            f"AP-STAGE-{number}",
            "AP-P0",
            _BOTH,
            day,
            LinkTo(agreed, "performedUnder"),
            *before,
            kind="apprenticeship",
            stage=number,
            stageSince=day,
            identity=identity,
        )
        done = short.activity(
            c,
            f"AP-TRAINING-{number}",
            "AP-P0",
            (LIANHE, FS),
            day,
            LinkTo(enrolled, "performedUnder"),
            kind=kind,
            tasks=[f"AP-TASK-{number}-{n}" for n in range(number)],
        )
        judged = short.evaluation(
            c,
            f"AP-JUDGED-{number}",
            "AP-P0",
            (LIANHE, FS),
            day,
            LinkTo(done, "evaluates"),
            items=[("A", 60 + 10 * number, "enterprise")],
        )
        passed = short.decision(
            c,
            f"AP-GATE-{number}",
            "stage_gate",
            (FS, LIANHE),
            day,
            LinkTo(judged, "basedOn"),
            stageNumber=number,
            result="passed",
        )
        before = (LinkTo(enrolled, "supersedes"), LinkTo(judged, "evidencedBy"), LinkTo(passed, "basedOn"))
    hired = short.enrolment(
        c, "AP-HIRED", "AP-P0", _BOTH, "2026-07-01", kind="apprenticeship", stage=4, identity="employee"
    )
    short.outcome(
        c,
        "AP-JOB",
        "AP-P0",
        "employment",
        (LIANHE, FS),
        "2026-07-02",
        LinkTo(hired, "resultOf"),
        employer=LIANHE.did,
        start="2026-07-01",
    )


def _materials(c: Community) -> None:
    kinds = (("loose_leaf", 4, "joint"), ("work_manual", 3, "firm"), ("textbook", 2, "school"))
    short.standard(
        c,
        "AP-MATERIALS",
        "course",
        _BOTH,
        "2023-09-01",
        resources=[
            {"kind": kind, "code": f"AP-{kind}", "count": count, "origin": origin}
            for kind, count, origin in kinds
        ],
    )


def _integrations(c: Community) -> None:
    """Content answers a standard, two teachers and technicians change places, an idea becomes a service."""
    short.standard(c, "AP-POST", "post", (LIANHE,), "2023-09-01", items=["N1", "N2"])
    alignments = [{"from": "A", "standard": "AP-POST", "item": "N1", "by": LIANHE.did, "on": "2023-09-01"}]
    short.standard(c, "AP-COURSE", "course", _BOTH, "2023-09-01", alignments=alignments)
    for number, (role, employer) in enumerate((("teacher", FS), ("mentor", LIANHE))):
        short.activity(
            c,
            f"AP-CHANGED-{number}",
            f"AP-C{number}",
            _BOTH,
            "2024-11-04",
            role=role,
            kind="exchange",
            employer=employer.did,
            realProject=True,
        )
    short.outcome(c, "AP-SERVICE", LIANHE.did, "service", _BOTH, "2025-06-30", value=1, unit="count")


def _council(c: Community) -> None:
    for number, day in enumerate(("2024-03-01", "2024-09-01", "2025-03-01", "2025-09-01")):
        short.decision(
            c,
            f"AP-COUNCIL-{number}",
            "resolution",
            (FS, LIANHE),
            day,
            LinkTo("AP-AGREEMENT", "performedUnder"),
            votes={"for": 5, "against": 0, "abstain": 0, "quorum": 4, "members": 7},
        )


def _studios(c: Community) -> None:
    for number, (kind, count) in enumerate((("studio", 3), ("base", 2), ("sub_centre", 1))):
        short.resource(
            c,
            f"AP-PLACE-{number}",
            kind,
            (LIANHE,),
            "2024-01-01",
            LinkTo("AP-AGREEMENT", "performedUnder"),
            count=count,
            name=label(f"场所{number}", f"Place {number}"),
        )
    short.decision(c, "AP-CENTRE", "accreditation", (REGULATOR,), "2024-06-01", result="passed")


def _ideas(c: Community) -> None:
    short.outcome(
        c,
        "AP-TRIALS",
        LIANHE.did,
        "cost",
        (LIANHE,),
        "2025-12-31",
        value=1_500_000,
        baseline=2_500_000,
        unit="fen",
    )
    for number, score in enumerate((60, 80)):
        short.evaluation(
            c,
            f"AP-INNOVATION-{number}",
            "AP-P0",
            (LIANHE, FS),
            f"202{4 + number}-12-01",
            LinkTo(f"AP-STAGE-{2 + 2 * number}", "evaluates"),
            items=[("INNOVATION", score, "enterprise")],
        )
