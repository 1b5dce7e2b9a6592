"""A thousand redemptions at once, from two processes and over connections of their own: none overdraws."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.service.creditbank.bank import BANK, Bank, new_id
from tests.service.creditbank.redeemers import START_SECONDS, Facts
from tests.support.service import SCHOOL
from trace_service.creditbank import queries
from trace_service.creditbank.problems import AlreadyDepositedError
from trace_service.creditbank.requests import DepositBody
from trace_service.database import read, write
from trace_service.records.queries import RECORD
from verifier_cli.record import Record

REDEMPTIONS = 1_000
PROCESSES = 2
THREADS = {"sqlite": 10, "postgresql": 50}  # a process; SQLite has one writer, and the others poll
CREDITS = 500
AMOUNT = 70  # 50,000 / 70 = 714 and a rest of 20
SECONDS = 200


@contextmanager
def _processes(bank: Bank, holder: str, folder: Path) -> Iterator[list[subprocess.Popen[str]]]:
    settings = bank.service.settings
    threads = THREADS[bank.service.engine.dialect.name]
    key = bank.service.signers[BANK].key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    running = []
    try:
        for number in range(PROCESSES):
            facts = Facts(
                url=settings.database_url,
                bank=BANK,
                key=key.hex(),
                holder=holder,
                amount=AMOUNT,
                threads=threads,
                each=REDEMPTIONS // PROCESSES // threads,
                ready=str(folder / f"ready-{number}"),
                go=str(folder / "go"),
            )
            facts.write(folder / f"facts-{number}.json")
            command = [sys.executable, "-m", "tests.service.creditbank.redeemers"]
            running.append(
                subprocess.Popen(
                    [*command, str(folder / f"facts-{number}.json")], stdout=subprocess.PIPE, text=True
                )
            )
        yield running
    finally:
        for process in running:
            if process.poll() is None:
                process.kill()
            process.communicate()


def _run(bank: Bank, holder: str, folder: Path) -> Counter[str]:
    """Start them together and return what they met, in all."""
    met: Counter[str] = Counter()
    with _processes(bank, holder, folder) as running:
        deadline = time.monotonic() + START_SECONDS
        while sum((folder / f"ready-{number}").exists() for number in range(PROCESSES)) < PROCESSES:
            assert all(process.poll() is None for process in running)
            assert time.monotonic() < deadline
            time.sleep(0.02)
        (folder / "go").touch()
        for process in running:
            output, _ = process.communicate(timeout=SECONDS)
            assert process.returncode == 0
            met.update(json.loads(output))
    return met


@pytest.mark.slow
def test_a_thousand_redemptions_never_overdraw(bank: Bank, tmp_path: Path) -> None:
    holder = new_id()
    bank.do(DepositBody(credential=bank.credential(holder, CREDITS).ref))
    met = _run(bank, holder, tmp_path)
    possible = CREDITS * 100 // AMOUNT
    assert (met["drafted"], met["overdraft"]) == (possible, REDEMPTIONS - possible)
    rest = CREDITS * 100 - possible * AMOUNT
    with read(bank.service.engine) as connection:
        open_ones = connection.execute(
            sa.select(RECORD.c.id).where(
                RECORD.c.schema_name == "creditentry.1", RECORD.c.completed_at.is_(None)
            )
        ).scalars()
        waiting = list(open_ones)
    assert len(waiting) == possible - met["booked"]
    assert bank.accounts(holder) == {
        (BANK, "enterprise"): (rest + AMOUNT * len(waiting), AMOUNT * len(waiting))
    }
    with write(bank.service.engine) as connection:
        for record in waiting:
            bank.sign(connection, record)
    assert bank.accounts(holder) == {(BANK, "enterprise"): (rest, 0)}
    with read(bank.service.engine) as connection:
        assert connection.execute(sa.select(sa.func.sum(queries.POSTING.c.amount))).scalar_one() == 0
        entries = connection.execute(sa.select(sa.func.count()).select_from(queries.JOURNAL)).scalar_one()
    assert entries == 1 + possible
    assert bank.findings() == []


def test_one_credential_deposited_by_many_at_once(bank: Bank) -> None:
    holder = new_id()
    credential = bank.credential(holder)

    def deposit(_number: int) -> str:
        try:
            return bank.draft(DepositBody(credential=credential.ref)).id
        except AlreadyDepositedError as refused:
            return f"refused for {refused.record}"

    with ThreadPoolExecutor(12) as pool:
        answers = Counter(pool.map(deposit, range(60)))
    (made,) = [answer for answer in answers if not answer.startswith("refused")]
    assert answers == {made: 1, f"refused for {made}": 59}


def test_two_last_signatures_at_once_complete_a_record(bank: Bank) -> None:
    """On PostgreSQL neither transaction sees the other's proof before it ends."""
    holder = new_id()
    drafted = [bank.draft(DepositBody(credential=bank.credential(holder, 1).ref)) for _ in range(20)]

    def sign(did: str, record: Record) -> None:
        with write(bank.service.engine) as connection:
            bank.sign_as(connection, did, record)

    with ThreadPoolExecutor(8) as pool:
        signed = [pool.submit(sign, did, one.record) for one in drafted for did in (BANK, SCHOOL)]
    assert [future.result() for future in signed] == [None] * 40
    assert bank.accounts(holder) == {(BANK, "enterprise"): (2_000, 0)}
    assert bank.findings() == []
