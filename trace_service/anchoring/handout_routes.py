"""Progress and proof files of an import over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.engine import Connection

from trace_service.anchoring import handout
from trace_service.anchoring.proofs import files_of
from trace_service.database import read
from trace_service.imports.queries import find_job
from trace_service.openapi import answers
from trace_service.problems import Problem, not_found
from trace_service.security import Caller, Context, caller, context
from verifier_cli.rules import SCHEMAS

router = APIRouter(prefix="/imports", tags=["imports"])

_PROGRESS = {
    "drafted": 10805,
    "complete": 10805,
    "sealed": 10805,
    "anchored": 10805,
    "final": 10805,
    "withheld": 0,
}

Shared = Annotated[Context, Depends(context)]
Reader = Annotated[Caller, Depends(caller("read"))]
JobId = Annotated[str, Path(max_length=36)]


@router.get("/{job_id}/progress", summary="How far its records are", responses=answers(s200=_PROGRESS))
def progress(shared: Shared, who: Reader, job_id: JobId) -> dict[str, int]:
    """Count the import's records that were drafted, completed, sealed, anchored, and released as final.

    `withheld` ones are anchored and cannot become final: their signer had lost its authority by then.
    """
    with read(shared.engine) as connection:
        return handout.progress(connection, _job(connection, who, job_id))


@router.get(
    "/{job_id}/proof-files.zip",
    summary="The proof files of its records",
    response_class=Response,
    responses={200: {"description": "Success", "content": {"application/zip": {}}}},
)
def proof_files(
    shared: Shared,
    who: Reader,
    job_id: JobId,
    schema: Annotated[str | None, Query(max_length=40, examples=["credential.1"])] = None,
) -> Response:
    """Return the proof files of every final record of the import, or of one record type.

    Records that are not final yet or withheld are left out; compare with the import's progress.
    """
    if schema is not None and schema not in SCHEMAS:
        raise Problem(
            422,
            "request.schema",
            f"{schema[:40]!r} is no record type",
            path="schema",
            fix=f"use one of {', '.join(SCHEMAS)}",
        )
    with read(shared.engine) as connection:
        places = handout.released(connection, _job(connection, who, job_id), schema)
        if not places:
            raise Problem(
                409, "record.not_final", "No record of this import is final yet", fix="ask again later"
            )
        if len(places) > handout.MAX_FILES:
            raise Problem(
                413,
                "request.too_many",
                f"More than {handout.MAX_FILES} proof files",
                fix="ask for one `schema` at a time",
            )
        content = handout.write_zip(connection, files_of(shared.engine, shared.settings.chain), places)
    attached = {"Content-Disposition": 'attachment; filename="proof-files.zip"'}
    return StreamingResponse(handout.stream(content), media_type="application/zip", headers=attached)


def _job(connection: Connection, who: Caller, job_id: str) -> int:
    job = find_job(connection, who.organisation_pk, job_id)
    if job is None:
        raise not_found("import")
    return int(job.pk)
