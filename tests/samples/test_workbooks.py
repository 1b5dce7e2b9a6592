"""The small community as workbooks: written, described, and taken in by an installation round after round."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from samples.community import Community, build
from samples.community.__main__ import main
from samples.community.organisations import ORGANISATIONS
from samples.community.workbooks import DEPOSIT_ROUND, REFUSED_ROUND, SPENDING_ROUND, rounds, write_files
from tests.support.service import MEMBER, Service, make_service
from trace_service.database import read, write
from trace_service.imports.options import ImportOptions
from trace_service.imports.queries import row_errors
from trace_service.imports.service import UploadedFile, run_job, submit
from trace_service.organisations.service import register
from trace_service.security import create_key


@pytest.fixture(scope="module")
def timeline() -> Community:
    """The planted trainees alone."""
    return build(scale=0.001, with_scenes=False)


@pytest.fixture(scope="module")
def folder(timeline: Community, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its workbooks."""
    found = tmp_path_factory.mktemp("community")
    write_files(timeline, found)
    return found


def order_of(folder: Path) -> list[dict[str, Any]]:
    """The files in the order of import."""
    found: list[dict[str, Any]] = json.loads((folder / "import-order.json").read_text("utf-8"))
    return found


def test_order_and_organisations_are_described(timeline: Community, folder: Path) -> None:
    order = order_of(folder)
    assert sorted(entry["file"] for entry in order) == [entry["file"] for entry in order]
    assert {entry["file"] for entry in order} == {path.name for path in folder.glob("*.xlsx")}
    assert [entry["refused"] for entry in order] == [False] * (len(order) - 1) + [True]
    organisations = json.loads((folder / "organisations.json").read_text("utf-8"))
    assert [entry["did"] for entry in organisations] == [entry.did for entry in ORGANISATIONS]
    assert {role for entry in organisations for role in entry["roles"]} == {
        "school", "leader", "member", "regulator", "evaluator", "auditor", "operator",
    }  # fmt: skip


def test_the_first_rounds_are_imported(timeline: Community, folder: Path, tmp_path: Path) -> None:
    service = make_service(tmp_path)
    rows = {}
    with write(service.engine) as connection:
        for entry in json.loads((folder / "organisations.json").read_text("utf-8")):
            rows[entry["did"]] = register(connection, entry["did"], entry["name_zh"], entry["name_en"])
            create_key(connection, rows[entry["did"]], MEMBER)
    taken = 0
    for entry in order_of(folder):
        if int(entry["file"][:2]) < DEPOSIT_ROUND:
            taken += _import(service, rows[entry["uploader"]], folder / entry["file"])
    expected = {key: entries for key, entries in rounds(timeline).files.items() if key[0] < DEPOSIT_ROUND}
    assert taken == sum(map(len, expected.values()))


def _import(service: Service, uploader: int, path: Path) -> int:
    """Import a workbook without an error or a note; the number of its records."""
    file = UploadedFile(path.name, path.read_bytes())
    job = submit(service.engine, service.settings, uploader, file, ImportOptions())
    job = run_job(service.engine, service.settings, job.pk)
    with read(service.engine) as connection:
        found = [
            (row.sheet, row.row, row.code, row.message)
            for row in row_errors(connection, job.pk, after=0, limit=5)
        ]
    assert (path.name, job.outcome, found) == (path.name, "imported", [])
    return int(job.drafted)


def test_spending_waits_for_a_later_round(timeline: Community) -> None:
    files = rounds(timeline).files
    place = {entry.ref: number for (number, _), entries in files.items() for entry in entries}
    spending = [
        entry
        for entry in timeline.entries
        if entry.schema == "creditentry.1" and entry.subject["op"] != "deposit"
    ]
    assert spending
    for entry in spending:
        before = next(link.ref for link in entry.links if link.rel == "follows")
        assert max(place[before] + 1, SPENDING_ROUND) <= place[entry.ref] < REFUSED_ROUND


def test_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["community", "--out", str(tmp_path / "new"), "--scale", "0", "--no-scenes"]
    monkeypatch.setattr("sys.argv", arguments)
    main()
    base = build(scale=0, with_scenes=False)
    assert f"{len(base)} records in" in capsys.readouterr().out
    assert order_of(tmp_path / "new")[-1]["refused"] is False
