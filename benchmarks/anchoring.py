"""Anchoring: from a sealed batch to one that is final on the chain."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa

from benchmarks.model import Figure, Scale, latency
from benchmarks.nodes import each_node
from tests.support.nodes import RunningNode
from tests.support.records import FIRM
from tests.support.world import World, make_world
from trace_service.anchoring.service import Anchoring
from trace_service.database import read
from trace_service.evm.tables import EvmTransaction
from trace_service.worker.runtime import QUICK_SECONDS

TITLE = "Anchoring: sealed to final, one batch at a time"
PATIENCE = 30.0  # seconds for one batch
REST = 1.1  # seconds between batches: block times are whole seconds, and each later than the one before


def run(scale: Scale) -> list[Figure]:
    """Anchor some batches on each node."""
    rounds = scale.pick(2, 10, 20)
    figures: list[Figure] = []
    with TemporaryDirectory(prefix="bench-anchoring-") as folder, each_node(Path(folder)) as nodes:
        for name, node in nodes.items():
            figures += _on(name, node, Path(folder) / name, rounds)
    return figures


def _on(name: str, node: RunningNode, folder: Path, rounds: int) -> list[Figure]:
    folder.mkdir()
    world = make_world(node, folder)
    anchoring = world.anchoring()
    _anchor(world, anchoring)  # the first of an organisation costs more, and connections open
    seconds = [_anchor(world, anchoring) for _ in range(rounds)]
    with read(world.engine) as connection:
        gas = connection.execute(
            sa.select(EvmTransaction.gas_used).order_by(sa.desc(sa.column("pk"))).limit(1)  # type: ignore[call-overload]
        ).scalar_one()
    world.engine.dispose()
    return [*latency(name, seconds), Figure(f"{name}, gas of a batch", int(gas), "gas")]


def _anchor(world: World, anchoring: Anchoring) -> float:
    """Seal one record and bring it to the end, with the worker's pauses; seconds from the seal on."""
    time.sleep(REST)
    world.add_record()
    sealed = world.seal(FIRM)
    end = time.monotonic() + PATIENCE
    while sealed.batch_pk is None and time.monotonic() < end:  # until chain time reaches the signature
        time.sleep(QUICK_SECONDS)
        sealed = world.seal(FIRM)
    assert sealed.count == 1, sealed
    started = time.perf_counter()
    while anchoring.advance().waiting:
        assert time.monotonic() < end, "the batch did not become final"
        time.sleep(QUICK_SECONDS)
    return time.perf_counter() - started
