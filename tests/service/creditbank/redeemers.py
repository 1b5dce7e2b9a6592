"""A process of the concurrency test: many threads, each with a connection of its own, redeem as fast as they
can. Prints one line of JSON: how many were drafted, how many overdrafts, and how often the database was busy.

    python -m tests.service.creditbank.redeemers <facts.json>
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError

from tests.support.service import CHAIN
from trace_service.creditbank.entries import entry_draft
from trace_service.creditbank.problems import OverdraftError
from trace_service.creditbank.requests import RedeemBody
from trace_service.database import make_engine, write
from trace_service.organisations.authority import KnownKeys
from trace_service.records.proofs import Door, add_proofs
from trace_service.records.service import DraftedRecord, draft_many
from trace_service.signer.proofs import RecordSigner

START_SECONDS = 60


@dataclass(frozen=True)
class Facts:
    """What a process is to do: ``threads`` threads redeem ``each`` times. ``key`` is the bank's (hex)."""

    url: str
    bank: str
    key: str
    holder: str
    amount: int
    threads: int
    each: int
    ready: str  # this process makes this file, and begins once `go` is there
    go: str

    def write(self, path: Path) -> None:
        """Store them as JSON."""
        path.write_text(json.dumps(asdict(self)))


def main(facts: Facts) -> Counter[str]:
    """Run the threads and return what they met."""
    met: Counter[str] = Counter()
    start = threading.Barrier(facts.threads + 1)
    threads = [threading.Thread(target=_redeem, args=(facts, start, met)) for _ in range(facts.threads)]
    for thread in threads:
        thread.start()
    Path(facts.ready).touch()
    deadline = time.monotonic() + START_SECONDS
    while not Path(facts.go).exists():
        assert time.monotonic() < deadline, "never told to go"
        time.sleep(0.005)
    start.wait()
    for thread in threads:
        thread.join()
    return met


def _redeem(facts: Facts, start: threading.Barrier, met: Counter[str]) -> None:
    engine = make_engine(facts.url)
    signer = RecordSigner(facts.bank, Ed25519PrivateKey.from_private_bytes(bytes.fromhex(facts.key)))
    body = RedeemBody(holder=facts.holder, creditKind="enterprise", amount=facts.amount, course="C")
    with engine.connect() as connection:  # open before the start
        connection.rollback()
    start.wait()
    seen: Counter[str] = Counter()
    while seen["drafted"] + seen["overdraft"] < facts.each:
        try:
            with write(engine) as connection:
                draft = entry_draft(connection, facts.bank, body)
                drafted = draft_many(connection, CHAIN, facts.bank, [draft], whole_words=False)[0]
        except OverdraftError:
            seen["overdraft"] += 1
            continue
        except OperationalError:
            seen["busy"] += 1  # the API answers 503 and the client sends it again
            continue
        seen["drafted"] += 1
        if seen["drafted"] % 2:  # every other one is signed at once: booking and reserving meet
            seen["booked"] += _sign(engine, signer, drafted, seen)
    met.update(seen)  # under the interpreter's lock, once a thread
    engine.dispose()


def _sign(engine: Engine, signer: RecordSigner, drafted: DraftedRecord, seen: Counter[str]) -> bool:
    """Hand in the bank's proof, again as long as the database is busy; return whether that booked it."""
    now = int(time.time())
    proof = signer.proof(drafted.digest, drafted.record.schema, now)
    door = Door(KnownKeys(), now, now, 900)
    while True:
        try:
            with write(engine) as connection:
                return add_proofs(connection, signer.did, [(drafted.digest, proof)], door)[0].completed
        except OperationalError:
            seen["busy"] += 1


if __name__ == "__main__":
    print(json.dumps(main(Facts(**json.loads(Path(sys.argv[1]).read_text())))))
