"""Drafts sent back and completed, over HTTP: revisions, contributions, and the history of comments."""

from __future__ import annotations

from typing import Annotated, Any, Protocol

import orjson
from fastapi import APIRouter, Depends, Header, Path, Request, Response
from sqlalchemy.engine import Connection

from trace_service.database import AnyRow, read, write
from trace_service.holdpoints import hold
from trace_service.idempotency.service import Answer, IdempotentRequest, identify, recall, remember
from trace_service.openapi import answers, body_schema, json_body
from trace_service.problems import not_found
from trace_service.records import examples
from trace_service.records.queries import find_record
from trace_service.records.requests import ContributionBody, RevisionBody, parse_record_body, read_as
from trace_service.records.revisions import contribute, find_draft, history_of, revise
from trace_service.records.rows import DraftedRecord
from trace_service.records.views import when
from trace_service.security import Caller, Context, caller, context
from verifier_cli.encoding import digest_multibase

router = APIRouter(tags=["records"])

Shared = Annotated[Context, Depends(context)]
Issuer = Annotated[Caller, Depends(caller("issue"))]
Signer = Annotated[Caller, Depends(caller("countersign"))]
Reader = Annotated[Caller, Depends(caller("read"))]
RecordId = Annotated[str, Path(max_length=64, examples=[examples.RECORD_ID])]
Key = Annotated[str | None, Header(alias="Idempotency-Key", description="same key, same answer")]


async def body_of(request: Request) -> bytes:
    """Dependency: the body, whose size and nesting were bounded before."""
    return await request.body()


Body = Annotated[bytes, Depends(body_of)]


class _Change(Protocol):
    """What is done to a draft in the request's transaction; None where no new draft comes of it."""

    def __call__(self, connection: Connection, former: AnyRow) -> DraftedRecord | None: ...


@router.post(
    "/records/{record_id}/revisions",
    status_code=202,
    summary="Draft a rejected record again, corrected",
    responses=answers(s202=examples.REVISED),
    openapi_extra=json_body(body_schema(RevisionBody), examples.REVISION),
)
def post_revision(
    shared: Shared, who: Issuer, record_id: RecordId, body: Body, idempotency_key: Key = None
) -> Response:
    """Draft the next revision: same reference, links and countersigners unless the body changes them."""

    def change(connection: Connection, former: AnyRow) -> DraftedRecord | None:
        wanted = read_as(RevisionBody, parse_record_body(body))
        return revise(connection, shared.settings.chain, who, former, wanted)

    request = identify(who.organisation_pk, idempotency_key, f"POST revisions {record_id}", body)
    return _run(shared, who, record_id, request, change)


@router.post(
    "/records/{record_id}/contributions",
    status_code=202,
    summary="Add one's own scores to a proposed evaluation",
    responses=answers(s202=examples.REVISED),
    openapi_extra=json_body(body_schema(ContributionBody), examples.CONTRIBUTION),
)
def post_contribution(
    shared: Shared, who: Signer, record_id: RecordId, body: Body, idempotency_key: Key = None
) -> Response:
    """Add the caller's scores under its own role, before anyone has signed: the next draft, for both to sign.

    Without items there is nothing to add, and the draft as it is goes to its signers.
    """

    def change(connection: Connection, former: AnyRow) -> DraftedRecord | None:
        wanted = read_as(ContributionBody, parse_record_body(body))
        return contribute(connection, shared.settings.chain, who, former, wanted)

    request = identify(who.organisation_pk, idempotency_key, f"POST contributions {record_id}", body)
    return _run(shared, who, record_id, request, change)


def _run(
    shared: Context, who: Caller, record_id: str, request: IdempotentRequest, change: _Change
) -> Response:
    with write(shared.engine) as connection:
        answer = recall(connection, request)
        if answer is None:
            former = find_draft(connection, who.did, record_id)
            drafted = change(connection, former)
            answer = Answer(202, orjson.dumps(_drafted(former, drafted)))
            remember(connection, request, answer)
            hold("revision.before_commit")
    hold("revision.after_commit")
    location = f"/v1/records/{orjson.loads(answer.body)['id']}"
    return Response(answer.body, answer.status, headers={"Location": location}, media_type="application/json")


def _drafted(former: AnyRow, drafted: DraftedRecord | None) -> dict[str, Any]:
    if drafted is None:
        return {
            "id": former.id,
            "state": "draft",
            "recordDigest": digest_multibase(former.digest),
            "revision": former.revision,
        }
    return {
        "id": drafted.id,
        "state": "draft",
        "recordDigest": digest_multibase(drafted.digest),
        "revision": former.revision + 1,
        "replaces": former.id,
    }


@router.get(
    "/records/{record_id}/history",
    summary="The drafts of one matter and the comments on them",
    responses=answers(s200=examples.HISTORY),
)
def history(shared: Shared, who: Reader, record_id: RecordId) -> Response:
    """List the drafts that took each other's place, oldest first: those that the caller is to sign."""
    with read(shared.engine) as connection:
        row = find_record(connection, who.did, record_id)
        if row is None:
            raise not_found("record")
        rows = history_of(connection, who.did, row.pk)
    return Response(orjson.dumps({"items": [_step(row) for row in rows]}), media_type="application/json")


def _step(row: AnyRow) -> dict[str, Any]:
    rejected = row.rejected_at is not None
    return {
        "id": row.id,
        "recordDigest": digest_multibase(row.digest),
        "revision": row.revision,
        "state": "rejected" if rejected else "draft" if row.completed_at is None else "complete",
        "kind": row.kind or "proposal",
        "by": row.author,
        "comment": row.comment,
        "createdAt": when(row.created_at),
        "rejection": {"by": row.rejected_by, "at": when(row.rejected_at), "comment": row.rejection}
        if rejected
        else None,
    }
