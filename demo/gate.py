"""Before a certificate: what the standard asks for is there, or is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx

from demo.community import Community
from demo.processes import Processes, run
from demo.sample.client import revoke
from demo.stage import DemoError, Stage

CLOSED = 1  # exit code of `trace-service gate` where somebody lacks something
STANDARD = "SNAD@2026.1"


def show_gate(community: Community, processes: Processes, certificate: Path, stage: Stage) -> None:
    """A trainee's practice credit is withdrawn; the dry run names what is missing now, and a new certificate
    is refused for it."""
    record = json.loads(certificate.read_bytes())["record"]
    with stage.step("11  The gate: no certificate without what its standard asks for"):
        credit = _practice_credit(certificate.parent, record["credentialSubject"]["id"])
        revoke(community, processes, community.school, [credit])
        stage.say("The school has withdrawn that trainee's practice credit too. Who lacks what now?")
        arguments = ("gate", STANDARD, "--org", community.school.did)
        own = ("--data-dir", community.data_dir)
        done = run("trace-service", *arguments, *own, codes=(CLOSED,), passphrase=community.passphrase)
        stage.show(f"trace-service {' '.join(arguments)}", done.stdout)
        stage.say("The school tries to issue the certificate again:")
        answer = _issue_again(community, record)
        problem = answer.json()
        stage.expect(
            (answer.status_code, problem.get("code")) == (422, "gate.missing"),
            f"the gate let it pass: {answer.status_code} {answer.text}",
        )
        stage.show("POST /v1/records", "\n".join(_lines(answer.status_code, problem)))
        stage.figure("certificate without its credits", "refused, what is missing is named")


def _practice_credit(folder: Path, trainee: str) -> str:
    """The id of the record by which the trainee has credits."""
    for path in sorted(folder.glob("*.trace.json")):
        record = json.loads(path.read_bytes())["record"]
        subject = record["credentialSubject"]
        if (subject["kind"], subject["id"]) == ("practice_credit", trainee):
            return str(record["id"])
    raise DemoError(f"{folder} has no practice credit of {trainee}")


def _issue_again(community: Community, record: dict[str, Any]) -> httpx.Response:
    links = [{"id": link["id"], "rel": link["rel"]} for link in record["relatedResource"]]
    draft = {
        "schema": "credential.1",
        "subject": record["credentialSubject"],
        "validFrom": record["validFrom"],
        "links": links,
        "countersigners": record["countersigners"],
        "externalRef": "once-more",
    }
    with community.client(community.school) as client:
        return client.post("/v1/records", json=draft)


def _lines(status: int, problem: dict[str, Any]) -> list[str]:
    missing = [
        f"{item['code']}: {item['needed']} {item['unit']} needed, {item['found']} found"
        for finding in problem["findings"]
        for item in finding["missing"]
    ]
    return [f"{status} {problem['code']}: {problem['title']}", *missing, f"fix: {problem['fix']}"]
