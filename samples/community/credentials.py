"""Credentials of graduates: credits of both sides and the skill level, on evaluations that were passed."""

from __future__ import annotations

from typing import Any, Final

from samples.community.agreements import RECOGNITION
from samples.community.days import at, in_year, practice_days
from samples.community.evaluations import outcome_ref, passing_ref
from samples.community.making import label, made
from samples.community.model import Community, LinkTo, thing
from samples.community.organisations import EVALUATOR, REGULATOR
from samples.community.plan import CREDITS
from samples.community.roster import SHORT_WEEKS, Trainee, trainee
from samples.community.standards import programme_ref, skill_ref

__all__ = [
    "EXPIRING",
    "LOW_SHARE",
    "OVERRIDDEN",
    "RECOGNISED",
    "add_credentials",
    "add_overrides",
    "credit_ref",
    "credits_of",
    "override_ref",
    "skill_credential_ref",
]

OVERRIDDEN: Final = {"25-YF-NF-01": "practice_minutes", "25-YF-LH-01": "enterprise_share"}
"""Credentials in spite of a requirement not met, by decision of the regulator, and which requirement."""
LOW_SHARE: Final = ("25-YF-LH-01", "25-YF-LH-02")
"""10.00 of 40.00 credits from the enterprise, 25 % where 30 % are required."""
RECOGNISED: Final = ("25-ZQ-JX-01", "25-ZQ-JX-02", "25-ZQ-LH-01")
"""Skill levels recognised as equivalent by the chamber."""
EXPIRING: Final = "25-FS-XK-01"
"""Whose school credits are valid until 20 August 2026."""
_TOTAL: Final = 4_000
_LOW: Final = 1_000
_URL: Final = "https://ihk-demo.example/dqr/4"


def credit_ref(holder: Trainee | str, kind: str) -> str:
    """Reference of the practice credit of a kind, enterprise or school."""
    return f"CRD-{holder if isinstance(holder, str) else holder.code}-{kind}"


def skill_credential_ref(holder: Trainee | str) -> str:
    """Reference of the skill level."""
    return f"CRD-{holder if isinstance(holder, str) else holder.code}-skill"


def override_ref(code: str) -> str:
    """Reference of the decision that lets a trainee pass."""
    return f"DEC-OVERRIDE-{code}"


def _refused(holder: Trainee) -> bool:
    """A requirement is missing and nobody let it pass."""
    return holder.code in {*SHORT_WEEKS, *LOW_SHARE} - OVERRIDDEN.keys()


def credits_of(holder: Trainee) -> dict[str, int]:
    """Credits of a graduate in hundredths by kind; empty for who is short of hours without a decision."""
    if holder.code in SHORT_WEEKS and _refused(holder):
        return {}
    enterprise = _LOW if holder.code in LOW_SHARE else CREDITS[holder.year]
    return {"enterprise": enterprise, "school": _TOTAL - enterprise}


def add_overrides(c: Community) -> None:
    """The regulator's decisions, signed by school and firm too."""
    for code, missing in OVERRIDDEN.items():
        holder = trainee(code)
        subject = {
            "id": thing(override_ref(code)),
            "kind": "override",
            "code": f"OVERRIDE-{code}",
            "title": label("结业条件例外认定", "Exception from a requirement"),
            "body": REGULATOR.did,
            "on": "2026-07-11",
            "result": "adopted",
            "override": {
                "trainee": holder.person,
                "standard": "FE",
                "missing": [missing],
                "reason": "因病缺勤，已补做考核。",
            },
        }
        signers = (REGULATOR, holder.school, holder.firm)
        c.add(made(override_ref(code), "decision", signers, subject, "2026-07-11"))


def add_credentials(c: Community, holder: Trainee) -> None:
    """Credits of both kinds on 12 July, the skill level on the 20th for who passed every item."""
    links = [LinkTo(outcome_ref(holder), "evidencedBy"), LinkTo(programme_ref(holder.year), "awards")]
    if holder.code in OVERRIDDEN:
        links.append(LinkTo(override_ref(holder.code), "basedOn"))
    for kind, amount in credits_of(holder).items():
        until = "2026-08-20" if (holder.code, kind) == (EXPIRING, "school") else None
        ref, day = credit_ref(holder, kind), in_year(holder.year, "07-12")
        signers = (holder.school, holder.firm)
        subject = _credit(holder, kind, amount)
        c.add(made(ref, "credential", signers, subject, day, *links, valid_until=until))
    passed = passing_ref(holder)
    if passed is not None and not _refused(holder):
        _add_skill(c, holder, passed, links[2:])


def _subject(holder: Trainee, kind: str, achievement: dict[str, Any], **more: Any) -> dict[str, Any]:
    identity = {
        "type": "IdentityObject",
        "identityHash": holder.name,
        "identityType": "name",
        "hashed": False,
    }
    return {
        "id": holder.person,
        "kind": kind,
        "identifier": [identity],
        "achievement": {"type": ["Achievement"], **achievement},
        **more,
    }


def _credit(holder: Trainee, kind: str, amount: int) -> dict[str, Any]:
    days = practice_days(holder.year, holder.class_number % 5)
    name = "企业实践学分" if kind == "enterprise" else "学校课程学分"
    achievement = {
        "id": thing(f"credit-{kind}-{holder.year}"),
        "achievementType": "Fieldwork" if kind == "enterprise" else "Course",
        "name": name,
        "description": f"现场工程师培养项目{name}。",
        "criteria": {"narrative": "完成规定学时，校企双方考核合格。"},
    }
    return _subject(
        holder,
        "practice_credit",
        achievement,
        creditsEarned=amount // 100 if amount % 100 == 0 else amount / 100,
        creditKind=kind,
        activityStartDate=at(days[0]),
        activityEndDate=at(days[holder.weeks - 1]),
    )


def _add_skill(c: Community, holder: Trainee, passed: str, decisions: list[LinkTo]) -> None:
    achievement: dict[str, Any] = {
        "id": thing(f"skill-{holder.year}"),
        "achievementType": "Certificate",
        "name": "物联网装调职业技能等级证书（高级）",
        "description": "按职业技能标准考核合格。",
        "criteria": {"narrative": "各考核条目均达到六十分。"},
    }
    links = [LinkTo(passed, "evidencedBy"), LinkTo(skill_ref(holder.year), "awards"), *decisions]
    if holder.code in RECOGNISED:
        links.append(LinkTo(RECOGNITION, "recognisedUnder"))
        target = {
            "targetName": "DQR 4",
            "targetUrl": _URL,
            "targetFramework": "IHK-DQR",
            "targetCode": "DQR-4",
        }
        achievement["alignment"] = [{"type": ["Alignment"], "targetType": "ceterms:Credential", **target}]
    day = in_year(holder.year, "07-20")
    subject = _subject(holder, "skill_level", achievement, level="4")
    c.add(made(skill_credential_ref(holder), "credential", (EVALUATOR, holder.firm), subject, day, *links))
