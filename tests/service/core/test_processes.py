"""Real processes: the service, the embedded chain, and a signer for each organisation."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.installation import Installation, Running, run, wait_for
from tests.support.service import FIRM, OPERATOR, SCHOOL, activity
from verifier_cli.trust import Trust

WAIT_SECONDS = 60


@pytest.fixture
def service(installation: Installation) -> Iterator[Running]:
    """The running service."""
    with installation.serving() as running:
        yield running


def _draft(client: httpx.Client, body: dict[str, Any], key: str) -> httpx.Response:
    return client.post("/v1/records", json=body, headers={"Idempotency-Key": key})


def _state(client: httpx.Client, record_id: str) -> str:
    return str(client.get(f"/v1/records/{record_id}").json()["state"])


def _wait_for_state(client: httpx.Client, record_id: str, state: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while _state(client, record_id) != state:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_two_signer_processes_complete_a_record(installation: Installation, service: Running) -> None:
    with installation.client(service, FIRM) as firm, installation.client(service, SCHOOL) as school:
        drafted = _draft(firm, activity(), "k-1").json()
        with installation.signing(FIRM, service.url) as one, installation.signing(SCHOOL, service.url) as two:
            _wait_for_state(firm, drafted["id"], "complete")
            assert (one.stop(), two.stop()) == (0, 0)
        assert (
            school.get(f"/v1/records/{drafted['id']}/receipt").json()["recordDigest"]
            == drafted["recordDigest"]
        )
    assert "1 signed" in one.text()
    assert "1 signed" in two.text()


def test_without_the_firms_signer_nothing_becomes_complete(
    installation: Installation, service: Running
) -> None:
    with installation.client(service, FIRM) as firm:
        ids = [_draft(firm, activity(), f"k-{n}").json()["id"] for n in range(3)]
        with installation.signing(SCHOOL, service.url) as school:
            deadline = time.monotonic() + WAIT_SECONDS
            while "accepted 3 so far" not in school.text():
                assert time.monotonic() < deadline
                time.sleep(0.05)
            school.stop()
        assert [_state(firm, record_id) for record_id in ids] == ["draft"] * 3
        with installation.signing(FIRM, service.url):
            for record_id in ids:
                _wait_for_state(firm, record_id, "complete")


def test_the_schools_process_cannot_open_the_firms_key(installation: Installation, service: Running) -> None:
    with installation.client(service, FIRM) as firm:
        _draft(firm, activity(), "k-1")
        done = run(
            "sign", "--org-dir", installation.org_dir(FIRM), "--url", service.url, "--once", did=SCHOOL
        )
        assert done.returncode == 2
        assert "passphrase" in done.stderr
        assert len(firm.get("/v1/signing/requests").json()["items"]) == 1


def test_the_service_cannot_open_an_organisations_key(installation: Installation, service: Running) -> None:
    done = run("sign", "--org-dir", installation.org_dir(FIRM), "--url", service.url, "--once", did=OPERATOR)
    assert done.returncode == 2
    keys = {path.name for path in (installation.data_dir / "keys").iterdir()}
    assert keys == {"relayer.json", "receipt.json"}


def test_signer_waits_for_a_service_that_is_away(installation: Installation) -> None:
    with installation.serving() as first:
        with installation.client(first, FIRM) as firm:
            drafted = _draft(firm, activity(), "k-1").json()
        port = first.url.rpartition(":")[2]
        first.stop()
    with installation.signing(FIRM, f"http://127.0.0.1:{port}") as signer:
        deadline = time.monotonic() + WAIT_SECONDS
        while "again in" not in signer.text():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert signer.stop() == 0
    assert drafted["state"] == "draft"


def test_signer_with_a_revoked_key_says_so(installation: Installation, service: Running) -> None:
    prefix = installation.api_key(FIRM).split("_")[1]
    assert run("org", "key", FIRM, "--data-dir", installation.data_dir, "--revoke", prefix).returncode == 0
    done = run("sign", "--org-dir", installation.org_dir(FIRM), "--url", service.url, "--once", did=FIRM)
    assert done.returncode == 2
    assert "401 key.required" in done.stderr


def test_deep_nesting_leaves_the_process_alive(installation: Installation, service: Running) -> None:
    with installation.client(service, FIRM) as firm:
        for path in ("/v1/records", "/v1/signing/proofs"):
            answer = firm.post(path, content=b"[" * 100_000, headers={"Content-Type": "application/json"})
            assert answer.json()["code"] == "request.too_deep"
        assert firm.get("/healthz").status_code == 200
    assert service.process.poll() is None


def test_no_secret_in_logs_database_or_errors(installation: Installation, service: Running) -> None:
    api_key = installation.api_key(FIRM)
    with installation.client(service, FIRM) as firm:
        body = activity()
        drafted = _draft(firm, body, "k-1").json()
        salt = firm.get(f"/v1/records/{drafted['id']}").json()["record"]["salt"]
        errors = [_draft(firm, body | {"schema": api_key}, "k-2"), _draft(firm, activity(), "k-1")]
        errors.append(firm.get("/v1/records", params={"cursor": salt}))
        assert all(error.status_code == 422 for error in errors)
        assert not any(body["subject"]["project"] in error.text for error in errors)
    service.stop()
    written = b"".join(path.read_bytes() for path in installation.home.glob("*.log"))
    database = b"".join(path.read_bytes() for path in installation.data_dir.glob("skilltrace.db*"))
    assert salt.encode() in database  # in the document, so the search does find things
    assert b"POST /v1/records 202" in written
    for secret in (api_key, api_key.rpartition("_")[2], "of the operator", salt, body["subject"]["project"]):
        assert secret.encode() not in written
    for secret in (api_key, api_key.rpartition("_")[2], "of the operator"):
        assert secret.encode() not in database


@pytest.mark.faults
@pytest.mark.parametrize("point", ["record.before_commit", "record.after_commit"])
def test_kill_around_the_commit(installation: Installation, tmp_path: Path, point: str) -> None:
    body, held = activity(), tmp_path / "held"
    with installation.serving(TRACE_HOLD_AT=point, TRACE_HOLD_FILE=str(held)) as service:
        with installation.client(service, FIRM) as firm:
            firm.timeout = httpx.Timeout(0.1, connect=10)
            with pytest.raises(httpx.ReadTimeout):
                _draft(firm, body, "k-1")
        wait_for(held, service)
        service.kill()
    with installation.serving() as service, installation.client(service, FIRM) as firm:
        before = [item["id"] for item in firm.get("/v1/records").json()["items"]]
        first, second = _draft(firm, body, "k-1"), _draft(firm, body, "k-1")
        after = [item["id"] for item in firm.get("/v1/records").json()["items"]]
    assert (first.status_code, first.content) == (second.status_code, second.content) == (202, first.content)
    assert after == [first.json()["id"]]
    assert before == (after if point == "record.after_commit" else [])


@pytest.mark.faults
def test_children_are_restarted_and_stopped(installation: Installation, service: Running) -> None:
    node = int(service.facts["node_pid"])
    os.kill(node, 9)
    deadline = time.monotonic() + WAIT_SECONDS
    body = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}
    while True:
        try:
            assert httpx.post(str(service.facts["rpc_url"]), json=body, trust_env=False).json()["result"]
            break
        except httpx.TransportError:
            assert time.monotonic() < deadline, service.text()
            time.sleep(0.1)
    assert service.stop() == 0
    with pytest.raises(httpx.TransportError):
        httpx.post(str(service.facts["rpc_url"]), json=body, trust_env=False)


def test_trust_file_names_the_running_chain(installation: Installation, service: Running) -> None:
    (deployment,) = Trust.load(installation.data_dir / "trust.toml").deployments
    assert deployment.rpc == (service.facts["rpc_url"],)
    assert (deployment.operator, deployment.state, deployment.finality) == (OPERATOR, "active", "latest")
    settings = (installation.data_dir / "service.toml").read_text()
    assert f"chain_id = {deployment.chain_id}" in settings
    assert f'anchor_registry = "0x{deployment.anchor_registry.hex()}"' in settings
