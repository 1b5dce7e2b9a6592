"""What recomputation says when the records behind a report are not what they were."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.community import Community
from demo.processes import Processes
from demo.sample.client import record_of, revoke
from demo.sample.reports import MATCH, MISMATCH, Report, recompute
from demo.stage import DemoError
from samples.community.model import Community as Sample
from samples.community.model import Entry
from verifier_cli.audit.sources import RECORDS_SUFFIX
from verifier_cli.did import org_id
from verifier_cli.encoding import parse_digest_multibase


@dataclass(frozen=True)
class Victim:
    """A record that a report rests on. ``digest`` in hexadecimal."""

    ref: str
    issuer: str
    record_id: str
    digest: str


@dataclass(frozen=True)
class Told:
    """What the recomputation of a disturbed report named: the first differing input, and values."""

    victim: Victim
    reason: str
    values: tuple[str, ...]


def victims(community: Community, sample: Sample, wanted: int) -> list[Victim]:
    """The sample's last final evaluations of trainees: their items decide several values."""
    found = []
    for entry in filter(_decides, reversed(sample.entries)):
        row = record_of(community, community.member(entry.issuer), entry.ref)
        digest = parse_digest_multibase(row["recordDigest"]).hex()
        found.append(Victim(entry.ref, entry.issuer, row["id"], digest))
        if len(found) == wanted:
            return found
    raise DemoError(f"only {len(found)} of {wanted} evaluations in the sample")


def _decides(entry: Entry) -> bool:
    subject = entry.subject
    return entry.schema == "evaluation.1" and (subject["kind"], subject.get("phase")) == (
        "practice",
        "outcome",
    )


def altered(community: Community, report: Report, source: Path, victim: Victim) -> Told:
    """One score of one record changed where the records are kept."""
    return _disturbed(
        community, report, source, victim, lambda line: line.replace(b'"score":', b'"score":1', 1)
    )


def withheld(community: Community, report: Report, source: Path, victim: Victim) -> Told:
    """One record left out."""
    return _disturbed(community, report, source, victim, lambda line: b"")


def revoked_after(
    community: Community, processes: Processes, report: Report, source: Path, victim: Victim
) -> list[dict[str, Any]]:
    """One record revoked on chain once the report was anchored: the report stays right, the change is told
    apart."""
    revoke(community, processes, community.member(victim.issuer), [victim.record_id])
    result, _ = recompute(community, report, source, MATCH)
    changed: list[dict[str, Any]] = result["changedLater"]
    return changed


def _disturbed(
    community: Community, report: Report, source: Path, victim: Victim, change: Callable[[bytes], bytes]
) -> Told:
    copy = source.with_name(source.name + "-disturbed")
    shutil.copytree(source, copy, copy_function=_link)
    try:
        _change(copy / org_id(victim.issuer).hex(), victim.record_id, change)
        result, _ = recompute(community, report, copy, MISMATCH)
    finally:
        shutil.rmtree(copy)
    named = [item for item in result["differences"] if item["subject"] == victim.digest]
    if not named:
        raise DemoError(f"{victim.ref} is not named: {result['differences'][:5]}")
    values = tuple(item["subject"] for item in result["differences"] if item["kind"] == "value")
    return Told(victim, named[0]["reason"], values)


def _link(source: str, target: str) -> None:
    Path(target).hardlink_to(source)


def _change(folder: Path, record_id: str, change: Callable[[bytes], bytes]) -> None:
    mark = b'"id":"%b"' % record_id.encode()
    for path in sorted(folder.glob(f"*{RECORDS_SUFFIX}")):
        data = path.read_bytes()
        if mark not in data:
            continue
        lines = data.splitlines(keepends=True)
        path.unlink()  # a link to the good one
        path.write_bytes(b"".join(change(line) if mark in line else line for line in lines))
        return
    raise DemoError(f"{record_id} is not in {folder}")
