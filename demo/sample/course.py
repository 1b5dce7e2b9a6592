"""Three years of workbooks through the import, round by round, until every record is released."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from demo.community import Community
from demo.processes import Processes
from demo.sample.client import answer_of, record_of, revoke, seal, wait_until
from demo.sample.installation import order_of
from demo.stage import DemoError
from samples.community.credits import second_deposit_ref
from samples.community.model import Community as Sample
from samples.community.workbooks import REFUSED_ROUND

Job = tuple[str, str]
"""Uploader's DID and id of an import."""


@dataclass
class Course:
    """What the import came to, and when: seconds from the first upload."""

    records: int = 0
    imported: float = 0.0
    """When the last workbook was taken; those that move credits wait for signatures before them."""
    signed: float = 0.0
    final: float = 0.0
    withheld: int = 0
    refused: str | None = None
    """Why the ledger does not book the second deposit of a credential."""


def import_all(community: Community, processes: Processes, folder: Path) -> Course:
    """Upload the workbooks in ``folder`` as their uploaders, and wait until all records are released.

    Raises `DemoError` where a workbook is not taken, or the ledger books what it must refuse.
    """
    course = Course()
    begun = time.monotonic()
    jobs: list[Job] = []
    for _, files in groupby(order_of(folder), key=lambda item: item[0]):
        # Others may build only on what is signed: a standard, or a credential that goes into an account.
        _wait(community, processes, jobs, "complete")
        uploaded = [(file, _upload(community, file, did)) for _, file, did, _ in files]
        for file, job in uploaded:
            outcome = _finished(community, processes, job)
            if outcome != "imported":
                raise DemoError(f"{file.name}: the import ended as {outcome}: {_errors(community, job)}")
        jobs += [job for _, job in uploaded]
        course.imported = time.monotonic() - begun
    _wait(community, processes, jobs, "complete")
    course.signed = time.monotonic() - begun
    seal(community, *community.members)
    course.records, course.withheld = _wait(community, processes, jobs, "final", "withheld")
    course.final = time.monotonic() - begun
    for number, _, did, _ in order_of(folder):
        if number == REFUSED_ROUND:
            course.refused = _ledger_refuses(community, did, second_deposit_ref())
    return course


def revoke_planted(community: Community, processes: Processes, sample: Sample) -> list[str]:
    """Let their issuers revoke the records that the sample says are revoked; their references."""
    entries = [entry for entry in sample.entries if entry.revoked_on is not None]
    for did in sorted({entry.issuer for entry in entries}):
        issuer = community.member(did)
        own = [entry.ref for entry in entries if entry.issuer == did]
        revoke(community, processes, issuer, [record_of(community, issuer, ref)["id"] for ref in own])
    return [entry.ref for entry in entries]


def _upload(community: Community, file: Path, did: str) -> Job:
    with community.client(community.member(did)) as client, file.open("rb") as workbook:
        job = answer_of(client.post("/v1/imports", files={"file": (file.name, workbook)}))
    return did, str(job["id"])


def _finished(community: Community, processes: Processes, job: Job) -> str:
    """Wait for the end of an import; its outcome."""
    did, name = job
    with community.client(community.member(did)) as client:
        path = f"/v1/imports/{name}"

        def done() -> object:
            state = answer_of(client.get(path))
            return state["state"] == "finished" or (state["state"], state["rows"])

        wait_until(done, processes, f"import {name}")
        return str(answer_of(client.get(path))["outcome"])


def _ledger_refuses(community: Community, did: str, ref: str) -> str | None:
    """Why an entry of the member ``did`` stays open in the ledger; None where it was booked."""
    member = community.member(did)
    entry = record_of(community, member, ref)
    with community.client(member) as client:
        account = answer_of(client.get(f"/v1/credit-accounts/{entry['subject']}"))
    found = [item["refused"] for item in account["open"] if item["record"] == entry["id"]]
    return found[0] if found else None


def _errors(community: Community, job: Job) -> object:
    did, name = job
    with community.client(community.member(did)) as client:
        return answer_of(client.get(f"/v1/imports/{name}/errors"))["items"][:5]


def _wait(community: Community, processes: Processes, jobs: Sequence[Job], *steps: str) -> tuple[int, int]:
    """Wait until all records of all imports have reached one of the ``steps``; how many there are of all,
    and how many have reached the last step."""
    drafted = reached = 0
    for did, name in jobs:
        counts: dict[str, int] = {}
        with community.client(community.member(did)) as client:

            def done(client=client, name=name, counts=counts) -> object:  # type: ignore[no-untyped-def]
                counts.update(answer_of(client.get(f"/v1/imports/{name}/progress")))
                return sum(counts[step] for step in steps) == counts["drafted"] or tuple(counts.values())

            wait_until(done, processes, f"records of import {name}")
        drafted += counts["drafted"]
        reached += counts[steps[-1]]
    return drafted, reached
