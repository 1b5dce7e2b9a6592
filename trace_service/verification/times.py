"""The log of verification times, and its 95th percentile (domain document, row 40: within three seconds).

Entries are gathered and written together, so that a verification does not wait for the disk. A process that
is killed loses at most `GATHERED` of them: the figure is operational, nothing is signed over it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from trace_service.database import bulk_insert, table_of, utc_now, write
from trace_service.verification.tables import VerificationTime

__all__ = ["TARGET_MS", "TimeLog", "Times", "times_between"]

log = logging.getLogger(__name__)

TARGET_MS: Final = 3_000
"""What the papers ask for."""

GATHERED: Final = 64
"""Entries that are written together: a commit for each would cost more than verifying."""

OLDEST_SECONDS: Final = 5.0
"""Age at which gathered entries are written with the next one, however few they are."""

MAX_KEPT: Final = 10_000
"""Entries kept while the database takes none; older ones go, for memory is not endless."""

_TIME = table_of(VerificationTime)
_COLUMNS = ("at", "milliseconds", "verdict")


@dataclass(frozen=True, slots=True)
class Times:
    """Verifications of a period: how many, median and 95th percentile in milliseconds (nearest rank)."""

    count: int
    p50: int | None
    p95: int | None

    def to_json(self) -> dict[str, object]:
        """`met` is null where nothing was verified."""
        met = None if self.p95 is None else self.p95 <= TARGET_MS
        return {"count": self.count, "p50": self.p50, "p95": self.p95, "target": TARGET_MS, "met": met}


class TimeLog:
    """Takes entries from any thread. `clock` gives seconds that only grow."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: list[tuple[datetime, int, str]] = []
        self._first = 0.0

    def note(self, seconds: float, verdict: str) -> None:
        """One verification that just ended."""
        now = self._clock()
        with self._lock:
            if not self._entries:
                self._first = now
            self._entries.append((utc_now(), round(seconds * 1000), verdict))
            due = len(self._entries) >= GATHERED or now - self._first >= OLDEST_SECONDS
        if due:
            try:
                self.flush()
            except sa.exc.OperationalError as error:
                log.warning("verification times are not written yet: %s", error.orig)

    def flush(self) -> None:
        """Write what is gathered; what cannot be written now is kept for the next time."""
        with self._lock:
            entries, self._entries = self._entries, []
        if not entries:
            return
        try:
            with write(self._engine) as connection:
                bulk_insert(connection, _TIME, _COLUMNS, entries)
        except BaseException:
            with self._lock:
                self._entries = (entries + self._entries)[-MAX_KEPT:]
            raise


def times_between(connection: Connection, since: datetime, until: datetime) -> Times:
    """Figures of [since, until)."""
    within = sa.and_(_TIME.c.at >= since, _TIME.c.at < until)
    count = connection.execute(sa.select(sa.func.count()).where(within)).scalar_one()
    return Times(count, _ranked(connection, within, count, 50), _ranked(connection, within, count, 95))


def _ranked(connection: Connection, within: sa.ColumnElement[bool], count: int, percent: int) -> int | None:
    """The smallest time that at least `percent` of 100 do not exceed."""
    if count == 0:
        return None
    rank = -(-count * percent // 100)
    query = sa.select(_TIME.c.milliseconds).where(within).order_by(_TIME.c.milliseconds)
    return int(connection.execute(query.offset(rank - 1).limit(1)).scalar_one())
