"""``trace-service inbox``: the table, and what can be done from it."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from tests.service.countersigning.support import backdate, inbox, post, propose
from tests.service.countersigning.test_inbox import plain
from tests.support.service import FIRM, SCHOOL, Service
from trace_service.cli.issue import read_drafts
from trace_service.cli.main import make_app
from trace_service.problems import Problem


@pytest.fixture
def folder(served: Service, tmp_path: Path) -> Path:
    """Key directories of both sides, with their API keys."""
    for name, did in (("school", SCHOOL), ("firm", FIRM)):
        (tmp_path / name).mkdir()
        key = tmp_path / name / "api-key"
        key.write_text(served.api_keys[did])
        key.chmod(0o600)
    return tmp_path


def _run(served: Service, folder: Path, *options: str, name: str = "school") -> Result:
    command = ["inbox", "--org-dir", str(folder / name), "--url", served.url, *options]
    return CliRunner().invoke(make_app("inbox"), command, env={"COLUMNS": "200"})


def test_table_of_what_waits(served: Service, folder: Path) -> None:
    late, fresh = propose(served, plain()), propose(served)
    backdate(served, late["recordDigest"], 20)
    shown = _run(served, folder)
    assert shown.exit_code == 0
    for drafted in (late, fresh):
        assert drafted["id"][9:17] in shown.output
    for text in ("示例企业", "逾期 overdue", "补录超过一个月", "2 activity.1; 1 逾期 overdue"):
        assert text in shown.output
    only = _run(served, folder, "--overdue")
    assert late["id"][9:17] in only.output
    assert fresh["id"][9:17] not in only.output


def test_empty_inbox(served: Service, folder: Path) -> None:
    shown = _run(served, folder)
    assert (shown.exit_code, "没有待办 nothing waits" in shown.output) == (0, True)


def test_json_has_everything(served: Service, folder: Path) -> None:
    drafted = propose(served)
    found = orjson.loads(_run(served, folder, "--json").output)
    assert [item["id"] for item in found["items"]] == [drafted["id"]]
    assert (found["counts"], found["overdue"]) == ({"activity.1": 1}, 0)


def test_approve_one_and_all(served: Service, folder: Path) -> None:
    first = propose(served)
    for _ in range(3):
        propose(served, plain())
    done = _run(served, folder, "--approve", first["id"][9:17])
    assert (done.exit_code, "approved" in done.output) == (0, True)
    every = _run(served, folder, "--approve-all")
    assert "3 份已批准 approved; 0 份须逐份处理" in every.output
    assert all(item["approvedAt"] for item in inbox(served))


def test_send_back(served: Service, folder: Path) -> None:
    drafted = propose(served)
    assert _run(served, folder, "--reject", drafted["id"]).exit_code == 2
    done = _run(served, folder, "--reject", drafted["id"], "--comment", "不在岗")
    assert (done.exit_code, "rejected" in done.output) == (0, True)
    assert inbox(served) == []


def test_remind(served: Service, folder: Path) -> None:
    drafted = propose(served)
    again = [_run(served, folder, "--remind", drafted["id"], name="firm") for _ in range(2)]
    assert [each.exit_code for each in again] == [0, 1]
    assert "too_soon" in again[1].output
    shown = _run(served, folder, "--proposed", name="firm")
    assert "1× 催办 reminded" in shown.output


@pytest.mark.parametrize("number", ["ffffffff", "abc", "urn:uuid:00000000-0000-4000-8000-000000000000"])
def test_a_number_that_names_no_draft(served: Service, folder: Path, number: str) -> None:
    propose(served)
    assert _run(served, folder, "--approve", number).exit_code == 1
    assert inbox(served)[0]["approvedAt"] is None


def test_a_number_of_something_signed_meanwhile(served: Service, folder: Path) -> None:
    drafted = propose(served)
    served.sign(SCHOOL, drafted["recordDigest"])
    assert _run(served, folder, "--approve", drafted["id"]).exit_code == 1


def test_a_dead_service_is_said(folder: Path, served: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "url", "http://127.0.0.1:9")
    assert _run(served, folder).exit_code == 1


def test_pages_are_put_together(served: Service, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trace_service.cli.inbox.PAGE", 2)
    ids = [propose(served)["id"] for _ in range(5)]
    found = orjson.loads(_run(served, folder, "--json").output)
    assert [item["id"] for item in found["items"]] == ids
    items = [{"digest": item["digest"]} for item in found["items"]]
    assert len(post(served, SCHOOL, "/v1/signing/approvals", {"items": items})["items"]) == 5


@pytest.mark.parametrize("change", [{"contributors": [SCHOOL]}, {"signBy": "2026-12-24T00:00:00Z"}])
def test_what_is_signed_at_once_cannot_wait(tmp_path: Path, change: dict[str, object]) -> None:
    file = tmp_path / "records.jsonl"
    file.write_bytes(orjson.dumps({**plain(), **change}))
    with pytest.raises(Problem) as caught:
        list(read_drafts(file, FIRM))
    assert caught.value.code == "issue.line"
