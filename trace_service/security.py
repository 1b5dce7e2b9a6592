"""Who calls: API keys, scopes, and what every route is handed.

A key is ``tsk_<prefix>_<secret>``. The prefix finds the row, SHA-256 of the whole key is compared in
constant time. A fast hash is enough: the secret has 256 random bits, so there is nothing to guess.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal, cast, get_args

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.engine import Connection, Engine

from trace_service.config import Settings
from trace_service.database import read, utc_now
from trace_service.organisations.authority import AuthorityCheck
from trace_service.organisations.queries import API_KEY, ORGANISATION
from trace_service.problems import Problem, not_found

Scope = Literal["issue", "countersign", "status", "read", "admin"]
SCOPES: tuple[str, ...] = get_args(Scope)

PREFIX_BYTES = 5  # 10 hex characters: 10^12 prefixes, so that a clash is refused, not met
SECRET_BYTES = 32
MAX_KEY_DAYS = 400  # a school year and the weeks around it; a key that never ends is never looked after

_KEY = re.compile(r"tsk_([0-9a-f]{10})_([0-9a-f]{64})")
_bearer = HTTPBearer(auto_error=False, description="API key of an organisation: tsk_<prefix>_<secret>")


@dataclass(frozen=True)
class Context:
    """What the routes of one application share. ``clock`` returns chain time in epoch seconds."""

    settings: Settings
    engine: Engine
    receipt_key: Ed25519PrivateKey
    clock: Callable[[], int]
    authority: AuthorityCheck


@dataclass(frozen=True, slots=True)
class Caller:
    """The organisation whose key was presented."""

    organisation_pk: int
    did: str
    scopes: frozenset[str]
    key_prefix: str


def context(request: Request) -> Context:
    """Dependency: the application's context."""
    return cast(Context, request.app.state.context)


def create_key(
    connection: Connection,
    organisation_pk: int,
    scopes: frozenset[str],
    *,
    label: str = "",
    days: int = MAX_KEY_DAYS,
) -> str:
    """Store a new key's hash and return the key: the only time that it is seen.

    Raises `Problem` for unknown scopes, none at all, or a life that is not 1 to `MAX_KEY_DAYS` days.
    """
    if not scopes or not scopes <= set(SCOPES):
        raise Problem(
            422, "key.scope", "Unknown scope", path="$.scopes", fix=f"choose from {', '.join(SCOPES)}"
        )
    if not 1 <= days <= MAX_KEY_DAYS:
        raise Problem(422, "key.days", "Life out of range", path="$.days", fix=f"1 to {MAX_KEY_DAYS} days")
    prefix = secrets.token_hex(PREFIX_BYTES)
    key = f"tsk_{prefix}_{secrets.token_hex(SECRET_BYTES)}"
    now = utc_now()
    connection.execute(
        sa.insert(API_KEY).values(
            organisation_pk=organisation_pk,
            prefix=prefix,
            key_hash=hashlib.sha256(key.encode()).digest(),
            scopes=" ".join(sorted(scopes)),
            label=label,
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
    )
    return key


def revoke_key(connection: Connection, prefix: str) -> None:
    """End the key with ``prefix`` now; raises `Problem` 404 where there is none. Doing it twice changes
    nothing."""
    found = connection.execute(sa.select(API_KEY.c.pk).where(API_KEY.c.prefix == prefix)).scalar()
    if found is None:
        raise not_found("key")
    connection.execute(
        sa.update(API_KEY)
        .where(API_KEY.c.pk == found, API_KEY.c.revoked_at.is_(None))
        .values(revoked_at=utc_now())
    )


def authenticate(connection: Connection, key: str) -> Caller | None:
    """Return whose ``key`` it is; None where it is unknown, expired or revoked."""
    match = _KEY.fullmatch(key)
    if match is None:
        return None
    row = connection.execute(
        sa.select(API_KEY, ORGANISATION.c.did)
        .join(ORGANISATION, ORGANISATION.c.pk == API_KEY.c.organisation_pk)
        .where(API_KEY.c.prefix == match[1])
    ).one_or_none()
    presented = hashlib.sha256(key.encode()).digest()
    if row is None or not hmac.compare_digest(presented, row.key_hash):
        return None
    if row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= utc_now()):
        return None
    return Caller(row.organisation_pk, row.did, frozenset(row.scopes.split()), row.prefix)


def key_required() -> Problem:
    """No good key was presented."""
    return Problem(
        401,
        "key.required",
        "A valid API key is required",
        fix="send it as: Authorization: Bearer tsk_...",
        headers={"WWW-Authenticate": "Bearer"},
    )


def key_check(engine: Engine) -> Callable[[str | None], None]:
    """Return the check of an Authorization header that stands before large bodies: raises `Problem` 401."""

    def check(authorization: str | None) -> None:
        scheme, _, key = (authorization or "").partition(" ")
        with read(engine) as connection:
            if scheme.lower() != "bearer" or authenticate(connection, key.strip()) is None:
                raise key_required()

    return check


def caller(scope: Scope) -> Callable[..., Caller]:
    """Return the dependency that lets in callers with ``scope``: 401 without a good key, 403 without the
    scope."""

    def check(
        shared: Annotated[Context, Depends(context)],
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    ) -> Caller:
        found = None
        if credentials is not None:
            with read(shared.engine) as connection:
                found = authenticate(connection, credentials.credentials)
        if found is None:
            raise key_required()
        if scope not in found.scopes:
            raise Problem(403, "key.scope_missing", "The key lacks a scope", detail=f"needed here: {scope}")
        return found

    return check
