"""What became of it: work, study, jobs, converted projects, cases delivered."""

from __future__ import annotations

from typing import Any, Final

from samples.community.agreements import project_ref, strategy_ref
from samples.community.credentials import credit_ref, credits_of
from samples.community.days import in_year, later
from samples.community.demands import demand_ref
from samples.community.making import label, made
from samples.community.model import Community, LinkTo, thing
from samples.community.organisations import ALL_FIRMS, REGULATOR, SCHOOLS, ZQ
from samples.community.plan import HIRES_PER_DEMAND, IN_FIELD_EVERY, LATE_HIRED, RETENTION_EVERY, WAGES, YEARS
from samples.community.roster import Trainee

__all__ = ["add_career", "add_retention", "add_yearly_outcomes", "employment_ref", "jobs_ref", "start_of"]

_CONVERTED: Final = (2, 3, 4)
_CASES_DELIVERED: Final = (5, 6, 7)
_JOBS: Final = (40, 45, 50)
_POST: Final = {"code": "POST-IOT", "name": label("物联网装调工", "IoT assembly technician")}
_BENCHMARK: Final = 500_000


def employment_ref(trainee: Trainee) -> str:
    """Reference of a hire."""
    return f"OUT-{trainee.code}-employment"


def jobs_ref(year: int, number: int) -> str:
    """Reference of the jobs that a firm (0..6) created in a year."""
    return f"OUT-JOBS-{YEARS[year] % 100}-{ALL_FIRMS[number].code}"


def start_of(trainee: Trainee) -> str:
    """First day at work: 1 August, within a month of completion, or the 20th."""
    late = trainee.graduate % 20 in LATE_HIRED[trainee.year]
    return in_year(trainee.year, "08-20" if late else "08-01")


def add_career(c: Community, trainee: Trainee, hires_so_far: int) -> None:
    """Work at the firm of practice, or further study. The first hires of a firm name its demand."""
    year = trainee.year
    links = [LinkTo(credit_ref(trainee, "enterprise"), "resultOf")] if credits_of(trainee) else []
    hire = trainee.hire
    if hire is None:
        subject = {
            "id": trainee.person,
            "kind": "further_study",
            "asOf": in_year(year, "08-25"),
            "consent": True,
        }
        ref = f"OUT-{trainee.code}-study"
        c.add(made(ref, "outcome", (trainee.school, trainee.firm), subject, in_year(year, "08-25"), *links))
        return
    if hires_so_far < HIRES_PER_DEMAND[year]:
        links.append(LinkTo(demand_ref(year, trainee.firm), "resultOf"))
    every = IN_FIELD_EVERY[year]
    subject = {
        **_work(trainee, "employment"),
        "inField": hire % every != every - 1,
        "direction": "process" if hire % 2 else "design",
        "wageFen": WAGES[year][hire % 3],
        "benchmark": {"value": _BENCHMARK, "source": "示例市人社统计", "asOf": in_year(year, "06-30")},
        "asOf": in_year(year, "08-25"),
        "region": "GD",
    }
    signers = (trainee.firm, trainee.school)
    c.add(made(employment_ref(trainee), "outcome", signers, subject, in_year(year, "08-25"), *links))


def _work(trainee: Trainee, kind: str) -> dict[str, Any]:
    return {
        "id": trainee.person,
        "kind": kind,
        "employer": trainee.firm.did,
        "post": _POST,
        "start": start_of(trainee),
        "consent": True,
    }


def add_retention(c: Community, trainee: Trainee) -> None:
    """Twelve months at the first employer, or the end after six; the last cohort is too young for it."""
    hire = trainee.hire
    if hire is None or trainee.year >= len(RETENTION_EVERY):
        return
    start = start_of(trainee)
    if hire % RETENTION_EVERY[trainee.year] == 0:
        end = f"{YEARS[trainee.year] + 2}-02-01"
        more: dict[str, Any] = {"months": 6, "end": end, "asOf": end}
    else:
        more = {"months": 12, "asOf": f"{YEARS[trainee.year] + 2}{start[4:]}"}
    subject = {**_work(trainee, "retention"), **more}
    ref, signers = f"OUT-{trainee.code}-retention", (trainee.firm, trainee.school)
    links = (LinkTo(credit_ref(trainee, "enterprise"), "resultOf"),)
    c.add(made(ref, "outcome", signers, subject, later(more["asOf"], 5), *links))


def add_yearly_outcomes(c: Community, year: int) -> None:
    """Jobs of each firm; 2, 3, 4 of five projects converted; 5, 6, 7 of seven firms deliver their cases."""
    for number, firm in enumerate(ALL_FIRMS):
        subject = _figure(
            jobs_ref(year, number), "job_created", firm.did, _JOBS[year], in_year(year, "06-30")
        )
        c.add(made(jobs_ref(year, number), "outcome", (firm, REGULATOR), subject, in_year(year, "07-05")))
    for number in range(_CONVERTED[year]):
        ref = f"OUT-CONVERTED-{YEARS[year] % 100}-{number + 1}"
        subject = _figure(ref, "tech_conversion", None, 1, in_year(year, "06-20"))
        signers = (ALL_FIRMS[number], SCHOOLS[number % 3])
        term = LinkTo(project_ref(year, number), "fulfils", ("T1",))
        c.add(made(ref, "outcome", signers, subject, in_year(year, "06-25"), term))
    for firm in ALL_FIRMS[: _CASES_DELIVERED[year]]:
        ref = f"OUT-CASES-{YEARS[year] % 100}-{firm.code}"
        subject = _figure(ref, "product", firm.did, 10, in_year(year, "06-20"))
        term = LinkTo(strategy_ref(firm), "fulfils", (f"T{year + 1}",))
        c.add(made(ref, "outcome", (firm, ZQ), subject, in_year(year, "06-25"), term))


def _figure(ref: str, kind: str, employer: str | None, value: int, as_of: str) -> dict[str, Any]:
    found: dict[str, Any] = {"id": thing(ref), "kind": kind, "value": value, "unit": "count", "asOf": as_of}
    if employer is not None:
        found["employer"] = employer
    return found
