"""The plan's numbers counted from the entries, slowly and without a database: a function for each indicator.

They read the records' subjects and links, not the plan. A year is [1 September, 1 September); revoked records
do not count.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from fractions import Fraction

from samples.community import Entry
from samples.community.organisations import ALL_FIRMS, BANK
from tests.samples.oracle_careers import adaptation, employed, in_field, retention, wages
from tests.samples.year import Subject, Year, share

__all__ = ["INDICATORS"]

FIRMS = {firm.did for firm in ALL_FIRMS}
REQUIRED_MINUTES = 14_400
TECHNICAL = {"K1", "K2", "K3", "K4"}


def days(year: Year, roles: set[str]) -> Iterator[tuple[str, str, int]]:
    """(who, date, minutes) of every day of activity in the year."""
    for entry in year.all("activity"):
        if entry.subject["role"] in roles:
            for day in entry.subject["days"]:
                start, end = (int(day[name][:2]) * 60 + int(day[name][3:]) for name in ("start", "end"))
                if year.holds(day["date"]):
                    yield entry.subject["id"], day["date"], (end - start) % 1440 - day["breakMinutes"]


def enterprise_minutes(year: Year) -> Fraction:
    total = sum(minutes for *_, minutes in days(year, {"mentor", "teacher"}))
    return Fraction(total, len(year.enrolments))


def mean_practice(year: Year) -> Fraction:
    by_day: dict[tuple[str, str], int] = defaultdict(int)
    for who, day, minutes in days(year, {"trainee"}):
        by_day[who, day] += minutes
    counted: dict[str, int] = defaultdict(int)
    for (who, _), minutes in by_day.items():
        counted[who] += min(480, minutes)
    total = sum(min(REQUIRED_MINUTES, counted[who]) for who in year.enrolments)
    return Fraction(total, REQUIRED_MINUTES * len(year.enrolments))


def cri(year: Year) -> Fraction:
    weighted = posts = Fraction()
    for entry in year.all("demand", "post"):
        demand = entry.subject
        if year.holds(demand["from"]):
            parts = _demand_parts(year, entry)
            known = [(weight, part) for weight, part in parts if part is not None]
            score = sum(weight * part for weight, part in known) / sum(weight for weight, _ in known)
            weighted, posts = weighted + demand["posts"] * score, posts + demand["posts"]
    return 100 * weighted / posts


def _demand_parts(year: Year, entry: Entry) -> list[tuple[int, Fraction | None]]:
    demand = entry.subject
    on = {
        alignment["item"]: alignment["on"]
        for course in year.all("standard", "course")
        for alignment in course.subject.get("alignments", ())
        if alignment["by"] in FIRMS and alignment["on"] < year.end
    }
    covered = [skill for skill in demand["skills"] if skill in on]
    lags = [(date.fromisoformat(on[item]) - date.fromisoformat(demand["from"])).days for item in covered]
    times = [min(Fraction(1), max(Fraction(0), Fraction(730 - lag, 547))) for lag in lags]
    passed = [passed for (_, item), passed in year.last_attempts.items() if item in covered]
    hires = sum(link.ref == entry.ref for one in year.all("outcome", "employment") for link in one.links)
    quotas = [
        year.community[link.ref].subject["quota"] for link in entry.links if link.rel == "performedUnder"
    ]
    return [
        (4, Fraction(len(covered), len(demand["skills"]))),
        (2, sum(times, Fraction()) / len(times) if times else None),
        (2, min(Fraction(1), share(passed) / Fraction(92, 100)) if passed else None),
        (2, min(Fraction(1), Fraction(hires, min([demand["posts"], *quotas])))),
    ]


def tech_conversion(year: Year) -> Fraction:
    return _met(year, "joint_project")


def terms_met(year: Year) -> Fraction:
    return _met(year, None)


def _met(year: Year, kind: str | None) -> Fraction:
    due = {
        (entry.ref, term["code"]): term["target"]
        for entry in year.all("agreement", kind)
        for term in entry.subject.get("terms", ())
        if year.holds(term["due"])
    }
    met = {
        (link.ref, item)
        for entry in year.signed("outcome")
        for link in entry.links
        for item in link.items
        if entry.subject["value"] >= due.get((link.ref, item), float("inf"))
    }
    return Fraction(len(met), len(due))


def currency(year: Year) -> Fraction:
    changed = total = 0
    for number in (1, 2, 3):
        versions = [
            entry for entry in year.all("standard", "course") if entry.subject["code"] == f"COURSE-{number}"
        ]
        now = _version_on(versions, year.end)
        then = {item["code"]: item for item in _version_on(versions, _days_before(year.end, 183))}
        total += sum(item["minutes"] for item in now)
        changed += sum(item["minutes"] for item in now if then.get(item["code"]) != item)
    return Fraction(changed, total)


def _days_before(day: str, number: int) -> str:
    return date.fromordinal(date.fromisoformat(day).toordinal() - number).isoformat()


def _version_on(versions: list[Entry], day: str) -> list[Subject]:
    in_force = [entry for entry in versions if entry.subject["effective"] <= day]
    return list(max(in_force, key=lambda entry: entry.subject["effective"]).subject["items"])


def enterprise_credits(year: Year) -> Fraction:
    by_kind: dict[str, Fraction] = defaultdict(Fraction)
    for entry in year.signed("credential", "practice_credit"):
        by_kind[entry.subject["creditKind"]] += Fraction(str(entry.subject["creditsEarned"]))
    return by_kind["enterprise"] / sum(by_kind.values())


def _mentors(year: Year) -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for who, subject in year.enrolments.items():
        for mentor in subject["mentors"]:
            found[mentor["org"], mentor["id"]].add(who)
    return found


def firm_mentors(year: Year) -> Fraction:
    return share([org in FIRMS for org, _ in _mentors(year)])


def within_five(year: Year) -> Fraction:
    return share([len(who) <= 5 for (org, _), who in _mentors(year).items() if org in FIRMS])


def fees(year: Year) -> Fraction:
    subjects = [entry.subject for entry in year.all("agreement", "mentor")]
    paid = sum(subject["feePerHourFen"] for subject in subjects)
    return Fraction(paid, sum(subject["feeBenchmark"]["valueFen"] for subject in subjects))


def compliance(year: Year) -> Fraction:
    return share([passed for (_, item), passed in year.last_attempts.items() if item in TECHNICAL])


def _firm_surveys(year: Year) -> list[Subject]:
    found = [entry.subject["survey"] for entry in year.signed("evaluation", "survey")]
    return [survey for survey in found if survey["respondent"] == "enterprise"]


def satisfaction(year: Year) -> Fraction:
    return share([answer["score"] >= 4 for survey in _firm_surveys(year) for answer in survey["answers"]])


def response(year: Year) -> Fraction:
    (counts,) = (survey for survey in _firm_surveys(year) if "sent" in survey)
    answered = [survey for survey in _firm_surveys(year) if survey["answers"]]
    assert len(answered) == counts["valid"]
    return Fraction(counts["valid"], counts["sent"])


def utilisation(year: Year) -> Fraction:
    sessions = {}
    for entry in year.all("activity"):
        if year.holds(entry.subject["days"][0]["date"]):
            sessions.update(
                {(e["code"], e["session"]): e["minutes"] for e in entry.subject.get("equipment", ())}
            )
    of_year = (one.subject for one in year.all("resource") if year.holds(one.subject["from"]))
    return Fraction(sum(sessions.values()), sum(subject.get("scheduledMinutes", 0) for subject in of_year))


def error_rate(year: Year) -> Fraction:
    done = [one.subject for one in year.all("activity") if year.holds(one.subject["days"][0]["date"])]
    errors = sum(subject.get("opErrors", 0) for subject in done)
    return Fraction(errors, sum(subject.get("ops", 0) for subject in done))


def jobs(year: Year) -> Fraction:
    created = (entry.subject for entry in year.all("outcome", "job_created"))
    return Fraction(sum(subject["value"] for subject in created if year.holds(subject["asOf"])))


def jobs_of_two_years(year: Year) -> Fraction:
    return jobs(year) + (Fraction() if year.cohort is None else jobs(year.cohort))


def certified(year: Year) -> Fraction:
    return Fraction(len(list(year.signed("credential", "skill_level"))), len(year.enrolments))


def co_evaluation(year: Year) -> Fraction:
    sides: dict[tuple[str, str], set[str]] = defaultdict(set)
    for entry in year.signed("evaluation", "practice"):
        for item in entry.subject["items"]:
            sides[entry.ref, item["item"]].add(item["by"])
    return share([by == {"enterprise", "school"} for by in sides.values()])


def score_gap(year: Year) -> Fraction:
    gaps: list[Fraction] = []
    for entry in year.signed("evaluation", "practice"):
        sides: dict[str, list[Fraction]] = defaultdict(list)
        for item in entry.subject["items"]:
            sides[item["item"]].append(Fraction(item["score"], item["max"]))
        gaps += [abs(scores[0] - scores[1]) for scores in sides.values() if len(scores) == 2]
    return sum(gaps, Fraction()) / len(gaps)


def converted(year: Year) -> Fraction:
    amounts: dict[str, int] = defaultdict(int)
    for entry in year.signed("creditentry"):
        if entry.subject["bank"] == BANK.did and entry.subject["creditKind"] == "enterprise":
            amounts[entry.subject["op"]] += entry.subject["amount"]
    return Fraction(amounts["convert"], amounts["deposit"])


def forecast(year: Year) -> Fraction | None:
    actual = sum(
        one.subject["posts"] for one in year.all("demand", "post") if year.holds(one.subject["from"])
    )
    forecasts = [one.subject for one in year.all("demand", "forecast")]
    of_year = [one["posts"] for one in forecasts if year.holds(one["forecastFor"]["from"])]
    return 1 - Fraction(abs(sum(of_year) - actual), actual) if of_year else None


INDICATORS: dict[str, Callable[[Year], Fraction | None]] = {
    "cri": cri,
    "enterprise_minutes_per_trainee": enterprise_minutes,
    "tech_conversion": tech_conversion,
    "employed_in_a_month": employed,
    "retention": retention,
    "median_wage_to_benchmark": wages,
    "in_field": in_field,
    "curriculum_currency": currency,
    "enterprise_credit_share": enterprise_credits,
    "mean_practice": mean_practice,
    "firm_mentor_share": firm_mentors,
    "mentors_within_five": within_five,
    "fee_to_benchmark": fees,
    "technical_compliance": compliance,
    "firm_satisfaction": satisfaction,
    "survey_response": response,
    "utilisation": utilisation,
    "error_rate": error_rate,
    "jobs_12_months": jobs,
    "jobs_24_months": jobs_of_two_years,
    "certified": certified,
    "co_evaluation": co_evaluation,
    "mean_score_gap": score_gap,
    "converted_share": converted,
    "terms_met": terms_met,
    "forecast_accuracy": forecast,
    "adaptation_days_median": adaptation,
}
