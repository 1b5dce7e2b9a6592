"""The employer's side: an independent process with nothing but files, a trust file and a node."""

from __future__ import annotations

import json
import os
import signal
import statistics
import time
from pathlib import Path

from demo.cohort import Cohort
from demo.community import Community
from demo.processes import Processes, run
from demo.sample.client import revoke
from demo.stage import Stage

COLD_RUNS = 7
VALID, NOT_VALID, UNDECIDED = 0, 1, 2


def verify_everything(community: Community, cohort: Cohort, processes: Processes, stage: Stage) -> Path:
    """Verify a certificate, all of them, a lineage; then what must not verify, and what cannot be told.

    Returns the proof file of the certificate that was revoked.
    """
    trust = ("--trust", community.trust_file)
    credentials = sorted((cohort.folder / "credential").glob("*.trace.json"))
    first, withdrawn = [path for path in credentials if _is_certificate(path)][:2]
    forged = community.home / "forged.trace.json"
    with stage.step("5  An employer verifies one certificate"):
        done = run("trace-verify", "verify", first, *trust)
        stage.show(f"trace-verify verify {first.name}", done.stdout)
        times = [_seconds(first, *trust) for _ in range(COLD_RUNS)]
        stage.figure(
            "one certificate, cold process, online", f"{statistics.median(times):.2f} s median of {COLD_RUNS}"
        )
    with stage.step(f"6  All {len(credentials)} certificates and credits"):
        begun = time.monotonic()
        done = run("trace-verify", "verify", cohort.folder / "credential", *trust, "--jobs", "2")
        stage.show("trace-verify verify proof-files/credential --jobs 2", done.stdout)
        stage.figure(f"{len(credentials)} credentials, online", f"{time.monotonic() - begun:.1f} s")
    dossier = community.home / "certificate.dossier.zip"
    with stage.step("7  One certificate's story: every record that it builds on, each verified"):
        begun = time.monotonic()
        tree = ("trace-verify", "lineage", first, "--source", cohort.folder, *trust, "--lang", "en")
        stage.show(f"trace-verify lineage {first.name} --source proof-files", run(*tree).stdout)
        stage.figure("one certificate with its whole lineage", f"{time.monotonic() - begun:.1f} s")
        stage.say("The remarks: what the sample dates a term ago was anchored only now.")
        dossier.write_bytes(_dossier(community, first))
        stage.say(f"All of it in one file for its holder: {dossier.name}, {dossier.stat().st_size:,} bytes")
    with stage.step("8  A certificate with one altered character"):
        forged.write_bytes(_alter(first.read_bytes()))
        done = run("trace-verify", "verify", forged, *trust, codes=(NOT_VALID,))
        stage.show("trace-verify verify forged.trace.json", done.stdout)
        stage.figure("tampered file", "NOT_VALID, as it should be")
    with stage.step("9  A certificate that the school has revoked"):
        run("trace-verify", "verify", withdrawn, *trust)
        revoke(community, processes, community.school, [_record_id(withdrawn)])
        done = run("trace-verify", "verify", withdrawn, *trust, codes=(NOT_VALID,))
        stage.show(f"trace-verify verify {withdrawn.name}", done.stdout)
        stage.figure("revoked certificate", "NOT_VALID, as it should be")
    snapshot = community.home / "snapshot.json"
    with stage.step("10  The chain has stopped: nothing is guessed"):
        organisations = [word for member in community.members for word in ("--org", member.did)]
        run("trace-verify", "snapshot", *trust, *organisations, "--out", snapshot)
        os.kill(community.chain_pid, signal.SIGSTOP)
        try:
            done = run("trace-verify", "verify", first, *trust, codes=(UNDECIDED,))
            stage.show(f"trace-verify verify {first.name}", done.stdout)
            offline = run("trace-verify", "verify", first, *trust, "--offline", "--snapshot", snapshot)
            stage.show(f"trace-verify verify {first.name} --offline --snapshot snapshot.json", offline.stdout)
            own = (*trust, "--offline", "--snapshot", snapshot, "--lang", "en")
            story = run("trace-verify", "dossier", dossier, *own)
            command = f"trace-verify dossier {dossier.name} --offline --snapshot snapshot.json"
            stage.show(command, story.stdout.splitlines()[-1])
        finally:
            os.kill(community.chain_pid, signal.SIGCONT)
        stage.figure("stopped chain", "UNDECIDED; VALID offline from a snapshot")
        stage.figure("dossier of a certificate, no network", "VALID with its whole lineage")
    return withdrawn


def audit_everything(community: Community, stage: Stage) -> Path:
    """Let an auditor recompute every batch, and the operator check that nothing was lost; the export."""
    with stage.step("13  An auditor recomputes every root, leaf and signature"):
        export = community.home / "export"
        run(
            "trace-service",
            "export",
            "--data-dir",
            community.data_dir,
            export,
            passphrase=community.passphrase,
        )
        done = run("trace-verify", "audit", export, "--trust", community.trust_file, "--jobs", "2")
        stage.show("trace-verify audit export", done.stdout)
        done = run("trace-service", "fsck", "--data-dir", community.data_dir, passphrase=community.passphrase)
        stage.show("trace-service fsck", done.stdout)
        stage.figure("audit and fsck", "consistent")
    return export


def _record_id(path: Path) -> str:
    return str(json.loads(path.read_bytes())["record"]["id"])


def _dossier(community: Community, path: Path) -> bytes:
    with community.client(community.school) as school:
        return school.get(f"/v1/records/{_record_id(path)}/dossier").raise_for_status().content


def _is_certificate(path: Path) -> bool:
    subject: dict[str, str] = json.loads(path.read_bytes())["record"]["credentialSubject"]
    return subject["kind"] == "skill_level"


def _seconds(path: Path, *options: str | Path) -> float:
    begun = time.monotonic()
    run("trace-verify", "verify", path, *options)
    return time.monotonic() - begun


def _alter(data: bytes) -> bytes:
    """Add a higher level to the certificate's title: a change that a person would make."""
    proof_file = json.loads(data)
    subject = proof_file["record"]["credentialSubject"]
    subject["achievement"]["name"] = subject["achievement"]["name"] + "（高级）"
    return json.dumps(proof_file, ensure_ascii=False).encode()
