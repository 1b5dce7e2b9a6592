"""Imports: taking a file in, and turning it into drafts, whole or not at all."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import IntegrityError

from trace_service.collector import collector_paused
from trace_service.config import Settings
from trace_service.database import AnyRow, read, utc_now, write
from trace_service.holdpoints import hold
from trace_service.idempotency.service import Answer, IdempotentRequest, recall, remember
from trace_service.imports import limits
from trace_service.imports.codes import Code
from trace_service.imports.context import Directory, People, Reading
from trace_service.imports.drafting import compose_nodes, insert_people, placeholder_numbers, reserve_numbers
from trace_service.imports.errors import Findings, ImportRefusedError
from trace_service.imports.gates import report_gates
from trace_service.imports.model import Node
from trace_service.imports.options import ImportOptions, read_mapping
from trace_service.imports.queries import JOB, ROW_ERROR, job_row, unfinished_with_file
from trace_service.imports.reader import Progress, build_graph, parse_file
from trace_service.imports.revisions import compare_with_issued
from trace_service.localtime import CHINA
from trace_service.organisations.queries import ORGANISATION
from trace_service.problems import Problem
from trace_service.records.queries import chunks
from trace_service.records.rows import NewRecord, insert_open_signatures, insert_records

_ATTEMPTS = 3  # of one job, when another job stores the same person or record at the same moment
_INSERTED_AT_ONCE = 1_000  # records; bounds the parameters of one statement


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file as it came in."""

    name: str
    data: bytes


@dataclass(slots=True)
class _Result:
    """What one run found; nothing of it is stored yet."""

    found: Findings
    rows: int = 0
    new: Sequence[NewRecord] = ()
    unchanged: int = 0
    reading: Reading | None = None


def submit(
    engine: Engine,
    settings: Settings,
    organisation_pk: int,
    file: UploadedFile,
    options: ImportOptions,
    request: IdempotentRequest | None = None,
) -> AnyRow:
    """Keep the file and register its job; durable when this returns. The worker runs it (`run_job`).

    The same ``request`` again returns the same job. Raises `ImportRefusedError` for a file beyond the size
    limit or an unusable mapping, `Problem` for an idempotency key used before for something else.
    """
    request = request or IdempotentRequest(organisation_pk, None, b"")
    if len(file.data) > limits.MAX_FILE_BYTES:
        raise ImportRefusedError(Code.FILE_TOO_LARGE, limit=limits.MAX_FILE_BYTES)
    read_mapping(options.mapping)
    digest = hashlib.sha256(file.data).digest()
    _keep_file(settings.uploads_dir, digest, file.data)
    with write(engine) as connection:
        if (answer := recall(connection, request)) is not None:
            return job_row(connection, int(answer.body))
        pk = connection.execute(
            sa.insert(JOB)
            .values(
                id=str(uuid.uuid4()),
                organisation_pk=organisation_pk,
                file_name=Path(file.name).name[-255:],
                file_sha256=digest,
                created_at=utc_now(),
                **asdict(options),
            )
            .returning(JOB.c.pk)
        ).scalar_one()
        remember(connection, request, Answer(202, str(pk).encode()))
        return job_row(connection, pk)


def _keep_file(folder: Path, digest: bytes, data: bytes) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = folder / f".{uuid.uuid4()}"
    with temporary.open("xb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(folder / digest.hex())
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def no_progress(_step: str, _rows: int) -> None:
    """For callers that show none."""


def run_job(engine: Engine, settings: Settings, job_pk: int, progress: Progress = no_progress) -> AnyRow:
    """Run a job to its end and return its row; run again after a crash, it starts over without double drafts.

    Everything that the job leaves behind is written in one transaction together with its end.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        job = _start(engine, job_pk)
        if job.finished_at is not None:
            break
        try:
            with collector_paused():
                result = _read(engine, settings, job, progress)
                _finish(engine, job, result)
        except IntegrityError:
            if attempt == _ATTEMPTS:
                raise
    job = _start(engine, job_pk)
    _drop_file(engine, settings, job)
    return job


def _start(engine: Engine, job_pk: int) -> AnyRow:
    with write(engine) as connection:
        connection.execute(
            sa.update(JOB).where(JOB.c.pk == job_pk, JOB.c.started_at.is_(None)).values(started_at=utc_now())
        )
        return job_row(connection, job_pk)


def _read(engine: Engine, settings: Settings, job: AnyRow, progress: Progress) -> _Result:
    result = _Result(Findings())
    options = ImportOptions(job.dry_run, job.partial, job.sheet_type, job.mapping)
    try:
        data = _uploaded(settings, job)
        parsed = parse_file(job.file_name, data, options, result.found, progress)
    except ImportRefusedError as refused:
        result.found.add(refused.error)
        return result
    result.rows = parsed.rows
    with read(engine) as connection:
        reading = result.reading = _reading(connection, job, result.found)
        build_graph(reading, parsed, progress)
        compare_with_issued(reading)
        report_gates(reading)
    fresh = [node for node in reading.graph.nodes if not node.stored]
    result.unchanged = len(reading.graph.nodes) - len(fresh)
    _compose(engine, settings, job, result, fresh)
    progress("drafts", len(result.new))
    return result


def _uploaded(settings: Settings, job: AnyRow) -> bytes:
    path: Path = settings.uploads_dir / job.file_sha256.hex()
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise ImportRefusedError(Code.NOT_READABLE, reason="上传的文件已丢失 | the upload is gone") from None


def _reading(connection: Connection, job: AnyRow, found: Findings) -> Reading:
    directory = Directory(connection)
    did = connection.execute(
        sa.select(ORGANISATION.c.did).where(ORGANISATION.c.pk == job.organisation_pk)
    ).scalar_one()
    uploader = directory.by_did(did)
    assert uploader is not None
    today = job.created_at.astimezone(CHINA).date()
    return Reading(connection, uploader, directory, People(connection), found, today, job.partial)


def _compose(engine: Engine, settings: Settings, job: AnyRow, result: _Result, fresh: list[Node]) -> None:
    assert result.reading is not None
    stores = not job.dry_run and (job.partial or result.found.errors == 0)
    numbers = reserve_numbers(engine, fresh) if stores and fresh else placeholder_numbers(fresh)
    new = compose_nodes(result.reading, fresh, settings.chain, numbers, job.pk)
    if job.partial or result.found.errors == 0:
        result.new = new


def _finish(engine: Engine, job: AnyRow, result: _Result) -> None:
    errors = result.found.errors
    refused = errors > 0 and (not job.partial or (not result.new and not result.unchanged))
    try:
        _end(engine, job, result, refused=refused)
    except Problem as problem:  # what only the database tells, as that an account belongs to others
        result.found.report(Code.NOT_ACCEPTED, "", 0, reason=problem.title)
        result.new = ()
        _end(engine, job, result, refused=True)


def _end(engine: Engine, job: AnyRow, result: _Result, *, refused: bool) -> None:
    outcome = "refused" if refused else "checked" if job.dry_run else "imported"
    with write(engine) as connection:
        ended = connection.execute(
            sa.update(JOB)
            .where(JOB.c.pk == job.pk, JOB.c.finished_at.is_(None))
            .values(
                finished_at=utc_now(),
                outcome=outcome,
                rows=result.rows,
                drafted=len(result.new),
                unchanged=result.unchanged,
                errors=result.found.errors,
                notes=result.found.notes,
            )
        )
        if ended.rowcount == 0:
            return  # another worker has finished it meanwhile
        if outcome == "imported" and result.reading is not None:
            insert_people(connection, result.reading)
            _insert(connection, result.new)
        if result.found.kept:
            rows = [{"import_job_pk": job.pk, **asdict(error)} for error in result.found.kept]
            connection.execute(sa.insert(ROW_ERROR), rows)
        hold("import.before_commit")
    hold("import.after_commit")


def _insert(connection: Connection, new: Sequence[NewRecord]) -> None:
    now = utc_now()
    for part in chunks(new, _INSERTED_AT_ONCE):
        insert_open_signatures(connection, insert_records(connection, part, now))


def _drop_file(engine: Engine, settings: Settings, job: AnyRow) -> None:
    with write(engine) as connection:  # so that no upload of the same file comes between look and removal
        if not unfinished_with_file(connection, job.file_sha256):
            (settings.uploads_dir / job.file_sha256.hex()).unlink(missing_ok=True)
