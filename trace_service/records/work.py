"""Countersigning as work, over HTTP: the inbox, what is overdue, approvals and reminders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.engine import Connection

from trace_service.database import AnyRow, read, utc_now, write
from trace_service.holdpoints import hold
from trace_service.openapi import answers, body_schema, json_body
from trace_service.pages import read_cursor, write_cursor
from trace_service.records import examples
from trace_service.records.approvals import Reminded, Unremarked, approve, find_unremarked, remind
from trace_service.records.inbox import (
    Filter,
    Side,
    Viewer,
    count_waiting,
    remarks_of,
    reminders_of,
    signers_of,
    waiting_drafts,
)
from trace_service.records.requests import (
    ApprovalFilter,
    ApprovalsBody,
    RemindersBody,
    parse_bulk_body,
    read_as,
    read_digest,
)
from trace_service.records.views import when
from trace_service.security import Caller, Context, caller, context
from verifier_cli.encoding import digest_multibase

router = APIRouter(prefix="/signing", tags=["signing"])

MAX_PAGE = 500  # drafts of an inbox page: a second of a browser's time

Shared = Annotated[Context, Depends(context)]
Signer = Annotated[Caller, Depends(caller("countersign"))]
Proposer = Annotated[Caller, Depends(caller("issue"))]


async def body_of(request: Request) -> bytes:
    """Dependency: the body, whose size and nesting were bounded before."""
    return await request.body()


Body = Annotated[bytes, Depends(body_of)]
Cursor = Annotated[str | None, Query(max_length=100)]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE)]


@router.get("/inbox", summary="Drafts that wait for signatures", responses=answers(s200=examples.INBOX))
def inbox(
    shared: Shared,
    who: Signer,
    side: Annotated[
        Side, Query(description="sign: for mine; proposed: for the others' on my drafts")
    ] = "sign",
    schema: Annotated[str | None, Query(max_length=40)] = None,
    proposer: Annotated[str | None, Query(max_length=255)] = None,
    person: Annotated[str | None, Query(max_length=255)] = None,
    overdue: Annotated[bool | None, Query()] = None,
    approved: Annotated[bool | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """List what waits, oldest first, with the remarks on each; on the first page also how many of each type.

    ``asOf`` marks what was there: hand it on with an approval of everything without remarks.
    """
    wanted = Filter(side, schema, proposer, person, overdue, approved)
    return _page(shared, who, wanted, cursor, limit)


@router.get(
    "/overdue", summary="Drafts that wait beyond their deadline", responses=answers(s200=examples.INBOX)
)
def overdue(shared: Shared, who: Signer, cursor: Cursor = None, limit: Limit = 50) -> Response:
    """List what the caller should have signed, and what others should have signed of its proposals.

    A deadline that passes ends nothing: the drafts can be signed all the same.
    """
    return _page(shared, who, Filter("all", overdue=True), cursor, limit)


def _page(shared: Context, who: Caller, wanted: Filter, cursor: str | None, limit: int) -> Response:
    viewer = _viewer(shared, who)
    with read(shared.engine) as connection:
        counts = count_waiting(connection, viewer, wanted) if cursor is None else None
        rows = waiting_drafts(connection, viewer, wanted, after=read_cursor(cursor), limit=limit + 1)
        items = _items(connection, viewer, rows[:limit])
    answer: dict[str, Any] = {
        "items": items,
        "next": write_cursor(rows[limit - 1].pk) if len(rows) > limit else None,
    }
    if counts is not None:
        answer |= {"counts": counts.types, "overdue": counts.overdue, "asOf": write_cursor(counts.last)}
    return _json(answer)


def _viewer(shared: Context, who: Caller) -> Viewer:
    return Viewer(who.organisation_pk, who.did, utc_now(), shared.settings.sign_within)


def _items(connection: Connection, viewer: Viewer, rows: Sequence[AnyRow]) -> list[dict[str, Any]]:
    pks = [row.pk for row in rows]
    signers, reminders = signers_of(connection, pks), reminders_of(connection, pks)
    return [_item(viewer, row, signers[row.pk], reminders[row.pk]) for row in rows]


def _item(viewer: Viewer, row: AnyRow, signers: list[AnyRow], reminders: list[AnyRow]) -> dict[str, Any]:
    sign_by = viewer.sign_by(row)
    return {
        "id": row.id,
        "digest": digest_multibase(row.digest),
        "schema": row.schema_name,
        "subject": row.subject,
        "externalRef": row.external_ref,
        "revision": row.revision,
        "proposer": {"id": row.proposer, "name": row.proposer_name},
        "role": row.role,
        "task": "contribute" if row.contribute else "sign" if row.signed_at is None else "wait",
        "createdAt": when(row.created_at),
        "signBy": when(sign_by),
        "overdue": sign_by <= viewer.now,
        "approvedAt": when(row.approved_at),
        "remarks": remarks_of(row, viewer),
        "signers": [
            {"id": each.signer_did, "role": each.role, "signedAt": when(each.signed_at)} for each in signers
        ],
        "reminders": [{"id": each.signer_did, "at": when(each.reminded_at)} for each in reminders],
    }


@router.post(
    "/approvals",
    summary="Let the caller's signer sign",
    responses=answers(s200=examples.APPROVED),
    openapi_extra=json_body(body_schema(ApprovalsBody), examples.APPROVALS),
)
def approvals(shared: Shared, who: Signer, body: Body) -> Response:
    """Approve drafts one by one, or all without remarks that fit a filter; again changes nothing.

    A signer that holds for approval (`trace-service sign --hold-for-approval`) signs them at its next look.
    """
    wanted = read_as(ApprovalsBody, parse_bulk_body(body))
    if wanted.without_remarks is None:
        digests = [
            read_digest(item.digest, f"$.items[{index}].digest") for index, item in enumerate(wanted.items)
        ]
        chosen = Unremarked(digests, [], None)
    else:
        chosen = _unremarked(shared, who, wanted.without_remarks)
    with write(shared.engine) as connection:
        results = approve(connection, who, chosen.plain)
        hold("approvals.before_commit")
    hold("approvals.after_commit")
    items = [{"digest": digest_multibase(digest), "result": result} for digest, result in results.items()]
    left = [{"digest": digest_multibase(each.digest), "remarks": each.remarks} for each in chosen.left_out]
    more = None if chosen.last is None else write_cursor(chosen.last)
    return _json({"items": items, "leftOut": left, "next": more})


def _unremarked(shared: Context, who: Caller, wanted: ApprovalFilter) -> Unremarked:
    chosen = Filter("sign", wanted.schema_name, wanted.proposer, wanted.person, wanted.overdue)
    after, until = read_cursor(wanted.cursor), read_cursor(wanted.as_of)
    with read(shared.engine) as connection:
        return find_unremarked(connection, _viewer(shared, who), chosen, after=after, until=until)


@router.post(
    "/reminders",
    summary="Remind those who have not signed",
    responses=answers(s200=examples.REMINDED),
    openapi_extra=json_body(body_schema(RemindersBody), examples.REMINDERS),
)
def reminders(shared: Shared, who: Proposer, body: Body) -> Response:
    """Remind the signers of drafts that the caller proposed, once a day each; their inboxes show it."""
    items = read_as(RemindersBody, parse_bulk_body(body)).items
    wanted = [
        (read_digest(item.digest, f"$.items[{index}].digest"), item.signer)
        for index, item in enumerate(items)
    ]
    with write(shared.engine) as connection:
        done = [result for digest, signer in wanted for result in remind(connection, who, digest, signer)]
    return _json({"items": [_reminded(result) for result in done]})


def _reminded(result: Reminded) -> dict[str, Any]:
    return {
        "digest": digest_multibase(result.digest),
        "signer": result.signer_did or None,
        "result": result.result,
        "againAt": when(result.again_at),
    }


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")
