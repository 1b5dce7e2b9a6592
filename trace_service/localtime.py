"""Days of Asia/Shanghai: the dates in records are of these, whatever the machine's own zone."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

__all__ = ["CHINA", "start_of", "today"]

CHINA = ZoneInfo("Asia/Shanghai")


def today() -> date:
    """The date there now."""
    return datetime.now(CHINA).date()


def start_of(day: date) -> datetime:
    """The moment at which a day begins."""
    return datetime.combine(day, time(), CHINA)
