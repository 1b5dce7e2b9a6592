"""Resources: the equipment of each firm with its scheduled minutes, and a few that are shared."""

from __future__ import annotations

from samples.community.days import in_year
from samples.community.making import label, made
from samples.community.model import Community, LinkTo, thing
from samples.community.organisations import ALL_FIRMS, LEADER, REGULATOR, SCHOOLS, ZQ, Organisation
from samples.community.parties import CHAIN
from samples.community.plan import SCHEDULED_MINUTES, YEARS

__all__ = ["add_resources", "equipment_code", "equipment_ref"]


def equipment_code(firm: Organisation) -> str:
    """Code of a firm's equipment, as activities name it."""
    return f"EQ-{firm.code}"


def equipment_ref(year: int, firm: Organisation) -> str:
    """Reference of the record of a firm's equipment in a year."""
    return f"RES-EQ-{YEARS[year] % 100}-{firm.code}"


def add_resources(c: Community) -> None:
    """Equipment by year and firm, one laboratory of each school, one incentive a year."""
    for year, scheduled in enumerate(SCHEDULED_MINUTES):
        period = {"from": in_year(year, "09-01"), "to": f"{YEARS[year] + 1}-09-01"}
        for firm in ALL_FIRMS:
            subject = {
                "id": thing(equipment_ref(year, firm)),
                "kind": "equipment",
                "code": equipment_code(firm),
                "name": label("装调产线", "Assembly line"),
                "provider": firm.did,
                **period,
                "valueFen": 50_000_000,
                "count": 12,
                "scheduledMinutes": scheduled,
                "sharedWith": [school.did for school in SCHOOLS],
                "access": "partners",
            }
            c.add(made(equipment_ref(year, firm), "resource", (firm,), subject, period["from"]))
        incentive = {
            "id": thing(f"incentive-{year}"),
            "kind": "incentive",
            "code": f"INCENTIVE-{YEARS[year]}",
            "name": label("产教融合专项资金", "Fund for industry and education"),
            "provider": REGULATOR.did,
            **period,
            "incentive": {"basis": "finance", "amountFen": 100_000_000},
        }
        c.add(made(f"RES-INCENTIVE-{YEARS[year] % 100}", "resource", (REGULATOR,), incentive, period["from"]))
    _add_laboratory(c)


def _add_laboratory(c: Community) -> None:
    subject = {
        "id": thing("laboratory"),
        "kind": "lab",
        "code": "LAB-ZQ-1",
        "name": label("物联网联合实验室", "Joint IoT laboratory"),
        "provider": ZQ.did,
        "from": "2023-09-01",
        "to": "2026-09-01",
        "contributors": [
            {"id": ZQ.did, "shareBp": 4_000, "valueFen": 40_000_000},
            {"id": LEADER.did, "shareBp": 6_000, "valueFen": 60_000_000},
        ],
    }
    c.add(
        made("RES-LAB-ZQ", "resource", (ZQ, LEADER), subject, "2023-09-01", LinkTo(CHAIN, "performedUnder"))
    )
