"""Organisations over HTTP: a public list; registering and keys are the operator's."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from trace_service.database import read, write
from trace_service.openapi import answers
from trace_service.organisations import service
from trace_service.organisations.queries import (
    MAX_PAGE,
    list_organisations,
    open_record_keys,
    organisation_pk,
)
from trace_service.pages import read_cursor, write_cursor
from trace_service.security import MAX_KEY_DAYS, Caller, Context, caller, context, create_key, revoke_key
from verifier_cli.encoding import multikey

router = APIRouter(prefix="/v1", tags=["organisations"])

Shared = Annotated[Context, Depends(context)]
Operator = Annotated[Caller, Depends(caller("admin"))]

_SCHOOL = {"did": "did:web:school.example", "name": {"zh": "示例职业学校", "en": "Example Vocational School"}}


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Name(_Body):
    """A name in Chinese, and in English where there is one."""

    zh: str
    en: str = ""


class NewOrganisation(_Body):
    """An organisation to register."""

    did: str = Field(examples=["did:web:school.example"])
    name: Name
    record_keys: list[str] = Field(default=[], alias="recordKeys", description="multikeys", max_length=16)


class NewKey(_Body):
    """An API key to make."""

    did: str = Field(examples=["did:web:school.example"])
    scopes: list[str] = Field(examples=[["issue", "countersign", "read"]], max_length=5)
    label: str = Field(default="", max_length=100)
    days: int = MAX_KEY_DAYS


@router.get(
    "/organisations", summary="Organisations known here", responses=answers(s200={"items": [_SCHOOL]})
)
def organisations(
    shared: Shared, cursor: str | None = None, limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50
) -> dict[str, Any]:
    """List organisations. Their authority is in the registry on chain, not here."""
    with read(shared.engine) as connection:
        rows = list_organisations(connection, read_cursor(cursor), limit + 1)
    items = [{"did": row.did, "name": {"zh": row.name_zh, "en": row.name_en}} for row in rows[:limit]]
    return {"items": items, "next": write_cursor(rows[limit - 1].pk) if len(rows) > limit else None}


@router.get("/organisations/{did}/record-keys", summary="Public record keys of an organisation")
def record_keys(shared: Shared, did: str) -> dict[str, list[str]]:
    """List the open record keys that the organisation told this service of."""
    with read(shared.engine) as connection:
        keys = open_record_keys(connection, organisation_pk(connection, did))
    return {"items": [multikey(key) for key in keys]}


@router.post("/organisations", status_code=201, summary="Register an organisation (operator)")
def register(shared: Shared, _operator: Operator, new: NewOrganisation) -> dict[str, str]:
    """Register an organisation and its record keys; the same again changes nothing."""
    with write(shared.engine) as connection:
        service.register(connection, new.did, new.name.zh, new.name.en)
        for key in new.record_keys:
            service.add_record_key(connection, new.did, key)
    return {"did": new.did}


@router.post("/api-keys", status_code=201, summary="Make an API key (operator)")
def make_key(shared: Shared, _operator: Operator, new: NewKey) -> dict[str, str]:
    """Make a key and show it this once; only its hash is kept."""
    with write(shared.engine) as connection:
        organisation = organisation_pk(connection, new.did)
        key = create_key(connection, organisation, frozenset(new.scopes), label=new.label, days=new.days)
    return {"key": key}


@router.delete("/api-keys/{prefix}", status_code=204, summary="Revoke an API key (operator)")
def end_key(shared: Shared, _operator: Operator, prefix: str) -> Response:
    """End a key now."""
    with write(shared.engine) as connection:
        revoke_key(connection, prefix)
    return Response(status_code=204)
