"""Status changes over HTTP."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from trace_service.database import AnyRow, read, write
from trace_service.openapi import answers
from trace_service.pages import read_cursor, write_cursor
from trace_service.security import Caller, Context, caller, context
from trace_service.status import queries
from trace_service.status.reasons import action_name, reason_name
from trace_service.status.service import MAX_CHANGES, MAX_NOTE, Request, request_changes, state_of
from verifier_cli.encoding import format_time

router = APIRouter(prefix="/v1", tags=["status"])

MAX_PAGE = 500

_RECORD_ID = "urn:uuid:7b6a2f60-6d0c-4c8e-9d0e-0f5f1a4b8c11"
_CHANGE_ID = "0d9d3a52-4c0b-4f5e-9a57-1f0a3c5b7e21"
_CHANGE = {
    "id": _CHANGE_ID,
    "recordId": _RECORD_ID,
    "action": "revoke",
    "reason": "issuedInError",
    "note": "",
    "state": "final",
    "requestedAt": "2026-07-02T08:00:00Z",
    "effectiveAt": "2026-07-02T08:00:12Z",
    "refused": None,
}


class ChangeBody(BaseModel):
    """One wanted change."""

    model_config = ConfigDict(extra="forbid")

    record: str = Field(max_length=64, examples=[_RECORD_ID])
    action: str = Field(max_length=20, examples=["revoke"])
    reason: str | None = Field(default=None, max_length=40, examples=["issuedInError"])
    note: str = Field(default="", max_length=MAX_NOTE)


class ChangesBody(BaseModel):
    """Several changes, all or none."""

    model_config = ConfigDict(extra="forbid")

    changes: list[ChangeBody] = Field(min_length=1, max_length=MAX_CHANGES)


@router.post(
    "/status-changes",
    status_code=202,
    summary="Revoke, suspend, reinstate or supersede own records",
    responses=answers(s202={"ids": [_CHANGE_ID]}),
)
def post(
    shared: Annotated[Context, Depends(context)],
    who: Annotated[Caller, Depends(caller("status"))],
    body: ChangesBody,
) -> dict[str, Any]:
    """Store the changes; they are in force once the chain has them (see `state` and `effectiveAt`).

    The same change asked for again answers with the same id.
    """
    requests = [Request(c.record, c.action, c.reason, c.note) for c in body.changes]
    with write(shared.engine) as connection:
        return {"ids": request_changes(connection, who.organisation_pk, requests)}


@router.get(
    "/status-changes",
    summary="Changes of own records",
    responses=answers(s200={"items": [_CHANGE], "next": None}),
)
def get(
    shared: Annotated[Context, Depends(context)],
    who: Annotated[Caller, Depends(caller("read"))],
    record: Annotated[str | None, Query(max_length=64)] = None,
    cursor: Annotated[str | None, Query(max_length=64)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100,
) -> dict[str, Any]:
    """List changes, oldest first."""
    after = read_cursor(cursor)
    with read(shared.engine) as connection:
        rows = queries.listed(connection, who.organisation_pk, after, limit, record)
    return {
        "items": [_view(row) for row in rows],
        "next": write_cursor(rows[-1].pk) if len(rows) == limit else None,
    }


def _view(row: AnyRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "recordId": row.record_id,
        "action": action_name(row.plane, row.on),
        "reason": reason_name(row.reason),
        "note": row.note,
        "state": state_of(row),
        "requestedAt": format_time(int(row.requested_at.timestamp())),
        "effectiveAt": None if row.effective_at is None else format_time(row.effective_at),
        "refused": row.refused,
    }
