"""Demands: one a year and firm for 60 posts, one that nobody answers, two forecasts."""

from __future__ import annotations

from typing import Any

from samples.community.days import in_year
from samples.community.making import label, made
from samples.community.model import Community, LinkTo, thing
from samples.community.organisations import ALL_FIRMS, DONGSHENG, LEADER, XINKE, Organisation
from samples.community.plan import MAIN_POSTS, YEARS
from samples.community.standards import POST, POST_AI

__all__ = ["FORECASTS", "ORDER_CLASS", "UNANSWERED", "add_demands", "add_forecasts", "demand_ref"]

UNANSWERED = "DEM-25-DS-AI"
"""20 posts for skills that no course is aligned to."""
ORDER_CLASS = "AGR-ORDER-XK"
"""The order class that fills Xinke's demand of the third year."""
FORECASTS = {"FORECAST-24": 400, "FORECAST-25": 500}
"""Posts forecast for the second and third year; demanded were 420 and 440."""
_SKILLS = ["K1", "K2", "K3", "K4", "K5"]


def demand_ref(year: int, firm: Organisation) -> str:
    """Reference of a firm's demand of a year."""
    return f"DEM-{YEARS[year] % 100}-{firm.code}"


def add_demands(c: Community, year: int) -> None:
    """The demands of one year, dated 10 September. The leader gathers them, so it signs beside the firm."""
    for firm in ALL_FIRMS:
        ref = demand_ref(year, firm)
        links = [LinkTo(POST, "alignsTo")]
        if (year, firm) == (2, XINKE):
            links.append(LinkTo(ORDER_CLASS, "performedUnder"))
        subject = _subject(ref, "post", MAIN_POSTS, _SKILLS, year)
        c.add(made(ref, "demand", _signers(firm), subject, in_year(year, "09-10"), *links))
    if year == 2:
        subject = _subject(UNANSWERED, "post", 20, ["A1", "A2", "A3", "A4"], year)
        subject["post"] = {"code": "POST-AI", "name": label("智能运维员", "AI operations technician")}
        link = LinkTo(POST_AI, "alignsTo")
        c.add(made(UNANSWERED, "demand", _signers(DONGSHENG), subject, in_year(year, "09-10"), link))


def _signers(firm: Organisation) -> tuple[Organisation, ...]:
    return (firm,) if firm is LEADER else (firm, LEADER)


def _subject(ref: str, kind: str, posts: int, skills: list[str], year: int) -> dict[str, Any]:
    return {
        "id": thing(ref),
        "kind": kind,
        "post": {"code": "POST-IOT", "name": label("物联网装调工", "IoT assembly technician")},
        "posts": posts,
        "skills": skills,
        "from": in_year(year, "09-10"),
        "neededBy": in_year(year, "07-31"),
        "validUntil": in_year(year, "08-31"),
        "wageFen": 500_000,
        "region": "GD",
    }


def add_forecasts(c: Community) -> None:
    """Forecasts of the leader, made in June for the academic year that follows, in force until it begins."""
    for year, (name, posts) in enumerate(FORECASTS.items(), start=1):
        made_on = f"{YEARS[year]}-06-01"
        subject = {
            **_subject(name, "forecast", posts, _SKILLS, year),
            "from": made_on,
            "validUntil": f"{YEARS[year]}-08-31",
            "forecastFor": {"from": f"{YEARS[year]}-09-01", "to": f"{YEARS[year] + 1}-09-01"},
        }
        subject["neededBy"] = f"{YEARS[year]}-09-01"
        c.add(made(f"DEM-{name}", "demand", (LEADER,), subject, made_on, LinkTo(POST, "alignsTo")))
