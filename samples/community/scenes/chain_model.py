"""A chain of its own with everything around it, small enough to count: the policy-subject-platform model.

Leader, three firms, one college and the bureau found the chain; they screen it in three stages, pool what
they own, ask for posts, create some, and look at themselves once a year.
"""

from __future__ import annotations

from typing import Any

from samples.community.making import label, made
from samples.community.model import Community, LinkTo
from samples.community.organisations import AUDITOR, BORUI, EVALUATOR, LEADER, LIANHE, REGULATOR, XINKE, ZQ

__all__ = ["scene"]

_CHAIN = "CH-CHAIN"


def scene(c: Community) -> None:
    """Add the chain, its pool, its demands and posts, its evaluations and its improvement case."""
    _found(c)
    _pool(c)
    _demand(c)
    _screen(c)
    _train(c)
    _quality(c)
    _package(c)


def _thing(ref: str, **members: Any) -> dict[str, Any]:
    return {"id": Community.thing(ref), "code": ref, **members}


def _found(c: Community) -> None:
    parties = [
        {"id": LEADER.did, "role": "leader", "position": "core"},
        {"id": XINKE.did, "role": "member", "position": "upstream"},
        {"id": LIANHE.did, "role": "member", "position": "upstream"},
        {"id": BORUI.did, "role": "member", "position": "downstream"},
        {"id": ZQ.did, "role": "school"},
        {"id": REGULATOR.did, "role": "regulator"},
    ]
    subject = _thing(
        _CHAIN, kind="chain", name=label("示范小链", "Small chain"), parties=parties, **{"from": "2024-01-01"}
    )
    signers = (LEADER, XINKE, LIANHE, BORUI, ZQ, REGULATOR)
    c.add(made(_CHAIN, "agreement", signers, subject, "2024-01-01"))
    platform = _thing(
        "CH-PLATFORM",
        kind="platform",
        name=label("共享平台", "Shared platform"),
        provider=LEADER.did,
        sharedWith=[ZQ.did, XINKE.did],
        **{"from": "2024-02-01"},
    )
    c.add(
        made("CH-PLATFORM", "resource", (LEADER,), platform, "2024-02-01", LinkTo(_CHAIN, "performedUnder"))
    )


def _pool(c: Community) -> None:
    for ref, kind, share in (
        ("CH-STRATEGIC", "strategic", 0),
        ("CH-IP", "ip_pool", 4_000),
        ("CH-RIGHTS", "mentor_rights", 1_000),
    ):
        parties: list[dict[str, Any]] = [
            {"id": ZQ.did, "role": "school"},
            {"id": XINKE.did, "role": "enterprise"},
        ]
        if share:
            parties[0]["shareBp"], parties[1]["shareBp"] = share, 10_000 - share
        subject = _thing(ref, kind=kind, name=label(f"合作{ref}", ref), parties=parties)
        subject |= {"from": "2024-03-01"}
        c.add(
            made(ref, "agreement", (ZQ, XINKE), subject, "2024-03-01", LinkTo(_CHAIN, "performedUnder")),
        )
    patent = _thing(
        "CH-PATENT",
        kind="ip",
        name=label("封装专利", "Packaging patent"),
        provider=XINKE.did,
        licence="CH-LICENCE",
        access="partners",
        **{"from": "2024-03-01"},
    )
    c.add(made("CH-PATENT", "resource", (XINKE,), patent, "2024-03-01", LinkTo("CH-IP", "performedUnder")))


def _demand(c: Community) -> None:
    posts = (("CH-DEM-1", XINKE, 180, "2024-03-01"), ("CH-DEM-2", BORUI, 60, "2024-09-01"))
    report = _thing(
        "CH-WHITE-PAPER",
        kind="demand_report",
        version="1",
        name=label("岗位需求白皮书", "White paper on demand"),
        effective="2024-07-01",
        levels=[],
        items=[
            {"code": "W1", "text": label("射频调测", "Radio tuning"), "origin": "firm"},
            {"code": "W2", "text": label("封装检验", "Packaging inspection"), "origin": "school"},
        ],
        research={
            "method": ["delphi", "big_data"],
            "rounds": 3,
            "months": 6,
            "firms": 40,
            "responses": 32,
            "shortage": 1_260,
        },
    )
    c.add(made("CH-WHITE-PAPER", "standard", (ZQ, LEADER), report, "2024-07-01"))
    for ref, firm, count, day in posts:
        subject = {
            "id": Community.thing(ref),
            "kind": "post",
            "post": {"code": f"{ref}-P", "name": label("调测员", "Tuning technician")},
            "posts": count,
            "skills": ["W1", "W2"],
            "from": day,
            "neededBy": "2025-07-01",
            "validUntil": "2025-12-31",
        }
        links = (LinkTo("CH-WHITE-PAPER", "alignsTo", ("W1", "W2")), LinkTo(_CHAIN, "performedUnder"))
        c.add(made(ref, "demand", (firm,), subject, day if day > "2024-07-01" else "2024-07-02", *links))
    for ref, firm, count, day in (
        ("CH-JOBS-1", XINKE, 170, "2024-10-01"),
        ("CH-JOBS-2", BORUI, 90, "2025-08-01"),
        ("CH-JOBS-3", LIANHE, 60, "2026-02-01"),
    ):
        outcome = {
            "id": firm.did,
            "kind": "job_created",
            "employer": firm.did,
            "value": count,
            "unit": "count",
            "asOf": day,
        }
        c.add(made(ref, "outcome", (firm,), outcome, day, LinkTo(_CHAIN, "resultOf")))


def _screen(c: Community) -> None:
    criteria = (("matching", 3, 3), ("integration", 3, 4), ("evaluation", 5, 5))
    for place, (stage, met, of) in enumerate(criteria):
        ref = f"CH-GATE-{place + 1}"
        rows = [{"code": f"C{n}", "result": "met" if n < met else "unmet"} for n in range(of)]
        subject = _thing(
            ref,
            kind="stage_gate",
            title=label("筛选", "Screening"),
            body=REGULATOR.did,
            on=f"2024-0{place + 4}-01",
            stage=stage,
            criteria=rows,
            result="passed",
        )
        c.add(made(ref, "decision", (REGULATOR,), subject, subject["on"], LinkTo(_CHAIN, "verifies")))


def _train(c: Community) -> None:
    for number in range(12):
        year = 2024 + number % 2
        ref = f"CH-ENR-{number:02}"
        subject = {
            "id": Community.person(ref),
            "programme": {"code": "CH-PROG", "name": label("封装技术", "Packaging")},
            "from": f"{year}-09-01",
            "to": f"{year + 1}-07-01",
            "status": "active",
            "stage": 1,
        }
        c.add(made(ref, "enrolment", (ZQ, XINKE), subject, f"{year}-09-01", LinkTo(_CHAIN, "performedUnder")))


def _quality(c: Community) -> None:
    for year, value, rising in ((2024, 6_200, False), (2025, 8_500, True)):
        ref = f"CH-AUDIT-{year}"
        subject = _thing(
            ref,
            kind="audit",
            title=label("年度审核", "Yearly audit"),
            body=AUDITOR.did,
            on=f"{year}-12-01",
            result="passed" if rising else "open",
            criteria=[
                {
                    "code": "practice_share",
                    "result": "met" if rising else "unmet",
                    "value": value,
                    "target": 7_000,
                }
            ],
        )
        c.add(made(ref, "decision", (AUDITOR,), subject, f"{year}-12-01", LinkTo(_CHAIN, "verifies")))
    steps = (
        ("CH-DIAGNOSIS", "diagnosis", AUDITOR, "2024-12-02", "open", "CH-AUDIT-2024", "basedOn"),
        ("CH-IMPROVEMENT", "improvement", ZQ, "2025-03-01", "closed", "CH-DIAGNOSIS", "answers"),
        ("CH-VERIFICATION", "verification", AUDITOR, "2025-12-02", "met", "CH-IMPROVEMENT", "answers"),
    )
    for ref, kind, body, day, result, target, rel in steps:
        subject = _thing(
            ref,
            kind=kind,
            title=label("诊改", "Improvement case"),
            body=body.did,
            on=day,
            result=result,
            case="CH-CASE",
        )
        links = [LinkTo(target, rel)]
        if kind == "verification":
            links.append(LinkTo("CH-AUDIT-2025", "verifies"))
        c.add(made(ref, "decision", (body,), subject, day, *links))


def _package(c: Community) -> None:
    weights = _thing(
        "CH-AHP",
        kind="weights",
        title=label("课程包权重", "Weights of the curriculum package"),
        body=EVALUATOR.did,
        on="2024-08-01",
        result="adopted",
        weights={
            "method": "ahp",
            "entries": [
                {"code": "update_rate", "weightBp": 6_000},
                {"code": "frontier", "weightBp": 4_000},
            ],
            "consistencyRatioBp": 320,
        },
    )
    c.add(made("CH-AHP", "decision", (EVALUATOR, ZQ), weights, "2024-08-01"))
    for ref, day, reason in (
        ("CH-EARLY-1", "2024-11-01", "shallow"),
        ("CH-EARLY-2", "2025-01-10", "shallow"),
        ("CH-EARLY-3", "2025-06-30", "completed"),
    ):
        subject = _thing(
            ref,
            kind="joint_project",
            name=label("联合项目", "Joint project"),
            to="2026-01-01",
            parties=[{"id": ZQ.did, "role": "school"}, {"id": BORUI.did, "role": "enterprise"}],
            ended={"on": day, "reason": reason},
        )
        subject |= {"from": "2024-03-01"}
        c.add(made(ref, "agreement", (ZQ, BORUI), subject, day, LinkTo(_CHAIN, "performedUnder")))
