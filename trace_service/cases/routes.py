"""Exceptions and cases over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from sqlalchemy.engine import Connection

from trace_service.cases import examples, queries
from trace_service.cases.exceptions import Asked, Searched, find
from trace_service.cases.overview import case_of, cases_of, overview
from trace_service.cases.requests import (
    MAX_CODE,
    MAX_ID,
    Day,
    ImproveBody,
    OpenBody,
    PeriodBody,
    VerifyBody,
)
from trace_service.cases.service import asked_for, improve, open_case, verify
from trace_service.cases.steps import Author
from trace_service.database import read, write
from trace_service.idempotency.service import Answer, IdempotentRequest, identify, recall, remember
from trace_service.indicators.limits import Runs, places_of
from trace_service.indicators.routes import COMMUNITY_IS
from trace_service.openapi import answers, body_schema, json_body
from trace_service.pages import read_cursor, write_cursor
from trace_service.problems import not_found
from trace_service.publication.cli import own_chain_facts
from trace_service.records.compose import Draft
from trace_service.records.requests import parse_record_body, read_as
from trace_service.records.service import draft_many
from trace_service.security import Caller, Context, caller, context
from verifier_cli.encoding import digest_multibase
from verifier_cli.indicators.times import day_of

router = APIRouter(prefix="/v1", tags=["cases"])

MAX_PAGE = 100  # cases; each reads its decisions and reports
MAX_ROWS = 1_000  # of one rule in an answer; `count` says how many there are

Shared = Annotated[Context, Depends(context)]
Issuer = Annotated[Caller, Depends(caller("issue"))]
Reader = Annotated[Caller, Depends(caller("read"))]
CaseId = Annotated[str, Path(max_length=MAX_ID, description="record id of the diagnosis")]
IdempotencyKey = Annotated[str | None, Header(description="same key, same answer")]
Places = Annotated[Runs, Depends(places_of)]
Drafting = Callable[[Connection], Draft]


async def body_of(request: Request) -> bytes:
    """Dependency: the body, whose size and nesting were bounded before."""
    return await request.body()


Body = Annotated[bytes, Depends(body_of)]


@router.get(
    "/exceptions",
    summary="What an auditor would ask about",
    responses=answers(s200=examples.EXCEPTIONS),
)
def exceptions(
    runs: Places,
    shared: Shared,
    who: Reader,
    since: Annotated[Day, Query(alias="from", description="first day")],
    until: Annotated[Day, Query(alias="to", description="the day after the last")],
    community: Annotated[str | None, Query(max_length=MAX_ID, description=COMMUNITY_IS)] = None,
    rule: Annotated[str | None, Query(max_length=MAX_CODE, description="this rule alone")] = None,
) -> dict[str, Any]:
    """Run the rules over anchored records: those that the caller signs, or for a community's auditors and
    operators all of its records. `scope` says which."""
    asked = Asked(since, until, community, who.did, None if rule is None else (rule,))
    return _search(shared, runs, asked).to_json(asked, MAX_ROWS)


def _search(shared: Context, runs: Runs, asked: Asked) -> Searched:
    with runs.one():
        facts = own_chain_facts(shared.settings)
        with read(shared.engine) as connection:
            return find(connection, shared.settings, facts, asked, shared.clock())


@router.get("/cases", summary="Cases and how they stand", responses=answers(s200=examples.CASES))
def cases(
    shared: Shared,
    who: Reader,
    open_only: Annotated[bool, Query(alias="open", description="leave out what is closed")] = True,
    cursor: Annotated[str | None, Query(max_length=100)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
) -> Response:
    """Diagnoses that the caller signs, oldest first, with their steps, age and values. A page may hold fewer
    than `limit`: closed ones are left out of it."""
    today = day_of(shared.clock())
    with read(shared.engine) as connection:
        rows = queries.diagnoses(connection, who.did, after=read_cursor(cursor), limit=limit + 1)
        found = cases_of(connection, who.did, rows[:limit])
    items = [overview(case, today) for case in found if case.closed is None or not open_only]
    following = write_cursor(rows[limit - 1].pk) if len(rows) > limit else None
    return _json({"items": items, "next": following})


@router.get("/cases/{case_id}", summary="One case", responses=answers(s200=examples.CASE))
def case(shared: Shared, who: Reader, case_id: CaseId) -> Response:
    """The case that this diagnosis opened."""
    with read(shared.engine) as connection:
        found = case_of(connection, who.did, case_id)
    if found is None:
        raise not_found("case")
    return _json(overview(found, day_of(shared.clock())))


@router.post(
    "/cases",
    status_code=202,
    summary="Open a case",
    responses=answers(s202=examples.DRAFTED),
    openapi_extra=json_body(body_schema(OpenBody), examples.OPEN),
)
def post_case(
    runs: Places, shared: Shared, who: Issuer, body: Body, idempotency_key: IdempotencyKey = None
) -> Response:
    """Draft a diagnosis: of a value of a report that misses its target, or of rows of a rule. What it says in
    numbers is read from there."""
    request = identify(who.organisation_pk, idempotency_key, "POST /v1/cases", body)
    given: OpenBody = read_as(OpenBody, parse_record_body(body))

    def prepare() -> Drafting:
        about = given.exception
        searched = None if about is None else _search(shared, runs, asked_for(who.did, about.code, about))
        author = Author(who.did, shared.clock())
        return lambda connection: open_case(connection, author, given, searched)

    return _drafted(shared, who, request, prepare)


@router.post(
    "/cases/{case_id}/improvements",
    status_code=202,
    summary="Say what is changed",
    responses=answers(s202=examples.DRAFTED),
    openapi_extra=json_body(body_schema(ImproveBody), examples.IMPROVE),
)
def post_improvement(
    shared: Shared, who: Issuer, case_id: CaseId, body: Body, idempotency_key: IdempotencyKey = None
) -> Response:
    """Draft an improvement, which answers the diagnosis."""
    route = f"POST /v1/cases/{case_id}/improvements"
    request = identify(who.organisation_pk, idempotency_key, route, body)
    given: ImproveBody = read_as(ImproveBody, parse_record_body(body))

    def prepare() -> Drafting:
        author = Author(who.did, shared.clock())
        return lambda connection: improve(connection, author, case_id, given)

    return _drafted(shared, who, request, prepare)


@router.post(
    "/cases/{case_id}/verifications",
    status_code=202,
    summary="Show the effect",
    responses=answers(s202=examples.DRAFTED),
    openapi_extra=json_body(body_schema(VerifyBody), examples.VERIFY),
)
def post_verification(
    runs: Places,
    shared: Shared,
    who: Issuer,
    case_id: CaseId,
    body: Body,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Draft a verification with the value before and after; where the target is reached it closes the case.

    A case about an indicator names a later `report`; one about exceptions the `period` to run the rule over.
    """
    route = f"POST /v1/cases/{case_id}/verifications"
    request = identify(who.organisation_pk, idempotency_key, route, body)
    given: VerifyBody = read_as(VerifyBody, parse_record_body(body))

    def prepare() -> Drafting:
        searched = None
        if given.period is not None and given.report is None:
            searched = _search_again(shared, runs, who, case_id, given.period)
        author = Author(who.did, shared.clock())
        return lambda connection: verify(connection, author, case_id, given, searched)

    return _drafted(shared, who, request, prepare)


def _search_again(
    shared: Context, runs: Runs, who: Caller, case_id: str, period: PeriodBody
) -> Searched | None:
    """Run the rule of the case; None where it is about an indicator, whose effect only a report shows."""
    with read(shared.engine) as connection:
        found = case_of(connection, who.did, case_id)
    if found is None:
        raise not_found("case")
    if found.before is None or found.before.source != "count":
        return None
    return _search(shared, runs, asked_for(who.did, found.about, period))


def _drafted(
    shared: Context, who: Caller, request: IdempotentRequest, prepare: Callable[[], Drafting]
) -> Response:
    """Draft what ``prepare`` gives, once for one idempotency key; its reading is done before the write."""
    with read(shared.engine) as connection:
        answer = recall(connection, request)
    if answer is None:
        compose = prepare()
        with write(shared.engine) as connection:
            answer = recall(connection, request)  # again: another request may have come first
            if answer is None:
                answer = _store(connection, shared, who, compose)
                remember(connection, request, answer)
    location = f"/v1/records/{orjson.loads(answer.body)['id']}"
    return Response(answer.body, answer.status, headers={"Location": location}, media_type="application/json")


def _store(connection: Connection, shared: Context, who: Caller, compose: Drafting) -> Answer:
    drafts = [compose(connection)]
    stored = draft_many(connection, shared.settings.chain, who.did, drafts, whole_words=False)[0]
    facts = {
        "id": stored.id,
        "state": "draft",
        "recordDigest": digest_multibase(stored.digest),
        "case": drafts[0].subject["case"],
    }
    return Answer(202, orjson.dumps(facts))


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")
