"""Audit speed: every signature verified on one and two cores, leaves only, beside the floors of the same run.

Run ``python -m benchmarks.bench_audit [--records N] [--schema credential.1]``; prints JSON. The export is
built first, from real signed records, in batches of 4,096, as a service seals them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.records import SCHOOL, complete_record, signer_key
from tests.verifier.audit.exports import Export
from verifier_cli.audit import Audit, AuditOptions, FolderSource
from verifier_cli.audit.pool import workers
from verifier_cli.audit.tiles import examine_tile
from verifier_cli.canonical import canonical
from verifier_cli.encoding import base58btc_decode
from verifier_cli.kinds import Kind, kind_mask
from verifier_cli.record import Record
from verifier_cli.signature import signing_input

RECORDS = 100_000
BATCH = 4_096  # the service's default seal_count
FLOOR_SIGNATURES = 10_000  # verified bare, twice: before and after, since other work may share the machine
FLOOR_HASHES = 200_000
KINDS = kind_mask(*Kind)


@dataclass(frozen=True)
class Sample:
    """Bare signatures for the floor: (public key's DID, signature, signed bytes)."""

    signed: list[tuple[str, bytes, bytes]]

    def ed25519_per_second(self) -> tuple[float, float]:
        """Signatures per second of wall and of CPU time that the library verifies, its keys loaded before."""
        keys = {did: signer_key(did).private.public_key() for did in {entry[0] for entry in self.signed}}
        work = [(keys[did], signature, data) for did, signature, data in self.signed]
        rounds = -(-FLOOR_SIGNATURES // len(work))
        started, cpu = time.perf_counter(), time.process_time()
        for _ in range(rounds):
            for key, signature, data in work:
                key.verify(signature, data)
        done = rounds * len(work)
        return done / (time.perf_counter() - started), done / (time.process_time() - cpu)


def sha256_per_second() -> float:
    """Hashes of 65 bytes, the size of leaves and nodes, on one core."""
    data = bytes(65)
    started = time.perf_counter()
    for _ in range(FLOOR_HASHES):
        hashlib.sha256(data).digest()
    return FLOOR_HASHES / (time.perf_counter() - started)


def build(folder: Path, records: int, schema: str) -> tuple[Export, Sample]:
    """An export of signed records of one schema, and some of their signatures."""
    export = Export(folder)
    sample: list[tuple[str, bytes, bytes]] = []
    for first in range(0, records, BATCH):
        batch = [_record(schema, number) for number in range(first, min(first + BATCH, records))]
        export.add(batch, did=batch[0].issuer, kinds=KINDS)
        if not sample:
            sample = [entry for record in batch[:500] for entry in _signed(record)]
    return export, Sample(sample)


def _record(schema: str, number: int) -> Record:
    return complete_record(schema, name=f"b{number}", number=number, issuer=SCHOOL)


def _signed(record: Record) -> Iterator[tuple[str, bytes, bytes]]:
    for proof in record.proofs:
        did = proof["verificationMethod"].partition("#")[0]
        options = {name: value for name, value in proof.items() if name != "proofValue"}
        yield did, base58btc_decode(proof["proofValue"][1:]), signing_input(record.digest, options)


def _cpu() -> float:
    """CPU seconds of this process and of those that it started and that have ended."""
    own, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime


def _audit(export: Export, options: AuditOptions, jobs: int) -> dict[str, float]:
    cpu = _cpu()
    with workers(jobs) as executor:
        if executor is not None:
            _warm(executor, jobs)
        started = time.perf_counter()
        report = Audit(FolderSource(export.folder), export.chain, options).run(executor, jobs)
        seconds = time.perf_counter() - started
    assert not report.findings, report.findings[:3]
    return {
        "seconds": round(seconds, 3),
        "cpu_seconds": round(_cpu() - cpu, 3),  # with the start of the workers
        "leaves_per_s": round(report.counts.leaves / seconds),
        "records_per_s": round(report.counts.records / seconds),
        "signatures_per_s": round(report.counts.signatures / seconds),
    }


def _warm(executor: Executor, jobs: int) -> None:
    """Let the processes start and import first: an audit of minutes does not notice that, one of seconds
    does.
    """
    for future in [executor.submit(time.sleep, 0.5) for _ in range(jobs)]:
        future.result()
    for future in [executor.submit(getattr, examine_tile, "__name__") for _ in range(jobs)]:
        future.result()


def run(records: int = RECORDS, schema: str = "credential.1") -> dict[str, Any]:
    """Build, measure, and return the figures."""
    with tempfile.TemporaryDirectory(prefix="bench-audit-") as folder:
        started = time.perf_counter()
        export, sample = build(Path(folder), records, schema)
        built = time.perf_counter() - started
        before = sample.ed25519_per_second()
        one = _audit(export, AuditOptions(), 1)
        after = sample.ed25519_per_second()
        two = _audit(export, AuditOptions(), 2)
        leaves = _audit(export, AuditOptions(with_records=False), 1)
        size = len(canonical({**_record(schema, 1).document, "proof": list(_record(schema, 1).proofs)}))
    floor, floor_cpu = ((before[unit] + after[unit]) / 2 for unit in (0, 1))
    return {
        "records": records,
        "schema": schema,
        "record_bytes": size,
        "signatures_per_record": len(_record(schema, 1).proofs),
        "build_seconds": round(built, 1),
        "floor_ed25519_per_s": [round(before[0]), round(after[0])],
        "floor_ed25519_per_cpu_s": round(floor_cpu),
        "floor_sha256_per_s": round(sha256_per_second()),
        "one_core": one,
        "two_cores": two,
        "leaves_only": leaves,
        "share_of_floor": round(one["signatures_per_s"] / floor, 3),
        # The same in CPU time, which other work on the machine disturbs less.
        "share_of_floor_cpu": round(
            one["signatures_per_s"] * one["seconds"] / one["cpu_seconds"] / floor_cpu, 3
        ),
        "two_cores_over_one": round(one["seconds"] / two["seconds"], 2),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "peak_mib_worker": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024),
        "python": platform.python_version(),
    }


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=RECORDS)
    parser.add_argument("--schema", default="credential.1")
    given = parser.parse_args()
    json.dump(run(given.records, given.schema), sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
