"""What the clients were told. The service's own records play no part in it."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

Receipt = dict[str, Any]


@dataclass
class Acknowledged:
    """One record that the service said it has.

    ``mark`` is text in the record's content that no other record of the campaign has; ``cycle`` is when it
    was acknowledged. An import acknowledges rows, so digest and receipt may be unknown.
    """

    mark: str
    way: str
    cycle: int
    digest: str | None = None
    receipt: Receipt | None = None


@dataclass
class Ledger:
    """Everything that was acknowledged, by mark, and what went otherwise than promised. For many threads."""

    cycle: int = 0
    records: dict[str, Acknowledged] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)  # ids of records whose revocation was accepted
    answers: int = 0
    answers_lost: int = 0  # requests whose answer never came; each was repeated
    put_off: int = 0  # answers "not now": nothing was promised
    repeated: int = 0  # answered requests that were made once more
    broken_words: list[str] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _marks: int = 0

    def new_mark(self) -> str:
        """Text that stands in one record only."""
        with self._lock:
            self._marks += 1
            return f"mark-{self._marks:06d}"

    def acknowledge(
        self, mark: str, way: str, digest: str | None = None, receipt: Receipt | None = None
    ) -> None:
        """Note that the service has the record."""
        with self._lock:
            self.records[mark] = Acknowledged(mark, way, self.cycle, digest, receipt)
        if receipt is not None:
            self.keep_receipt(mark, receipt)

    def keep_receipt(self, mark: str, receipt: Receipt) -> None:
        """Keep the receipt of an acknowledged record; it must be of that very record."""
        record = self.records[mark]
        record.receipt = receipt
        if receipt["recordDigest"] != record.digest:
            self.break_word(f"{mark}: the receipt is of {receipt['recordDigest']}, not of {record.digest}")

    def break_word(self, what: str) -> None:
        """Note that an answer contradicts an earlier one."""
        with self._lock:
            self.broken_words.append(what)

    def count(self, what: str) -> None:
        """Add one to ``answers``, ``answers_lost``, ``put_off`` or ``repeated``."""
        with self._lock:
            setattr(self, what, getattr(self, what) + 1)

    def receipts(self) -> list[Receipt]:
        """Every receipt that a client holds."""
        return [record.receipt for record in self.records.values() if record.receipt is not None]

    def by_cycle(self) -> Counter[int]:
        """How many records were acknowledged in each cycle."""
        return Counter(record.cycle for record in self.records.values())

    def by_way(self) -> Counter[str]:
        """How many records were acknowledged in each way."""
        return Counter(record.way for record in self.records.values())
