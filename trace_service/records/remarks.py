"""What a person should look at before a draft is signed: remarks on one document, by fixed rules.

A remark keeps nothing out. It says which drafts are not to be signed in one go: "approve all without remarks"
leaves them for a look at each.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from trace_service.localtime import CHINA

DAY_MINUTES = 8 * 60  # what a day of practice may have (domain row 95)
NIGHT_FROM, NIGHT_TO = 22 * 60, 6 * 60  # minutes after midnight
GAP_OF_MAXIMUM = 0.2  # firm and school further apart on one item should have talked
LATE_DAYS = 31  # practice is written down within the month


class Remark(StrEnum):
    """Why a draft deserves a look of its own."""

    LONG_DAY = "day_over_8h"
    NIGHT_WORK = "night_work"
    ENTERED_LATE = "entered_late"
    NOT_PASSED = "not_passed"
    SCORES_APART = "scores_far_apart"
    OWN_SCORES = "own_scores_by_another"
    SENT_BACK = "sent_back_before"


REMARK_TEXTS: dict[Remark, str] = {
    Remark.LONG_DAY: "单日超过8小时 / a day over eight hours",
    Remark.NIGHT_WORK: "22:00-6:00有夜班 / work between 22:00 and 06:00",
    Remark.ENTERED_LATE: "补录超过一个月 / entered more than a month later",
    Remark.NOT_PASSED: "有未通过条目 / an item was not passed",
    Remark.SCORES_APART: "校企评分相差较大 / firm and school scores far apart",
    Remark.OWN_SCORES: "他方代填了本方评分 / scores in our role that we did not give",
    Remark.SENT_BACK: "曾被退回 / was sent back before",
}


def remarks_on(
    document: Mapping[str, Any], drafted: datetime, roles: Collection[str], *, revised: bool = False
) -> list[Remark]:
    """Return the remarks on a draft for a signer, in the order of `Remark`.

    ``roles`` are those in which the signer may score; none where it proposed the draft or gave its part.
    ``revised`` says that the draft took the place of one that was sent back.
    """
    subject = document["credentialSubject"]
    found: set[Remark] = set()
    if "days" in subject:
        found.update(_of_days(subject["days"], drafted))
    if "items" in subject and subject.get("type") == ["Evaluation"]:
        found.update(_of_scores(subject["items"], roles))
    if revised:
        found.add(Remark.SENT_BACK)
    return [remark for remark in Remark if remark in found]


def minutes_of(clock: str) -> int:
    """Return HH:MM in minutes after midnight."""
    return int(clock[:2]) * 60 + int(clock[3:])


def is_night(start: int, end: int) -> bool:
    """Whether work from ``start`` to ``end`` touches the hours from 22:00 to 06:00.

    Minutes after midnight; an end at or before the start lies on the next day.
    """
    return start < NIGHT_TO or start >= NIGHT_FROM or end > NIGHT_FROM or end <= start


def _of_days(days: list[Mapping[str, Any]], drafted: datetime) -> Iterator[Remark]:
    minutes: dict[str, int] = {}
    for day in days:
        start, end = minutes_of(day["start"]), minutes_of(day["end"])
        worked = ((end - start) % 1440 or 1440) - day["breakMinutes"]
        minutes[day["date"]] = minutes.get(day["date"], 0) + worked
        if is_night(start, end):
            yield Remark.NIGHT_WORK
    if any(worked > DAY_MINUTES for worked in minutes.values()):
        yield Remark.LONG_DAY
    first = min(date.fromisoformat(day) for day in minutes)
    if (drafted.astimezone(CHINA).date() - first).days > LATE_DAYS:
        yield Remark.ENTERED_LATE


def _of_scores(items: list[Mapping[str, Any]], roles: Collection[str]) -> Iterator[Remark]:
    shares: dict[str, list[float]] = {}
    for item in items:
        shares.setdefault(item["item"], []).append(item["score"] / item["max"])
        if not item["pass"]:
            yield Remark.NOT_PASSED
        if item["by"] in roles:
            yield Remark.OWN_SCORES
    if any(max(each) - min(each) > GAP_OF_MAXIMUM for each in shares.values()):
        yield Remark.SCORES_APART
