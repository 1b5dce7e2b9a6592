"""Planted facts are exactly the irregular records: simple detectors find these and no others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from samples.community import Community, Entry
from samples.community.planted import Planted, planted

DAY_MINUTES = 480
LATE_DAYS = 30
GAP = 20
GROUP = 10


def entries(community: Community, schema: str, *kinds: str) -> Iterator[Entry]:
    """Entries of a type, and of these kinds if any are given."""
    for entry in community.entries:
        if entry.schema == f"{schema}.1" and (not kinds or entry.subject.get("kind") in kinds):
            yield entry


def spans(entry: Entry) -> Iterator[tuple[datetime, datetime, int]]:
    """(start, end, minutes of work) of each day of an activity."""
    for day in entry.subject["days"]:
        start = datetime.fromisoformat(f"{day['date']}T{day['start']}")
        end = datetime.fromisoformat(f"{day['date']}T{day['end']}")
        end += timedelta(days=end <= start)
        yield start, end, int((end - start).total_seconds()) // 60 - day["breakMinutes"]


def last_enrolments(community: Community) -> list[Entry]:
    """The newest enrolment record of each trainee."""
    return list({entry.subject["id"]: entry for entry in entries(community, "enrolment")}.values())


def long_days(community: Community) -> set[str]:
    found = entries(community, "activity")
    return {entry.ref for entry in found if any(minutes > DAY_MINUTES for *_, minutes in spans(entry))}


def nights(community: Community) -> set[str]:
    found = entries(community, "activity")
    return {entry.ref for entry in found if any(end.date() > start.date() for start, end, _ in spans(entry))}


def overlaps(community: Community) -> set[str]:
    days = defaultdict(list)
    for entry in entries(community, "activity"):
        for start, end, _ in spans(entry):
            days[entry.subject["id"]].append((start, end, entry.ref))
    found: set[str] = set()
    for times in days.values():
        times.sort()
        for (_, end, ref), (start, _, other) in pairwise(times):
            if start < end:
                found |= {ref, other}
    return found


def late(community: Community) -> set[str]:
    found = set()
    for entry in entries(community, "activity"):
        last = date.fromisoformat(max(day["date"] for day in entry.subject["days"]))
        if (date.fromisoformat(entry.valid_from[:10]) - last).days > LATE_DAYS:
            found.add(entry.ref)
    return found


def ended_used(community: Community) -> set[str]:
    ended = {
        link.ref: (entry.ref, entry.subject["ended"]["on"])
        for entry in entries(community, "agreement")
        if "ended" in entry.subject
        for link in entry.links
    }
    found = set()
    for entry in entries(community, "activity"):
        for link in entry.links:
            if link.ref in ended and entry.subject["days"][0]["date"] > ended[link.ref][1]:
                found |= {entry.ref, ended[link.ref][0]}
    return found


def overloaded(community: Community) -> set[str]:
    load = defaultdict(set)
    for entry in last_enrolments(community):
        for mentor in entry.subject["mentors"]:
            if mentor["role"] == "mentor":
                load[mentor["id"], mentor["from"]].add(entry.ref)
    return set().union(*(refs for refs in load.values() if len(refs) > 5))


def left(community: Community) -> set[str]:
    return {entry.ref for entry in last_enrolments(community) if entry.subject["status"] == "left"}


def short(community: Community) -> set[str]:
    minutes: dict[str, int] = defaultdict(int)
    for entry in entries(community, "activity"):
        minutes[entry.subject["id"]] += sum(worked for *_, worked in spans(entry))
    completed = (one for one in last_enrolments(community) if one.subject["status"] == "completed")
    return {entry.ref for entry in completed if minutes[entry.subject["id"]] < 14_400}


def without(member: str) -> Callable[[Community], set[str]]:
    return lambda community: {
        entry.ref for entry in entries(community, "enrolment") if not entry.subject[member]
    }


def underpaid(community: Community) -> set[str]:
    return {entry.ref for entry in entries(community, "enrolment") if entry.subject["payRatioBp"] < 8_000}


def by_side(entry: Entry) -> dict[str, dict[str, Any]]:
    """Item -> who scored it -> the score."""
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for item in entry.subject["items"]:
        found[item["item"]][item["by"]] = item
    return found


def gaps(community: Community) -> set[str]:
    found = set()
    for entry in entries(community, "evaluation", "practice"):
        pairs = [sides for sides in by_side(entry).values() if len(sides) == 2]
        if any(abs(one["enterprise"]["score"] - one["school"]["score"]) > GAP for one in pairs):
            found.add(entry.ref)
    return found


def alike(community: Community) -> set[str]:
    classes = {entry.subject["id"]: entry.subject["cohort"] for entry in entries(community, "enrolment")}
    groups = defaultdict(list)
    for entry in entries(community, "evaluation", "practice"):
        day, judged = entry.valid_from[:10], tuple(by_side(entry))
        groups[classes[entry.subject["id"]], day, judged].append(entry)
    same = [
        group for group in groups.values()
        if len(group) >= GROUP and len({str(entry.subject["items"]) for entry in group}) == 1
    ]  # fmt: skip
    return {entry.ref for group in same for entry in group}


def attempts(community: Community) -> set[str]:
    """Evaluations of somebody who failed an item and passed it later."""
    tried = defaultdict(list)
    for entry in entries(community, "evaluation", "practice"):
        for item, sides in by_side(entry).items():
            tried[entry.subject["id"], item].append(
                (entry.valid_from, sides["enterprise"]["pass"], entry.ref)
            )
    found: set[str] = set()
    for tries in tried.values():
        tries.sort()
        failed = [ref for _, passed, ref in tries if not passed]
        if failed and tries[-1][1]:
            found |= {*failed, tries[-1][2]}
    return found


def circles(community: Community) -> set[str]:
    pairs = {
        (entry.issuer, entry.subject["id"]): entry.ref for entry in entries(community, "evaluation", "mutual")
    }
    return {ref for (by, about), ref in pairs.items() if (about, by) in pairs}


def unanswered(community: Community) -> set[str]:
    aligned = {
        alignment["item"]
        for entry in entries(community, "standard")
        for alignment in entry.subject.get("alignments", ())
    }
    found = entries(community, "demand", "post")
    return {entry.ref for entry in found if aligned.isdisjoint(entry.subject["skills"])}


def low_share(community: Community) -> set[str]:
    found = set()
    for entry in entries(community, "credential", "practice_credit"):
        programme = next(link.ref for link in entry.links if link.rel == "awards")
        needed = community[programme].subject["requirements"]["enterpriseShareBp"]
        earned = entry.subject["creditsEarned"] * 100 * 10_000 / 4_000
        if entry.subject["creditKind"] == "enterprise" and round(earned) < needed:
            found.add(entry.ref)
    return found


def deposited_twice(community: Community) -> set[str]:
    deposits = defaultdict(list)
    for entry in entries(community, "creditentry"):
        for link in entry.links:
            if link.rel == "credits":
                deposits[link.ref].append(entry.ref)
    return {ref for refs in deposits.values() if len(refs) > 1 for ref in refs}


def expired(community: Community) -> set[str]:
    return {entry.ref for entry in entries(community, "creditentry") if entry.subject["op"] == "expire"}


def revoked(community: Community) -> set[str]:
    return set(community.revoked_by("2026-09-01"))


DETECTORS: dict[str, Callable[[Community], set[str]]] = {
    "circular_endorsement": circles,
    "credit_expired": expired,
    "double_deposit": deposited_twice,
    "early_leaver": left,
    "ended_agreement_used": ended_used,
    "evidence_revoked": revoked,
    "failed_then_passed": attempts,
    "identical_scores": alike,
    "late_entry": late,
    "long_day": long_days,
    "low_enterprise_share": low_share,
    "mentor_overload": overloaded,
    "night_work": nights,
    "no_contract": without("contract"),
    "no_insurance": without("insurance"),
    "overlap": overlaps,
    "score_gap": gaps,
    "short_practice": short,
    "unanswered_demand": unanswered,
    "underpaid": underpaid,
}


@pytest.fixture(scope="module")
def facts(whole: Community) -> dict[str, Planted]:
    """Code -> planted fact."""
    return {fact.code: fact for fact in planted(whole)}


@pytest.mark.parametrize("code", sorted(DETECTORS))
def test_these_records_and_no_others(whole: Community, facts: dict[str, Planted], code: str) -> None:
    assert DETECTORS[code](whole) == set(facts[code].refs)
