"""The log of verification times: what it keeps, when it writes, and its percentiles."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from trace_service.database import make_engine, read, table_of
from trace_service.migrate import upgrade
from trace_service.verification.tables import VerificationTime
from trace_service.verification.times import GATHERED, OLDEST_SECONDS, TimeLog, Times, times_between

YEAR = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


class Clock:
    """Seconds that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = make_engine(f"sqlite:///{tmp_path / 'service.db'}")
    upgrade(engine)
    yield engine
    engine.dispose()


def stored(engine: Engine) -> int:
    with read(engine) as connection:
        query = sa.select(sa.func.count()).select_from(table_of(VerificationTime))
        return int(connection.execute(query).scalar_one())


def test_nothing_verified_has_no_percentile(engine: Engine) -> None:
    with read(engine) as connection:
        found = times_between(connection, *YEAR)
    assert found == Times(0, None, None)
    assert found.to_json()["met"] is None


def test_percentiles_are_nearest_ranks(engine: Engine) -> None:
    """Of 20 times 100, 200, ..., 2000 ms the 10th is the median, the 19th the 95th percentile."""
    log = TimeLog(engine)
    for number in (7, 20, 1, *range(2, 7), *range(8, 20)):
        log.note(number / 10, "VALID")
    log.flush()
    with read(engine) as connection:
        assert times_between(connection, *YEAR) == Times(20, 1000, 1900)


def test_one_time_is_every_percentile_and_the_target_is_inclusive(engine: Engine) -> None:
    log = TimeLog(engine)
    log.note(3.0, "VALID")
    log.flush()
    with read(engine) as connection:
        assert times_between(connection, *YEAR).to_json() == {
            "count": 1,
            "p50": 3000,
            "p95": 3000,
            "target": 3000,
            "met": True,
        }


def test_entries_are_written_when_enough_are_gathered(engine: Engine) -> None:
    log = TimeLog(engine, Clock())
    for _ in range(GATHERED - 1):
        log.note(0.1, "VALID")
    assert stored(engine) == 0
    log.note(0.1, "VALID")
    assert stored(engine) == GATHERED


def test_old_entries_are_written_with_the_next(engine: Engine) -> None:
    clock = Clock()
    log = TimeLog(engine, clock)
    log.note(0.1, "VALID")
    clock.now = OLDEST_SECONDS
    log.note(0.1, "UNDECIDED")
    assert stored(engine) == 2


def test_entries_survive_a_database_that_takes_none(engine: Engine) -> None:
    clock = Clock()
    log = TimeLog(engine, clock)
    log.note(0.1, "VALID")
    clock.now = OLDEST_SECONDS
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE verification_time RENAME TO elsewhere"))
    log.note(0.1, "VALID")  # who verifies does not hear of it
    with pytest.raises(sa.exc.OperationalError):
        log.flush()
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE elsewhere RENAME TO verification_time"))
    log.flush()
    assert stored(engine) == 2


def test_a_period_excludes_its_end(engine: Engine) -> None:
    log = TimeLog(engine)
    log.note(0.1, "VALID")
    log.flush()
    with read(engine) as connection:
        at = connection.execute(sa.select(table_of(VerificationTime).c.at)).scalar_one()
        assert times_between(connection, at, at + timedelta(seconds=1)).count == 1
        assert times_between(connection, at - timedelta(seconds=1), at).count == 0
