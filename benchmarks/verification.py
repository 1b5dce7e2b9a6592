"""Full verification: all steps but lineage, warm and cold, against nodes and from a snapshot."""

from __future__ import annotations

import itertools
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.model import Figure, Goal, Scale, latency, times
from benchmarks.nodes import each_node
from tests.support.deployment import DeploymentFixture, deploy
from tests.support.fault_proxy import FaultProxy
from verifier_cli.chain import ChainReader
from verifier_cli.quorum import Nodes
from verifier_cli.report import Verdict
from verifier_cli.rpc import Endpoint
from verifier_cli.snapshot_build import build_snapshot
from verifier_cli.snapshot_reader import SnapshotReader
from verifier_cli.trust import Trust, write_trust
from verifier_cli.verify import verify

TITLE = "Full verification of one certificate with two signatures"
BATCH = 100  # certificates that take turns, so that nothing is remembered of the one before
COLD_RUNS = 9
WARMUP = 50
GOAL_COLD = Goal("at_most", 250)  # ms; issue 1, must show 4
GOAL_WARM = Goal("at_most", 2)  # ms on anvil; must show 5
GOAL_OFFLINE = Goal("at_most", 0.4)
GOAL_TRIPS = Goal("exactly", 1)
COMMAND = Path(sys.executable).parent / "trace-verify"


def run(scale: Scale) -> list[Figure]:
    """Measure on each node; the snapshot is taken from the first."""
    count, cold = scale.pick(5, 500, 1_000), scale.pick(1, COLD_RUNS, 2 * COLD_RUNS + 1)
    figures: list[Figure] = []
    with TemporaryDirectory(prefix="bench-verification-") as name, each_node(Path(name)) as nodes:
        for at, (node_name, node) in enumerate(nodes.items()):
            fixture = deploy(node.url, node.funded_key)
            case = _Case(node_name, fixture, fixture.issue("credential.1", BATCH), Path(name))
            figures += case.warm(count) + case.cold(cold) + case.round_trips()
            if at == 0:
                figures += case.offline(count, cold)
    bare = times(lambda: subprocess.run([sys.executable, "-c", ""], check=True), cold)
    return [*figures, Figure("bare Python process, for comparison", _ms(bare), "ms")]


class _Case:
    """Certificates anchored on one node."""

    def __init__(self, name: str, fixture: DeploymentFixture, files: Sequence[bytes], folder: Path) -> None:
        self._name = name
        self._fixture = fixture
        self._files = files
        self._folder = folder
        self._file = folder / f"{name}.trace.json"
        self._file.write_bytes(files[0])

    def warm(self, count: int) -> list[Figure]:
        """In one process, connections open."""
        goal = GOAL_WARM if self._name == "anvil" else None
        seconds = self._verify(self._fixture.trust, Nodes(), count)
        return latency(f"warm, {self._name}", seconds, goal)

    def offline(self, count: int, cold: int) -> list[Figure]:
        """From a snapshot: no node is asked."""
        deployment = self._fixture.deployment
        snapshot = build_snapshot([Endpoint(self._fixture.url)], deployment, None, int(time.time()))
        path = self._folder / "snapshot.json"
        path.write_bytes(snapshot.serialise())
        seconds = self._verify(self._fixture.trust, SnapshotReader(snapshot), count)
        process = self._processes(self._fixture.trust, cold, "--offline", "--snapshot", str(path))
        return [
            *latency("warm, offline from a snapshot", seconds, GOAL_OFFLINE),
            Figure("cold process, offline from a snapshot", _ms(process), "ms"),
        ]

    def cold(self, runs: int) -> list[Figure]:
        """`trace-verify verify FILE` as an employer types it."""
        return [
            Figure(
                f"cold process, {self._name}",
                _ms(self._processes(self._fixture.trust, runs)),
                "ms",
                GOAL_COLD,
            )
        ]

    def round_trips(self) -> list[Figure]:
        """HTTP requests for one verification, counted outside by a proxy before the node."""
        with FaultProxy(self._fixture.url) as proxy:
            trust = Trust((replace(self._fixture.deployment, rpc=(proxy.url,)),))
            self._processes(trust, 1)
            cold = proxy.requests
            nodes = Nodes()
            for data in self._files[:WARMUP]:
                _check(data, trust, nodes)
            warm = (proxy.requests - cold) / len(self._files[:WARMUP])
        return [
            Figure(f"HTTP round trips, cold, {self._name}", cold, "requests", GOAL_TRIPS),
            Figure(f"HTTP round trips, warm, {self._name}", warm, "requests", GOAL_TRIPS),
        ]

    def _verify(self, trust: Trust, chain: ChainReader, count: int) -> list[float]:
        files = itertools.cycle(self._files)
        for _ in range(WARMUP):
            _check(next(files), trust, chain)
        return times(lambda: _check(next(files), trust, chain), count)

    def _processes(self, trust: Trust, runs: int, *options: str) -> list[float]:
        path = self._folder / "trust.toml"
        path.write_text(write_trust(list(trust.deployments)), "utf-8")
        command = [str(COMMAND), "verify", str(self._file), "--trust", str(path), *options]
        return times(lambda: subprocess.run(command, check=True, capture_output=True), runs)


def _check(data: bytes, trust: Trust, chain: ChainReader) -> None:
    report = verify(data, trust, chain, int(time.time()))
    assert report.verdict in (Verdict.VALID, Verdict.VALID_WITH_REMARKS), report


def _ms(seconds: Sequence[float]) -> float:
    return round(statistics.median(seconds) * 1000, 1)
