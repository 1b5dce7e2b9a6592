"""Organisations that draft records in another's name."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.support.service import CHAIN, FIRM, OTHER, SCHOOL, Service, activity
from trace_service.signer.client import SigningClient
from trace_service.signer.loop import Tally, sign_waiting
from verifier_cli.encoding import b64url_encode, digest_multibase
from verifier_cli.record import context_for, record_digest, status_entry


def document(number: int) -> dict[str, Any]:
    """A practice log of the firm, countersigned by the school."""
    body = activity()
    return {
        "@context": context_for("activity.1"),
        "id": f"urn:uuid:{uuid.uuid4()}",
        "type": ["VerifiableCredential", "Activity"],
        "issuer": {"id": FIRM, "type": ["Profile"], "name": "示例企业"},
        "validFrom": body["validFrom"],
        "credentialSubject": body["subject"],
        "credentialStatus": status_entry(FIRM, CHAIN.chain_id, CHAIN.anchor_registry, number),
        "credentialSchema": {"id": "urn:skilltrace:schema:activity:1", "type": "JsonSchema"},
        "countersigners": body["countersigners"],
        "salt": b64url_encode(uuid.uuid4().bytes),
    }


def reserved(service: Service) -> int:
    """A status number that the firm has reserved."""
    with service.client(FIRM) as client:
        answer = client.post("/v1/status-numbers", json={"count": 1})
    return int(answer.json()["numbers"][0])


def hand_in(service: Service, did: str, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """The answer to a document from ``did``."""
    with service.client(did) as client:
        answer = client.post("/v1/records", json={"document": given})
    return answer.status_code, answer.json()


def signed(service: Service, given: dict[str, Any], *signers: str) -> dict[str, Any]:
    """The same with proofs."""
    digest = digest_multibase(record_digest(given))
    return given | {"proof": [service.proof(did, digest) for did in signers]}


def test_a_countersigner_uses_up_no_number_of_the_issuer(served: Service) -> None:
    number = reserved(served)
    theirs = document(number)
    for given in (theirs, signed(served, theirs, SCHOOL)):
        status, answer = hand_in(served, SCHOOL, given)
        assert (status, answer["code"]) == (403, "record.issuer_proof")
    status, _ = hand_in(served, FIRM, signed(served, document(number), FIRM))
    assert status == 202


def test_an_issuers_proof_that_is_not_one_stores_nothing(served: Service) -> None:
    number = reserved(served)
    forged = signed(served, document(number), SCHOOL)
    forged["proof"][0]["verificationMethod"] = f"{FIRM}#z6MkgpPHZ6nhcRPjxq7scPYM5QL5Yt2jNPJrnaKiK4u6kLRg"
    status, answer = hand_in(served, SCHOOL, forged)
    assert (status, answer["code"]) == (422, "proof.invalid")
    status, _ = hand_in(served, FIRM, document(number))
    assert status == 202


def test_a_countersigner_may_bring_what_the_issuer_signed(served: Service) -> None:
    status, answer = hand_in(served, SCHOOL, signed(served, document(reserved(served)), FIRM, SCHOOL))
    assert (status, answer["state"]) == (201, "complete")


@pytest.mark.parametrize("with_proof", [False, True])
def test_a_stranger_hands_in_nothing(served: Service, with_proof: bool) -> None:
    given = document(reserved(served))
    status, answer = hand_in(served, OTHER, signed(served, given, FIRM) if with_proof else given)
    assert (status, answer["code"]) == (403, "record.not_a_signer")


def test_a_strangers_draft_is_not_signed_with_partners_named(served: Service) -> None:
    forged = activity(issuer=SCHOOL, countersigners=[{"id": OTHER, "role": "enterprise"}])
    honest = activity()
    with served.client(OTHER) as other, served.client(FIRM) as firm:
        forged_id = other.post("/v1/records", json=forged).json()["id"]
        honest_id = firm.post("/v1/records", json=honest).json()["id"]
    client, tally = SigningClient(served.url, served.api_keys[SCHOOL], lambda _s: False), Tally()
    assert sign_waiting(client, served.signers[SCHOOL], tally, lambda: False, frozenset({FIRM})) == 1
    assert tally.refused == 1
    with served.client(SCHOOL) as school:
        unsigned = {
            name: [
                s["id"] for s in school.get(f"/v1/records/{name}").json()["signers"] if s["signedAt"] is None
            ]
            for name in (forged_id, honest_id)
        }
    assert SCHOOL in unsigned[forged_id]
    assert SCHOOL not in unsigned[honest_id]
