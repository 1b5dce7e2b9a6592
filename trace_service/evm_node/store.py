"""The durable store: one SQLite file that holds everything the node must not lose.

py-evm sees a key-value mapping. Its writes collect in memory and reach the disk only in `commit`, together
with the index rows of the same block, in one SQLite transaction (WAL, synchronous=FULL). A block is therefore
either wholly there after a crash, or not at all.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from lru import LRU

from trace_service.evm_node.errors import StoreBroken, StoreUnavailable

STORE_NAME = "chain.sqlite3"
SCHEMA_VERSION = 1
# Trie nodes and code are content-addressed and never change, so they may be cached for ever;
# 50,000 entries of about half a kilobyte keep the hot state of a small chain in 25 MB.
CACHE_ENTRIES = 50_000
# Refusals that leave the file intact: the writer may try again. Everything else stops the node, because
# after a failed fsync the kernel may have dropped pages that a later, successful fsync would not write.
RETRYABLE = ("SQLITE_FULL", "SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_NOMEM")

SCHEMA = """
CREATE TABLE kv (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE blocks (number INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, body BLOB NOT NULL);
CREATE TABLE transactions (
    hash BLOB PRIMARY KEY, block INTEGER NOT NULL, position INTEGER NOT NULL,
    body BLOB NOT NULL, receipt BLOB NOT NULL);
CREATE UNIQUE INDEX transactions_by_block ON transactions (block, position);
CREATE TABLE logs (
    block INTEGER NOT NULL, position INTEGER NOT NULL, address BLOB NOT NULL,
    topic0 BLOB, topic1 BLOB, topic2 BLOB, topic3 BLOB, body BLOB NOT NULL,
    PRIMARY KEY (block, position)) WITHOUT ROWID;
CREATE INDEX logs_by_address ON logs (address, block);
CREATE INDEX logs_by_topic ON logs (topic0, block);
CREATE TABLE pool (
    place INTEGER PRIMARY KEY AUTOINCREMENT, hash BLOB NOT NULL UNIQUE,
    sender BLOB NOT NULL, nonce INTEGER NOT NULL, raw BLOB NOT NULL, UNIQUE (sender, nonce));
"""


class Statement(NamedTuple):
    """An SQL statement and the rows to run it with."""

    sql: str
    rows: Sequence[tuple[Any, ...]]


class KeyValues:
    """The mapping under py-evm's AtomicDB: reads through to SQLite, holds writes until `Store.commit`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._cache: LRU[bytes, bytes] = LRU(CACHE_ENTRIES)
        self.staged: dict[bytes, bytes | None] = {}

    def __getitem__(self, key: bytes) -> bytes:
        if key in self.staged:
            staged = self.staged[key]
            if staged is None:
                raise KeyError(key)
            return staged
        cached = self._cache.get(key)
        if cached is not None:
            return cached
        rows = _read(self._connection, "SELECT value FROM kv WHERE key = ?", (key,))
        if not rows:
            raise KeyError(key)
        value: bytes = rows[0][0]
        self._cache[key] = value
        return value

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self.staged[key] = value

    def __delitem__(self, key: bytes) -> None:
        self.staged[key] = None

    def __contains__(self, key: bytes) -> bool:
        try:
            self[key]
        except KeyError:
            return False
        return True

    def statements(self) -> list[Statement]:
        """What makes the held-back writes durable."""
        changed = [(key, value) for key, value in self.staged.items() if value is not None]
        deleted = [(key,) for key, value in self.staged.items() if value is None]
        return [
            Statement("INSERT OR REPLACE INTO kv (key, value) VALUES (?, ?)", changed),
            Statement("DELETE FROM kv WHERE key = ?", deleted),
        ]

    def settle(self) -> None:
        """The held-back writes are on disk: move them to the cache."""
        for key, value in self.staged.items():
            if value is None:
                self._cache.pop(key, None)
            else:
                self._cache[key] = value
        self.staged.clear()

    def discard(self) -> None:
        """Forget the held-back writes."""
        self.staged.clear()


def _error_name(error: sqlite3.Error) -> str:
    return getattr(error, "sqlite_errorname", None) or type(error).__name__


def _read(connection: sqlite3.Connection, sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    try:
        return connection.execute(sql, parameters).fetchall()
    except sqlite3.Error as error:
        raise StoreBroken(_error_name(error)) from error


class Store:
    """The SQLite file of one chain. Used from one thread; `factory` lets tests inject failing connections.

    Raises StoreBroken when the file is no database.
    """

    def __init__(self, path: Path, factory: type[sqlite3.Connection] = sqlite3.Connection) -> None:
        self._connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, factory=factory
        )
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "busy_timeout = 10000"):
            self.read(f"PRAGMA {pragma}")
        self.kv = KeyValues(self._connection)

    def create_schema(self) -> None:
        """Create the tables of an empty file, in one transaction."""
        self._connection.executescript(f"BEGIN IMMEDIATE; {SCHEMA} COMMIT;")

    def has_schema(self) -> bool:
        """Whether the tables exist."""
        return bool(self.read("SELECT 1 FROM sqlite_master WHERE name = 'meta'"))

    def meta(self, name: str) -> str | None:
        """A setting written with genesis, or None."""
        rows = self.read("SELECT value FROM meta WHERE name = ?", (name,))
        return rows[0][0] if rows else None

    def read(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query. Raises StoreBroken."""
        return _read(self._connection, sql, parameters)

    def commit(self, statements: Iterable[Statement], *, with_state: bool = False) -> None:
        """Run all statements in one durable transaction; on return they survive a crash.

        `with_state` adds the key-value writes that py-evm made since the last commit. Raises StoreUnavailable
        (nothing stored, may be tried again) or StoreBroken (nothing visible, the node must stop). Either way
        the held-back key-value writes are forgotten, so the caller's view is that of the last commit.
        """
        work = [*(self.kv.statements() if with_state else ()), *statements]
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for statement in work:
                if statement.rows:
                    self._connection.executemany(statement.sql, statement.rows)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._abandon()
            name = _error_name(error)
            if name.startswith(RETRYABLE):
                raise StoreUnavailable(name) from error
            raise StoreBroken(name) from error
        if with_state:
            self.kv.settle()

    def _abandon(self) -> None:
        self.kv.discard()
        if self._connection.in_transaction:
            self._connection.rollback()

    def close(self) -> None:
        """Close the file; SQLite folds the write-ahead log into it."""
        self._connection.close()
