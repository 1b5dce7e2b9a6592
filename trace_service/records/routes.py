"""Records over HTTP: draft, sign one, read, receipt."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response

from trace_service.database import read, write
from trace_service.idempotency.service import identify
from trace_service.openapi import answers, body_schema, json_body, record_schemas
from trace_service.pages import read_cursor, write_cursor
from trace_service.problems import Problem, not_found
from trace_service.records import examples, revision_routes, signing, work
from trace_service.records.numbers import reserve_words
from trace_service.records.posting import door, post_record, proof_signer
from trace_service.records.proofs import add_proofs
from trace_service.records.queries import STATES, find_record, list_records, signatures_of
from trace_service.records.requests import DraftBody, NumbersBody, parse_record_body
from trace_service.records.views import detail, overview, receipt_of
from trace_service.security import Caller, Context, caller, context
from verifier_cli.canonical import canonical
from verifier_cli.rules import SCHEMAS
from verifier_cli.schema import schema_json

router = APIRouter(prefix="/v1", tags=["records"])
for part in (signing, work, revision_routes):
    router.include_router(part.router)

MAX_PAGE = 500

Shared = Annotated[Context, Depends(context)]
Issuer = Annotated[Caller, Depends(caller("issue"))]
Signer = Annotated[Caller, Depends(caller("countersign"))]
Reader = Annotated[Caller, Depends(caller("read"))]
RecordId = Annotated[str, Path(max_length=64, examples=[examples.RECORD_ID])]

_POST_SCHEMA = {
    "oneOf": [
        body_schema(DraftBody),
        {
            "type": "object",
            "required": ["document"],
            "properties": {"document": record_schemas(), "externalRef": {"type": "string"}},
        },
    ]
}


async def body_of(request: Request) -> bytes:
    """Dependency: the body, whose size and nesting were bounded before."""
    return await request.body()


Body = Annotated[bytes, Depends(body_of)]


@router.post(
    "/records",
    status_code=201,
    summary="Draft a record, or hand in a signed one",
    responses=answers(s201=examples.COMPLETED, s202=examples.DRAFTED),
    openapi_extra=json_body(_POST_SCHEMA, examples.DRAFT),
)
def post(
    shared: Shared,
    who: Issuer,
    body: Body,
    idempotency_key: Annotated[str | None, Header(description="same key, same answer")] = None,
) -> Response:
    """Compose a record (202, it waits for its signatures) or take in one with its proofs (201 when
    complete)."""
    request = identify(who.organisation_pk, idempotency_key, "POST /v1/records", body)
    answer = post_record(shared, who, parse_record_body(body), request)
    location = f"/v1/records/{orjson.loads(answer.body)['id']}"
    return _json(answer.body, answer.status, {"Location": location})


@router.post(
    "/records/{record_id}/proofs",
    summary="Add one proof",
    responses=answers(s201=examples.COMPLETED, s202=examples.DRAFTED),
    openapi_extra=json_body({"type": "object"}, examples.PROOF),
)
def post_proof(shared: Shared, who: Signer, record_id: RecordId, body: Body) -> Response:
    """Add the caller's proof, or that of a person with a did:key; 201 with a receipt once the
    record is complete."""
    proof = parse_record_body(body)
    with write(shared.engine) as connection:
        row = find_record(connection, who.did, record_id)
        if row is None:
            raise not_found("record")
        result = add_proofs(connection, proof_signer(who, proof), [(row.digest, proof)], door(shared))[0]
        if result.result == "refused":
            raise Problem(422, result.code or "", "The proof was refused", detail=result.reason, path="$")
        row = find_record(connection, who.did, record_id)
        assert row is not None
    receipt = receipt_of(shared, row)
    answer = {**overview(row), "receipt": receipt} if receipt else overview(row)
    return _json(orjson.dumps(answer), 201 if receipt else 202)


@router.get("/records", summary="The caller's records", responses=answers(s200={"items": [examples.DRAFTED]}))
def listing(
    shared: Shared,
    who: Reader,
    schema: Annotated[str | None, Query(max_length=40)] = None,
    state: Annotated[str | None, Query(max_length=20)] = None,
    external_ref: Annotated[str | None, Query(max_length=200)] = None,
    cursor: Annotated[str | None, Query(max_length=100)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
) -> Response:
    """List what the caller issues or countersigns, oldest first."""
    if state is not None and state not in STATES:
        raise Problem(422, "request.state", "Unknown state", path="$query.state", fix=", ".join(STATES))
    with read(shared.engine) as connection:
        rows = list_records(
            connection,
            who.did,
            after=read_cursor(cursor),
            limit=limit + 1,
            schema=schema,
            state=state,
            external_ref=external_ref,
        )
    more = write_cursor(rows[limit - 1].pk) if len(rows) > limit else None
    return _json(orjson.dumps({"items": [overview(row) for row in rows[:limit]], "next": more}))


@router.get("/records/{record_id}", summary="One record with its proofs")
def one(shared: Shared, who: Reader, record_id: RecordId) -> Response:
    """Return the record, the proofs given so far, and who is still to sign."""
    with read(shared.engine) as connection:
        row = find_record(connection, who.did, record_id)
        if row is None:
            raise not_found("record")
        signatures = signatures_of(connection, row.pk)
    return _json(orjson.dumps(detail(row, signatures)))


@router.get(
    "/records/{record_id}/receipt",
    summary="The receipt of a complete record",
    responses=answers(s200=examples.RECEIPT),
)
def receipt(shared: Shared, who: Reader, record_id: RecordId) -> Response:
    """Return the receipt: the same bytes each time."""
    with read(shared.engine) as connection:
        row = find_record(connection, who.did, record_id)
    if row is None:
        raise not_found("record")
    found = receipt_of(shared, row)
    if found is None:
        raise Problem(
            409, "receipt.draft", "The record is not complete", fix="wait until every signer has signed"
        )
    return _json(canonical(found))


@router.post("/status-numbers", status_code=201, summary="Reserve status numbers")
def reserve(shared: Shared, who: Issuer, wanted: NumbersBody) -> dict[str, Any]:
    """Reserve numbers for records that the caller composes itself, in whole words of 256."""
    with write(shared.engine) as connection:
        return {"numbers": reserve_words(connection, who.organisation_pk, wanted.count)}


@router.get("/schemas/{name}.json", summary="The JSON Schema of a record type")
def schema_file(name: Annotated[str, Path(examples=["activity.1"])]) -> Response:
    """Return the schema that validates records of this type and version."""
    if name not in (*SCHEMAS, "envelope.1"):
        raise not_found("schema")
    return _json(orjson.dumps(schema_json(name)))


def _json(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(body, status, headers=headers, media_type="application/json")
