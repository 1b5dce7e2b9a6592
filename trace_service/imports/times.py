"""Working times as people write them: 08:30-17:30(60), also with full-width signs and a date before."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise

_SPAN = re.compile(
    r"(\d{1,2}):(\d{2})(?::00)?\s*[-~—–至]\s*(\d{1,2}):(\d{2})(?::00)?(?:\s*\((\d{1,3})(?:min|分钟|分)?\))?"
)
_DATED = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})\s+(.+)")
_BETWEEN = re.compile(r"[;,、\n]+")
DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Span:
    """One stretch of work; minutes after midnight. ``end`` <= ``start`` means past midnight."""

    start: int
    end: int
    break_minutes: int

    @property
    def length(self) -> int:
        """Minutes from start to end, the break included."""
        return (self.end - self.start) % DAY_MINUTES or DAY_MINUTES

    def as_day(self, day: date) -> dict[str, object]:
        """The member of an activity's ``days``."""
        return {
            "date": day.isoformat(),
            "start": f"{self.start // 60:02}:{self.start % 60:02}",
            "end": f"{self.end // 60:02}:{self.end % 60:02}",
            "breakMinutes": self.break_minutes,
        }


@lru_cache(maxsize=4096)
def parse_spans(text: str) -> tuple[Span, ...]:
    """The spans of one day, ascending. Raises ValueError with the part that cannot be read."""
    parts = _BETWEEN.split(unicodedata.normalize("NFKC", text))
    spans = tuple(
        sorted((_span(part.strip()) for part in parts if part.strip()), key=lambda span: span.start)
    )
    for before, after in pairwise(spans):
        if before.start + before.length > after.start:
            raise ValueError(f"重叠：{text.strip()} | overlapping: {text.strip()}")
    return spans


def _span(part: str) -> Span:
    match = _SPAN.fullmatch(part)
    if match is None:
        raise ValueError(part)
    start, end = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
    if int(match[2]) > 59 or int(match[4]) > 59 or start >= DAY_MINUTES or end > DAY_MINUTES:
        raise ValueError(part)
    span = Span(start, end % DAY_MINUTES, int(match[5] or 0))
    if start == end or span.break_minutes >= span.length:
        raise ValueError(part)
    return span


@lru_cache(maxsize=4096)
def parse_dated_spans(text: str) -> tuple[tuple[date, Span], ...]:
    """Spans with their dates, ascending; a part without a date belongs to the date before it."""
    days: dict[date, list[str]] = {}
    day: date | None = None
    for part in _BETWEEN.split(unicodedata.normalize("NFKC", text)):
        if not (part := part.strip()):
            continue
        if match := _DATED.fullmatch(part):
            day, part = date(int(match[1]), int(match[2]), int(match[3])), match[4]
        if day is None:
            raise ValueError(part)
        days.setdefault(day, []).append(part)
    return tuple((day, span) for day in sorted(days) for span in parse_spans(";".join(days[day])))
