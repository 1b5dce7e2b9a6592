"""An industrial college: competences, reforms, bases, goals, openness, tickets, exchange, guidance."""

from __future__ import annotations

from samples.community import short
from samples.community.making import label, made
from samples.community.model import Community, LinkTo
from samples.community.organisations import FS, HENGDA, NANFANG, REGULATOR

__all__ = ["scene"]

_DAY = "2024-09-01"
_COMPETENCES = ("SKILL", "INNOVATION", "TEAM", "COMPLEXITY", "ETHICS")


def scene(c: Community) -> None:
    """Add every part."""
    _competences(c)
    _reforms(c)
    _bases(c)
    _goals(c)
    _openness(c)
    _group(c)
    _exchange(c)
    _path(c)
    _alignment(c)
    _guidance(c)


def _competences(c: Community) -> None:
    for code in _COMPETENCES:
        short.standard(c, f"CO-{code}", "competency", (FS,), _DAY, items=[code])
    scores = ((80, 70), (90, 60), (75, 65), (85, 50), (95, 80))
    for number, phase in enumerate(("process", "outcome")):
        short.evaluation(
            c,
            f"CO-COMPETENCE-{phase}",
            "CO-P0",
            (FS, NANFANG),
            f"2025-0{number + 1}-15",
            *(LinkTo(f"CO-{code}", "alignsTo") for code in _COMPETENCES),
            phase=phase,
            items=[
                (code, pair[1 - number], "school") for code, pair in zip(_COMPETENCES, scores, strict=True)
            ],
        )


def _reforms(c: Community) -> None:
    reforms = (("content", 3), ("method", 2), ("management", 1), ("support", 2))
    for category, count in reforms:
        for number in range(count):
            short.decision(
                c,
                f"CO-REFORM-{category}-{number}",
                "improvement",
                (FS,),
                "2025-03-01",
                category=category,
                result="closed" if number == 0 else "open",
            )


def _bases(c: Community) -> None:
    for number, (firm, labs) in enumerate(((NANFANG, 3), (HENGDA, 2))):
        ref = short.agreement(c, f"CO-BASE-{number}", "base", (FS, firm, REGULATOR), _DAY)
        short.resource(
            c,
            f"CO-BASE-LABS-{number}",
            "base",
            (firm,),
            _DAY,
            LinkTo(ref, "performedUnder"),
            count=labs,
            location={
                "code": f"CO-DISTRICT-{number}",
                "name": label(f"示范区{number}", f"District {number}"),
            },
        )
        for hired in range(labs):
            short.outcome(
                c,
                f"CO-BASE-JOB-{number}-{hired}",
                f"CO-B{number}-{hired}",
                "employment",
                (firm, FS),
                "2025-07-02",
                LinkTo(ref, "resultOf"),
                employer=firm.did,
                start="2025-07-01",
            )


def _goals(c: Community) -> None:
    """Goals agreed on the day before the cooperation starts: three, of which two are met."""
    goals = [
        {"code": f"G{n}", "metric": "graduates", "op": "ge", "target": target, "unit": "count"}
        | {"due": "2025-08-31", "purpose": "goal"}
        for n, target in enumerate((20, 30, 40))
    ]
    subject = {
        "id": c.thing("CO-GOALS"),
        "kind": "strategic",
        "code": "CO-GOALS",
        "name": label("目标一致", "Goals in common"),
        "from": "2024-09-01",
        "parties": [{"id": FS.did, "role": "school"}, {"id": HENGDA.did, "role": "enterprise"}],
        "terms": goals,
    }
    c.add(made("CO-GOALS", "agreement", (FS, HENGDA), subject, "2024-08-31"))
    for number in range(3):
        short.outcome(
            c,
            f"CO-GOAL-{number}",
            FS.did,
            "product",
            (FS,),
            "2025-08-01",
            LinkTo("CO-GOALS", "fulfils", (f"G{number}",)),
            value=32,
            unit="count",
        )


def _openness(c: Community) -> None:
    for number, (access, licence) in enumerate(
        (("open", "CC-BY-4.0"), ("partners", "CO-NDA"), ("restricted", "CO-CORE"), ("open", "CC-BY-4.0"))
    ):
        short.resource(
            c, f"CO-OPEN-{number}", "information", (NANFANG,), _DAY, access=access, licence=licence
        )


def _group(c: Community) -> None:
    group = {
        "id": c.thing("CO-GROUP"),
        "kind": "group",
        "name": label("校企联合工作组", "Joint working group"),
        "roles": ["school"],
        "members": [FS.did, NANFANG.did, HENGDA.did],
    }
    c.add(made("CO-GROUP", "party", (FS,), group, _DAY))
    for number, (opened, closed) in enumerate(
        (("2025-03-03", "2025-03-05"), ("2025-04-07", "2025-04-11"), ("2025-05-12", None))
    ):
        members = {"closed": closed} if closed else {}
        short.decision(
            c,
            f"CO-TICKET-{number}",
            "ticket",
            (FS,),
            closed or opened,
            opened=opened,
            result="closed" if closed else "open",
            **members,
        )
    short.decision(c, "CO-RESEARCH", "resolution", (FS,), "2025-05-20", LinkTo("CO-TICKET-2", "basedOn"))


def _exchange(c: Community) -> None:
    """Two teachers go to the firm, three engineers come to the college."""
    for number in range(5):
        of_school = number < 2
        short.activity(
            c,
            f"CO-EXCHANGE-{number}",
            f"CO-E{number}",
            (NANFANG, FS) if of_school else (FS, NANFANG),
            "2025-01-13",
            role="teacher" if of_school else "mentor",
            kind="secondment" if of_school else "exchange",
            employer=FS.did if of_school else NANFANG.did,
        )
    for number, posts in enumerate((4, 6)):
        short.demand(c, f"CO-BOARD-{number}", (NANFANG,), posts, "2025-01-10", region="CO-DISTRICT-0")


def _path(c: Community) -> None:
    """Connection, integration, cooperation: three resolutions of the college, each on the one before."""
    before = short.agreement(c, "CO-COLLEGE", "consortium", (FS, NANFANG, HENGDA), _DAY)
    for number, stage in enumerate(("matching", "integration", "evaluation")):
        before = short.decision(
            c,
            f"CO-PATH-{number}",
            "stage_gate",
            (FS,),
            f"2025-0{2 * number + 1}-01",
            LinkTo(before, "basedOn"),
            stage=stage,
            result="passed",
        )


def _alignment(c: Community) -> None:
    """A programme's five items: four answer a post, three a process, two an examination's requirement."""
    for ref, kind in (("CO-POST", "post"), ("CO-TASKS", "unit"), ("CO-EXAM", "skill_standard")):
        short.standard(c, ref, kind, (NANFANG,), _DAY, items=["Q1", "Q2", "Q3", "Q4"])
    counts = (("CO-POST", 4), ("CO-TASKS", 3), ("CO-EXAM", 2))
    alignments = [
        {"from": f"A{n}", "standard": other, "item": f"Q{n + 1}", "by": NANFANG.did, "on": _DAY}
        for other, count in counts
        for n in range(count)
    ]
    short.standard(
        c,
        "CO-PROGRAMME",
        "programme",
        (FS, NANFANG),
        _DAY,
        items=[f"A{n}" for n in range(5)],
        alignments=alignments,
    )


def _guidance(c: Community) -> None:
    """Government, college and firm: masters come in, a product goes out, students and teachers train."""
    together = short.agreement(c, "CO-THREE", "programme", (REGULATOR, FS, NANFANG), _DAY)
    under = LinkTo(together, "performedUnder")
    short.resource(c, "CO-MASTER", "people", (NANFANG,), _DAY, under, count=2)
    for number, (role, kind) in enumerate(
        (("trainee", "practice"), ("trainee", "practice"), ("teacher", "research"))
    ):
        short.activity(
            c,
            f"CO-GUIDED-{number}",
            f"CO-G{number}",
            (NANFANG, FS),
            "2025-02-10",
            under,
            role=role,
            kind=kind,
        )
    short.outcome(
        c,
        "CO-PRODUCT",
        NANFANG.did,
        "product",
        (NANFANG,),
        "2025-06-30",
        LinkTo(together, "resultOf"),
        value=2,
        unit="count",
    )
