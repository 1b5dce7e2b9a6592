"""Incentives, conversion of joint projects, recognition abroad, careers, forecasts, regions."""

from __future__ import annotations

from typing import Any

from samples.community import short
from samples.community.making import label
from samples.community.model import Community, LinkTo
from samples.community.organisations import (
    AUDITOR,
    BORUI,
    EVALUATOR,
    FS,
    IHK,
    LEADER,
    LIANHE,
    REGULATOR,
    XINKE,
    ZQ,
)

__all__ = ["scene"]

_SCHOOL_AND_FIRM = (ZQ, XINKE)


def scene(c: Community) -> None:
    """Add every part."""
    _incentives(c)
    _conversion(c)
    _recognition(c)
    _career(c)
    _forecast(c)
    _regions(c)


def _incentives(c: Community) -> None:
    for basis, amount in (("finance", 300), ("fiscal", 120), ("land", 0), ("credit", 80), ("tax", 0)):
        incentive: dict[str, Any] = {"basis": basis}
        if amount:
            incentive["amountFen"] = amount * 1_000_000
        if basis == "tax":
            incentive["rateBp"] = 800
        short.resource(
            c, f"OL-INCENTIVE-{basis}", "incentive", (REGULATOR,), "2025-01-01", incentive=incentive
        )
    short.outcome(
        c,
        "OL-RD",
        XINKE.did,
        "rd_intensity",
        (XINKE, AUDITOR),
        "2025-12-31",
        value=780,
        baseline=550,
        unit="bp",
    )


def _conversion(c: Community) -> None:
    """Four joint projects due in 2025; two have a conversion signed by both sides."""
    for number in range(4):
        ref = short.agreement(
            c,
            f"OL-JOINT-{number}",
            "joint_project",
            _SCHOOL_AND_FIRM,
            "2024-03-01",
            terms=[
                {"code": "RESULT", "metric": "conversion", "op": "ge", "target": 1, "unit": "count"}
                | {"due": "2025-06-30", "purpose": "task"}
            ],
        )
        if number < 2:
            short.outcome(
                c,
                f"OL-CONVERTED-{number}",
                XINKE.did,
                "tech_conversion",
                (XINKE, ZQ),
                "2025-06-01",
                LinkTo(ref, "fulfils", ("RESULT",)),
                value=1,
                unit="count",
            )


def _recognition(c: Community) -> None:
    types = ("IHK-Facharbeiter", "IHK-Zertifikat", "EQF-Level", "CE-Marking", "EU-Microcredential")
    equivalences = [
        {
            "achievement": "OL-COURSE",
            "level": str(number + 1),
            "targetType": name,
            "targetLevel": str(number + 2),
        }
        for number, name in enumerate(types)
    ]
    agreed = short.agreement(
        c,
        "OL-RECOGNITION",
        "recognition",
        (ZQ, IHK),
        "2024-01-01",
        to="2028-12-31",
        recognition={"framework": "EQF", "equivalences": equivalences},
    )
    short.credential(
        c,
        "OL-EQUIVALENT",
        "skill_level",
        "OL-P2",
        (EVALUATOR, XINKE),
        "2025-05-01",
        LinkTo(agreed, "recognisedUnder"),
        LinkTo("OL-COURSE", "awards"),
        level="3",
        achievement={
            "id": c.thing("OL-EQUIVALENT-A"),
            "type": ["Achievement"],
            "achievementType": "Certificate",
            "name": "传感网应用开发",
            "description": "中级。",
            "criteria": {"narrative": "见所引用的评价。"},
            "alignment": [
                {
                    "type": ["Alignment"],
                    "targetName": "EQF-Level 4",
                    "targetUrl": "https://example.org/eqf/4",
                    "targetFramework": "EQF",
                    "targetCode": "4",
                }
            ],
        },
    )


def _career(c: Community) -> None:
    steps = (("2025-07-01", 500_000, XINKE), ("2026-01-01", 560_000, XINKE), ("2026-07-01", 700_000, BORUI))
    for number, (day, wage, firm) in enumerate(steps):
        short.outcome(
            c,
            f"OL-CAREER-{number}",
            "OL-P3",
            "wage",
            (firm, ZQ),
            day,
            employer=firm.did,
            wageFen=wage,
            consent=True,
        )


def _forecast(c: Community) -> None:
    """Forecast 90 posts, asked for 100: 90 % accurate."""
    period = {"from": "2025-09-01", "to": "2026-09-01"}
    short.demand(
        c, "OL-FORECAST", (LIANHE,), 90, "2025-03-01", kind="forecast", forecastFor=period, region="OL-SOUTH"
    )
    short.demand(c, "OL-ACTUAL", (LIANHE,), 100, "2025-10-01", region="OL-SOUTH")
    for number in range(5):
        short.resource(
            c,
            f"OL-SUB-{number}",
            "sub_centre",
            (LEADER,),
            "2026-01-01",
            location={"code": f"OL-CITY-{number}", "name": label(f"城市{number}", f"City {number}")},
            scheduledMinutes=60_000,
        )


def _regions(c: Community) -> None:
    rule = short.decision(c, "OL-POLICY", "policy", (REGULATOR,), "2025-01-01", region="OL-NORTH")
    for ref, region, day, value in (
        ("OL-NORTH-24", "OL-NORTH", "2024-12-31", 7_000),
        ("OL-NORTH-25", "OL-NORTH", "2025-12-31", 7_800),
        ("OL-SOUTH-24", "OL-SOUTH", "2024-12-31", 7_100),
        ("OL-SOUTH-25", "OL-SOUTH", "2025-12-31", 7_200),
    ):
        short.decision(
            c,
            ref,
            "audit",
            (REGULATOR,),
            day,
            *([LinkTo(rule, "basedOn")] if ref == "OL-NORTH-25" else []),
            region=region,
            criteria=[{"code": "employment", "result": "met", "value": value, "target": 7_000}],
        )
    base = short.agreement(c, "OL-INTELLIGENT", "base", (LEADER, FS), "2024-09-01")
    under = LinkTo(base, "performedUnder")
    short.resource(c, "OL-LABS", "lab", (LEADER,), "2024-09-01", under, count=15)
    for number in range(4):
        short.standard(c, f"OL-BASE-{number}", "course", (FS, LEADER), "2024-09-01", LinkTo(base, "basedOn"))
        short.enrolment(c, f"OL-BASE-ENR-{number}", f"OL-B{number}", (FS, LEADER), "2024-09-01", under)
    for number, city in enumerate(("OL-CITY-A", "OL-CITY-A", "OL-CITY-B")):
        result = "passed" if number else "failed"
        short.decision(
            c,
            f"OL-ACCREDIT-{number}",
            "accreditation",
            (REGULATOR,),
            "2025-02-01",
            region=city,
            result=result,
        )
