"""Kill a real worker at a named point, start it again, and judge by chain and database alone.

::

    kill_at("anchor.after_send", settings)   # kill -9 while it stands exactly there
    finish(world, settings)                  # a new process; returns when nothing is on its way
    assert reconcile(world) == []
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from eth_utils.crypto import keccak
from sqlalchemy.engine import Engine

from tests.support.world import PASSPHRASE, World
from trace_service import database
from trace_service.anchoring import outbox, queries
from trace_service.config import Settings
from trace_service.database import utc_now
from trace_service.evm.client import Client
from trace_service.evm.queries import TX

WORKER = "trace_service.worker"
PATIENCE_SECONDS = 90.0  # for a step that takes a second or two on an idle machine
MAX_BATCHES = 10_000  # of one organisation that are looked at: more than any test seals
BATCH_ANCHORED = keccak(text="BatchAnchored(bytes32,uint64,bytes32,uint24,uint24,uint8,address)")


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[bytes], what: str) -> None:
    """Wait for ``condition``; fails when the process ends first or it takes too long."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert process.poll() is None, f"the worker ended with {process.returncode} before: {what}"
        assert time.monotonic() < end, f"waited in vain for: {what}"
        time.sleep(0.05)


@contextmanager
def worker(
    settings: Settings, module: str = WORKER, stdin: int = subprocess.DEVNULL, **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A worker process on the installation; killed when the block ends, if it still runs."""
    log = settings.data_dir / "worker.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", module, "--data-dir", str(settings.data_dir)],
            stdin=stdin,
            stdout=output,
            stderr=output,
            env={**os.environ, "TRACE_PASSPHRASE": PASSPHRASE, **environment},
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def kill_at(point: str, settings: Settings, module: str = WORKER) -> None:
    """Start a worker that stops at hold point ``point``, and kill it with SIGKILL once it stands there."""
    mark = settings.data_dir / f"held-{time.monotonic_ns()}"
    with worker(settings, module, TRACE_HOLD_AT=point, TRACE_HOLD_FILE=str(mark)) as process:
        wait_until(mark.exists, process, f"the hold point {point}")
        process.kill()
        process.wait()


def finish(world: World, settings: Settings, module: str = WORKER) -> None:
    """Let a fresh worker bring everything to its end."""
    with worker(settings, module) as process:
        wait_until(lambda: _settled(world), process, "everything to be final")
        process.terminate()
        process.wait()


def _settled(world: World) -> bool:
    with database.read(world.engine) as connection:
        waiting = any(outbox.waiting_since(connection, pk, utc_now()) for pk in world.pks.values())
        return not waiting and not queries.anything_on_its_way(connection, utc_now())


def reconcile(world: World) -> list[str]:
    """What does not add up between chain and database; empty when every record is anchored exactly once.

    Nothing is taken from a log or from what the worker said.
    """
    registry = world.chain.anchor_registry
    return [*_records(world), *books_differ(world.engine, world.client, registry, world.relayer.address)]


def books_differ(engine: Engine, client: Client, registry: str, relayer: str) -> Iterator[str]:
    """Where database and chain say different things of batches and of the relayer's transactions, once
    nothing is on its way. The addresses are those of the AnchorRegistry and of the relayer.
    """
    yield from _batches(engine, client, registry)
    yield from _transactions(engine, client, relayer)


def _records(world: World) -> Iterator[str]:
    with database.read(world.engine) as connection:
        leaves = Counter(connection.execute(sa.select(queries.LEAF.c.record_digest)).scalars())
    for record in world.made:
        if leaves[record.digest] != 1:
            yield f"record {record.id} is in {leaves[record.digest]} leaves"


def _batches(engine: Engine, client: Client, registry: str) -> Iterator[str]:
    events = Counter((log["topics"][1], int(log["topics"][2], 16)) for log in _events(client, registry))
    with database.read(engine) as connection:
        for organisation in queries.organisations(connection):
            org = organisation.org_id
            rows = queries.batches_of(connection, organisation.pk, -1, MAX_BATCHES)
            head = client.call("AnchorRegistry", registry, "head", org)
            if [row.sequence for row in rows] != list(range(head)):
                yield f"{organisation.did}: {len(rows)} batches here, {head} on chain"
            for row in rows:
                found = client.call("AnchorRegistry", registry, "batchAt", org, row.sequence)
                seen = events.pop(("0x" + org.hex(), row.sequence), 0)
                if bytes(found["root"]) != row.root or row.final_at is None or seen != 1:
                    yield f"{organisation.did}/{row.sequence}: root differs, not final, or {seen} events"
    yield from (f"anchored but unknown here: {key}" for key in events)


def _events(client: Client, registry: str) -> list[dict[str, list[str]]]:
    query = {"fromBlock": "0x0", "address": registry, "topics": ["0x" + BATCH_ANCHORED.hex()]}
    found: list[dict[str, list[str]]] = client.request("eth_getLogs", query)
    return found


def _transactions(engine: Engine, client: Client, relayer: str) -> Iterator[str]:
    """Every transaction that the relayer has on chain must be on file: its intent was stored before its
    effect.
    """
    with database.read(engine) as connection:
        settled = connection.execute(
            sa.select(sa.func.count()).select_from(TX).where(TX.c.settled_at.is_not(None))
        ).scalar_one()
    nonce = client.nonce(relayer)
    if nonce != settled:
        yield f"the relayer sent {nonce} transactions, {settled} are on file"


def log_of(settings: Settings) -> str:
    """What the workers said, for a person who looks at a failure."""
    path = Path(settings.data_dir / "worker.log")
    return path.read_text("utf-8", "replace") if path.exists() else ""
