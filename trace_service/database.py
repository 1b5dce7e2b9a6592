"""One engine, one session rule, one time type; SQLite or PostgreSQL.

Writes begin with ``BEGIN IMMEDIATE`` on SQLite: a plain ``BEGIN`` that upgrades later fails with "locked" as
soon as two processes write. ``synchronous=FULL`` makes a returned commit durable (promise 1 of the
reliability notes), as PostgreSQL's default does.

On PostgreSQL writes run at READ COMMITTED: what must not change between looking and writing is locked (`FOR
UPDATE`) or part of the statement that writes. Reads run at REPEATABLE READ, so that they see one state, as
they do on SQLite.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Connection, Dialect, Engine
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel import SQLModel

AnyRow: TypeAlias = sa.Row[*tuple[Any, ...]]

CACHE_KIB = 65_536  # a bulk transaction's pages stay in memory until it commits, instead of being spilled
PAGE_BYTES = 8_192  # a record of 3 kB leaves a third of a smaller page empty; fixed when a database is made
CHECKPOINT_PAGES = 8_192  # 64 MiB of log: index pages that many commits touch are copied back once
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
    """Return an engine for ``url`` (``sqlite:///…`` or ``postgresql+psycopg://…``).

    SQLite connections get WAL, full sync, foreign keys and immediate writes; PostgreSQL's a bound on waiting
    for locks.
    """
    if sa.make_url(url).get_backend_name() == "postgresql":
        options = f"-c lock_timeout={BUSY_TIMEOUT_MS}"
        return sa.create_engine(url, connect_args={"options": options}, pool_pre_ping=True)
    engine = sa.create_engine(url)
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: Any, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # we emit BEGIN ourselves
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        f"page_size={PAGE_BYTES}",
        "journal_mode=WAL",
        "synchronous=FULL",
        f"cache_size=-{CACHE_KIB}",
        f"wal_autocheckpoint={CHECKPOINT_PAGES}",
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
        if connection.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ")
        yield connection
        connection.rollback()


def take_turns(connection: Connection, *name: object) -> None:
    """Wait until no other writing transaction has taken its turn under ``name``, and keep it until the end.

    For what is looked for and then made. On SQLite writers take turns anyway, and reading needs none.
    """
    if connection.dialect.name != "postgresql" or not connection.get_execution_options().get("write"):
        return
    digest = hashlib.sha256(repr(name).encode()).digest()
    key = int.from_bytes(digest[:8], "big", signed=True)
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))


def lock_rows(connection: Connection, table: sa.Table, pks: Iterable[int]) -> None:
    """Lock these rows of ``table`` until the transaction ends, in one order for everybody.

    What is read afterwards is what the writers before have left. On SQLite the transaction is the lock.
    """
    wanted = sorted(set(pks))
    if connection.dialect.name != "postgresql" or not wanted:
        return
    query = sa.select(table.c.pk).where(table.c.pk == sa.func.any(sa.cast(wanted, ARRAY(sa.Integer))))
    connection.execute(query.order_by(table.c.pk).with_for_update(key_share=True)).all()


def bulk_insert(
    connection: Connection, table: sa.Table, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Insert ``rows``, each with the values of ``columns`` in that order.

    On SQLite the driver is given the tuples as they are: half the time of Core, which walks a dictionary for
    each row. Only times need turning into what the driver stores, and in bulk nearly all of them are the
    same.
    """
    if not rows:
        return
    if connection.dialect.name != "sqlite":
        named = [dict(zip(columns, row, strict=True)) for row in rows]
        connection.execute(sa.insert(table), named)
        return
    times = [i for i, name in enumerate(columns) if isinstance(table.c[name].type, UtcDateTime)]
    to_text = UtcDateTime().bind_processor(connection.dialect)
    assert to_text is not None
    known: dict[Any, Any] = {}
    values = [list(row) for row in rows]
    for row in values:
        for i in times:
            time = row[i]
            if time not in known:
                known[time] = to_text(time)
            row[i] = known[time]
    marks = ", ".join("?" * len(columns))
    statement = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - our names
    connection.exec_driver_sql(statement, [tuple(row) for row in values])


def table_of(model: type[SQLModel]) -> sa.Table:
    """Return the Core table of a model: bulk writes and joins go without the ORM."""
    name = model.__tablename__
    assert isinstance(name, str)
    return SQLModel.metadata.tables[name]
