"""The caller's own records as a workbook, over HTTP."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Response

from trace_service.database import read
from trace_service.pages import read_cursor, write_cursor
from trace_service.problems import Problem
from trace_service.publication.workbook.service import export_page
from trace_service.security import Caller, Context, caller, context
from verifier_cli.schema import SCHEMAS

router = APIRouter(prefix="/v1/exports", tags=["exports"])

MAX_RECORDS = 5_000  # of one answer: a few seconds and a few megabytes
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Shared = Annotated[Context, Depends(context)]
Reader = Annotated[Caller, Depends(caller("read"))]


@router.get("/records.xlsx", summary="The caller's records as a workbook", response_class=Response)
def records(
    shared: Shared,
    who: Reader,
    schema: Annotated[str | None, Query(max_length=40, examples=["agreement.1"])] = None,
    cursor: Annotated[str | None, Query(max_length=100, description="from the Link header before")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_RECORDS)] = 1_000,
) -> Response:
    """Return what the caller issues or countersigns, oldest first, in sheets that an import takes.

    Where more follow, the header `Link` has the address of the next workbook.
    """
    if schema is not None and schema not in SCHEMAS:
        raise Problem(422, "request.schema", "Unknown type", path="$query.schema", fix=", ".join(SCHEMAS))
    with read(shared.engine) as connection:
        data, last = export_page(connection, who.did, schema, after=read_cursor(cursor), limit=limit)
    headers = {"Content-Disposition": 'attachment; filename="records.xlsx"'}
    if last is not None:
        query = {"cursor": write_cursor(last), "limit": limit, **({"schema": schema} if schema else {})}
        headers["Link"] = f'</v1/exports/records.xlsx?{urlencode(query)}>; rel="next"'
    return Response(data, media_type=XLSX, headers=headers)
