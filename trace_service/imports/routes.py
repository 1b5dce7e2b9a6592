"""Imports over HTTP: upload, progress, errors, template."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, File, Form, Header, Path, Query, Response, UploadFile

from trace_service.database import AnyRow, read
from trace_service.idempotency.service import identify
from trace_service.imports.errors import ImportRefusedError
from trace_service.imports.limits import MAX_ERRORS, MAX_FILE_BYTES
from trace_service.imports.options import ImportOptions
from trace_service.imports.queries import find_job, row_errors
from trace_service.imports.report import errors_csv, errors_xlsx
from trace_service.imports.service import UploadedFile, submit
from trace_service.imports.template import template_workbook
from trace_service.openapi import answers
from trace_service.pages import read_cursor, write_cursor
from trace_service.problems import Problem, not_found
from trace_service.security import Caller, Context, caller, context
from verifier_cli.schema import SCHEMAS

router = APIRouter(prefix="/v1/imports", tags=["imports"])

MAX_PAGE = 200
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Shared = Annotated[Context, Depends(context)]
Issuer = Annotated[Caller, Depends(caller("issue"))]
JobId = Annotated[str, Path(max_length=36, examples=["5b1c7a52-6f0e-4c0e-9d1a-0c9f2f3f6a11"])]

_JOB = {
    "id": "5b1c7a52-6f0e-4c0e-9d1a-0c9f2f3f6a11",
    "state": "finished",
    "outcome": "imported",
    "fileName": "cohort.xlsx",
    "dryRun": False,
    "partial": False,
    "rows": 13032,
    "drafted": 10805,
    "unchanged": 0,
    "errors": 0,
    "notes": 0,
}
_ERROR = {
    "sheet": "培养登记",
    "row": 17,
    "column": "B 学号",
    "value": "2023060101",
    "severity": "error",
    "code": "identifier-as-number",
    "message": "编号以数字存储 / the number is stored as a numeric value",
    "fix": "将该列设为“文本”格式后重新输入 / format the column as text and type the value again",
}


@router.post("", status_code=202, summary="Upload a workbook or CSV file", responses=answers(s202=_JOB))
def upload(
    shared: Shared,
    who: Issuer,
    file: Annotated[UploadFile, File(description="XLSX, or CSV in UTF-8 or GB18030")],
    dry_run: Annotated[bool, Form(description="check everything, store nothing")] = False,
    partial: Annotated[bool, Form(description="take the good rows of a file that has bad ones")] = False,
    sheet_type: Annotated[str | None, Form(alias="type", max_length=40, description="of a CSV file")] = None,
    mapping: Annotated[str | None, Form(description="JSON: {sheet: {column header: field}}")] = None,
    idempotency_key: Annotated[str | None, Header(description="same key, same answer")] = None,
) -> Response:
    """Keep the file and register its import; the worker runs it. Poll the returned job."""
    data = file.file.read(MAX_FILE_BYTES + 1)
    options = ImportOptions(dry_run, partial, sheet_type, mapping)
    content = hashlib.sha256(data).digest() + orjson.dumps(options)
    request = identify(who.organisation_pk, idempotency_key, "POST /v1/imports", content)
    uploaded = UploadedFile(file.filename or "upload", data)
    try:
        job = submit(shared.engine, shared.settings, who.organisation_pk, uploaded, options, request)
    except ImportRefusedError as refused:
        raise _problem(refused) from None
    return _json(job_view(job), 202, {"Location": f"/v1/imports/{job.id}"})


@router.get("/template.xlsx", summary="The template workbook", response_class=Response)
def template(
    _who: Issuer,
    schema: Annotated[str | None, Query(alias="type", max_length=40, examples=["agreement.1"])] = None,
) -> Response:
    """Return an empty workbook with every sheet for daily use, its columns, notes and lists; or with `type`
    the sheets of that record type, which follow from its schema, and an example that an import passes over.
    """
    if schema is not None and schema not in SCHEMAS:
        raise Problem(422, "request.type", "Unknown type", path="$query.type", fix=", ".join(SCHEMAS))
    return _file(template_workbook(schema), XLSX, f"{schema or 'template'}.xlsx")


@router.get("/{job_id}", summary="One import", responses=answers(s200=_JOB))
def one(shared: Shared, who: Issuer, job_id: JobId) -> Response:
    """Return state and result: `waiting`, `running`, or `finished` with its outcome."""
    with read(shared.engine) as connection:
        return _json(job_view(_find(connection, who, job_id)))


@router.get(
    "/{job_id}/errors", summary="What was wrong", responses=answers(s200={"items": [_ERROR], "next": None})
)
def errors(
    shared: Shared,
    who: Issuer,
    job_id: JobId,
    cursor: Annotated[str | None, Query(max_length=100)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
    form: Annotated[Literal["json", "csv", "xlsx"], Query(alias="format")] = "json",
) -> Response:
    """Return errors and notes in the order of the file: a page of JSON, or all of them as a file."""
    with read(shared.engine) as connection:
        job = _find(connection, who, job_id)
        if form != "json":
            rows = row_errors(connection, job.pk, after=0, limit=MAX_ERRORS)
            if form == "csv":
                return _file(errors_csv(rows), "text/csv; charset=utf-8", "errors.csv")
            return _file(errors_xlsx(rows), XLSX, "errors.xlsx")
        rows = row_errors(connection, job.pk, after=read_cursor(cursor), limit=limit + 1)
    more = write_cursor(rows[limit - 1].pk) if len(rows) > limit else None
    return _json({"items": [error_view(row) for row in rows[:limit]], "next": more})


def _find(connection: Any, who: Caller, job_id: str) -> AnyRow:
    job = find_job(connection, who.organisation_pk, job_id)
    if job is None:
        raise not_found("import")
    return job


def job_view(job: AnyRow) -> dict[str, Any]:
    """A job as the API shows it."""
    state = "finished" if job.finished_at else "running" if job.started_at else "waiting"
    return {
        "id": job.id,
        "state": state,
        "outcome": job.outcome,
        "fileName": job.file_name,
        "fileSha256": job.file_sha256.hex(),
        "dryRun": job.dry_run,
        "partial": job.partial,
        "rows": job.rows,
        "drafted": job.drafted,
        "unchanged": job.unchanged,
        "errors": job.errors,
        "notes": job.notes,
        "createdAt": job.created_at,
        "finishedAt": job.finished_at,
    }


def error_view(row: AnyRow) -> dict[str, Any]:
    """An error or note as the API shows it."""
    return {name: getattr(row, name) for name in _ERROR}


def _problem(refused: ImportRefusedError) -> Problem:
    error = refused.error
    status = 413 if error.code.value == "file-too-large" else 422
    return Problem(status, f"import.{error.code}", error.message, path="$form", fix=error.fix)


def _json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    body = orjson.dumps(value, option=orjson.OPT_UTC_Z)
    return Response(body, status, headers=headers, media_type="application/json")


def _file(data: bytes, media_type: str, name: str) -> Response:
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(data, media_type=media_type, headers=disposition)
