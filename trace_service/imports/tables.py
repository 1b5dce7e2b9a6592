"""Uploads and what was wrong with them."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from trace_service.database import UtcDateTime


class ImportJob(SQLModel, table=True):
    """One uploaded file. The file itself is kept in the data directory by its SHA-256 until the job ends."""

    __tablename__ = "import_job"

    pk: int | None = Field(default=None, primary_key=True)
    id: str = Field(unique=True, max_length=36)
    organisation_pk: int = Field(foreign_key="organisation.pk", index=True)
    file_name: str = Field(max_length=255)
    file_sha256: bytes
    sheet_type: str | None = Field(default=None, max_length=40)  # of a CSV file, where its name does not tell
    mapping: str | None = None  # JSON, where the uploader gave one
    dry_run: bool = False
    partial: bool = False
    created_at: datetime = Field(sa_type=UtcDateTime)
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    outcome: str | None = Field(default=None, max_length=20)  # imported | refused | checked | failed
    rows: int = 0
    drafted: int = 0
    unchanged: int = 0
    errors: int = 0  # found; at most 1,000 are kept as rows
    notes: int = 0  # what was ignored


class ImportRowError(SQLModel, table=True):
    """One mistake: where it is, what was found, and how to mend it."""

    __tablename__ = "import_row_error"

    pk: int | None = Field(default=None, primary_key=True)
    import_job_pk: int = Field(foreign_key="import_job.pk", index=True)
    sheet: str
    row: int  # 1-based, as the spreadsheet shows it; 0 for the sheet as a whole
    column: str
    value: str
    severity: str = Field(default="error", max_length=10)  # error | note
    code: str = Field(max_length=60)
    message: str
    fix: str
