"""One engine, one session rule, one time type.

Writes begin with ``BEGIN IMMEDIATE`` on SQLite: a plain ``BEGIN`` that upgrades later fails with "locked" as
soon as two processes write. ``synchronous=FULL`` makes a returned commit durable (promise 1 of the
reliability notes).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Dialect, Engine
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel import SQLModel

AnyRow: TypeAlias = sa.Row[*tuple[Any, ...]]

BUSY_TIMEOUT_MS = 10_000  # longer than any write transaction of ours; a lock held longer is a defect


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """Aware UTC datetimes in and out; naive ones are refused."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime cannot be stored; give it a time zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


def utc_now() -> datetime:
    """The current time, aware, in UTC."""
    return datetime.now(UTC)


def make_engine(url: str) -> Engine:
    """Return an engine for ``url``; SQLite connections get WAL, full sync, foreign keys and immediate
    writes."""
    engine = sa.create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: Any, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # we emit BEGIN ourselves
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    mode = "IMMEDIATE" if connection.get_execution_options().get("write") else "DEFERRED"
    connection.exec_driver_sql(f"BEGIN {mode}")


@contextmanager
def write(engine: Engine) -> Iterator[Connection]:
    """A transaction that may write; committed durably when the block ends, rolled back if it raises."""
    with engine.connect().execution_options(write=True) as connection, connection.begin():
        yield connection


@contextmanager
def read(engine: Engine) -> Iterator[Connection]:
    """A consistent view for reading; nothing written in it survives."""
    with engine.connect() as connection:
        yield connection
        connection.rollback()


def table_of(model: type[SQLModel]) -> sa.Table:
    """Return the Core table of a model: bulk writes and joins go without the ORM."""
    name = model.__tablename__
    assert isinstance(name, str)
    return SQLModel.metadata.tables[name]
