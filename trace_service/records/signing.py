"""The signing routes: what waits for an organisation's signature, and its answers, many at a time."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from trace_service.database import read, write
from trace_service.holdpoints import hold
from trace_service.openapi import answers, body_schema, json_body
from trace_service.pages import read_cursor, write_cursor
from trace_service.records import examples
from trace_service.records.approvals import reject
from trace_service.records.inbox import signing_requests
from trace_service.records.posting import door
from trace_service.records.proofs import ProofResult, store_proofs, verify_proofs
from trace_service.records.receipt import make_receipt
from trace_service.records.requests import (
    MAX_BULK,
    ProofsBody,
    RejectionsBody,
    parse_bulk_body,
    read_as,
    read_digest,
)
from trace_service.security import Caller, Context, caller, context
from verifier_cli.encoding import digest_multibase

router = APIRouter(prefix="/signing", tags=["signing"])

MAX_SCHEMAS = 32  # record types in one question; twelve exist

Shared = Annotated[Context, Depends(context)]
Signer = Annotated[Caller, Depends(caller("countersign"))]


async def body_of(request: Request) -> bytes:
    """Dependency: the body, whose size and nesting were bounded before."""
    return await request.body()


Body = Annotated[bytes, Depends(body_of)]


@router.get(
    "/requests", summary="What waits for the caller's signature", responses=answers(s200=examples.REQUESTS)
)
def requests(
    shared: Shared,
    who: Signer,
    cursor: Annotated[str | None, Query(max_length=100)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_BULK)] = 500,
    approved: Annotated[bool, Query(description="only what a person approved")] = False,
    schema: Annotated[list[str], Query(max_length=MAX_SCHEMAS)] = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """Return final documents, oldest first. Sign only what you have parsed and checked yourself.

    ``schema`` leaves only records of these types; ``approved`` says of each whether a person approved it.
    """
    with read(shared.engine) as connection:
        rows = signing_requests(
            connection, who.did, after=read_cursor(cursor), limit=limit, approved=approved, schemas=schema
        )
    items = [
        {
            "digest": digest_multibase(row.digest),
            "role": row.role,
            "approved": row.approved,
            "document": orjson.Fragment(row.document),
        }
        for row in rows
    ]
    more = write_cursor(rows[-1].pk) if len(rows) == limit else None
    return Response(orjson.dumps({"items": items, "next": more}), media_type="application/json")


@router.post(
    "/proofs",
    summary="Hand in proofs",
    responses=answers(s200=examples.PROOF_RESULTS),
    openapi_extra=json_body(body_schema(ProofsBody), examples.PROOFS),
)
def proofs(shared: Shared, who: Signer, body: Body) -> Response:
    """Take in proofs: one result each, in order; a receipt with each proof that completed its record.

    Handing in the same proofs again is harmless (`already`). When this answers, what it accepted is durable.
    """
    items = read_as(ProofsBody, parse_bulk_body(body)).items
    given = [
        (read_digest(item.digest, f"$.items[{index}].digest"), item.proof) for index, item in enumerate(items)
    ]
    at = door(shared)
    with read(shared.engine) as connection:
        outcomes = verify_proofs(connection, who.did, given, at)
    with write(shared.engine) as connection:
        results = store_proofs(connection, outcomes, at)
        hold("proofs.before_commit")
    hold("proofs.after_commit")
    answer = {"items": [_result(shared, result, at.accepted_at) for result in results]}
    return Response(orjson.dumps(answer), media_type="application/json")


@router.post(
    "/rejections",
    summary="Refuse to sign drafts",
    openapi_extra=json_body(body_schema(RejectionsBody), examples.REJECTIONS),
)
def rejections(shared: Shared, who: Signer, body: Body) -> Response:
    """Reject drafts with a comment for their proposer; they can then never be completed."""
    items = read_as(RejectionsBody, parse_bulk_body(body)).items
    comments = {
        read_digest(item.digest, f"$.items[{index}].digest"): item.comment for index, item in enumerate(items)
    }
    with write(shared.engine) as connection:
        rejected = {digest: reject(connection, who, digest, text) for digest, text in comments.items()}
        hold("rejections.before_commit")
    answer = [{"digest": digest_multibase(digest), "result": result} for digest, result in rejected.items()]
    return Response(orjson.dumps({"items": answer}), media_type="application/json")


def _result(shared: Context, result: ProofResult, accepted_at: int) -> dict[str, Any]:
    answer: dict[str, Any] = {"digest": digest_multibase(result.digest), "result": result.result}
    if result.code is not None:
        answer |= {"code": result.code, "detail": result.reason}
    if result.completed:
        answer["receipt"] = make_receipt(
            shared.receipt_key,
            shared.settings.operator,
            result.digest,
            accepted_at,
            accepted_at + shared.settings.anchor_within,
        )
    return answer
