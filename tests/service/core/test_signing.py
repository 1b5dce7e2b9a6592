"""The signing routes: what waits, what is accepted, and what is refused item by item."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support.service import FIRM, OTHER, SCHOOL, Service, activity, draft, multibase, party
from trace_service.database import read, write
from trace_service.organisations.service import end_record_key
from trace_service.records.proofs import MAX_AHEAD
from trace_service.records.queries import outbox
from trace_service.records.requests import MAX_BULK, MAX_COMMENT
from trace_service.records.service import draft_many
from trace_service.signer.proofs import RecordSigner
from verifier_cli.encoding import multikey


def _drafts(service: Service, count: int, did: str = FIRM) -> list[str]:
    with write(service.engine) as connection:
        made = draft_many(
            connection, service.settings.chain, did, [draft(activity(), did) for _ in range(count)]
        )
    return [multibase(one.digest) for one in made]


def _hand_in(service: Service, did: str, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    with service.client(did) as client:
        answer = client.post("/v1/signing/proofs", json={"items": items})
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["items"]
    return results


def _item(service: Service, did: str, digest: str, **changes: Any) -> dict[str, Any]:
    return {"digest": digest, "proof": service.proof(did, digest) | changes}


def _waiting(service: Service, did: str, **parameters: Any) -> dict[str, Any]:
    with service.client(did) as client:
        answer = client.get("/v1/signing/requests", params=parameters)
    assert answer.status_code == 200
    page: dict[str, Any] = answer.json()
    return page


def test_requests_come_in_pages_oldest_first(served: Service) -> None:
    digests = _drafts(served, 5)
    first = _waiting(served, SCHOOL, limit=3)
    second = _waiting(served, SCHOOL, limit=3, cursor=first["next"])
    assert [item["digest"] for item in first["items"] + second["items"]] == digests
    assert second["next"] is None
    assert {item["role"] for item in first["items"]} == {"school"}
    assert {item["role"] for item in _waiting(served, FIRM)["items"]} == {"issuer"}
    assert _waiting(served, OTHER)["items"] == []


def test_signed_requests_wait_no_longer(served: Service) -> None:
    first, second = _drafts(served, 2)
    served.sign(SCHOOL, first)
    assert [item["digest"] for item in _waiting(served, SCHOOL)["items"]] == [second]
    assert len(_waiting(served, FIRM)["items"]) == 2


def test_bulk_completes_and_gives_receipts(served: Service) -> None:
    digests = _drafts(served, 40)
    first = _hand_in(served, FIRM, [_item(served, FIRM, digest) for digest in digests])
    assert [result["result"] for result in first] == ["accepted"] * 40
    assert not any("receipt" in result for result in first)
    second = _hand_in(served, SCHOOL, [_item(served, SCHOOL, digest) for digest in reversed(digests)])
    assert [result["receipt"]["recordDigest"] for result in second] == list(reversed(digests))
    with read(served.engine) as connection:
        assert len(outbox(connection, 1, 100)) == 40


def test_again_is_harmless(served: Service) -> None:
    (digest,) = _drafts(served, 1)
    item = _item(served, FIRM, digest)
    assert [r["result"] for r in _hand_in(served, FIRM, [item, item])] == ["accepted", "already"]
    assert [r["result"] for r in _hand_in(served, FIRM, [item])] == ["already"]
    served.sign(SCHOOL, digest)
    assert [r["result"] for r in _hand_in(served, SCHOOL, [_item(served, SCHOOL, digest)])] == ["already"]


def test_bad_items_leave_the_good_ones(served: Service) -> None:
    good, bad = _drafts(served, 2)
    forged = _item(served, FIRM, bad) | {"proof": served.proof(FIRM, good)}
    unknown = _item(served, FIRM, multibase(bytes(32)))
    results = _hand_in(served, FIRM, [unknown, forged, _item(served, FIRM, good)])
    assert [(r["result"], r.get("code")) for r in results] == [
        ("refused", "proof.unknown_record"),
        ("refused", "proof.invalid"),
        ("accepted", None),
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "Ed25519Signature2020"},
        {"cryptosuite": "eddsa-rdfc-2022"},
        {"proofPurpose": "authentication"},
        {"@context": ["https://www.w3.org/ns/credentials/v2"]},
        {"created": "2026-07-01"},
        {"proofValue": "z" + "1" * 64},
        {"nonce": "x"},
        {"created": 1e400},
        {"pad": "x" * 5000},
    ],
)
def test_proof_out_of_form(served: Service, changes: dict[str, Any]) -> None:
    (digest,) = _drafts(served, 1)
    if changes.get("created") == 1e400:
        changes = {"created": None}
    (result,) = _hand_in(served, FIRM, [_item(served, FIRM, digest, **changes)])
    assert (result["result"], result["code"]) == ("refused", "proof.invalid")


def test_only_the_named_signer_may_sign(served: Service) -> None:
    (digest,) = _drafts(served, 1)
    (as_other,) = _hand_in(served, OTHER, [_item(served, OTHER, digest)])
    (for_school,) = _hand_in(served, OTHER, [_item(served, SCHOOL, digest)])
    (by_firm,) = _hand_in(served, FIRM, [_item(served, SCHOOL, digest)])
    assert as_other["code"] == for_school["code"] == "proof.unknown_record"
    assert by_firm["code"] == "proof.invalid"


def test_key_that_the_organisation_does_not_have(served: Service) -> None:
    (digest,) = _drafts(served, 1)
    served.signers[FIRM] = RecordSigner(FIRM, Ed25519PrivateKey.generate())
    (result,) = _hand_in(served, FIRM, [_item(served, FIRM, digest)])
    assert (result["result"], result["code"]) == ("refused", "proof.key_unknown")


def test_ended_key(served: Service) -> None:
    (digest,) = _drafts(served, 1)
    with write(served.engine) as connection:
        end_record_key(connection, FIRM, multikey(served.signers[FIRM].public_key))
    (result,) = _hand_in(served, FIRM, [_item(served, FIRM, digest)])
    assert result["code"] == "proof.key_unknown"


@pytest.mark.parametrize(
    ("ahead", "result"), [(MAX_AHEAD, "accepted"), (MAX_AHEAD + 1, "refused"), (-(10**8), "accepted")]
)
def test_created_is_held_against_chain_time(served: Service, ahead: int, result: str) -> None:
    served.now = 1_780_000_000  # chain time, far from this machine's
    (digest,) = _drafts(served, 1)
    item = {"digest": digest, "proof": served.proof(FIRM, digest, served.now + ahead)}
    (answer,) = _hand_in(served, FIRM, [item])
    assert answer["result"] == result
    assert answer.get("code") == (None if result == "accepted" else "proof.created_ahead")


def test_rejection_ends_a_draft(served: Service) -> None:
    digest, other = _drafts(served, 2)
    served.sign(FIRM, digest)
    items = [{"digest": d, "comment": "七月一日不在岗"} for d in (digest, multibase(bytes(32)))]
    with served.client(SCHOOL) as client:
        answer = client.post("/v1/signing/rejections", json={"items": items}).json()
    assert [item["result"] for item in answer["items"]] == ["rejected", "unknown"]
    with served.client(FIRM) as client:
        (shown,) = client.get("/v1/records", params={"state": "rejected"}).json()["items"]
    assert (shown["recordDigest"], shown["rejection"]) == (digest, "七月一日不在岗")
    (late,) = _hand_in(served, SCHOOL, [_item(served, SCHOOL, digest)])
    assert late["code"] == "proof.rejected_record"
    assert [item["digest"] for item in _waiting(served, SCHOOL)["items"]] == [other]


def test_complete_records_cannot_be_rejected(served: Service) -> None:
    (digest,) = _drafts(served, 1)
    served.sign(FIRM, digest)
    served.sign(SCHOOL, digest)
    with served.client(SCHOOL) as client:
        answer = client.post("/v1/signing/rejections", json={"items": [{"digest": digest, "comment": "x"}]})
    assert answer.json()["items"][0]["result"] == "complete"


def test_strangers_cannot_reject(served: Service) -> None:
    (digest,) = _drafts(served, 1)
    with served.client(OTHER) as client:
        answer = client.post("/v1/signing/rejections", json={"items": [{"digest": digest, "comment": "x"}]})
    assert answer.json()["items"][0]["result"] == "unknown"
    assert len(_waiting(served, SCHOOL)["items"]) == 1


@pytest.mark.parametrize(("count", "status"), [(0, 422), (1, 200), (MAX_BULK, 200), (MAX_BULK + 1, 422)])
def test_items_in_one_request(served: Service, count: int, status: int) -> None:
    item = {"digest": multibase(bytes(32)), "proof": {}}
    with served.client(FIRM) as client:
        answer = client.post("/v1/signing/proofs", json={"items": [item] * count})
    assert answer.status_code == status


@pytest.mark.parametrize(("length", "status"), [(0, 422), (MAX_COMMENT, 200), (MAX_COMMENT + 1, 422)])
def test_length_of_a_comment(served: Service, length: int, status: int) -> None:
    item = {"digest": multibase(bytes(32)), "comment": "x" * length}
    with served.client(FIRM) as client:
        answer = client.post("/v1/signing/rejections", json={"items": [item]})
    assert answer.status_code == status


def test_digest_out_of_form(served: Service) -> None:
    with served.client(FIRM) as client:
        answer = client.post("/v1/signing/proofs", json={"items": [{"digest": "u", "proof": {}}]})
    assert (answer.status_code, answer.json()["code"], answer.json()["path"]) == (
        422,
        "request.digest",
        "$.items[0].digest",
    )


def test_single_signer_record_is_complete_with_one_proof(served: Service) -> None:
    with served.client(FIRM) as client:
        drafted = client.post("/v1/records", json=party()).json()
    proof = served.proof(FIRM, drafted["recordDigest"], schema="party.1")
    (result,) = _hand_in(served, FIRM, [{"digest": drafted["recordDigest"], "proof": proof}])
    assert result["receipt"]["recordDigest"] == drafted["recordDigest"]
