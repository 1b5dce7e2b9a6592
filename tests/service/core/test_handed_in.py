"""Documents that clients composed themselves: validated wholly, complete at once where all proofs
are there."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from tests.support.service import CHAIN, FIRM, OTHER, SCHOOL, Service, activity
from trace_service.records.requests import MAX_REF
from verifier_cli.encoding import b64url_encode, digest_multibase
from verifier_cli.record import context_for, record_digest, status_entry


def _document(service: Service, number: int, **changes: Any) -> dict[str, Any]:
    body = activity()
    document = {
        "@context": context_for("activity.1"),
        "id": body["subject"]["id"],
        "type": ["VerifiableCredential", "Activity"],
        "issuer": {"id": FIRM, "type": ["Profile"], "name": "示例企业"},
        "validFrom": body["validFrom"],
        "credentialSubject": body["subject"] | {"id": "urn:uuid:5a8c2f57-36f7-4c0e-9a37-9d7f1c0f7f20"},
        "credentialStatus": status_entry(FIRM, CHAIN.chain_id, CHAIN.anchor_registry, number),
        "credentialSchema": {"id": "urn:skilltrace:schema:activity:1", "type": "JsonSchema"},
        "countersigners": body["countersigners"],
        "salt": b64url_encode(hashlib.sha256(body["subject"]["id"].encode()).digest()[:16]),
    }
    return document | changes


def _signed(service: Service, document: dict[str, Any], *signers: str) -> dict[str, Any]:
    digest = digest_multibase(record_digest(document))
    return document | {"proof": [service.proof(did, digest) for did in signers]}


def _number(service: Service) -> int:
    with service.client(FIRM) as client:
        answer = client.post("/v1/status-numbers", json={"count": 1})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["numbers"][0])


def _hand_in(service: Service, document: dict[str, Any], **beside: Any) -> tuple[int, dict[str, Any]]:
    with service.client(FIRM) as client:
        answer = client.post("/v1/records", json={"document": document} | beside)
    return answer.status_code, answer.json()


def test_whole_document_is_complete_at_once(served: Service) -> None:
    document = _document(served, _number(served))
    status, answer = _hand_in(served, _signed(served, document, SCHOOL, FIRM), externalRef="A-1")
    assert (status, answer["state"]) == (201, "complete")
    assert answer["receipt"]["recordDigest"] == digest_multibase(record_digest(document))
    with served.client(FIRM) as client:
        shown = client.get(f"/v1/records/{document['id']}").json()
    assert {k: v for k, v in shown["record"].items() if k != "proof"} == document
    assert shown["externalRef"] == "A-1"


@pytest.mark.parametrize("signers", [(), (FIRM,), (SCHOOL,)])
def test_part_signed_document_waits(served: Service, signers: tuple[str, ...]) -> None:
    document = _document(served, _number(served))
    given = _signed(served, document, *signers) if signers else document
    status, answer = _hand_in(served, given)
    assert (status, answer["state"]) == (202, "draft")
    rest = [did for did in (FIRM, SCHOOL) if did not in signers]
    assert "receipt" in [served.sign(did, answer["recordDigest"]) for did in rest][-1]


def test_document_of_another_deployment(served: Service) -> None:
    entry = status_entry(FIRM, CHAIN.chain_id + 1, CHAIN.anchor_registry, _number(served))
    status, answer = _hand_in(served, _document(served, 0, credentialStatus=entry))
    assert (status, answer["code"], answer["path"]) == (
        422,
        "record.deployment",
        "$.document.credentialStatus.id",
    )


def test_number_never_reserved_and_number_used(served: Service) -> None:
    number = _number(served)
    status, answer = _hand_in(served, _document(served, 256))
    assert (status, answer["code"]) == (422, "record.status_number")
    assert _hand_in(served, _document(served, number))[0] == 202
    status, answer = _hand_in(served, _document(served, number))
    assert (status, answer["code"]) == (422, "record.status_number")


def test_text_out_of_nfc(served: Service) -> None:
    document = _document(served, _number(served))
    document["credentialSubject"]["project"] = "Zoe\u0308"
    status, answer = _hand_in(served, document)
    assert (status, answer["code"]) == (422, "record.nfc")


def test_same_document_twice_and_same_reference_twice(served: Service) -> None:
    document = _document(served, _number(served))
    assert _hand_in(served, document, externalRef="A-1")[0] == 202
    assert _hand_in(served, document)[1]["code"] == "record.exists"
    other = _document(served, _number(served))
    assert _hand_in(served, other, externalRef="A-1")[1]["path"] == "$.externalRef"


def test_altered_document_stores_nothing(served: Service) -> None:
    document = _signed(served, _document(served, _number(served)), FIRM, SCHOOL)
    document["credentialSubject"]["project"] = "别的项目"
    status, answer = _hand_in(served, document)
    assert (status, answer["code"], answer["path"]) == (422, "proof.invalid", "$.document.proof[0]")
    with served.client(FIRM) as client:
        assert client.get(f"/v1/records/{document['id']}").status_code == 404


@pytest.mark.parametrize(
    ("signers", "code"), [((FIRM, FIRM), "proof.repeated"), ((OTHER,), "proof.unknown_record")]
)
def test_second_and_foreign_proofs(served: Service, signers: tuple[str, ...], code: str) -> None:
    status, answer = _hand_in(served, _signed(served, _document(served, _number(served)), *signers))
    assert (status, answer["code"]) == (422, code)


def test_proof_of_another_suite(served: Service) -> None:
    document = _document(served, _number(served)) | {
        "proof": [{"type": "DataIntegrityProof", "cryptosuite": "eddsa-rdfc-2022"}]
    }
    status, answer = _hand_in(served, document)
    assert (status, answer["code"]) == (422, "proof.foreign")


def test_invalid_document_names_its_path(served: Service) -> None:
    document = _document(served, _number(served))
    document["credentialSubject"]["days"][0]["end"] = "25:00"
    status, answer = _hand_in(served, document)
    assert (status, answer["code"]) == (422, "record.schema")
    assert answer["path"] == "$.document.credentialSubject.days[0].end"


@pytest.mark.parametrize(
    "beside", [{"extra": 1}, {"externalRef": ""}, {"externalRef": "x" * (MAX_REF + 1)}, {"externalRef": 7}]
)
def test_members_beside_the_document(served: Service, beside: dict[str, Any]) -> None:
    status, answer = _hand_in(served, _document(served, 0), **beside)
    assert (status, answer["code"]) == (422, "request.invalid")
