"""Imports over HTTP, the command, the template, and downloads that no spreadsheet runs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from tests.importing.support import LEADER, SCHOOL, Installation, small_sheets, workbook
from tests.support.service import running
from trace_service.cli.main import make_app
from trace_service.database import write
from trace_service.imports import cli
from trace_service.imports.field_types import Field
from trace_service.imports.fields import SHEETS
from trace_service.imports.limits import MAX_FILE_BYTES
from trace_service.imports.report import HEADER, safe_cell
from trace_service.imports.service import run_job
from trace_service.imports.template import NOTES_SHEET, template_workbook
from trace_service.security import create_key

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture
def school(installation: Installation) -> Iterator[httpx.Client]:
    """The school's client of the served installation."""
    with running(installation.service), installation.service.client(SCHOOL) as client:
        yield client


def post(client: httpx.Client, data: bytes, name: str = "a.xlsx", **options: Any) -> httpx.Response:
    """Upload a file."""
    headers = options.pop("headers", {})
    return client.post("/v1/imports", files={"file": (name, data, XLSX)}, data=options, headers=headers)


def run_all(installation: Installation) -> None:
    """What the worker does."""
    from trace_service.database import read
    from trace_service.imports.queries import unfinished_jobs

    with read(installation.service.engine) as connection:
        waiting = unfinished_jobs(connection)
    for pk in waiting:
        run_job(installation.service.engine, installation.service.settings, pk)


def test_upload_poll_and_result(installation: Installation, school: httpx.Client) -> None:
    answer = post(school, workbook(small_sheets()))
    assert answer.status_code == 202
    where = answer.headers["Location"]
    assert answer.json()["state"] == "waiting"
    run_all(installation)
    job = school.get(where).json()
    assert (job["state"], job["outcome"], job["drafted"], job["errors"]) == ("finished", "imported", 21, 0)
    waiting = school.get("/v1/signing/requests").json()
    assert len(waiting["items"]) == 21  # the school signs everything that it uploads


def test_the_same_key_gives_the_same_job(school: httpx.Client) -> None:
    data = workbook(small_sheets())
    first = post(school, data, headers={"Idempotency-Key": "k1"})
    again = post(school, data, headers={"Idempotency-Key": "k1"})
    other = post(school, data, dry_run="true", headers={"Idempotency-Key": "k1"})
    assert first.json() == again.json()
    assert (other.status_code, other.json()["code"]) == (422, "idempotency.reused")


def test_errors_by_page_and_as_files(installation: Installation, school: httpx.Client) -> None:
    sheets = small_sheets(trainees=5)
    for row in sheets["培养登记"][1:]:
        row[10] = "@SUM(A1)"
    sheets["=cmd"] = [["a"]]
    where = post(school, workbook(sheets)).headers["Location"]
    run_all(installation)
    pages, cursor = [], None
    while True:
        page = school.get(
            f"{where}/errors", params={"limit": 2, **({"cursor": cursor} if cursor else {})}
        ).json()
        pages.append(page["items"])
        cursor = page["next"]
        if cursor is None:
            break
    assert [len(page) for page in pages] == [2, 2, 2]
    assert pages[0][0] == {
        "sheet": "培养登记",
        "row": 2,
        "column": "K 状态",
        "value": "@SUM(A1)",
        "severity": "error",
        "code": "choice-unknown",
        "message": pages[0][0]["message"],
        "fix": pages[0][0]["fix"],
    }
    as_csv = school.get(f"{where}/errors", params={"format": "csv"})
    rows = list(csv.reader(io.StringIO(as_csv.content.decode("utf-8-sig"))))
    assert rows[0] == list(HEADER)
    assert [row[3] for row in rows[1:6]] == ["'@SUM(A1)"] * 5
    assert rows[6][0] == "'=cmd"
    sheet = load_workbook(
        io.BytesIO(school.get(f"{where}/errors", params={"format": "xlsx"}).content)
    ).worksheets[0]
    assert [sheet.cell(row, 4).value for row in range(2, 7)] == ["'@SUM(A1)"] * 5
    assert "f" not in {cell.data_type for row in sheet.iter_rows() for cell in row}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_what_could_start_a_formula_is_disarmed(start: str) -> None:
    assert safe_cell(f"{start}1") == f"'{start}1"
    assert safe_cell(f"a{start}1") == f"a{start}1"


def test_jobs_of_others_are_not_there(installation: Installation, school: httpx.Client) -> None:
    where = post(school, workbook(small_sheets())).headers["Location"]
    with installation.service.client(LEADER) as other:
        assert [other.get(where).status_code, other.get(f"{where}/errors").status_code] == [404, 404]
    with installation.service.client() as nobody:
        assert nobody.get(where).status_code == 401
        assert nobody.get("/v1/imports/template.xlsx").status_code == 401


def test_the_scope_issue_is_needed(installation: Installation, school: httpx.Client) -> None:
    with write(installation.service.engine) as connection:
        key = create_key(connection, installation.rows[SCHOOL], frozenset({"read", "countersign"}))
    answer = post(school, b"a", headers={"Authorization": f"Bearer {key}"})
    assert (answer.status_code, answer.json()["code"]) == (403, "key.scope_missing")


def test_refusals_at_the_door(school: httpx.Client) -> None:
    assert post(school, b"x" * (MAX_FILE_BYTES + 1)).json()["code"] == "import.file-too-large"
    answer = post(school, b"x", mapping="{")
    assert (answer.status_code, answer.json()["code"]) == (422, "import.mapping-invalid")
    assert school.post("/v1/imports", data={"dry_run": "true"}).status_code == 422


def test_file_names_are_only_names(installation: Installation, school: httpx.Client) -> None:
    answer = post(school, b"x", name="../../etc/passwd")
    assert answer.json()["fileName"] == "passwd"
    assert {path.name for path in installation.service.settings.uploads_dir.iterdir()} == {
        "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    }


def example(field: Field) -> str:
    """The template's own example, for organisations of this installation."""
    return field.example.replace("did:web:school.example", SCHOOL).replace("did:web:firm.example", LEADER)


def test_the_template_filled_with_its_own_examples_is_imported(
    installation: Installation, school: httpx.Client
) -> None:
    answer = school.get("/v1/imports/template.xlsx")
    assert answer.headers["Content-Type"] == XLSX
    book = load_workbook(io.BytesIO(answer.content))
    assert book.sheetnames == [NOTES_SHEET, *(spec.zh for spec in SHEETS)]
    for spec in SHEETS:
        book[spec.zh].append([example(field) or None for field in spec.fields])
    book["主体"].cell(2, 1).value = SCHOOL
    book["评价"].cell(2, 1).value = "PJ-0001"
    book["评价"].append([cell.value if index else "PJ-0002" for index, cell in enumerate(book["评价"][2])])
    for row in (2, 3):
        weeks = next(index for index, field in enumerate(_fields("evaluations"), 1) if field.name == "weeks")
        book["评价"].cell(row, weeks).value = "1"
    stream = io.BytesIO()
    book.save(stream)
    job = installation.run("template.xlsx", stream.getvalue())
    assert [(row.sheet, row.column, row.code) for row in installation.found(job)] == []
    assert (job.outcome, job.drafted) == ("imported", 8)


def _fields(sheet: str) -> tuple[Field, ...]:
    return next(spec.fields for spec in SHEETS if spec.name == sheet)


def test_the_empty_template_has_nothing_to_import(installation: Installation) -> None:
    job = installation.run("template.xlsx", template_workbook())
    assert [(row.code, row.severity) for row in installation.found(job)] == [("nothing-to-import", "error")]


def test_the_template_marks_required_columns_and_lists_choices() -> None:
    book = load_workbook(io.BytesIO(template_workbook()))
    sheet = book["培养登记"]
    assert all(cell.comment is not None for cell in sheet[1])
    assert sheet.column_dimensions["B"].number_format == "@"
    lists = [rule.formula1 for rule in sheet.data_validations.dataValidation]
    assert '"在读,在培,完成,结业,退出,离开"' in lists
    notes = [[cell.value for cell in row] for row in book[NOTES_SHEET].iter_rows(min_row=2)]
    assert len(notes) == sum(len(spec.fields) for spec in SHEETS)


@pytest.fixture
def command(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs `trace-service import` on the installation."""
    opened = (installation.service.settings, installation.service.engine)
    monkeypatch.setattr(cli, "open_installation", lambda _folder: opened)

    def run(*arguments: str) -> Any:
        data_dir = str(installation.service.settings.data_dir)
        return CliRunner().invoke(
            make_app(),
            ["import", *arguments, "--data-dir", data_dir, "--org", SCHOOL],
            env={"COLUMNS": "200"},
        )

    return run


def test_the_command_imports(installation: Installation, command: Any, tmp_path: Path) -> None:
    file = tmp_path / "small.xlsx"
    file.write_bytes(workbook(small_sheets()))
    checked = command(str(file), "--dry-run")
    assert (checked.exit_code, checked.output) == (
        0,
        "checked: 50 rows, 21 drafted, 0 unchanged, 0 errors, 0 notes\n",
    )
    assert command(str(file)).exit_code == 0
    assert installation.count("record") == 21


def test_the_command_shows_errors_as_they_are_written(command: Any, tmp_path: Path) -> None:
    sheets = small_sheets()
    sheets["培养登记"][1][10] = "[red]休学"
    file = tmp_path / "bad.xlsx"
    file.write_bytes(workbook(sheets))
    result = command(str(file))
    assert result.exit_code == cli.EXIT_REFUSED
    assert "[red]休学" in result.output
    assert "[choice-unknown]" in result.output
    assert "refused: " in result.output


def test_the_command_with_mapping_type_and_partial(command: Any, tmp_path: Path) -> None:
    file, mapping = tmp_path / "export.csv", tmp_path / "mapping.json"
    rows = (
        "号,名称,类别,角色,登记日期",
        *(f"{did},学院,单位,学校,2026-02-20" for did in (SCHOOL, f"{SCHOOL}x")),
    )
    text = "\n".join(rows)
    file.write_text(text, encoding="utf-8")
    mapping.write_text(json.dumps({"export": {"号": "identifier"}}), encoding="utf-8")
    options = ("--type", "parties", "--mapping", str(mapping), "--partial")
    result = command(str(file), *options)
    assert (result.exit_code, result.output.splitlines()[-1]) == (
        0,
        "imported: 2 rows, 1 drafted, 0 unchanged, 1 errors, 0 notes",
    )
    mapping.write_text("{", encoding="utf-8")
    assert command(str(file), *options).exit_code == cli.EXIT_REFUSED
