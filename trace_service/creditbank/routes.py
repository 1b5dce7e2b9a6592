"""The credit bank over HTTP: entries to draft, accounts and statements to read."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response

from trace_service.creditbank import examples, views
from trace_service.creditbank.entries import entry_draft
from trace_service.creditbank.entry import local_day
from trace_service.creditbank.ledger import settle
from trace_service.creditbank.requests import (
    MAX_DID,
    ConvertBody,
    Day,
    DepositBody,
    EntryBody,
    ExpireBody,
    RedeemBody,
    StatementBody,
    TransferBody,
)
from trace_service.database import read, utc_now, write
from trace_service.idempotency.service import Answer, IdempotentRequest, identify, recall, remember
from trace_service.openapi import answers, body_schema, json_body
from trace_service.records.requests import parse_record_body, read_as
from trace_service.records.service import draft_many
from trace_service.security import Caller, Context, caller, context
from verifier_cli.encoding import digest_multibase

router = APIRouter(prefix="/v1", tags=["credit bank"])

Shared = Annotated[Context, Depends(context)]
Issuer = Annotated[Caller, Depends(caller("issue"))]
Reader = Annotated[Caller, Depends(caller("read"))]
Holder = Annotated[str, Path(max_length=MAX_DID, description="the holder: credentialSubject.id")]
Bank = Annotated[str | None, Query(max_length=MAX_DID, description="this bank alone")]
IdempotencyKey = Annotated[str | None, Header(description="same key, same answer")]


async def body_of(request: Request) -> bytes:
    """Dependency: the body, whose size and nesting were bounded before."""
    return await request.body()


Body = Annotated[bytes, Depends(body_of)]


def _entry_route(name: str, model: type[EntryBody], summary: str, example: dict[str, Any]) -> None:
    """Offer POST /v1/credit-entries/<name>, which takes a ``model``."""

    def post(shared: Shared, who: Issuer, body: Body, idempotency_key: IdempotencyKey = None) -> Response:
        request = identify(who.organisation_pk, idempotency_key, f"POST /v1/credit-entries/{name}", body)
        answer = post_entry(shared, who, read_as(model, parse_record_body(body)), request)
        location = f"/v1/records/{orjson.loads(answer.body)['id']}"
        return Response(
            answer.body, answer.status, headers={"Location": location}, media_type="application/json"
        )

    post.__doc__ = model.__doc__
    router.post(
        f"/credit-entries/{name}",
        name=f"credit_{name}",
        status_code=202,
        summary=summary,
        responses=answers(s202=examples.DRAFTED),
        openapi_extra=json_body(body_schema(model), example),
    )(post)


_entry_route("deposit", DepositBody, "Deposit the credits of a credential", examples.DEPOSIT)
_entry_route("convert", ConvertBody, "Convert credits by a rule", examples.CONVERT)
_entry_route("redeem", RedeemBody, "Redeem credits for a course", examples.REDEEM)
_entry_route("transfer", TransferBody, "Transfer credits to another bank", examples.TRANSFER)
_entry_route("expire", ExpireBody, "Expire what has lapsed", examples.EXPIRE)
_entry_route("statement", StatementBody, "Draft a statement to be signed", examples.STATEMENT)


def post_entry(shared: Context, who: Caller, body: EntryBody, request: IdempotentRequest) -> Answer:
    """Draft one entry and reserve what it takes; durable when this returns.

    The same request again (by its idempotency key) returns the same answer and does nothing. Raises
    `CreditProblem`, `Problem` or the verifier's `DataError`; then nothing was stored.
    """
    with read(shared.engine) as connection:
        remembered = recall(connection, request)
    if remembered is not None:
        return remembered
    with write(shared.engine) as connection:
        remembered = recall(connection, request)  # again: another request may have come first
        if remembered is not None:
            return remembered
        draft = entry_draft(connection, who.did, body)
        stored = draft_many(connection, shared.settings.chain, who.did, [draft], whole_words=False)[0]
        facts = {
            "id": stored.id,
            "state": "draft",
            "recordDigest": digest_multibase(stored.digest),
            "entry": stored.record.document["credentialSubject"],
        }
        answer = Answer(202, orjson.dumps(facts))
        remember(connection, request, answer)
    return answer


@router.get(
    "/credit-accounts/{holder}",
    summary="A holder's accounts",
    responses=answers(s200=examples.ACCOUNTS),
)
def accounts(shared: Shared, who: Reader, holder: Holder, bank: Bank = None) -> dict[str, Any]:
    """Balances at the caller's own bank, and at those with which the caller has signed entries of the holder.

    ``available`` is what may still be asked for: without what open drafts reserve and what has lapsed.
    """
    settle(shared.engine, holder)
    with read(shared.engine) as connection:
        row = views.known_holder(connection, holder)
        banks = views.banks_for(connection, row, who.did, bank)
        return {
            "holder": holder,
            "accounts": views.accounts(connection, row, banks, local_day(utc_now())),
            "open": views.open_entries(connection, row, banks),
        }


@router.get(
    "/credit-accounts/{holder}/statement",
    summary="A holder's postings in a period",
    responses=answers(s200=examples.LINES),
)
def statement(
    shared: Shared,
    who: Reader,
    holder: Holder,
    bank: Bank = None,
    since: Annotated[Day | None, Query(alias="from", description="first day")] = None,
    until: Annotated[Day | None, Query(alias="to", description="the day after the last")] = None,
) -> dict[str, Any]:
    """Every posting with the record behind it, in the order of booking, at the banks that the caller sees."""
    settle(shared.engine, holder)
    with read(shared.engine) as connection:
        row = views.known_holder(connection, holder)
        banks = views.banks_for(connection, row, who.did, bank)
        return views.statement_json(views.statement(connection, row, banks, since, until))
