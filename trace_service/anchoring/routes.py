"""Batches and proof files over HTTP."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response
from sqlalchemy.engine import Connection

from trace_service.anchoring import outbox, queries
from trace_service.anchoring.handout_routes import router as handout_router
from trace_service.anchoring.proofs import files_of
from trace_service.database import AnyRow, read, utc_now, write
from trace_service.openapi import answers
from trace_service.pages import read_cursor, write_cursor
from trace_service.problems import Problem, not_found
from trace_service.records.queries import find_record, readable_by_digest
from trace_service.security import Caller, Context, caller, context
from verifier_cli.encoding import format_time, parse_digest_multibase
from verifier_cli.errors import DataError
from verifier_cli.proof_file import SUFFIX

router = APIRouter(prefix="/v1", tags=["anchoring"])
router.include_router(handout_router)

MAX_PAGE = 500

_BATCH = {
    "sequence": 0,
    "root": "0x" + "5f" * 32,
    "count": 4096,
    "sealedAt": "2026-07-02T08:00:00Z",
    "anchoredAt": "2026-07-02T08:00:12Z",
    "final": True,
    "released": True,
    "transactionHash": "0x" + "7a" * 32,
    "refused": None,
}

Shared = Annotated[Context, Depends(context)]
Reader = Annotated[Caller, Depends(caller("read"))]


@router.get("/batches", summary="Own batches", responses=answers(s200={"items": [_BATCH], "next": None}))
def batches(
    shared: Shared,
    who: Reader,
    cursor: Annotated[str | None, Query(max_length=64)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100,
) -> dict[str, Any]:
    """List the organisation's anchor batches by sequence."""
    after = read_cursor(cursor) - 1  # sequences begin at 0
    with read(shared.engine) as connection:
        rows = queries.batches_of(connection, who.organisation_pk, after, limit)
    return {
        "items": [_view(row) for row in rows],
        "next": write_cursor(rows[-1].sequence + 1) if len(rows) == limit else None,
    }


def _view(row: AnyRow) -> dict[str, Any]:
    return {
        "sequence": row.sequence,
        "root": "0x" + row.root.hex(),
        "count": row.size,
        "sealedAt": format_time(int(row.sealed_at.timestamp())),
        "anchoredAt": None if row.anchored_at is None else format_time(row.anchored_at),
        "final": row.final_at is not None,
        "released": row.checked_at is not None,
        "transactionHash": None if row.transaction_hash is None else "0x" + row.transaction_hash.hex(),
        "refused": row.refused,
    }


@router.post(
    "/batches:seal",
    status_code=202,
    summary="Seal own records now",
    responses=answers(s202={"waiting": True}),
)
def seal(shared: Shared, who: Annotated[Caller, Depends(caller("issue"))]) -> dict[str, bool]:
    """Ask that what waits be sealed now, whatever count and interval say; the worker does it."""
    now = utc_now()
    with write(shared.engine) as connection:
        waiting = outbox.waiting_since(connection, who.organisation_pk, now) is not None
        if waiting:
            outbox.demand(connection, who.organisation_pk, now)
    return {"waiting": waiting}


@router.get(
    "/records/{record_id}/proof-file",
    summary="The proof file of a record",
    response_class=Response,
    responses={200: {"description": "Success", "content": {"application/json": {}}}},
)
def proof_file(shared: Shared, who: Reader, record_id: Annotated[str, Path(max_length=64)]) -> Response:
    """Give a signer of the record its proof file, once the batch is final and was verified.

    409 `record.not_final` before that.
    """
    with read(shared.engine) as connection:
        if find_record(connection, who.did, record_id) is None:
            raise not_found("record")
        return _hand_out(shared, connection, record_id)


@router.get(
    "/proof-files/{digest_multibase}",
    summary="The proof file that a link names",
    response_class=Response,
    responses={200: {"description": "Success", "content": {"application/json": {}}}},
)
def linked_proof_file(
    shared: Shared, who: Reader, digest_multibase: Annotated[str, Path(max_length=64)]
) -> Response:
    """Give a signer of the record its proof file by the `digestMultibase` that links carry.

    Standards, on which the lineages of others rest, go to every reader.

    `trace-verify verify --lineage --from <this service>/v1/proof-files` asks here. 409 `record.not_final`
    before the record is final.
    """
    try:
        digest = parse_digest_multibase(digest_multibase)
    except DataError:
        raise not_found("record") from None
    with read(shared.engine) as connection:
        record_id = readable_by_digest(connection, who.did, digest)
        if record_id is None:
            raise not_found("record")
        return _hand_out(shared, connection, record_id)


def _hand_out(shared: Context, connection: Connection, record_id: str) -> Response:
    place = queries.place_of(connection, record_id)
    if place is not None and place.batch_pk is None and place.held is not None:
        raise Problem(
            409,
            "record.not_final",
            "The record is not final yet: it is held back from sealing",
            detail=f"{place.held_for}: {place.held}",
            fix="have what is missing signed, or the signer accredited: it is then sealed by itself",
        )
    if place is None or place.checked_at is None:
        raise Problem(
            409, "record.not_final", "The record is not final yet", fix="ask again after `anchorBy`"
        )
    if place.withheld is not None:
        raise Problem(
            409,
            "record.withheld",
            "The record is anchored, but no verifier would accept it",
            detail=place.withheld
            if place.withheld_for is None
            else f"{place.withheld_for}: {place.withheld}",
            fix="annul it, and issue it anew with signers that are accredited for it",
        )
    content = files_of(shared.engine, shared.settings.chain).write(connection, place)
    name = record_id.rpartition(":")[2] + SUFFIX
    attached = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type="application/json", headers=attached)
