"""The same request twice gets the same answer.

The answer is written in the transaction of the effect it remembers: either both are there after a crash or
neither.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from trace_service.database import table_of, take_turns, utc_now
from trace_service.idempotency.tables import IdempotentAnswer
from trace_service.problems import Problem

ANSWER: sa.Table = table_of(IdempotentAnswer)
KEY_FORM = re.compile(r"[\x21-\x7e]{1,128}")


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: status and JSON body."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class IdempotentRequest:
    """One write with its key. ``fingerprint`` covers method, route and body."""

    organisation_pk: int
    key: str | None
    fingerprint: bytes


def identify(organisation_pk: int, key: str | None, route: str, body: bytes) -> IdempotentRequest:
    """Return the identity of a request; raises `Problem` 422 for a key out of form."""
    if key is not None and not KEY_FORM.fullmatch(key):
        raise Problem(
            422,
            "idempotency.key_form",
            "Idempotency-Key out of form",
            path="$header.Idempotency-Key",
            fix="1 to 128 printable ASCII characters without spaces, such as a UUID",
        )
    return IdempotentRequest(organisation_pk, key, hashlib.sha256(route.encode() + b"\0" + body).digest())


def recall(connection: Connection, request: IdempotentRequest) -> Answer | None:
    """Return the answer given before; raises `Problem` 422 where the key was used for another request.

    A writing transaction that gets none has the key to itself until it ends.
    """
    if request.key is None:
        return None
    take_turns(connection, "idempotency", request.organisation_pk, request.key)
    row = connection.execute(
        sa.select(ANSWER).where(
            ANSWER.c.organisation_pk == request.organisation_pk, ANSWER.c.key == request.key
        )
    ).one_or_none()
    if row is None:
        return None
    if row.request_sha256 != request.fingerprint:
        raise Problem(
            422,
            "idempotency.reused",
            "The Idempotency-Key was used for another request",
            path="$header.Idempotency-Key",
            fix="use a fresh key for a new request",
        )
    return Answer(row.status, row.body)


def remember(connection: Connection, request: IdempotentRequest, answer: Answer) -> None:
    """Store the answer in the caller's transaction; without a key nothing is stored."""
    if request.key is None:
        return
    connection.execute(
        sa.insert(ANSWER).values(
            organisation_pk=request.organisation_pk,
            key=request.key,
            request_sha256=request.fingerprint,
            status=answer.status,
            body=answer.body,
            created_at=utc_now(),
        )
    )
