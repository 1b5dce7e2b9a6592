"""The oracle on what became of the graduates of the year before."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from statistics import median

from tests.samples.year import Year, share

__all__ = ["adaptation", "employed", "in_field", "retention", "wages"]


def employed(year: Year) -> Fraction | None:
    if year.cohort is None:
        return None
    completed = {
        who: subject["completedOn"]
        for who, subject in year.cohort.enrolments.items()
        if who in year.cohort.graduates
    }
    soon = 0
    for job in year.outcomes("employment"):
        begun, done = (date.fromisoformat(day) for day in (job["start"], completed[job["id"]]))
        soon += (begun - done).days <= 31
    return Fraction(soon, len(completed))


def retention(year: Year) -> Fraction | None:
    hired = year.outcomes("employment")
    stayed = [one for one in year.outcomes("retention") if one["months"] >= 12]
    return Fraction(len(stayed), len(hired)) if hired else None


def wages(year: Year) -> Fraction | None:
    jobs = year.outcomes("employment")
    if not jobs:
        return None
    (benchmark,) = {job["benchmark"]["value"] for job in jobs}
    return Fraction(int(median(job["wageFen"] for job in jobs)), benchmark)


def in_field(year: Year) -> Fraction | None:
    jobs = year.outcomes("employment")
    return share([job["inField"] for job in jobs]) if jobs else None


def adaptation(year: Year) -> Fraction | None:
    """Median of all hires, those never independent counted as later than all: none is censored before it."""
    starts = {job["id"]: date.fromisoformat(job["start"]) for job in year.outcomes("employment")}
    if not starts:
        return None
    found = dict.fromkeys(starts, 10**6)
    for entry in year.signed("evaluation", "practice"):
        who = entry.subject["id"]
        if who in starts and "independentFrom" in entry.subject:
            found[who] = (date.fromisoformat(entry.subject["independentFrom"]) - starts[who]).days
    return Fraction(int(median(found.values())))
