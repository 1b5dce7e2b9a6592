"""Files to import and an installation that takes them: the sample's organisations, sheets built in a test."""

from __future__ import annotations

import importlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from openpyxl import Workbook

from tests.support.service import MEMBER, Service, make_service
from trace_service.database import AnyRow, read, write
from trace_service.imports.options import ImportOptions
from trace_service.imports.queries import row_errors
from trace_service.imports.service import UploadedFile, run_job, submit
from trace_service.organisations.service import register
from trace_service.records.queries import RECORD
from trace_service.security import create_key

SAMPLES = Path(__file__).parents[2] / "samples"
SCHOOL = "did:web:zqdc.example"
LEADER = "did:web:yuewan-sensing.example"
MEMBER_A = "did:web:duanzhou-iot.example"

Sheets = dict[str, list[list[Any]]]


@dataclass
class Installation:
    """A migrated database with the sample's organisations."""

    service: Service
    rows: dict[str, int]

    def run(self, name: str, data: bytes, *, org: str = SCHOOL, **options: Any) -> AnyRow:
        """Submit a file and run its job to the end."""
        job = self.submit(name, data, org=org, **options)
        return run_job(self.service.engine, self.service.settings, job.pk)

    def submit(self, name: str, data: bytes, *, org: str = SCHOOL, **options: Any) -> AnyRow:
        """Submit a file only."""
        file, chosen = UploadedFile(name, data), ImportOptions(**options)
        return submit(self.service.engine, self.service.settings, self.rows[org], file, chosen)

    def found(self, job: AnyRow) -> list[AnyRow]:
        """Errors and notes of a job."""
        with read(self.service.engine) as connection:
            return row_errors(connection, job.pk, after=0, limit=2_000)

    def places(self, job: AnyRow) -> set[tuple[str, int, str, str]]:
        """(sheet, row, column, code) of every error and note."""
        return {(row.sheet, row.row, row.column, row.code) for row in self.found(job)}

    def documents(self, schema: str) -> list[dict[str, Any]]:
        """The drafted documents of a schema, oldest first."""
        query = sa.select(RECORD.c.document).where(RECORD.c.schema_name == schema).order_by(RECORD.c.pk)
        with read(self.service.engine) as connection:
            return [json.loads(document) for document in connection.execute(query).scalars()]

    def count(self, table: str) -> int:
        """Rows of a table."""
        with read(self.service.engine) as connection:
            return int(connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one())


def make_installation(folder: Path) -> Installation:
    """An installation whose uploader is the sample's school."""
    service = make_service(folder)
    rows = {}
    with write(service.engine) as connection:
        for entry in json.loads((SAMPLES / "organisations.json").read_text("utf-8")):
            rows[entry["did"]] = register(connection, entry["did"], entry["name_zh"], entry["name_en"])
            service.api_keys[entry["did"]] = create_key(connection, rows[entry["did"]], MEMBER)
    return Installation(service, rows)


def sample_module(name: str) -> Any:
    """A module of the sample generator."""
    return importlib.import_module(f"samples.{name}")


def small_sheets(trainees: int = 2, weeks: int = 3) -> Sheets:
    """The first trainees of the sample with their first weeks, and evaluations, credits and certificates.

    The standard asks for nothing: a few weeks would not open its gate.
    """
    cohort, sheets = sample_module("cohort"), sample_module("sheets")
    people = cohort.trainees()[:trainees]
    log = sheets.activities(people)
    marks = sheets.evaluations(people)
    for row in marks[1:]:
        row[-1] = f"1-{weeks}"
    standards = sheets.standards()
    standards[1][-3:] = [None] * 3  # so few weeks are not what it asks for
    return {
        "主体": sheets.parties(),
        "标准": standards,
        "标准级别": sheets.levels(),
        "标准条目": sheets.items(),
        "培养登记": sheets.enrolments(people),
        "实践记录": [*log[:2], *(row for row in log[2:] if int(str(row[4])) <= weeks)],
        "评价": marks,
        "实践学分": sheets.practice_credits(people),
        "技能证书": sheets.certificates(people),
    }


def column(sheets: Sheets, sheet: str, header: str) -> int:
    """The position of a header in a sheet."""
    return next(row.index(header) for row in sheets[sheet] if header in row)


def workbook(sheets: Sheets, hidden: tuple[str, ...] = ()) -> bytes:
    """An XLSX file of these sheets."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        if name in hidden:
            sheet.sheet_state = "hidden"
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def csv_text(rows: list[list[Any]], delimiter: str = ",") -> str:
    """Rows as CSV text without quoting."""
    return "\n".join(delimiter.join("" if cell is None else str(cell)[:40] for cell in row) for row in rows)
