"""The reckoning: what clients were told, held against chain, database and export.

Three judges that share no code with each other: the service's own `fsck` with every receipt, `trace-verify
audit` on an export, and the count here of the marks that clients put into their records.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa

from tests.faults.ledger import Ledger
from tests.faults.site import Site
from tests.faults.verdict import Verdict
from tests.support.crash import books_differ
from tests.support.installation import run
from tests.support.service import OTHER
from trace_service.anchoring import queries
from trace_service.anchoring.queries import BATCH
from trace_service.database import read
from trace_service.evm.client import Client
from trace_service.evm.errors import ChainUnavailable
from trace_service.evm.queries import TX
from trace_service.keys.files import public_part
from verifier_cli.audit.sources import FolderSource
from verifier_cli.encoding import digest_multibase
from verifier_cli.record import record_digest

TRACE_VERIFY = Path(sys.executable).with_name("trace-verify")
JUDGE_SECONDS = 600
PAGE = 500


# ----- after each kill -----
def glance(site: Site, cycle: int, verdict: Verdict) -> None:
    """What a kill may have torn apart between chain and database, while work goes on.

    The chain is read first: whatever it has, the database must have had before.
    """
    client = Client(str(site.facts["rpc_url"]))
    registry = site.settings.chain.anchor_registry
    with read(site.engine) as connection:
        organisations = queries.organisations(connection)
    seen: dict[str, Any] = {}

    def look() -> bool:
        try:
            seen["nonce"] = client.nonce(_relayer(site))
            seen["heads"] = [client.call("AnchorRegistry", registry, "head", o.org_id) for o in organisations]
        except ChainUnavailable:
            return False
        return True

    site.wait_until(look, "the chain to be readable")
    with read(site.engine) as connection:
        filed = set(connection.execute(sa.select(TX.c.nonce)).scalars())
        for organisation, head in zip(organisations, seen["heads"], strict=True):
            query = sa.select(BATCH.c.sequence).where(BATCH.c.organisation_pk == organisation.pk)
            here = set(connection.execute(query).scalars())
            missing = set(range(max(head, *(number + 1 for number in here), 0))) - here
            verdict.add("gaps", cycle, (f"batch {organisation.did}/{number}" for number in sorted(missing)))
    unfiled = sorted(set(range(seen["nonce"])) - filed)
    verdict.add("unfiled", cycle, (f"transaction with nonce {nonce}" for nonce in unfiled))


def _relayer(site: Site) -> str:
    return str(public_part(site.settings.keys_dir / "relayer.json"))


# ----- once nothing is on its way -----
def reckon(site: Site, ledger: Ledger, verdict: Verdict) -> None:
    """Everything is drained: let every judge speak."""
    for defect in ledger.broken_words:
        verdict.note(f"two answers to one request: {defect}")
    glance(site, ledger.cycle, verdict)
    client = Client(str(site.facts["rpc_url"]))
    for defect in books_differ(site.engine, client, site.settings.chain.anchor_registry, _relayer(site)):
        verdict.note(defect)
    receipts = site.home / "receipts.ndjson"
    receipts.write_bytes(b"".join(orjson.dumps(receipt) + b"\n" for receipt in ledger.receipts()))
    export = site.home / "export"
    place = ("--data-dir", site.place.data_dir)
    with ThreadPoolExecutor() as pool:  # two processes at once: half of a small campaign is their start
        checked = pool.submit(run, "fsck", *place, "--receipts", receipts, "--json", seconds=JUDGE_SECONDS)
        exported = pool.submit(run, "export", *place, export, seconds=JUDGE_SECONDS)
    _fsck(checked.result(), verdict)
    if exported.result().returncode != 0:
        verdict.note(f"export: {exported.result().stderr.strip()[-300:]}")
        return
    _audit(site, export, receipts, verdict)
    _count(FolderSource(export), ledger, verdict)
    _statuses(site, ledger, verdict)


def _fsck(done: subprocess.CompletedProcess[str], verdict: Verdict) -> None:
    if done.returncode not in (0, 1):
        verdict.note(f"fsck ended with {done.returncode}: {done.stderr.strip()[-300:]}")
        return
    report = orjson.loads(done.stdout)
    figures = {name: report[name] for name in ("lost", "double", "gaps", "brokenPromises", "waiting")}
    figures["promisesKept"] = report["promisesKept"]
    said = ", ".join(f"{name} {value}" for name, value in figures.items())
    verdict.statements.append(f"trace-service fsck: {report['verdict']}; {said}")
    if done.returncode != 0 or figures["waiting"]:
        verdict.note(f"fsck: {said}")
    for finding in report["findings"]:
        verdict.note(f"fsck: {_finding(finding)}")


def _audit(site: Site, export: Path, receipts: Path, verdict: Verdict) -> None:
    key = public_part(site.settings.keys_dir / "receipt.json")
    promises = ("--receipts", receipts, "--receipt-key", key)
    command = (TRACE_VERIFY, "audit", export, "--trust", site.settings.trust_file, *promises, "--json")
    done = subprocess.run(
        [*map(str, command)], capture_output=True, text=True, timeout=JUDGE_SECONDS, check=False
    )
    if done.returncode not in (0, 1):
        verdict.note(f"trace-verify audit ended with {done.returncode}: {done.stderr.strip()[-300:]}")
        return
    report = orjson.loads(done.stdout)
    counted = ", ".join(f"{name} {value}" for name, value in report["counts"].items() if value)
    verdict.statements.append(f"trace-verify audit: {report['verdict']}; {counted}")
    for finding in report["findings"]:
        verdict.note(f"audit: {_finding(finding)}")


def _finding(finding: dict[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in finding.items())


def _count(export: FolderSource, ledger: Ledger, verdict: Verdict) -> None:
    """Each acknowledged record is in one leaf, as it was acknowledged, and there are no others."""
    found: dict[str, list[str]] = defaultdict(list)  # digests by mark
    for did in export.organisations():
        for sequence in export.sequences(did):
            verdict.batches += 1
            for document in _documents(export, did, sequence):
                found[_mark(document)].append(digest_multibase(record_digest(document)))
                verdict.records += 1
    for mark, record in ledger.records.items():
        digests = found.pop(mark, [])
        name = f"{mark} ({record.way})"
        if not digests:
            verdict.add("lost", record.cycle, [name])
        if len(digests) > 1:
            verdict.add("double", record.cycle, [name])
        if record.digest is not None and any(digest != record.digest for digest in digests):
            verdict.note(f"{name} is anchored as {digests}, acknowledged as {record.digest}")
        if record.receipt is None and record.way != "imported":
            verdict.note(f"{name} never got a receipt")
    for mark in found:
        verdict.note(f"anchored, and nobody was told: {mark}")


def _documents(export: FolderSource, did: str, sequence: int) -> Iterator[dict[str, Any]]:
    for line in export.records(did, sequence):
        document = orjson.loads(line)["record"]
        del document["proof"]
        yield document


def _mark(document: dict[str, Any]) -> str:
    subject = document["credentialSubject"]
    return str(subject["project"] if "project" in subject else subject["name"]["zh"])


def _statuses(site: Site, ledger: Ledger, verdict: Verdict) -> None:
    """Each accepted revocation is in force, once, and there are no others."""
    final: Counter[str] = Counter()
    cursor: str | None = None
    with site.client(OTHER) as client:
        while True:
            parameters = {"limit": str(PAGE), **({"cursor": cursor} if cursor else {})}
            page = client.get("/v1/status-changes", params=parameters).raise_for_status().json()
            final.update(item["recordId"] for item in page["items"] if item["state"] == "final")
            cursor = page["next"]
            if cursor is None:
                break
    if final != Counter(ledger.revoked):
        differing = (final - Counter(ledger.revoked)) + (Counter(ledger.revoked) - final)
        verdict.note(f"revocations lost, double or unasked: {sorted(differing)}")
    verdict.statements.append(f"revocations in force: {len(final)} of {len(ledger.revoked)} accepted")
