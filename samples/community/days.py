"""Days of the plan: practice weeks, dates of the year's events, times of signature."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache, lru_cache

from samples.community.plan import YEARS

__all__ = ["at", "in_year", "later", "mentor_days", "practice_days"]

_FIRST_MONDAYS = (date(2023, 9, 4), date(2024, 9, 2), date(2025, 9, 1))
# 40 weeks less the week of National Day and eight of winter: 31.
_WEEKS = tuple(week for week in range(40) if week != 4 and not 18 <= week <= 25)
_HOLIDAYS = frozenset(
    date.fromisoformat(day)
    for day in (
        "2024-04-04",
        "2024-05-01",
        "2024-05-02",
        "2024-05-03",
        "2024-09-16",
        "2024-09-17",
        "2025-04-04",
        "2025-05-01",
        "2025-05-02",
        "2025-05-05",
        "2025-10-06",
        "2025-10-07",
        "2025-10-08",
        "2026-04-06",
        "2026-05-01",
        "2026-05-04",
        "2026-05-05",
    )
)


def at(day: str) -> str:
    """The time at which something is signed on a day: ten in the morning in Shanghai."""
    return f"{day}T02:00:00Z"


@lru_cache(maxsize=1 << 14)
def later(day: str, days: int) -> str:
    """The date so many days after another."""
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


def in_year(year: int, month_day: str) -> str:
    """The date of MM-DD in the academic year with this index."""
    first = YEARS[year]
    return f"{first if month_day >= '09-01' else first + 1}-{month_day}"


@cache
def practice_days(year: int, weekday: int) -> tuple[str, ...]:
    """Dates of the 31 practice days on this weekday (Monday 0); a holiday's is made up for on Saturday."""
    found = []
    for week in _WEEKS:
        monday = _FIRST_MONDAYS[year] + timedelta(weeks=week)
        day = monday + timedelta(days=weekday)
        found.append((monday + timedelta(days=5) if day in _HOLIDAYS else day).isoformat())
    return tuple(found)


@cache
def mentor_days(year: int, month: int) -> tuple[str, ...]:
    """Four Wednesdays of a month, never the first day of it."""
    calendar_year = YEARS[year] + (month < 9)
    first = date(calendar_year, month, 1)
    first += timedelta(days=(2 - first.weekday()) % 7)
    if first.day == 1:
        first += timedelta(weeks=1)
    return tuple((first + timedelta(weeks=week)).isoformat() for week in range(4))
