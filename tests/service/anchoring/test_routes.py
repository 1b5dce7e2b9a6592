"""Batches, proof files and status changes over HTTP, each seen by its own organisation alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi.testclient import TestClient

from tests.support.nodes import anvil_node
from tests.support.records import EVALUATOR, FIRM, SCHOOL, link, make_key
from tests.support.world import World, make_installation, settle
from trace_service import database
from trace_service.anchoring import outbox
from trace_service.anchoring.proofs import ProofFiles
from trace_service.anchoring.release import release
from trace_service.anchoring.selfcheck import make_verifier
from trace_service.app import create_app
from trace_service.config import Settings
from trace_service.organisations.service import register
from trace_service.security import create_key
from verifier_cli.did import org_id
from verifier_cli.encoding import digest_multibase
from verifier_cli.proof_file import ProofFile

pytestmark = pytest.mark.node

ALL = frozenset(("issue", "countersign", "status", "read"))


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[tuple[World, Settings, TestClient, dict[str, dict[str, str]]]]:
    with anvil_node() as node:
        world, settings = make_installation(node, tmp_path)
        headers = {}
        with database.write(world.engine) as connection:
            world.pks[EVALUATOR] = register(connection, EVALUATOR, "评价机构")
            for did, pk in world.pks.items():
                headers[did] = {"Authorization": f"Bearer {create_key(connection, pk, ALL)}"}
        app = create_app(settings, world.engine, receipt_key=Ed25519PrivateKey.generate())
        with TestClient(app) as client:
            yield world, settings, client, headers


Opened = tuple[World, Settings, TestClient, dict[str, dict[str, str]]]


def test_from_seal_on_demand_to_a_proof_file(opened: Opened) -> None:
    world, settings, client, headers = opened
    record = world.add_record("activity.1")
    url = f"/v1/records/{record.id}/proof-file"
    assert client.get(url, headers=headers[FIRM]).json()["code"] == "record.not_final"
    assert client.post("/v1/batches:seal", headers=headers[SCHOOL]).json() == {"waiting": False}
    assert client.post("/v1/batches:seal", headers=headers[FIRM]).json() == {"waiting": True}
    with database.read(world.engine) as connection:
        assert outbox.demanded(connection, world.pks[FIRM])
    world.seal()
    settle(world.anchoring())
    assert client.get(url, headers=headers[FIRM]).status_code == 409
    assert release(world.engine, ProofFiles(world.chain), make_verifier(settings), world.authority) == 1
    answers = [client.get(url, headers=headers[did]) for did in (FIRM, SCHOOL, EVALUATOR)]
    assert [answer.status_code for answer in answers] == [200, 200, 404]
    assert ProofFile.parse(answers[0].content).record["id"] == record.id
    assert answers[0].content == answers[1].content


def test_a_withheld_record_says_why(opened: Opened) -> None:
    """The school's key was ended between sealing and anchoring: its own record is withheld, no other."""
    world, settings, client, headers = opened
    lost, kept = world.add_record("activity.1"), world.add_record("party.1", issuer=FIRM)
    world.seal()
    world.admin().end_key(org_id(SCHOOL), make_key(SCHOOL).public)
    settle(world.anchoring())
    assert release(world.engine, ProofFiles(world.chain), make_verifier(settings), world.authority) == 1
    answer = client.get(f"/v1/records/{lost.id}/proof-file", headers=headers[FIRM])
    assert (answer.status_code, answer.json()["code"]) == (409, "record.withheld")
    assert answer.json()["detail"] == f"{SCHOOL}: key_ended"
    assert answer.json()["fix"]
    linked = client.get(f"/v1/proof-files/{digest_multibase(lost.digest)}", headers=headers[SCHOOL])
    assert linked.json()["code"] == "record.withheld"
    assert client.get(f"/v1/records/{kept.id}/proof-file", headers=headers[FIRM]).status_code == 200
    listed = client.get("/v1/records?state=withheld", headers=headers[FIRM]).json()["items"]
    assert [(item["id"], item["withheld"]) for item in listed] == [(lost.id, "key_ended")]
    final = client.get("/v1/records?state=final", headers=headers[FIRM]).json()["items"]
    assert [(item["id"], item["withheld"]) for item in final] == [(kept.id, None)]


def test_a_record_that_is_held_back_says_why(opened: Opened) -> None:
    world, _settings, client, headers = opened
    asked = {"requirements": {"evaluatedBy": ["school"]}}
    standard = world.add_record("standard.1", subject=asked)
    waiting = world.add_record("credential.1", links=[link(standard.document, "awards")])
    assert world.seal(SCHOOL).held == 1
    held, sealed = (
        client.get(f"/v1/records/{record.id}/proof-file", headers=headers[SCHOOL]).json()
        for record in (waiting, standard)
    )
    assert (held["code"], sealed["code"]) == ("record.not_final", "record.not_final")
    assert held["detail"] == f"{SCHOOL}: gate_missing"
    assert "gate_missing" not in str(sealed)


def test_proof_file_by_the_digest_that_links_carry(opened: Opened) -> None:
    """What `--lineage --from` asks for: signers alone get it, and nobody learns whether a record exists."""
    world, settings, client, headers = opened
    record = world.add_record("activity.1")
    url = f"/v1/proof-files/{digest_multibase(record.digest)}"
    early = client.get(url, headers=headers[SCHOOL])
    assert (early.status_code, early.json()["code"]) == (409, "record.not_final")
    stranger = client.get(url, headers=headers[EVALUATOR])
    unknown = client.get(f"/v1/proof-files/{digest_multibase(bytes(32))}", headers=headers[EVALUATOR])
    malformed = client.get("/v1/proof-files/u1234", headers=headers[EVALUATOR])
    for answer in (stranger, unknown, malformed):
        assert (answer.status_code, answer.json()["code"]) == (404, "record.not_found")
    world.seal()
    settle(world.anchoring())
    assert release(world.engine, ProofFiles(world.chain), make_verifier(settings), world.authority) == 1
    answers = [client.get(url, headers=headers[did]) for did in (FIRM, SCHOOL, EVALUATOR)]
    assert [answer.status_code for answer in answers] == [200, 200, 404]
    assert (
        answers[0].content == client.get(f"/v1/records/{record.id}/proof-file", headers=headers[FIRM]).content
    )


@pytest.mark.parametrize(
    ("schema", "status", "code"),
    [("standard.1", 409, "record.not_final"), ("party.1", 404, "record.not_found")],
)
def test_standards_go_to_every_reader(opened: Opened, schema: str, status: int, code: str) -> None:
    world, _settings, client, headers = opened
    record = world.add_record(schema)
    answer = client.get(f"/v1/proof-files/{digest_multibase(record.digest)}", headers=headers[EVALUATOR])
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert client.get(f"/v1/records/{record.id}/proof-file", headers=headers[EVALUATOR]).status_code == 404


def test_key_without_the_scope_gets_no_proof_file(opened: Opened) -> None:
    world, _settings, client, _headers = opened
    record = world.add_record("activity.1")
    with database.write(world.engine) as connection:
        key = create_key(connection, world.pks[FIRM], frozenset(("issue",)))
    url = f"/v1/proof-files/{digest_multibase(record.digest)}"
    assert client.get(url, headers={"Authorization": f"Bearer {key}"}).status_code == 403


def test_batches_are_listed_by_page_and_only_to_their_organisation(opened: Opened) -> None:
    world, _settings, client, headers = opened
    for _ in range(3):
        world.add_record("activity.1")
        world.seal()
    settle(world.anchoring())
    first = client.get("/v1/batches?limit=2", headers=headers[FIRM]).json()
    second = client.get(f"/v1/batches?limit=2&cursor={first['next']}", headers=headers[FIRM]).json()
    assert [item["sequence"] for item in first["items"] + second["items"]] == [0, 1, 2]
    assert second["next"] is None
    assert all(item["final"] and item["count"] == 1 for item in first["items"])
    assert client.get("/v1/batches", headers=headers[SCHOOL]).json()["items"] == []


def test_status_changes_over_http(opened: Opened) -> None:
    world, _settings, client, headers = opened
    record = world.add_record("activity.1")
    body = {"changes": [{"record": record.id, "action": "revoke", "reason": "issuedInError"}]}
    answer = client.post("/v1/status-changes", json=body, headers=headers[FIRM])
    assert answer.status_code == 202
    assert client.post("/v1/status-changes", json=body, headers=headers[FIRM]).json() == answer.json()
    assert client.post("/v1/status-changes", json=body, headers=headers[SCHOOL]).status_code == 404
    (item,) = client.get("/v1/status-changes", headers=headers[FIRM]).json()["items"]
    assert (item["recordId"], item["action"], item["reason"]) == (record.id, "revoke", "issuedInError")
    assert item["state"] == "requested"
    assert client.get("/v1/status-changes", headers=headers[SCHOOL]).json()["items"] == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/batches"),
        ("POST", "/v1/batches:seal"),
        ("GET", "/v1/records/urn:uuid:x/proof-file"),
        ("GET", "/v1/proof-files/uEiAx"),
        ("POST", "/v1/status-changes"),
        ("GET", "/v1/status-changes"),
    ],
)
def test_nothing_works_without_a_key(opened: Opened, method: str, path: str) -> None:
    assert opened[2].request(method, path, json={"changes": []}).status_code == 401
