"""Days of Asia/Shanghai, in which periods and events are counted (domain document, exactness)."""

from __future__ import annotations

import datetime
from typing import Final

__all__ = ["UTC_OFFSET", "day_of", "parse_day"]

UTC_OFFSET: Final = 8 * 3600
"""Seconds ahead of UTC. China has kept one time without summer time since 1991."""

_EPOCH: Final = datetime.date(1970, 1, 1)


def day_of(epoch_seconds: int) -> datetime.date:
    """The day of a moment."""
    return _EPOCH + datetime.timedelta(days=(epoch_seconds + UTC_OFFSET) // 86400)


def parse_day(text: str) -> datetime.date:
    """A date of a record, YYYY-MM-DD; its schema has held it to be one."""
    return datetime.date.fromisoformat(text)
