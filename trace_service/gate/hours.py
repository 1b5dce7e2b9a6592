"""Days, shifts and academic years (design: domain, section 2, "Exactness"): whole minutes, local days."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from trace_service.gate.facts import Shift

DAY_MINUTES = 8 * 60  # no more of a day counts, and no trainee may work longer
NIGHT_FROM, NIGHT_TO = 22 * 60, 6 * 60  # minutes after midnight: no trainee works between them
MIDNIGHT = 24 * 60
SEPTEMBER = 9  # the academic year begins on its first day

_DAY = timedelta(days=1)


class Span(NamedTuple):
    """Days from ``first`` to ``last``, both included."""

    first: date
    last: date

    def shared(self, other: Span) -> Span | None:
        """The days of both; None without any."""
        first, last = max(self.first, other.first), min(self.last, other.last)
        return Span(first, last) if first <= last else None

    @property
    def days(self) -> int:
        """How many days."""
        return (self.last - self.first).days + 1


def merge(spans: Iterable[Span]) -> list[Span]:
    """Return the same days as spans that neither touch nor overlap."""
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.first <= merged[-1].last + _DAY:
            merged[-1] = Span(merged[-1].first, max(merged[-1].last, span.last))
        else:
            merged.append(span)
    return merged


def academic_years(span: Span) -> Iterator[Span]:
    """Yield the academic years (1 September to 31 August) that have a day of ``span``."""
    year = span.first.year if span.first.month >= SEPTEMBER else span.first.year - 1
    while date(year, SEPTEMBER, 1) <= span.last:
        yield Span(date(year, SEPTEMBER, 1), date(year + 1, SEPTEMBER, 1) - _DAY)
        year += 1


def year_name(year: Span) -> str:
    """``2025-2026``."""
    return f"{year.first.year}-{year.last.year}"


def minutes_by_day(shifts: Iterable[Shift]) -> dict[date, int]:
    """Return the minutes worked on each day; a shift over midnight belongs to the day on which it began.

    Time that two shifts of a day share counts once; the breaks are taken off.
    """
    worked: dict[date, int] = {}
    first: dict[date, Shift] = {}
    shared: dict[date, list[Shift]] = {}
    for shift in shifts:
        day, start, end, rest, _counts = shift
        if day in worked:  # seldom: most days have one shift
            shared.setdefault(day, [first[day]]).append(shift)
        else:
            worked[day], first[day] = end - start - rest, shift
    worked.update((day, _worked(found)) for day, found in shared.items())
    return worked


def _worked(shifts: Sequence[Shift]) -> int:
    covered, until = 0, 0
    for shift in sorted(shifts, key=lambda each: each.start):
        covered += max(0, shift.end - max(shift.start, until))
        until = max(until, shift.end)
    return max(0, covered - sum(shift.rest for shift in shifts))


def at_night(shift: Shift) -> bool:
    """Whether any of the shift lies between 22:00 and 06:00."""
    return shift.start < NIGHT_TO or shift.end > NIGHT_FROM
