"""Physical floors: what the machine needs for the parts that no design can leave out.

They are measured in the same process and run as each benchmark, before and after it, because a shared machine
drifts: read a rate as its share of the floor beside it.
"""

from __future__ import annotations

import hashlib
import sqlite3
import statistics
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.model import times

ROUNDS = 5  # the median of so many
SIGNATURES = 400  # a round: some tens of milliseconds
HASHES = 20_000
RECORD = bytes(2048)  # a certificate is about so large
COMMITS = 40
ROWS = 2_000  # of one bulk transaction, as bulk issue commits them


def measure(folder: Path) -> dict[str, float]:
    """Microseconds of each floor, by name. The database is made in ``folder``, on the disk that counts."""
    key = Ed25519PrivateKey.generate()
    public, signed = key.public_key(), key.sign(RECORD[:64])
    return {
        "ed25519_sign_us": _each(lambda: key.sign(RECORD[:64]), SIGNATURES),
        "ed25519_verify_us": _each(lambda: public.verify(signed, RECORD[:64]), SIGNATURES),
        "sha256_2kb_us": _each(lambda: hashlib.sha256(RECORD).digest(), HASHES),
        **_inserts(folder),
    }


def _each(call: Callable[[], object], count: int) -> float:
    def many() -> None:
        for _ in range(count):
            call()

    return round(statistics.median(times(many, ROUNDS)) / count * 1e6, 2)


def _inserts(folder: Path) -> dict[str, float]:
    path = folder / "floor.db"
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE record (pk INTEGER PRIMARY KEY, digest BLOB UNIQUE, document BLOB)")
        numbers = iter(range(1 << 30))

        def rows(count: int) -> list[tuple[bytes, bytes]]:
            return [(hashlib.sha256(next(numbers).to_bytes(8)).digest(), RECORD) for _ in range(count)]

        def commit(batch: list[tuple[bytes, bytes]]) -> None:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO record (digest, document) VALUES (?, ?)", batch)
            connection.execute("COMMIT")

        one = times(lambda: commit(rows(1)), COMMITS)
        bulk = times(lambda: commit(rows(ROWS)), ROUNDS)
    finally:
        connection.close()
        for left in folder.glob("floor.db*"):
            left.unlink()
    return {
        "durable_insert_us": round(statistics.median(one) * 1e6, 1),
        "bulk_insert_row_us": round(statistics.median(bulk) / ROWS * 1e6, 2),
    }
