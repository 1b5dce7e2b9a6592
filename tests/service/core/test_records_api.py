"""Records over HTTP: from draft to receipt, lists, and documents that clients composed themselves."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support.service import FIRM, OPERATOR, OTHER, SCHOOL, Service, activity, party
from trace_service.database import write
from trace_service.records.queries import BATCH, LEAF, RECORD
from trace_service.signer.proofs import RecordSigner
from verifier_cli.canonical import canonical
from verifier_cli.encoding import (
    b64url_encode,
    base58btc_decode,
    digest_multibase,
    multikey,
    parse_multikey,
    parse_time,
)
from verifier_cli.record import Record
from verifier_cli.signature import verify_proof_set

DAY = 86_400


def _draft(service: Service, body: dict[str, Any], did: str = FIRM) -> dict[str, Any]:
    with service.client(did) as client:
        answer = client.post("/v1/records", json=body)
    assert answer.status_code == 202, answer.text
    drafted: dict[str, Any] = answer.json()
    return drafted


def _get(service: Service, path: str, did: str = FIRM, **parameters: Any) -> Any:
    with service.client(did) as client:
        answer = client.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_draft_then_both_signatures_then_a_receipt(served: Service) -> None:
    drafted = _draft(served, activity())
    path = f"/v1/records/{drafted['id']}"
    digest = drafted["recordDigest"]
    assert drafted["state"] == "draft"
    assert served.sign(FIRM, digest) == {"digest": digest, "result": "accepted"}
    assert _get(served, path)["state"] == "draft"
    last = served.sign(SCHOOL, digest)
    assert (last["result"], last["receipt"]["recordDigest"]) == ("accepted", digest)
    shown = _get(served, path)
    assert shown["state"] == "complete"
    record = Record.parse(canonical(shown["record"]))
    assert verify_proof_set(record) == {did: served.signers[did].public_key for did in (FIRM, SCHOOL)}
    assert digest_multibase(record.digest) == digest


def test_receipt_is_the_same_each_time_and_verifies(served: Service) -> None:
    drafted = _draft(served, activity())
    served.sign(FIRM, drafted["recordDigest"])
    given = served.sign(SCHOOL, drafted["recordDigest"])["receipt"]
    for did in (FIRM, SCHOOL):
        assert _get(served, f"/v1/records/{drafted['id']}/receipt", did) == given
    assert given["type"] == "SkillTraceReceipt"
    assert given["service"] == OPERATOR
    assert parse_time(given["anchorBy"]) - parse_time(given["acceptedAt"]) == served.settings.anchor_within
    proof = dict(given.pop("proof"))
    signature = base58btc_decode(proof.pop("proofValue")[1:])
    assert parse_multikey(proof["verificationMethod"].partition("#")[2]) == (
        served.receipt_key.public_key().public_bytes_raw()
    )
    signed = hashlib.sha256(canonical(proof)).digest() + hashlib.sha256(canonical(given)).digest()
    served.receipt_key.public_key().verify(signature, signed)


def test_no_receipt_for_a_draft(served: Service) -> None:
    drafted = _draft(served, activity())
    with served.client(FIRM) as client:
        answer = client.get(f"/v1/records/{drafted['id']}/receipt")
    assert (answer.status_code, answer.json()["code"]) == (409, "receipt.draft")


def test_one_proof_at_a_time(served: Service) -> None:
    drafted = _draft(served, activity())
    path = f"/v1/records/{drafted['id']}/proofs"
    codes = []
    for did in (FIRM, FIRM, SCHOOL, SCHOOL):
        with served.client(did) as client:
            answer = client.post(path, json=served.proof(did, drafted["recordDigest"]))
        codes.append((answer.status_code, answer.json()["state"]))
    assert codes == [(202, "draft"), (202, "draft"), (201, "complete"), (201, "complete")]


def test_person_signs_with_a_key_of_their_own(served: Service) -> None:
    key = Ed25519PrivateKey.generate()
    did = "did:key:" + multikey(key.public_key().public_bytes_raw())
    served.signers[did] = RecordSigner(did, key)
    countersigners = [{"id": SCHOOL, "role": "school"}, {"id": did, "role": "trainee"}]
    drafted = _draft(served, activity(countersigners=countersigners))
    for signer, sender in ((FIRM, FIRM), (SCHOOL, SCHOOL), (did, SCHOOL)):
        with served.client(sender) as client:
            answer = client.post(
                f"/v1/records/{drafted['id']}/proofs", json=served.proof(signer, drafted["recordDigest"])
            )
        assert answer.is_success, answer.text
    assert _get(served, f"/v1/records/{drafted['id']}")["state"] == "complete"


def test_list_has_what_the_caller_signs_and_nothing_else(served: Service) -> None:
    ours = [_draft(served, activity(externalRef=f"A-{i}"))["id"] for i in range(3)]
    _draft(served, party(), OTHER)
    for did in (FIRM, SCHOOL):
        assert [item["id"] for item in _get(served, "/v1/records", did)["items"]] == ours
    assert len(_get(served, "/v1/records", OTHER)["items"]) == 1


def test_list_by_reference_schema_and_state(served: Service) -> None:
    first = _draft(served, activity(externalRef="A-1"))
    second = _draft(served, party(externalRef="P-1"))
    served.sign(FIRM, first["recordDigest"])
    with served.client(FIRM) as client:
        proof = served.proof(FIRM, second["recordDigest"], schema="party.1")
        assert client.post(f"/v1/records/{second['id']}/proofs", json=proof).status_code == 201

    def ids(**filters: str) -> list[str]:
        return [item["id"] for item in _get(served, "/v1/records", **filters)["items"]]

    assert ids(external_ref="A-1") == ids(schema="activity.1") == ids(state="draft") == [first["id"]]
    assert ids(external_ref="P-1") == ids(schema="party.1") == ids(state="complete") == [second["id"]]
    assert ids(state="final") == ids(external_ref="A-2") == []


def test_states_follow_the_facts(served: Service) -> None:
    drafted = _draft(served, party())
    path = f"/v1/records/{drafted['id']}"
    with served.client(FIRM) as client:
        client.post(f"{path}/proofs", json=served.proof(FIRM, drafted["recordDigest"], schema="party.1"))
    seen = [_get(served, path)["state"]]
    now = sa.func.current_timestamp()
    batch = {"pk": 1, "organisation_pk": 1, "sequence": 0, "root": b"r", "count": 1, "kinds": 1, "format": 1}
    with write(served.engine) as connection:
        connection.execute(sa.insert(BATCH).values(**batch, newest_proof=0, sealed_at=now))
        pk = connection.execute(sa.select(RECORD.c.pk)).scalar_one()
        hashes = {"record_digest": b"d", "signature_digest": b"s", "leaf_hash": b"l"}
        connection.execute(sa.insert(LEAF).values(batch_pk=1, leaf_index=0, record_pk=pk, **hashes))
    seen.append(_get(served, path)["state"])
    for values in ({"anchored_at": DAY}, {"final_at": now}):
        with write(served.engine) as connection:
            connection.execute(sa.update(BATCH).values(**values))
        seen.append(_get(served, path)["state"])
    assert seen == ["complete", "sealed", "anchored", "final"]
    assert _get(served, path)["anchoredAt"] == "1970-01-02T00:00:00Z"
    for state in seen[-1:]:
        assert [item["id"] for item in _get(served, "/v1/records", state=state)["items"]] == [drafted["id"]]


def test_pages_join_without_gap_or_repeat(served: Service) -> None:
    every = [_draft(served, party())["id"] for _ in range(7)]
    seen: list[str] = []
    sizes: list[int] = []
    cursor: dict[str, str] = {}
    while True:
        page = _get(served, "/v1/records", limit=3, **cursor)
        seen += [item["id"] for item in page["items"]]
        sizes.append(len(page["items"]))
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert (seen, sizes) == (every, [3, 3, 1])


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"cursor": "!"}, "request.cursor"),
        ({"cursor": b64url_encode(b"after:-1")}, "request.cursor"),
        ({"cursor": b64url_encode(b"after:" + b"9" * 19)}, "request.cursor"),
        ({"state": "lost"}, "request.state"),
        ({"limit": 0}, "request.invalid"),
        ({"limit": 501}, "request.invalid"),
    ],
)
def test_bad_parameters_of_a_list(served: Service, parameters: dict[str, Any], code: str) -> None:
    with served.client(FIRM) as client:
        answer = client.get("/v1/records", params=parameters)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


@pytest.mark.parametrize(
    ("body", "code", "path"),
    [
        (b"", "record.profile", "$"),
        (b"[]", "request.invalid", "$"),
        (b'{"a":1,"a":2}', "record.profile", "$.a"),
        (b'{"schema":"activity.1"}', "request.invalid", "$.subject"),
        (b'{"schema":"activity.1","subject":{},"validFrom":1}', "request.invalid", "$.validFrom"),
        (b'{"schema":"activity.1","subject":{},"validFrom":"x","more":1}', "request.invalid", "$.more"),
        (
            b'{"schema":"poem.1","subject":{},"validFrom":"x"}',
            "record.unknown_schema",
            "$.credentialSchema.id",
        ),
        (b'{"schema":"party.1","subject":{},"validFrom":"x"}', "record.schema", None),
    ],
)
def test_bad_bodies(served: Service, body: bytes, code: str, path: str | None) -> None:
    with served.client(FIRM) as client:
        answer = client.post("/v1/records", content=body)
    problem = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert problem["code"] == code
    assert problem["type"] == f"urn:skilltrace:problem:{code}"
    assert problem["fix"]
    assert path is None or problem["path"] == path
