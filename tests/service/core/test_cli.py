"""The command line of the core, run in this process."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.support.installation import PASSPHRASES, Installation
from tests.support.service import FIRM, NAMES, SCHOOL, activity, party
from trace_service.cli.main import COMMANDS, make_app
from trace_service.cli.refusals import refusal
from trace_service.config import load_settings
from trace_service.database import make_engine, read
from trace_service.keys.files import KeyFileError, public_part
from trace_service.problems import Problem
from trace_service.records.queries import outbox
from trace_service.security import authenticate


def _run(*arguments: str | Path, did: str = FIRM) -> str:
    runner = CliRunner(env={"TRACE_PASSPHRASE": PASSPHRASES[did]})
    texts = list(map(str, arguments))
    result = runner.invoke(make_app(texts[0]), texts)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_explains_itself(command: str) -> None:
    assert "Usage" in _run(command, "--help")


def test_all_commands_together() -> None:
    names = {command.name for command in make_app().registered_commands} | {
        group.name for group in make_app().registered_groups
    }
    assert names == set(COMMANDS)


def test_organisations_are_listed(installation: Installation) -> None:
    lines = _run("org", "list", "--data-dir", installation.data_dir).splitlines()
    assert [line.split("\t")[:2] for line in lines] == [[did, NAMES[did]] for did in (FIRM, SCHOOL)]


def test_adding_again_keeps_the_api_key(installation: Installation) -> None:
    before = installation.api_key(FIRM)
    directory = installation.org_dir(FIRM)
    _run(
        "org", "add", FIRM, "--data-dir", installation.data_dir, "--name", NAMES[FIRM], "--org-dir", directory
    )
    assert installation.api_key(FIRM) == before
    assert (directory / "did").read_text().strip() == FIRM
    assert stat.S_IMODE((directory / "api-key").stat().st_mode) == 0o600


def test_api_key_into_a_file_and_its_end(installation: Installation, tmp_path: Path) -> None:
    out = tmp_path / "portal" / "key"
    common = ("org", "key", FIRM, "--data-dir", installation.data_dir)
    assert "tsk_" not in _run(*common, "--scopes", "read, status", "--out", out)
    key = out.read_text().strip()
    engine = make_engine(load_settings(installation.data_dir).database_url)
    with read(engine) as connection:
        found = authenticate(connection, key)
    assert found is not None
    assert (found.did, sorted(found.scopes)) == (FIRM, ["read", "status"])
    with pytest.raises(KeyFileError):
        _run(*common, "--out", out)
    _run(*common, "--revoke", key.split("_")[1])
    with read(engine) as connection:
        assert authenticate(connection, key) is None


def test_api_key_is_shown_without_a_file(installation: Installation) -> None:
    assert _run("org", "key", FIRM, "--data-dir", installation.data_dir).startswith("tsk_")


def test_record_key_is_ended(installation: Installation) -> None:
    key = public_part(installation.org_dir(FIRM) / "record.json")
    _run("org", "record-key", FIRM, "--data-dir", installation.data_dir, "--end", key)
    with pytest.raises(Problem) as caught:
        _run("org", "record-key", FIRM, "--data-dir", installation.data_dir, "--add", key)
    assert caught.value.code == "record_key.used"


@pytest.mark.parametrize(("kind", "start"), [("record", "z6Mk"), ("account", "0x")])
def test_keys_are_made_and_shown(tmp_path: Path, kind: str, start: str) -> None:
    path = tmp_path / "org" / "key.json"
    made = _run("keys", "create", path, "--kind", kind)
    assert made.startswith(start)
    assert _run("keys", "show", path) == made


def test_issue_from_a_file(installation: Installation, tmp_path: Path) -> None:
    file = tmp_path / "records.jsonl"
    bodies = [party(externalRef="P-1"), activity(externalRef="A-1")]
    file.write_text("\n".join(json.dumps(body) for body in bodies) + "\n\n")
    common = (
        "issue",
        "--data-dir",
        installation.data_dir,
        "--org-dir",
        installation.org_dir(FIRM),
        "--did",
        FIRM,
    )
    assert _run(*common, file) == "2 stored, 1 complete\n"
    with read(make_engine(load_settings(installation.data_dir).database_url)) as connection:
        assert len(outbox(connection, 1, 10)) == 1
    with pytest.raises(Problem) as again:
        _run(*common, file)
    assert again.value.code == "record.exists"
    file.write_text(json.dumps(party()) + "\nnonsense\n")
    with pytest.raises(Problem) as caught:
        _run(*common, file)
    assert (caught.value.code, caught.value.title) == ("issue.line", "line 2 cannot be read")


def test_refusals_are_one_line_and_defects_are_not_hidden() -> None:
    problem = Problem(409, "x.y", "Title", detail="detail", fix="fix")
    assert refusal(problem) == "Title; detail; fix"
    assert refusal(KeyFileError(Path("k"), "missing", "make it")) == "key file k: missing; make it"
    assert refusal(ZeroDivisionError()) is None
