"""Public verification: no key needed. The answer is the verifier's own report."""

from __future__ import annotations

import time
from datetime import date
from typing import Annotated, NamedTuple

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from trace_service.database import read
from trace_service.localtime import start_of
from trace_service.openapi import answers
from trace_service.problems import Problem
from trace_service.security import Caller, Context, caller, context
from trace_service.verification.limits import Buckets, Places
from trace_service.verification.service import Verifier
from trace_service.verification.times import TimeLog, times_between
from verifier_cli.encoding import parse_time
from verifier_cli.errors import DataError, TrustFileError
from verifier_cli.proof_file import MAX_PROOF_FILE

router = APIRouter(prefix="/v1", tags=["verification"])

_REPORT = {
    "reportVersion": 1,
    "verdict": "VALID",
    "exitCode": 0,
    "record": {"id": "urn:uuid:…", "digest": "…", "schema": "credential.1"},
    "steps": [{"step": 1, "name": "parse", "outcome": "PASSED"}],
    "remarks": [],
}
_BODY = {
    "requestBody": {
        "required": True,
        "description": "A proof file (.trace.json) as it is",
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}


async def body_of(request: Request) -> bytes:
    """Dependency: the body, whose size and nesting were bounded before."""
    return await request.body()


class Tools(NamedTuple):
    """What verifications of one application share."""

    verifier: Verifier
    buckets: Buckets
    places: Places
    times: TimeLog


def tools(request: Request, shared: Annotated[Context, Depends(context)]) -> Tools:
    """Dependency: verifier, limits and log of this application."""
    state = request.app.state
    if not hasattr(state, "verification"):
        state.verification = Tools(
            Verifier(shared.settings.trust_file), Buckets(), Places(), TimeLog(shared.engine)
        )
    found: Tools = state.verification
    return found


@router.post(
    "/verify",
    summary="Verify a proof file",
    responses=answers(s200=_REPORT),
    openapi_extra=_BODY,
)
def verify(
    request: Request,
    use: Annotated[Tools, Depends(tools)],
    body: Annotated[bytes, Depends(body_of)],
    at: Annotated[str | None, Query(description="validity at this time, YYYY-MM-DDTHH:MM:SSZ")] = None,
    strict: bool = False,
) -> Response:
    """Run the nine steps. A record that is not valid is an answer (200), not an error."""
    use.buckets.take(request.client.host if request.client else "")
    if len(body) > MAX_PROOF_FILE:
        raise Problem(413, "verification.too_large", f"A proof file has at most {MAX_PROOF_FILE} bytes")
    started = time.monotonic()
    with use.places.one():
        try:
            valid_at = None if at is None else parse_time(at)
            report = use.verifier.verify(body, int(time.time()), valid_at=valid_at, strict=strict)
        except TrustFileError as error:
            raise Problem(
                503, "verification.no_trust", "No usable trust file here", detail=error.reason
            ) from None
        except DataError as error:
            raise Problem(422, "request.time", "Not a time", detail=error.reason, path="$query.at") from None
    use.times.note(time.monotonic() - started, report.verdict)
    return Response(orjson.dumps(report.to_json()), media_type="application/json")


@router.get(
    "/verifications/times",
    summary="How long verifications took",
    responses=answers(s200={"count": 1204, "p50": 31, "p95": 178, "target": 3000, "met": True}),
)
def verification_times(
    shared: Annotated[Context, Depends(context)],
    use: Annotated[Tools, Depends(tools)],
    _who: Annotated[Caller, Depends(caller("read"))],
    since: Annotated[date, Query(alias="from", description="first day, Asia/Shanghai")],
    until: Annotated[date, Query(alias="to", description="day after the last")],
) -> Response:
    """Count, median and 95th percentile in milliseconds of this service's public verifications."""
    use.times.flush()
    with read(shared.engine) as connection:
        found = times_between(connection, start_of(since), start_of(until))
    return Response(orjson.dumps(found.to_json()), media_type="application/json")
