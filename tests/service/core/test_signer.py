"""The signer trusts the service with nothing but delivery."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.support.service import FIRM, OTHER, SCHOOL, Service, activity
from trace_service.signer.client import FIRST_PAUSE, LONGEST_PAUSE, Interrupted, SigningClient, SigningRefused
from trace_service.signer.loop import PAGE, Tally, check_request, sign_waiting, watch
from verifier_cli.encoding import digest_multibase
from verifier_cli.errors import TraceError
from verifier_cli.record import record_digest


@pytest.fixture
def item(served: Service) -> dict[str, Any]:
    """One request as the school gets it."""
    with served.client(FIRM) as firm:
        firm.post("/v1/records", json=activity())
    with served.client(SCHOOL) as school:
        (found,) = school.get("/v1/signing/requests").json()["items"]
    request: dict[str, Any] = found
    return request


def _client(service: Service, did: str, wait: Callable[[float], bool] = lambda _s: False) -> SigningClient:
    return SigningClient(service.url, service.api_keys[did], wait)


def test_honest_request_is_signed(item: dict[str, Any]) -> None:
    record = check_request(item, SCHOOL)
    assert digest_multibase(record.digest) == item["digest"]


def _other_document(item: dict[str, Any]) -> None:
    item["document"]["credentialSubject"]["project"] = "别的项目"


def _other_document_with_its_digest(item: dict[str, Any]) -> None:
    _other_document(item)
    item["document"]["issuer"]["id"] = OTHER
    item["digest"] = digest_multibase(record_digest(item["document"]))


def _other_role(item: dict[str, Any]) -> None:
    item["role"] = "issuer"


def _not_ours(item: dict[str, Any]) -> None:
    item["document"]["countersigners"][0]["id"] = OTHER
    item["digest"] = digest_multibase(record_digest(item["document"]))


def _invalid(item: dict[str, Any]) -> None:
    item["document"]["credentialSubject"]["days"] = []
    item["digest"] = digest_multibase(record_digest(item["document"]))


def _with_proof(item: dict[str, Any]) -> None:
    item["document"]["proof"] = [{"type": "DataIntegrityProof", "cryptosuite": "eddsa-jcs-2022"}]


@pytest.mark.parametrize(
    "lie", [_other_document, _other_document_with_its_digest, _other_role, _not_ours, _invalid, _with_proof]
)
def test_a_lying_service_gets_no_signature(
    item: dict[str, Any], lie: Callable[[dict[str, Any]], None]
) -> None:
    lied = copy.deepcopy(item)
    lie(lied)
    with pytest.raises((TraceError, ValueError)):
        check_request(lied, SCHOOL)


def test_what_is_not_signed_is_told_once(
    served: Service, item: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    _other_document(item)
    tally = Tally()
    client = _client(served, SCHOOL)
    answer = type("Page", (), {"items": [item, {"digest": "u"}], "cursor": None})()
    monkeypatch.setattr(client, "requests", lambda _cursor, _limit: answer)
    for _ in range(2):
        assert sign_waiting(client, served.signers[SCHOOL], tally, lambda: False) == 0
    assert (tally.accepted, tally.refused) == (0, 2)


def test_everything_that_waits_is_signed_page_by_page(
    served: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trace_service.signer.loop.PAGE", 2)
    with served.client(FIRM) as firm:
        for _ in range(5):
            firm.post("/v1/records", json=activity())
    for did, completed in ((FIRM, 0), (SCHOOL, 5)):
        tally = Tally()
        client = _client(served, did)
        assert sign_waiting(client, served.signers[did], tally, lambda: False) == 5
        client.close()
        assert (tally.accepted, tally.completed, tally.refused) == (5, completed, 0)
    assert PAGE <= 1_000  # what the service gives at most


def test_refused_proofs_are_counted(served: Service) -> None:
    with served.client(FIRM) as firm:
        firm.post("/v1/records", json=activity())
    served.now -= 10_000  # chain time is behind: every new proof is ahead of it
    tally = Tally()
    assert sign_waiting(_client(served, FIRM), served.signers[FIRM], tally, lambda: False) == 0
    assert (tally.accepted, tally.refused) == (0, 1)


def test_watch_ends_when_asked(served: Service) -> None:
    waits: list[float] = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        return len(waits) > 6

    watch(_client(served, FIRM), served.signers[FIRM], Tally(), wait)
    assert any(seconds > 0 for seconds in waits)


def test_a_dead_service_is_tried_with_growing_pauses() -> None:
    pauses: list[float] = []

    def wait(seconds: float) -> bool:
        pauses.append(seconds)
        return len(pauses) == 9

    client = SigningClient("http://127.0.0.1:9", "tsk_x", wait)
    with pytest.raises(Interrupted):
        client.requests(None, 1)
    assert pauses[:3] == [FIRST_PAUSE, FIRST_PAUSE * 2, FIRST_PAUSE * 4]
    assert pauses[-1] == LONGEST_PAUSE


@pytest.mark.parametrize(
    ("answers", "tries"),
    [([503, 200], 2), ([500, 502, 429, 200], 4), ([b"half an answ", 200], 2), ([200], 1)],
)
def test_overload_and_garbled_answers_are_tried_again(answers: list[int | bytes], tries: int) -> None:
    seen: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        answer = answers[len(seen)]
        seen.append(request)
        if isinstance(answer, bytes):
            return httpx.Response(200, content=answer)
        return httpx.Response(answer, json={"items": [], "next": None})

    client = SigningClient("http://service.example", "tsk_x", lambda _s: False)
    client._http = httpx.Client(base_url="http://service.example", transport=httpx.MockTransport(respond))
    assert client.requests("c", 7).items == []
    assert len(seen) == tries
    assert dict(seen[0].url.params) == {"limit": "7", "cursor": "c"}


def test_a_refused_key_ends_the_signer(served: Service) -> None:
    client = SigningClient(served.url, "tsk_x", lambda _s: False)
    with pytest.raises(SigningRefused) as caught:
        client.requests(None, 1)
    assert (caught.value.status, caught.value.code) == (401, "key.required")
