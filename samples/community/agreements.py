"""Agreements: programmes, mentors, strategy, projects, order class, credit bank, recognition, a base."""

from __future__ import annotations

from typing import Any

from samples.community.days import in_year
from samples.community.demands import ORDER_CLASS
from samples.community.making import label, made
from samples.community.model import Community, Entry, LinkTo, thing
from samples.community.organisations import (
    ALL_FIRMS,
    BANK,
    EVALUATOR,
    FS,
    HENGDA,
    IHK,
    LEADER,
    LIANHE,
    SCHOOLS,
    XINKE,
    ZQ,
    Organisation,
)
from samples.community.parties import CHAIN, party_of
from samples.community.plan import YEARS
from samples.community.roster import Mentor

__all__ = [
    "BANK_RULES",
    "BASE",
    "BASE_ENDED",
    "PROJECTS",
    "RECOGNITION",
    "add_agreements",
    "add_mentor_agreements",
    "mentor_ref",
    "programme_agreement",
    "project_ref",
    "strategy_ref",
]

BANK_RULES = "AGR-BANK"
RECOGNITION = "AGR-RECOGNITION-IHK"
BASE = "AGR-BASE-HD"
"""A training base that was given up as shallow; three practice weeks still name it afterwards."""
BASE_ENDED = "AGR-BASE-HD-ended"
PROJECTS = 5
"""Joint projects due in each year."""
_FROM, _TO = "2023-09-01", "2026-09-01"


def programme_agreement(school: Organisation, firm: Organisation) -> str:
    """Reference of the agreement under which a school's trainees are with a firm."""
    return f"AGR-PROGRAMME-{school.code}-{firm.code}"


def mentor_ref(mentor: Mentor) -> str:
    """Reference of a mentor's agreement."""
    return f"AGR-MENTOR-{mentor.code}"


def strategy_ref(firm: Organisation) -> str:
    """Reference of a firm's strategic agreement."""
    return f"AGR-STRATEGY-{firm.code}"


def project_ref(year: int, number: int) -> str:
    """Reference of a joint project (0..4) due in a year."""
    return f"AGR-PROJECT-{YEARS[year] % 100}-{number + 1}"


def _agreement(
    ref: str,
    kind: str,
    zh: str,
    en: str,
    signers: tuple[Organisation, ...],
    *links: LinkTo,
    period: tuple[str, str] = (_FROM, _TO),
    **more: Any,
) -> Entry:
    subject = {
        "id": thing(ref),
        "kind": kind,
        "code": ref.removeprefix("AGR-"),
        "name": label(zh, en),
        "from": period[0],
        "to": period[1],
        "parties": [party_of(entry) for entry in signers],
        **more,
    }
    return made(ref, "agreement", signers, subject, period[0], *links)


def add_agreements(c: Community) -> None:
    """All agreements that do not depend on who is enrolled."""
    under = LinkTo(CHAIN, "performedUnder")
    for school in SCHOOLS:
        for firm in ALL_FIRMS:
            zh, en = f"{firm.zh}与{school.zh}联合培养", f"Joint training of {firm.en} and {school.en}"
            ref = programme_agreement(school, firm)
            more: dict[str, Any] = {"components": ["courses", "dual_teacher"], "scope": ["majors", "faculty"]}
            c.add(_agreement(ref, "programme", zh, en, (school, firm), under, **more))
    for firm in ALL_FIRMS:
        terms = [_term(f"T{year + 1}", "real_cases", 10, year, "plan") for year in range(len(YEARS))]
        zh, en = f"{firm.zh}战略合作", f"Strategic agreement of {firm.en}"
        c.add(_agreement(strategy_ref(firm), "strategic", zh, en, (firm, ZQ), under, terms=terms))
    for year in range(len(YEARS)):
        for number in range(PROJECTS):
            c.add(_project(year, number))
    c.add(_order_class(), _bank_rules(), _recognition())
    c.add(*_base())


def _term(code: str, metric: str, target: int, year: int, purpose: str) -> dict[str, Any]:
    due = in_year(year, "06-30")
    return {
        "code": code,
        "metric": metric,
        "op": "ge",
        "target": target,
        "unit": "count",
        "due": due,
        "purpose": purpose,
    }


def _project(year: int, number: int) -> Entry:
    firm, school = ALL_FIRMS[number], SCHOOLS[number % 3]
    period = (in_year(year, "09-01"), f"{YEARS[year] + 1}-09-01")
    terms = [_term("T1", "tech_conversion", 1, year, "goal")]
    ref = project_ref(year, number)
    zh, en = f"联合项目{number + 1}", f"Joint project {number + 1}"
    return _agreement(ref, "joint_project", zh, en, (firm, school), period=period, terms=terms)


def _order_class() -> Entry:
    zh, en = "芯科订单班", "Order class of Xinke"
    period = ("2025-09-01", "2026-09-01")
    return _agreement(ORDER_CLASS, "order_class", zh, en, (XINKE, ZQ), period=period, quota=40)


def _bank_rules() -> Entry:
    rule = {"code": "HALF", "version": "1", "fromKind": "enterprise", "toKind": "converted"}
    rules = [{**rule, "numerator": 1, "denominator": 2, "limit": 1_200}]
    zh, en = "学分银行转换规则", "Conversion rules of the credit bank"
    return _agreement(BANK_RULES, "credit_bank", zh, en, (BANK, *SCHOOLS), rules=rules)


def _recognition() -> Entry:
    equivalence = {
        "achievement": "SKILL-IOT",
        "level": "4",
        "targetType": "ceterms:Credential",
        "targetLevel": "DQR-4",
    }
    signers = (IHK, ZQ, EVALUATOR, LEADER, LIANHE)
    zh, en = "与工商会的等值认可", "Recognition as equivalent by the chamber"
    recognition = {"framework": "IHK-DQR", "equivalences": [equivalence]}
    return _agreement(RECOGNITION, "recognition", zh, en, signers, recognition=recognition)


def _base() -> tuple[Entry, Entry]:
    zh, en = "恒达实训基地", "Training base of Hengda"
    first = _agreement(BASE, "base", zh, en, (HENGDA, FS), access="partners")
    ended = {**first.subject, "ended": {"on": "2025-11-30", "reason": "shallow", "note": "企业参与不足"}}
    second = made(
        BASE_ENDED,
        "agreement",
        (HENGDA, FS),
        ended,
        "2025-11-30",
        LinkTo(BASE, "supersedes"),
        revision=2,
    )
    return first, second


def add_mentor_agreements(c: Community, present: list[list[Mentor]]) -> None:
    """One for each mentor, over all years: 115.00 an hour against 100.00; every third has led research."""
    everyone = sorted({mentor for cohort in present for mentor in cohort}, key=lambda one: one.number)
    for mentor in everyone:
        background = ["leading_firm_rd", "engineer"] if mentor.number % 3 == 0 else ["technician"]
        more: dict[str, Any] = {
            "mentor": {
                "id": mentor.person,
                "employer": mentor.firm.did,
                "background": background,
                "certified": True,
            },
            "feePerHourFen": 11_500,
            "feeBenchmark": {"valueFen": 10_000, "source": "示例行业调查", "asOf": "2023-06-30"},
        }
        zh, en = f"企业导师聘任{mentor.code}", f"Appointment of mentor {mentor.code}"
        under = LinkTo(programme_agreement(mentor.school, mentor.firm), "performedUnder")
        c.add(_agreement(mentor_ref(mentor), "mentor", zh, en, (mentor.school, mentor.firm), under, **more))
