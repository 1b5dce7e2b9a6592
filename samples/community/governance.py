"""Decisions: council meetings, gates, audits, and the case in which an indicator rose."""

from __future__ import annotations

from typing import Any, Final

from samples.community.days import in_year
from samples.community.making import label, made
from samples.community.model import Community, Entry, LinkTo, thing
from samples.community.organisations import AUDITOR, LEADER, REGULATOR, ZQ, Organisation
from samples.community.parties import CHAIN
from samples.community.plan import YEARS

__all__ = ["CASE", "add_governance"]

CASE: Final = ("DEC-DIAGNOSIS-1", "DEC-IMPROVEMENT-1", "DEC-VERIFICATION-1")
"""Technical compliance of 80 % is diagnosed in 2024, 88 % verified in 2025."""
_MEETINGS: Final = ("10-15", "01-15", "04-15", "07-15")


def _decision(
    ref: str,
    kind: str,
    zh: str,
    en: str,
    signers: tuple[Organisation, ...],
    on: str,
    *links: LinkTo,
    **more: Any,
) -> Entry:
    subject = {
        "id": thing(ref),
        "kind": kind,
        "code": ref.removeprefix("DEC-"),
        "title": label(zh, en),
        "body": signers[0].did,
        "on": on,
        **more,
    }
    return made(ref, "decision", signers, subject, on, *links)


def add_governance(c: Community) -> None:
    """Three stages at the beginning, four meetings and an audit a year, one case."""
    under = LinkTo(CHAIN, "performedUnder")
    stages = (("matching", "2023-09-15"), ("integration", "2023-10-15"), ("evaluation", "2024-07-15"))
    for stage, on in stages:
        more: dict[str, Any] = {
            "result": "passed",
            "stage": stage,
            "criteria": [{"code": stage, "result": "met"}],
        }
        ref = f"DEC-STAGE-{stage}"
        c.add(_decision(ref, "stage_gate", "筛选阶段评审", "Stage gate", (LEADER,), on, under, **more))
    votes = {"for": 9, "against": 0, "abstain": 1, "quorum": 7, "members": 10}
    for year in range(len(YEARS)):
        for number, day in enumerate(_MEETINGS, start=1):
            ref, on = f"DEC-COUNCIL-{YEARS[year] % 100}-{number}", in_year(year, day)
            more = {"result": "adopted", "votes": votes}
            c.add(
                _decision(ref, "resolution", "理事会决议", "Council resolution", (LEADER,), on, under, **more)
            )
        ref, on = f"DEC-AUDIT-{YEARS[year] % 100}", in_year(year, "08-20")
        signers = (AUDITOR, REGULATOR)
        c.add(_decision(ref, "audit", "年度质量审核", "Annual audit", signers, on, result="passed"))
    _add_case(c)


def _add_case(c: Community) -> None:
    diagnosis, improvement, verification = CASE
    low: dict[str, Any] = {"code": "I7", "result": "unmet", "value": 8_000, "target": 9_200}
    more = {"result": "open", "case": "CASE-1", "opened": "2024-09-20", "criteria": [low]}
    signers = (AUDITOR, ZQ)
    c.add(
        _decision(diagnosis, "diagnosis", "技术达标率偏低", "Low compliance", signers, "2024-09-20", **more)
    )
    answer = LinkTo(diagnosis, "answers")
    more = {"result": "adopted", "case": "CASE-1", "category": "method"}
    signers = (ZQ, AUDITOR)
    zh, en = "加强网关实训", "More practice on gateways"
    c.add(_decision(improvement, "improvement", zh, en, signers, "2024-10-20", answer, **more))
    high = {"code": "I7", "result": "met", "value": 8_800, "target": 8_500}
    more = {
        "result": "met",
        "case": "CASE-1",
        "criteria": [high],
        "opened": "2024-09-20",
        "closed": "2025-09-20",
    }
    answer = LinkTo(improvement, "answers")
    signers = (AUDITOR, ZQ)
    zh, en = "改进已验证", "Improvement verified"
    c.add(_decision(verification, "verification", zh, en, signers, "2025-09-20", answer, **more))
