"""POST /v1/records: a record to compose, or one that the caller composed and signed itself."""

from __future__ import annotations

import time
from typing import Any

import orjson
from sqlalchemy.engine import Connection

from trace_service.database import read, write
from trace_service.holdpoints import hold
from trace_service.idempotency.service import Answer, IdempotentRequest, recall, remember
from trace_service.problems import Problem, from_data_error
from trace_service.records.proofs import Door, add_proofs
from trace_service.records.queries import find_record
from trace_service.records.requests import MAX_REF, DraftBody, read_as
from trace_service.records.revisions import plan_signing
from trace_service.records.service import DraftedRecord, draft_many, store_document
from trace_service.records.views import receipt_of
from trace_service.security import Caller, Context
from verifier_cli.encoding import digest_multibase
from verifier_cli.errors import DataError
from verifier_cli.record import Record
from verifier_cli.signature import is_native


def door(shared: Context) -> Door:
    """Return what proofs are measured against now."""
    return Door(shared.authority, shared.clock(), int(time.time()), shared.settings.anchor_within)


def post_record(shared: Context, who: Caller, body: dict[str, Any], request: IdempotentRequest) -> Answer:
    """Draft or store one record and return the answer, which is durable when this returns.

    202 for a draft that waits for signatures, 201 with a receipt for a complete record. The same request
    again (by its idempotency key) returns the same answer and does nothing.
    """
    with read(shared.engine) as connection:
        remembered = recall(connection, request)
    if remembered is not None:
        return remembered
    at = door(shared)
    with write(shared.engine) as connection:
        remembered = recall(connection, request)  # again: another request may have come first
        if remembered is not None:
            return remembered
        stored = _store(connection, shared, who, body, at)
        answer = _answer(connection, shared, who, stored)
        remember(connection, request, answer)
        hold("record.before_commit")
    hold("record.after_commit")
    return answer


def proof_signer(who: Caller, proof: Any) -> str:
    """Return whose proof this is: the caller's, or that of a person who signs with a did:key of their own."""
    method = proof.get("verificationMethod") if isinstance(proof, dict) else None
    did = method.partition("#")[0] if isinstance(method, str) else ""
    return did if did.startswith("did:key:") else who.did


def _store(
    connection: Connection, shared: Context, who: Caller, body: dict[str, Any], at: Door
) -> DraftedRecord:
    chain = shared.settings.chain
    if "document" not in body:
        wanted = read_as(DraftBody, body)
        drafted = draft_many(connection, chain, who.did, [wanted.draft(who.did)], whole_words=False)[0]
        plan_signing(connection, drafted, wanted.sign_by, wanted.contributors)
        return drafted
    record, external_ref = _signed_document(body)
    stored = store_document(connection, chain, who.did, record, external_ref)
    for index, proof in enumerate(record.proofs):
        method = proof.get("verificationMethod")
        did = method.partition("#")[0] if isinstance(method, str) else ""
        result = add_proofs(connection, did, [(stored.digest, proof)], at)[0]
        if result.result != "accepted":
            code = "proof.repeated" if result.result == "already" else result.code or "proof.invalid"
            raise Problem(
                422, code, "A proof was refused", detail=result.reason, path=f"$.document.proof[{index}]"
            )
    return stored


def _signed_document(body: dict[str, Any]) -> tuple[Record, str | None]:
    external_ref = body.get("externalRef")
    if body.keys() - {"document", "externalRef"}:
        raise Problem(422, "request.invalid", "Unknown members beside the document", path="$")
    if external_ref is not None and not (isinstance(external_ref, str) and 0 < len(external_ref) <= MAX_REF):
        raise Problem(422, "request.invalid", "externalRef out of range", path="$.externalRef")
    try:
        record = Record.from_value(body["document"])
    except DataError as error:
        raise from_data_error(error, prefix="$.document") from None
    if not all(map(is_native, record.proofs)):
        raise Problem(
            422,
            "proof.foreign",
            "Only eddsa-jcs-2022 proofs are taken in",
            path="$.document.proof",
            fix="add proofs of other suites to the proof file, outside this service",
        )
    return record, external_ref


def _answer(connection: Connection, shared: Context, who: Caller, stored: DraftedRecord) -> Answer:
    row = find_record(connection, who.did, stored.id)
    assert row is not None
    receipt = receipt_of(shared, row)
    # Without the document: an answer is kept longer than an erased record's content may be.
    answer = {"id": stored.id, "state": row.state, "recordDigest": digest_multibase(stored.digest)}
    if receipt is None:
        return Answer(202, orjson.dumps(answer))
    return Answer(201, orjson.dumps({**answer, "receipt": receipt}))
