"""The community's own figures: its agreement, a signed report, and somebody else who computes it again."""

from __future__ import annotations

import json
import re
import shutil
from datetime import date
from pathlib import Path
from typing import Any

from demo.community import Community
from demo.processes import Processes, run
from demo.sample.client import answer_of, proof_file_of, seal, wait_until
from demo.stage import Stage
from verifier_cli.audit.sources import RECORDS_SUFFIX
from verifier_cli.indicators.definition import shipped

COMMUNITY = "urn:uuid:5d0f3c4e-7a18-4c55-9b1e-0a6a3e7c2026"
PERIOD = (date(2026, 3, 1), date(2026, 11, 15))  # the certificates are of 10 November
MATCH, MISMATCH = 0, 1
_DRAFTED = re.compile(r"report (urn:uuid:\S+) waits")


def propose_community(community: Community) -> None:
    """Draft the agreement that makes the four organisations one community; all of them sign it."""
    school = community.school
    positions = {"leader": {"position": "core"}, "member": {"position": "upstream"}, "school": {}}
    parties = [
        {"id": member.did, "role": role, **positions[role]}
        for member in community.members
        for role in member.roles
    ]
    subject = {
        "id": COMMUNITY,
        "type": ["Agreement"],
        "kind": "chain",
        "code": "CHAIN-2026",
        "name": {"zh": "传感网产业链共同体（示例）", "en": "Sensor network chain (sample)"},
        "from": "2026-01-01",
        "parties": parties,
    }
    others = [member for member in community.members if member.did != school.did]
    draft = {
        "schema": "agreement.1",
        "subject": subject,
        "validFrom": "2026-01-01T00:00:00Z",
        "countersigners": [{"id": member.did, "role": "enterprise"} for member in others],
        "externalRef": "CHAIN-2026",
    }
    with community.client(school) as client:
        answer_of(client.post("/v1/records", json=draft))


def report(community: Community, processes: Processes, stage: Stage) -> Path:
    """Compute the community's indicators, sign and anchor them as a report; its proof file."""
    school = community.school
    with stage.step("12  The community's indicators, as a report that is signed and anchored"):
        days = ("--from", PERIOD[0].isoformat(), "--to", PERIOD[1].isoformat())
        arguments = ("indicators", "run", "--community", COMMUNITY, *days, "--issuer", school.did)
        own = ("--data-dir", community.data_dir, "--json")
        done = run("trace-service", *arguments, *own, passphrase=community.passphrase)
        values = json.loads(done.stdout)["values"]
        command = " ".join(arguments).replace(COMMUNITY, "urn:uuid:…")
        stage.show(f"trace-service {command}", "\n".join(_lines(values)))
        found = _DRAFTED.search(done.stderr)
        stage.expect(found is not None, f"no report was drafted: {done.stderr}")
        assert found is not None
        file = community.home / "report.trace.json"

        def released() -> bool:
            data = proof_file_of(community, school, found[1])
            seal(community, school)
            if data is not None:
                file.write_bytes(data)
            return data is not None

        wait_until(released, processes, "report")
        stage.say(f"signed by the school, with the definitions that it rests on: {file.name}")
    return file


def recompute(community: Community, file: Path, export: Path, stage: Stage) -> None:
    """An auditor computes the report again from the records; then from records of which one was altered."""
    arguments = ("--trust", community.trust_file, "--lang", "en")
    with stage.step("14  The auditor computes the report again, from the records alone"):
        done = run("trace-verify", "recompute", file, "--from", export, *arguments, codes=(MATCH,))
        stage.show(f"trace-verify recompute {file.name} --from export", done.stdout)
        altered = export.with_name("altered-export")
        shutil.copytree(export, altered)
        _raise_a_score(altered)
        done = run("trace-verify", "recompute", file, "--from", altered, *arguments, codes=(MISMATCH,))
        stage.say("One mark raised in one evaluation, where the records are kept:")
        stage.show(f"trace-verify recompute {file.name} --from altered-export", done.stdout)
        stage.expect("record_altered" in done.stdout, "the altered record is not named")
        stage.figure("indicator report", "recomputed by the auditor: match")
        stage.figure("one record altered", "mismatch, the record is named")


def _lines(values: list[dict[str, Any]]) -> list[str]:
    titles = {code: item.title for code, item in shipped().items()}
    stated = [value for value in values if value["state"] == "value"]
    lines = [
        f"{value['value']:>9}  n = {value.get('n', '-'):<5} {value['code']}: {titles[value['code']]['en']}"
        for value in stated
    ]
    return [*lines, f"{len(values) - len(stated)} others have no value: this term has no records for them"]


def _raise_a_score(export: Path) -> None:
    for path in sorted(export.glob(f"*/*{RECORDS_SUFFIX}")):
        lines = path.read_bytes().splitlines(keepends=True)
        for number, line in enumerate(lines):
            if b'"Evaluation"' in line and b'"score":8' in line:
                lines[number] = line.replace(b'"score":8', b'"score":9', 1)
                path.write_bytes(b"".join(lines))
                return
    raise AssertionError("the export has no evaluation")
