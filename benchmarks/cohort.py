"""The whole job: the sample workbook imported, signed by every party, stored, anchored and released.

Real processes as in the demo: the service with its worker and chain, and one signer for each organisation.
Set-up is not counted.
"""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from rich.console import Console

from benchmarks.model import Figure, Goal, Scale
from benchmarks.processes import children, cpu_seconds, peak_mib
from demo.cohort import WORKBOOK
from demo.community import Community, set_up
from demo.processes import Processes
from demo.stage import Stage
from tests.importing.support import small_sheets, workbook

TITLE = "The sample cohort: workbook to anchored and released, all processes on this machine"
GOAL_SECONDS = Goal("at_most", 20)  # issue 1, must show 2
POLL_SECONDS = 0.25  # as often as the demo looks: each look costs the service some milliseconds
PATIENCE_SECONDS = 280.0
STEPS = ("drafted", "complete", "sealed", "anchored", "final")  # "final" counts what was released


def run(scale: Scale) -> list[Figure]:
    """Set up, upload, wait until every record is released; then where time, CPU and gas went."""
    data = workbook(small_sheets(trainees=2, weeks=2)) if scale is Scale.TINY else WORKBOOK.read_bytes()
    with TemporaryDirectory(prefix="bench-cohort-") as name:
        home = Path(name)
        (home / "logs").mkdir()
        stage = Stage()
        stage.console = Console(file=StringIO())
        with Processes(home / "logs") as processes:
            community = set_up(home, processes, stage)
            pids = _pids(community, processes)
            before = {role: cpu_seconds(pid) for role, pid in pids.items()}
            course = _issue(community, processes, data)
            used = {role: cpu_seconds(pid) - before[role] for role, pid in pids.items()}
            memory = {role: peak_mib(pid) for role, pid in pids.items()}
        transactions, gas = _chain_costs(community.data_dir)
    return [*course.figures(), *_costs(course, transactions, gas), *_work(used, memory)]


@dataclass
class _Course:
    """When all records had reached each step, in seconds since the upload began."""

    records: int = 0
    reached: dict[str, float] = field(default_factory=dict)

    def figures(self) -> list[Figure]:
        """The whole, and each stage up to the next one."""
        whole = self.reached["final"]
        figures = [
            Figure("records", self.records),
            Figure("upload to released", round(whole, 2), "s", GOAL_SECONDS),
            Figure("rate", round(self.records / whole), "records/s"),
        ]
        last = 0.0
        for step, name in zip(
            STEPS, ("import", "signatures", "sealing", "anchoring", "release"), strict=True
        ):
            figures.append(Figure(f"stage: {name}", round(self.reached[step] - last, 2), "s"))
            last = self.reached[step]
        return figures


def _issue(community: Community, processes: Processes, data: bytes) -> _Course:
    course = _Course()
    with community.client(community.school) as school:
        begun = time.monotonic()
        job = _ok(school.post("/v1/imports", files={"file": ("cohort.xlsx", data)}))["id"]
        while "final" not in course.reached:
            processes.check()
            assert time.monotonic() - begun < PATIENCE_SECONDS, course
            counts = _ok(school.get(f"/v1/imports/{job}/progress"))
            now = time.monotonic() - begun
            course.records = counts["drafted"]
            for step in STEPS:
                if course.records and counts[step] == course.records and step not in course.reached:
                    course.reached[step] = now
                    if step == "complete":
                        _seal_now(community)
            if not course.records:
                state = _ok(school.get(f"/v1/imports/{job}"))
                assert state["outcome"] in (None, "imported"), state
            time.sleep(POLL_SECONDS)
    return course


def _seal_now(community: Community) -> None:
    for member in community.members:
        with community.client(member) as client:
            _ok(client.post("/v1/batches:seal"))


def _ok(answer: httpx.Response) -> dict[str, Any]:
    assert answer.is_success, answer.text
    body: dict[str, Any] = answer.json()
    return body


def _pids(community: Community, processes: Processes) -> dict[str, int]:
    """Process ids by role: the service, its worker, its chain, and the signers."""
    running = processes.pids()
    service = running["service"]
    found = {"API": service, "chain": community.chain_pid}
    found["worker"] = next(pid for pid in children(service) if pid != community.chain_pid)
    for number, member in enumerate(community.members):
        found[f"signer of {member.name_en}"] = running[f"signer-{number}"]
    return found


def _chain_costs(data_dir: Path) -> tuple[int, int]:
    """How many transactions carried the batches, and their gas."""
    connection = sqlite3.connect(f"file:{data_dir / 'skilltrace.db'}?mode=ro", uri=True)
    try:
        count, gas = connection.execute(
            "SELECT count(*), sum(gas_used) FROM evm_transaction WHERE purpose = 'anchor' AND succeeded"
        ).fetchone()
    finally:
        connection.close()
    return int(count), int(gas)


def _costs(course: _Course, transactions: int, gas: int) -> list[Figure]:
    return [
        Figure("transactions", transactions),
        Figure("gas per record", round(gas / course.records, 1), "gas"),
    ]


def _work(used: dict[str, float], memory: dict[str, float]) -> list[Figure]:
    figures = [Figure("CPU of all processes", round(sum(used.values()), 2), "s")]
    for role, seconds in used.items():
        figures.append(Figure(f"CPU: {role}", round(seconds, 2), "s"))
        figures.append(Figure(f"peak memory: {role}", memory[role], "MiB"))
    return figures
