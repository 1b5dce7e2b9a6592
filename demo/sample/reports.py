"""Indicator reports of the community: computed, signed, anchored, and recomputed by somebody else."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from demo.community import Community, Member
from demo.processes import Processes
from demo.sample.client import proof_file_of, seal, wait_until
from demo.sample.measured import Measured, measure
from demo.stage import DemoError
from samples.community.plan import YEARS

MATCH, MISMATCH = 0, 1
_DRAFTED = re.compile(r"report (urn:uuid:\S+) waits")
_PRINTED = re.compile(r": ([\d.]+) s, \d+ MiB$", re.MULTILINE)

Period = tuple[date, date]
"""First day, and the day after the last."""

PERIODS: tuple[Period, ...] = tuple((date(year, 9, 1), date(year + 1, 9, 1)) for year in YEARS)
WHOLE: Period = (PERIODS[0][0], PERIODS[-1][1])


@dataclass(frozen=True)
class Report:
    """A signed and anchored report. ``computing`` is what the command says its computation took, in
    seconds; ``run`` has the whole process."""

    period: Period
    content: dict[str, Any]
    file: Path
    run: Measured
    computing: float

    @property
    def values(self) -> dict[str, dict[str, Any]]:
        """Values by code."""
        return {value["code"]: value for value in self.content["values"]}


def make_reports(
    community: Community,
    processes: Processes,
    subject: str,
    issuer: Member,
    periods: Sequence[Period],
) -> list[Report]:
    """Compute a report of each period of the community ``subject`` (a urn), and wait until all are signed,
    anchored and released."""
    folder = community.home / "reports"
    folder.mkdir(exist_ok=True)
    drafted = [(period, *_draft(community, subject, issuer, period)) for period in periods]

    def released() -> object:
        files = [proof_file_of(community, issuer, name) for _, name, _ in drafted]
        seal(community, issuer)  # what is signed by now; what is not yet, the next time
        return all(files) or len(list(filter(None, files)))

    wait_until(released, processes, "reports")
    return [_read(community, issuer, folder, *item) for item in drafted]


def _draft(community: Community, subject: str, issuer: Member, period: Period) -> tuple[str, Measured]:
    own = ("--data-dir", community.data_dir, "--community", subject, "--issuer", issuer.did)
    days = ("--from", period[0].isoformat(), "--to", period[1].isoformat())
    ran = measure("trace-service", "indicators", "run", *own, *days, passphrase=community.passphrase)
    found = _DRAFTED.search(ran.messages)
    if found is None:
        raise DemoError(f"no report was drafted: {ran.messages}")
    return found[1], ran


def _read(
    community: Community, issuer: Member, folder: Path, period: Period, name: str, ran: Measured
) -> Report:
    data = proof_file_of(community, issuer, name)
    assert data is not None  # released
    file = folder / f"{name.rpartition(':')[2]}.trace.json"
    file.write_bytes(data)
    content = json.loads(data)["record"]["credentialSubject"]["report"]
    printed = _PRINTED.search(ran.output)
    assert printed is not None, ran.output
    return Report(period, content, file, ran, float(printed[1]))


def export(community: Community, name: str) -> Path:
    """Everything that an outsider gets: leaf lists and records, in a new folder."""
    folder = community.home / name
    own = ("--data-dir", community.data_dir)
    measure("trace-service", "export", *own, folder, passphrase=community.passphrase)
    return folder


def recompute(
    community: Community, report: Report, source: Path, code: int = MATCH
) -> tuple[dict[str, Any], Measured]:
    """`trace-verify recompute` in a process of its own; raises `DemoError` unless it ends with ``code``."""
    trust = ("--trust", community.trust_file)
    ran = measure(
        *("trace-verify", "recompute", report.file, "--from", source, *trust, "--json"),
        codes=(MATCH, MISMATCH, 2),
    )
    result: dict[str, Any] = json.loads(ran.output)
    if ran.code != code:
        shown = {name: result[name][:5] for name in ("differences", "missing")}
        raise DemoError(f"recomputing {report.file.name} ended with {ran.code}: {shown}")
    return result, ran
