"""Indicators over HTTP: definitions, a computation, and its report as a draft to sign."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from trace_service.database import read, write
from trace_service.indicators.drafting import draft
from trace_service.indicators.limits import Runs, places_of
from trace_service.indicators.service import Asker, Computed, Wanted, compute
from trace_service.openapi import answers
from trace_service.publication.cli import own_chain_facts
from trace_service.records.examples import DIGEST, RECORD_ID
from trace_service.security import Caller, Context, caller, context
from verifier_cli.encoding import digest_multibase
from verifier_cli.indicators.definition import shipped

router = APIRouter(prefix="/v1/indicators", tags=["indicators"])

MAX_ID = 64
COMMUNITY_IS = "subject.id of its chain agreement; or, where several claim it, one's digest or record id"

Shared = Annotated[Context, Depends(context)]
Issuer = Annotated[Caller, Depends(caller("issue"))]
Reader = Annotated[Caller, Depends(caller("read"))]

Places = Annotated[Runs, Depends(places_of)]

_VALUE = {"code": "I7", "state": "value", "value": "0.9216", "n": 51, "coverageBp": 10000}
_REPORT = {
    "from": "2025-09-01",
    "to": "2026-09-01",
    "community": RECORD_ID,
    "chainId": 20261,
    "block": 1182,
    "blockHash": "0x" + "ab" * 32,
    "inputRoot": "0x" + "cd" * 32,
    "inputCount": 59124,
    "definitions": [{"code": "I7", "version": "1"}],
    "values": [_VALUE],
}
_DEFINITION = {"code": "I7", "version": "1", "form": "indicator", "title": {"zh": "技术达标率"}}


def _day(value: object) -> object:
    return date.fromisoformat(value) if isinstance(value, str) else value


Day = Annotated[date, BeforeValidator(_day)]


class ReportBody(BaseModel):
    """Which report to draft: the community as in GET values, first day, and the day after the last."""

    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=True)

    community: str = Field(max_length=MAX_ID)
    since: Day = Field(alias="from")
    until: Day = Field(alias="to")


@router.get("/definitions", summary="The definitions", responses=answers(s200={"items": [_DEFINITION]}))
def definitions() -> dict[str, Any]:
    """Every indicator, view and exception of this release, with its SQL."""
    return {"items": [item.to_subject() for item in shipped().values()]}


@router.get("/values", summary="Compute without a record", responses=answers(s200=_REPORT))
def values(
    runs: Places,
    shared: Shared,
    who: Reader,
    community: Annotated[str, Query(max_length=MAX_ID, description=COMMUNITY_IS)],
    since: Annotated[Day, Query(alias="from", description="first day")],
    until: Annotated[Day, Query(alias="to", description="the day after the last")],
) -> dict[str, Any]:
    """The values as a report would state them now. For members of the community and the operator."""
    return _computed(runs, shared, who, Wanted(community, since, until)).subject()


@router.post(
    "/reports",
    status_code=202,
    summary="Draft an indicator report",
    responses=answers(
        s202={
            "id": RECORD_ID,
            "state": "draft",
            "recordDigest": DIGEST,
            "newDefinitions": [],
            "report": _REPORT,
        }
    ),
)
def report(runs: Places, shared: Shared, who: Issuer, body: ReportBody) -> dict[str, Any]:
    """Compute now, and draft the report and those definitions that the caller has not issued yet.

    The caller's own signer signs them; the report is anchored like any record.
    """
    computed = _computed(runs, shared, who, Wanted(body.community, body.since, body.until))
    with write(shared.engine) as connection:
        drafted = draft(connection, shared.settings.chain, who.did, computed, shared.clock())
    return {
        "id": drafted.report_id,
        "state": "draft",
        "recordDigest": digest_multibase(drafted.report_digest),
        "newDefinitions": list(drafted.new_definitions),
        "report": computed.subject(),
    }


def _computed(runs: Runs, shared: Context, who: Caller, wanted: Wanted) -> Computed:
    """Compute for a member of the community or the operator; to others it does not exist."""
    wanted.check()
    asker = Asker(who.did, sees_all=who.did == shared.settings.operator)
    with runs.one():
        facts = own_chain_facts(shared.settings)
        with read(shared.engine) as connection:
            return compute(connection, facts, wanted, asker=asker)
