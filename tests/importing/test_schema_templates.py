"""Templates by type, exports over HTTP, and the writer of workbooks at its limits."""

from __future__ import annotations

import io
from pathlib import Path

import httpx
import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from tests.importing.schema_support import (
    agreement,
    grid,
    packed,
)
from tests.importing.support import LEADER, SCHOOL, Installation
from tests.support.service import running
from trace_service.cli.main import make_app
from trace_service.imports import limits
from trace_service.imports.codes import Code
from trace_service.imports.schema_rows import UnknownMemberError
from trace_service.imports.schema_sheets import record_sheets
from trace_service.imports.template import NOTES_SHEET, template_workbook
from trace_service.imports.workbook import (
    CellTooLongError,
    WorkbookFullError,
    write_workbook,
    write_workbooks,
)
from verifier_cli.schema import SCHEMAS


@pytest.mark.parametrize("schema", SCHEMAS)
def test_template_of_a_type(schema: str, installation: Installation) -> None:
    data = template_workbook(schema)
    book = load_workbook(io.BytesIO(data))
    sheets = record_sheets(schema)
    assert [name for name in book.sheetnames if book[name].sheet_state == "visible"] == [
        NOTES_SHEET,
        *(table.spec.zh for table in sheets.tables.values()),
    ]
    for table in sheets.tables.values():
        sheet = book[table.spec.zh]
        headers = [cell.value for cell in sheet[1]]
        assert len(headers) == len(table.spec.fields)
        assert all(cell.comment is not None for cell in sheet[1])
        single = [c for c in table.columns.values() if c.choices and not c.many]
        assert len(sheet.data_validations.dataValidation) >= len(single)
    main = book[sheets.main.spec.zh]
    assert str(main["A2"].value).startswith("#")
    job = installation.run("template.xlsx", data)  # its example is no record
    assert [one.code for one in installation.found(job)] == [Code.NOTHING_TO_IMPORT]


def test_templates_and_exports_over_http(installation: Installation) -> None:
    installation.run("a.xlsx", packed([agreement(), agreement("XY-2")]))
    with running(installation.service), installation.service.client(SCHOOL) as client:
        assert client.get("/v1/imports/template.xlsx?type=agreement.1").content[:2] == b"PK"
        assert client.get("/v1/imports/template.xlsx?type=x").json()["code"] == "request.type"
        first = client.get("/v1/exports/records.xlsx?limit=1&schema=agreement.1")
        assert grid(first.content)["协议"][1][0] == "XY-1"
        after = first.headers["Link"].partition("<")[2].partition(">")[0]
        second = client.get(after)
        assert grid(second.content)["协议"][1][0] == "XY-2"
        assert "Link" not in second.headers
        assert client.get("/v1/exports/records.xlsx?schema=x").status_code == 422
    with running(installation.service), installation.service.client("did:web:duanzhou-iot.example") as other:
        assert "协议" not in grid(other.get("/v1/exports/records.xlsx").content)
    with running(installation.service):
        assert (
            httpx.get(f"{installation.service.url}/v1/exports/records.xlsx", trust_env=False).status_code
            == 401
        )


def test_export_command(installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = (installation.service.settings, installation.service.engine)
    monkeypatch.setattr("trace_service.publication.cli.open_installation", lambda _: opened)
    installation.run("a.xlsx", packed([agreement()]))
    target, runner = tmp_path / "out.xlsx", CliRunner()

    def export(*arguments: str) -> int:
        return runner.invoke(
            make_app("export"), ["export", "--data-dir", str(tmp_path), *arguments]
        ).exit_code

    assert export("--workbook", str(target), "--org", LEADER) == 0
    assert grid(target.read_bytes())["协议"][1][0] == "XY-1"
    assert export("--workbook", str(target)) == 2  # never over a file that is there
    assert export("--workbook", str(tmp_path / "b.xlsx"), "--org", LEADER, "--org", SCHOOL) == 2
    assert export() == 2
    assert export("--workbook", str(tmp_path / "c.xlsx"), "--schema", "demand.1") == 0
    assert "协议" not in grid((tmp_path / "c.xlsx").read_bytes())


def test_template_command(tmp_path: Path) -> None:
    target = tmp_path / "t.xlsx"
    runner = CliRunner()
    assert runner.invoke(make_app("template"), ["template", str(target), "--type", "demand.1"]).exit_code == 0
    assert "需求" in load_workbook(target).sheetnames
    assert runner.invoke(make_app("template"), ["template", str(target)]).exit_code != 0  # it is there
    assert (
        runner.invoke(make_app("template"), ["template", str(tmp_path / "u"), "--type", "x"]).exit_code == 2
    )


def test_workbooks_are_split_at_the_limits_of_an_import(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = [agreement(f"XY-{number}") for number in range(10)]
    monkeypatch.setattr(limits, "MAX_ROWS", 7)  # a header and three agreements of two parties
    with pytest.raises(WorkbookFullError) as full:
        write_workbook(entries, tmp_path / "one.xlsx")
    assert full.value.sheet == "协议-当事方"
    paths = write_workbooks(entries, tmp_path, "part")
    assert [path.name for path in paths] == [f"part-0{number}.xlsx" for number in (1, 2, 3, 4)]
    assert [installation.run(path.name, path.read_bytes()).drafted for path in paths] == [3, 3, 3, 1]


def test_what_no_sheet_can_hold_is_refused_by_the_writer() -> None:
    with pytest.raises(UnknownMemberError) as unknown:
        packed([agreement(terms=[{"code": "T1", "colour": "red"}])])
    assert unknown.value.path == ("colour",)
    with pytest.raises(CellTooLongError) as long:
        packed([agreement(exit="长" * 32_768)])
    assert (long.value.ref, long.value.field) == ("XY-1", "退出约定")
    with pytest.raises(TypeError):
        packed([agreement(quota=[1])])
