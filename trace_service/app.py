"""The HTTP application: one factory, everything it needs as arguments."""

from __future__ import annotations

import importlib
import importlib.util
import time
from collections.abc import Callable
from typing import Annotated

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import APIRouter, Depends, FastAPI
from sqlalchemy.engine import Engine

from trace_service import problems
from trace_service.config import Settings
from trace_service.database import read
from trace_service.limits import Guard, RequestLog
from trace_service.openapi import describe
from trace_service.organisations.authority import AuthorityCheck, KnownKeys
from trace_service.recursion import guard_recursion
from trace_service.security import Context, context, key_check

# Each domain with routes exports `router` from its routes module; an installation may lack some of them.
DOMAINS = (
    "organisations",
    "records",
    "imports",
    "anchoring",
    "status",
    "publication",
    "publication.workbook",
    "verification",
    "indicators",
    "lineage",
    "creditbank",
    "gate",
    "cases",
)

_health = APIRouter(tags=["health"])


def chain_time() -> int:
    """Epoch seconds of this machine's clock: what stands for chain time where no node is asked."""
    return int(time.time())


def create_app(
    settings: Settings,
    engine: Engine,
    *,
    receipt_key: Ed25519PrivateKey,
    clock: Callable[[], int] = chain_time,
    authority: AuthorityCheck | None = None,
) -> FastAPI:
    """Return the application over ``engine``. ``clock`` gives chain time in epoch seconds.

    ``authority`` decides at the door which keys may sign; without one it is the list of known keys.
    """
    app = FastAPI(title="SkillTrace", version="1", description=DESCRIPTION, redoc_url=None)
    app.state.context = Context(settings, engine, receipt_key, clock, authority or KnownKeys())
    problems.install(app)
    app.add_middleware(Guard, check_key=key_check(engine))
    app.add_middleware(RequestLog)
    app.include_router(_health)
    for domain in DOMAINS:
        name = f"trace_service.{domain}.routes"
        if importlib.util.find_spec(name) is not None:
            app.include_router(importlib.import_module(name).router)
    describe(app)
    guard_recursion()  # after every import: web3 and eth libraries raise the limit
    return app


DESCRIPTION = """Records of vocational training that anyone can verify without asking this service.

A record is drafted (202), signed by every party in its own process, and complete (201, with a receipt); it is
then anchored on chain in a batch. Errors are RFC 9457 problem details with a stable `code`, the `path` and a
`fix`."""


@_health.get("/healthz", summary="The process answers")
def healthz() -> dict[str, str]:
    """Answer as long as the process runs; looks at nothing else."""
    return {"status": "ok"}


@_health.get("/readyz", summary="The process can do its work")
def readyz(shared: Annotated[Context, Depends(context)]) -> dict[str, str]:
    """Answer once the database can be read; 503 otherwise."""
    with read(shared.engine) as connection:
        connection.execute(sa.text("SELECT 1 FROM organisation LIMIT 1"))
    return {"status": "ready"}
