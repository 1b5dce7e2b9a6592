"""The registrar's side: upload a workbook, watch it become anchored records, take the proof files home."""

from __future__ import annotations

import io
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from demo.community import Community
from demo.processes import Processes
from demo.reporting import propose_community
from demo.sample.client import PATIENCE_SECONDS, POLL_SECONDS, answer_of, seal
from demo.stage import DemoError, Stage

WORKBOOK = Path(__file__).parent.parent / "samples" / "cohort.xlsx"


@dataclass(frozen=True)
class Cohort:
    """What came of the workbook. ``folder`` has a subfolder of proof files for each record type."""

    folder: Path
    records: int
    seconds: float


def issue(community: Community, processes: Processes, stage: Stage) -> Cohort:
    """Import the sample cohort through the API and wait until every record is anchored and released."""
    with community.client(community.school) as school:
        with stage.step(
            "3  The school uploads last term's workbook; every party signs; batches are anchored"
        ):
            propose_community(community)
            begun = time.monotonic()
            with WORKBOOK.open("rb") as workbook:
                answer = answer_of(school.post("/v1/imports", files={"file": (WORKBOOK.name, workbook)}))
            job = answer["id"]
            records = _watch(community, processes, school, job)
            seconds = time.monotonic() - begun
            result = answer_of(school.get(f"/v1/imports/{job}"))
            stage.expect(
                (result["outcome"], result["errors"]) == ("imported", 0), f"the import ended as {result}"
            )
            stage.say(f"{result['rows']:,} rows -> {records:,} records, signed, anchored and final")
            again = _upload_again(school)
            stage.expect(again["drafted"] == 0, f"the second upload issued {again['drafted']} records twice")
            stage.say("the same workbook uploaded again: 0 new records")
        batches = _batches(community)
        stage.figure("records issued from the workbook", f"{records:,}")
        stage.figure("upload to anchored and final", f"{seconds:.1f} s ({records / seconds:,.0f} records/s)")
        stage.figure(
            "Merkle batches",
            f"{len(batches)} in {len({b['transactionHash'] for b in batches})} transaction(s)",
        )
        with stage.step("4  Proof files: what holders keep"):
            folder = community.home / "proof-files"
            answer_zip = school.get(f"/v1/imports/{job}/proof-files.zip")
            answer_zip.raise_for_status()
            with zipfile.ZipFile(io.BytesIO(answer_zip.content)) as archive:
                archive.extractall(folder)
            written = sum(1 for _ in folder.rglob("*.trace.json"))
            stage.expect(written == records, f"{written} proof files for {records} records")
            stage.say(f"{written:,} proof files in {folder}")
    return Cohort(folder, records, seconds)


def _watch(community: Community, processes: Processes, school: httpx.Client, job: str) -> int:
    """Show progress until all is final; ask for sealing once everything is complete. Returns the count."""
    columns = (TextColumn("  {task.description:<10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns) as progress:
        steps = ("complete", "sealed", "final")
        bars = {name: progress.add_task(name, total=None) for name in steps}
        seen: tuple[Any, ...] = ()
        moved = time.monotonic()
        asked = False
        while True:
            processes.check()
            state = answer_of(school.get(f"/v1/imports/{job}"))
            counts = answer_of(school.get(f"/v1/imports/{job}/progress"))
            if state["state"] == "finished" and state["outcome"] != "imported":
                raise DemoError(f"the import ended as {state}")
            total = counts["drafted"]
            for name, bar in bars.items():
                progress.update(bar, total=total or None, completed=counts[name])
            if total and not asked and counts["complete"] == total:
                seal(community, *community.members)
                asked = True
            if total and counts["final"] + counts["withheld"] == total:
                if counts["withheld"]:
                    raise DemoError(f"{counts['withheld']} records cannot become final")
                return int(total)
            now = (state["state"], *counts.values())
            if now != seen:
                seen, moved = now, time.monotonic()
            if time.monotonic() - moved > PATIENCE_SECONDS:
                raise DemoError(f"nothing has moved for {PATIENCE_SECONDS:.0f} s: {state['state']}, {counts}")
            time.sleep(POLL_SECONDS)


def _upload_again(school: httpx.Client) -> dict[str, Any]:
    with WORKBOOK.open("rb") as workbook:
        job = answer_of(school.post("/v1/imports", files={"file": (WORKBOOK.name, workbook)}))["id"]
    while (state := answer_of(school.get(f"/v1/imports/{job}")))["state"] != "finished":
        time.sleep(POLL_SECONDS)
    return state


def _batches(community: Community) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for member in community.members:
        with community.client(member) as client:
            found += answer_of(client.get("/v1/batches"))["items"]
    return found
