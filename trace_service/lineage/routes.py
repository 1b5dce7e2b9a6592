"""Lineage over HTTP: the graph around a record, and its dossier."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response, StreamingResponse
from sqlalchemy.engine import Connection

from trace_service.anchoring.handout import stream
from trace_service.anchoring.proofs import files_of
from trace_service.database import AnyRow, read
from trace_service.lineage import dossiers, queries, views
from trace_service.lineage.requests import DossierBody
from trace_service.lineage.walk import MAX_DEPTH, MAX_NODES, walk
from trace_service.openapi import answers
from trace_service.problems import Problem, not_found
from trace_service.records import examples
from trace_service.security import Caller, Context, caller, context
from trace_service.verification.limits import Places
from verifier_cli.encoding import parse_digest_multibase
from verifier_cli.errors import DataError

router = APIRouter(prefix="/v1/records", tags=["lineage"])

USUAL_NODES = 1_000  # a trainee's three years; more on request
MAX_DOSSIERS_AT_ONCE = 4  # each reads the chain and holds a ZIP: threads and disk are few

Shared = Annotated[Context, Depends(context)]
Reader = Annotated[Caller, Depends(caller("read"))]
RecordId = Annotated[str, Path(max_length=64, examples=[examples.RECORD_ID])]

_GRAPH = {
    "graphVersion": 1,
    "root": "uEi…",
    "cut": None,
    "counts": {"ancestors": 45, "descendants": 0, "withheld": 1},
    "nodes": [{"digest": "uEi…", "id": "urn:uuid:…", "depth": 0, "outcome": None, "type": "credential"}],
    "edges": [{"source": "uEi…", "target": "uEi…", "rel": "awards", "digestMatches": True, "allowed": True}],
}
_ZIP: dict[int | str, dict[str, Any]] = {
    200: {"description": "Success", "content": {"application/zip": {}}},
}


@router.get(
    "/{record_id}/lineage", summary="What it builds on, and what builds on it", responses=answers(s200=_GRAPH)
)
def lineage(
    shared: Shared,
    who: Reader,
    record_id: RecordId,
    direction: Literal["ancestors", "descendants", "both"] = "ancestors",
    depth: Annotated[int, Query(ge=1, le=MAX_DEPTH)] = MAX_DEPTH,
    limit: Annotated[
        int, Query(ge=1, le=MAX_NODES, description="records beside the one asked")
    ] = USUAL_NODES,
) -> Response:
    """The graph as far as the caller may read. Ancestors of others show as digest and type, with the outcome
    WITHHELD; descendants of others are left out.

    ``cut`` says that there is more: ``too_many`` or ``too_deep``. Nothing is verified here: `trace-verify
    lineage --source <this service>` fetches the proof files and does.
    """
    with read(shared.engine) as connection:
        found = walk(
            connection,
            who.did,
            _root(connection, who, record_id),
            ancestors=direction != "descendants",
            descendants=direction != "ancestors",
            depth=depth,
            limit=limit,
        )
        pks = [node.row.pk for node in found.nodes.values() if node.row is not None]
        planes = queries.status_planes(connection, pks)
    return Response(orjson.dumps(views.graph(found, planes)), media_type="application/json")


@router.get(
    "/{record_id}/dossier",
    summary="Everything to verify a lineage offline",
    response_class=Response,
    responses=_ZIP,
)
def dossier(request: Request, shared: Shared, who: Reader, record_id: RecordId) -> StreamingResponse:
    """A ZIP with the proof files of the record and of every ancestor that the caller may read, verified by
    `trace-verify dossier FILE.zip`. Others are named in its manifest as withheld.

    409 `record.not_final` before all of them are final.
    """
    return _dossier(request, shared, who, record_id, frozenset())


@router.post(
    "/{record_id}/dossier",
    summary="The same, with some records withheld",
    response_class=Response,
    responses=_ZIP,
)
def dossier_without(
    request: Request, shared: Shared, who: Reader, record_id: RecordId, body: DossierBody
) -> StreamingResponse:
    """As GET, leaving out the records that ``withhold`` names, and what only they build on."""
    hidden = set()
    for at, text in enumerate(body.withhold):
        try:
            hidden.add(parse_digest_multibase(text))
        except DataError as error:
            raise Problem(
                422,
                "request.invalid",
                "Not a digestMultibase",
                detail=error.reason,
                path=f"$.withhold[{at}]",
                fix="take it from the lineage or from a link",
            ) from None
    return _dossier(request, shared, who, record_id, frozenset(hidden))


def _dossier(
    request: Request, shared: Context, who: Caller, record_id: str, hidden: frozenset[bytes]
) -> StreamingResponse:
    with _places(request).one(), read(shared.engine) as connection:
        root = _root(connection, who, record_id)
        if bytes(root.digest) in hidden:
            raise Problem(
                422,
                "request.invalid",
                "The record itself cannot be withheld",
                path="$.withhold",
                fix="leave it out of the list",
            )
        found = walk(connection, who.did, root, hidden=hidden)
        dossiers.check_ready(found)
        content = dossiers.make_dossier(
            connection, files_of(shared.engine, shared.settings.chain), shared.settings, found
        )
    name = record_id.rpartition(":")[2]
    attached = {"Content-Disposition": f'attachment; filename="{name}.dossier.zip"'}
    return StreamingResponse(stream(content), media_type="application/zip", headers=attached)


def _root(connection: Connection, who: Caller, record_id: str) -> AnyRow:
    row = queries.readable(connection, who.did, record_id)
    if row is None:
        raise not_found("record")
    return row


def _places(request: Request) -> Places:
    state = request.app.state
    if not hasattr(state, "dossiers"):
        state.dossiers = Places(MAX_DOSSIERS_AT_ONCE)
    found: Places = state.dossiers
    return found
