"""Public lists for auditors: organisations, batches and leaf lists without a key; records for their
signers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.engine import Connection

from trace_service.database import AnyRow, read
from trace_service.openapi import answers
from trace_service.pages import read_cursor, write_cursor
from trace_service.problems import not_found
from trace_service.publication import queries
from trace_service.publication.database_source import header_of, record_lines, tiles_of
from trace_service.security import Caller, Context, caller, context
from verifier_cli.encoding import b64url_encode
from verifier_cli.leaf_list import header_line, tile_line

router = APIRouter(prefix="/v1/public", tags=["public"])

MAX_PAGE = 500  # entries of one page: an answer stays below 100 kB
CHUNK = 64 * 1024  # bytes handed to the server at a time
NDJSON = "application/x-ndjson"

Shared = Annotated[Context, Depends(context)]
Reader = Annotated[Caller, Depends(caller("read"))]
OrgId = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="SHA-256 of the DID, in hex")]
Sequence = Annotated[int, Path(ge=0, le=2**63 - 1)]
Cursor = Annotated[str | None, Query(max_length=100, description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE)]

_ORGANISATION = {
    "did": "did:web:school.example",
    "orgId": "7c5a…",
    "name": {"zh": "示例学校", "en": "Example School"},
}
_BATCH = {
    "sequence": 0,
    "root": "4zJ…",
    "count": 300,
    "kinds": 128,
    "format": 1,
    "anchoredAt": 1782950400,
    "transactionHash": "0x…",
}


@router.get("/organisations", summary="Who anchors here", responses=answers(s200={"items": [_ORGANISATION]}))
def organisations(shared: Shared, cursor: Cursor = None, limit: Limit = 100) -> dict[str, Any]:
    """Organisations of this service, oldest first."""
    with read(shared.engine) as connection:
        rows = queries.organisations(connection, read_cursor(cursor), limit + 1)
    items = [
        {"did": row.did, "orgId": row.org_id.hex(), "name": {"zh": row.name_zh, "en": row.name_en}}
        for row in rows[:limit]
    ]
    return _page(items, rows[limit - 1].pk if len(rows) > limit else None)


@router.get(
    "/organisations/{org_id}/batches",
    summary="An organisation's anchored batches",
    responses=answers(s200={"items": [_BATCH]}),
)
def batches(shared: Shared, org_id: OrgId, cursor: Cursor = None, limit: Limit = 100) -> dict[str, Any]:
    """Headers by sequence. The chain has the last word on each of them."""
    with read(shared.engine) as connection:
        organisation = _organisation(connection, org_id)
        first = read_cursor(cursor)
        rows = queries.batches(connection, organisation.pk, anchored_only=True, first=first, limit=limit + 1)
    return _page([_header(row) for row in rows[:limit]], rows[limit].sequence if len(rows) > limit else None)


@router.get(
    "/organisations/{org_id}/batches/{sequence}/leaves",
    summary="The leaf list of a batch",
    response_class=Response,
    responses={200: {"content": {NDJSON: {}}, "description": "A header line, then a line per tile"}},
)
def leaves(shared: Shared, org_id: OrgId, sequence: Sequence) -> StreamingResponse:
    """Everything needed to recompute the batch's root, and nothing about any person."""
    with read(shared.engine) as connection:
        organisation, batch = _batch(connection, org_id, sequence)

    def lines() -> Iterator[bytes]:
        with read(shared.engine) as streaming:
            yield header_line(header_of(streaming, organisation.did, batch))
            yield from map(tile_line, tiles_of(streaming, batch))

    return StreamingResponse(_chunks(lines()), media_type=NDJSON)


@router.get(
    "/organisations/{org_id}/batches/{sequence}/records",
    summary="The records of a batch that the caller signed",
    response_class=Response,
    responses={200: {"content": {NDJSON: {}}, "description": "A line per record, in leaf order"}},
)
def records(shared: Shared, who: Reader, org_id: OrgId, sequence: Sequence) -> StreamingResponse:
    """Records of which the caller is issuer or countersigner; the others' leaves stay opaque."""
    with read(shared.engine) as connection:
        _organisation_row, batch = _batch(connection, org_id, sequence)

    def lines() -> Iterator[bytes]:
        with read(shared.engine) as streaming:
            yield from record_lines(queries.records(streaming, batch.pk, signer=who.did))

    return StreamingResponse(_chunks(lines()), media_type=NDJSON)


def _chunks(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Lines joined to pieces worth a change of threads."""
    piece = bytearray()
    for line in lines:
        piece += line
        if len(piece) >= CHUNK:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece)


def _organisation(connection: Connection, org_id: str) -> AnyRow:
    found = queries.organisation_by_id(connection, bytes.fromhex(org_id))
    if found is None:
        raise not_found("organisation")
    return found


def _batch(connection: Connection, org_id: str, sequence: int) -> tuple[AnyRow, AnyRow]:
    organisation = _organisation(connection, org_id)
    rows = queries.batches(connection, organisation.pk, anchored_only=True, first=sequence, limit=1)
    if not rows or rows[0].sequence != sequence:
        raise not_found("batch")
    return organisation, rows[0]


def _header(row: AnyRow) -> dict[str, Any]:
    transaction = row.transaction_hash
    return {
        "sequence": row.sequence,
        "root": b64url_encode(row.root),
        "count": row.size,
        "kinds": row.kinds,
        "format": row.format,
        "anchoredAt": row.anchored_at,
        "transactionHash": None if transaction is None else f"0x{transaction.hex()}",
    }


def _page(items: list[dict[str, Any]], after: int | None) -> dict[str, Any]:
    return {"items": items, "next": None if after is None else write_cursor(after)}
