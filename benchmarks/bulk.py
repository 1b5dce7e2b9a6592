"""Bulk issue: validated, signed, stored durably and sealed, in one process, on the service's own path."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa

from benchmarks.model import Figure, Goal, Scale, Watch, stopwatch
from benchmarks.processes import peak_mib
from benchmarks.sample import awards, certificates
from tests.support.nodes import embedded_node
from tests.support.records import SCHOOL, make_key
from tests.support.world import World, make_world
from trace_service.anchoring.sealing import seal
from trace_service.config import Settings
from trace_service.database import read, utc_now, write
from trace_service.organisations.service import add_record_key
from trace_service.records.bulk import issue_many
from trace_service.records.queries import RECORD, SIGNATURE
from trace_service.signer.proofs import RecordSigner

TITLE = "Bulk issue of the sample's certificate, one signature, one process"
SIZES = {Scale.TINY: (20,), Scale.NORMAL: (1_000, 10_000), Scale.FULL: (1_000, 10_000, 100_000)}
REPEATS = 3  # of the sizes below the largest
GOAL_RATE = Goal("at_least", 5_000)  # issue 1, must show 3
GOAL_MEMORY = Goal("at_most", 600)
SEAL_PATIENCE = 30.0  # seconds until chain time has reached the newest signature


def run(scale: Scale) -> list[Figure]:
    """Issue growing numbers of records into one database, and seal each."""
    certificates()
    with TemporaryDirectory(prefix="bench-bulk-") as name:
        folder = Path(name)
        with embedded_node(folder / "chain") as node:
            world = make_world(node, folder)
            issuer = _Issuer(world, folder)
            issuer.once(SIZES[Scale.TINY][0])  # imports, statements and schemas are warm
            figures = [Figure("record with one proof", issuer.record_bytes(), "B")]
            for size in SIZES[scale]:
                figures += _figures(issuer, size, 1 if size == max(SIZES[scale]) else REPEATS)
            figures.append(Figure("peak memory", peak_mib(), "MiB", GOAL_MEMORY))
            world.engine.dispose()
    return figures


def _figures(issuer: _Issuer, size: int, repeats: int) -> list[Figure]:
    runs = [issuer.once(size) for _ in range(repeats)]
    wall = statistics.median(issue.wall + sealing.wall for issue, sealing in runs)
    cpu = statistics.median(issue.cpu + sealing.cpu for issue, sealing in runs)
    sealing = statistics.median(sealing.wall for _, sealing in runs)
    return [
        Figure(f"{size:,} records", round(size / wall), "records/s", GOAL_RATE),
        Figure(f"{size:,} records, by CPU time", round(size / cpu), "records/s"),
        Figure(f"{size:,} records, of which sealing", round(100 * sealing / wall), "%"),
    ]


class _Issuer:
    """The school with its record key, accredited on a real chain."""

    def __init__(self, world: World, folder: Path) -> None:
        self._world = world
        self._settings = Settings(
            data_dir=folder,
            database_url=str(world.engine.url),
            operator="did:web:operator.example",
            chain=world.chain,
        )
        key = make_key(SCHOOL)
        self._signer = RecordSigner(SCHOOL, key.private)
        with write(world.engine) as connection:
            add_record_key(connection, SCHOOL, key.multikey)

    def once(self, size: int) -> tuple[Watch, Watch]:
        """Issue and seal ``size`` records; times of issuing and of sealing."""
        world = self._world
        with stopwatch() as issuing:
            issued = issue_many(world.engine, self._settings, awards(SCHOOL, size), self._signer)
        assert issued.complete == size
        end = time.monotonic() + SEAL_PATIENCE
        while world.authority.chain_time() < time.time() - 1 and time.monotonic() < end:
            time.sleep(0.1)
        with stopwatch() as sealing:
            sealed = seal(world.engine, world.pks[SCHOOL], world.authority, utc_now())
        assert (sealed.count, sealed.early, sealed.held) == (size, 0, 0), sealed
        return issuing, sealing

    def record_bytes(self) -> int:
        """Size of the last record with its proof, as a proof file carries it."""
        with read(self._world.engine) as connection:
            document, proof = connection.execute(
                sa.select(RECORD.c.document, SIGNATURE.c.proof)
                .join(SIGNATURE, SIGNATURE.c.record_pk == RECORD.c.pk)
                .order_by(RECORD.c.pk.desc())
                .limit(1)
            ).one()
        return len(document) + len(proof) + len(b',"proof":[]')
