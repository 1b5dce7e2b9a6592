"""Files and arguments that operators get wrong: one line that says what and where, never a traceback."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.installation import run
from tests.support.service import CHAIN, OPERATOR, activity
from trace_service.cli.issue import read_drafts
from trace_service.config import SETTINGS_FILE, Settings, SettingsError, load_settings, settings_text
from trace_service.evm_node import create_genesis, start_node
from trace_service.keys.files import KeyFileError, create, load_ed25519, public_part
from trace_service.keys.passphrase import PASSPHRASE_VARIABLE
from trace_service.problems import Problem
from trace_service.signer.client import SigningRefused

PASSPHRASE = "a passphrase of tests"


@pytest.mark.parametrize(
    "content",
    [b'{"version":1,"public":"z6Mk"}', b'{"version":1,"kind":["ed25519"],"public":"z"}', b"[]", b"\xff"],
)
def test_key_file_with_members_missing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "record.json"
    path.write_bytes(content)
    path.chmod(0o600)
    for use in (lambda: load_ed25519(path, PASSPHRASE), lambda: public_part(path)):
        with pytest.raises(KeyFileError) as caught:
            use()
        assert (caught.value.path, caught.value.reason) == (path, "format")


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_key_file_that_is_none(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "record.json"
    if kind == "folder":
        path.mkdir(0o700)
    else:
        os.mkfifo(path, 0o600)
    with pytest.raises(KeyFileError) as caught:
        public_part(path)
    assert caught.value.reason == "format"


def test_key_file_behind_a_link_is_neither_replaced_nor_followed_when_made(tmp_path: Path) -> None:
    target, path = tmp_path / "elsewhere", tmp_path / "record.json"
    path.symlink_to(target)
    with pytest.raises(KeyFileError) as caught:
        create(path, "ed25519", PASSPHRASE)
    assert caught.value.reason == "exists"
    assert not target.exists()


def test_the_node_is_not_told_the_passphrase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSPHRASE_VARIABLE, PASSPHRASE)
    create_genesis(tmp_path / "chain", CHAIN.chain_id, {"0x" + "11" * 20: 1})
    with start_node(tmp_path / "chain") as node:
        known = Path(f"/proc/{node.pid}/environ").read_bytes()
    assert b"PATH=" in known
    assert PASSPHRASE.encode() not in known


def _settings(folder: Path) -> str:
    return settings_text(
        Settings(data_dir=folder, database_url="sqlite:///x.db", operator=OPERATOR, chain=CHAIN)
    )


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        (f'operator = "{OPERATOR}"', "operator = 5", "operator"),
        (f'operator = "{OPERATOR}"', "", "operator"),
        (f'operator = "{OPERATOR}"', f'operator = "{OPERATOR}"\nport = "80"', "port"),
        (f'operator = "{OPERATOR}"', f'operator = "{OPERATOR}"\nprot = 80', "prot"),
        (f"chain_id = {CHAIN.chain_id}", f'chain_id = "{CHAIN.chain_id}"', "[chain] chain_id"),
        (f"chain_id = {CHAIN.chain_id}", "", "[chain] chain_id"),
        ("embedded = true", "embedded = 1", "[chain] embedded"),
        ("embedded = true", "embedded = true\nfinal = true", "[chain] final"),
        ("[chain.code_hashes]", "[unknown]", "unknown"),
    ],
)
def test_settings_of_wrong_form_are_named(tmp_path: Path, old: str, new: str, named: str) -> None:
    text = _settings(tmp_path)
    assert old in text
    (tmp_path / SETTINGS_FILE).write_text(text.replace(old, new), "utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path)
    assert f"{SETTINGS_FILE}: {named} is " in str(caught.value)


def test_settings_in_another_encoding(tmp_path: Path) -> None:
    (tmp_path / SETTINGS_FILE).write_bytes(_settings(tmp_path).encode("utf-16"))
    with pytest.raises(SettingsError):
        load_settings(tmp_path)


@pytest.mark.parametrize(
    "url", ["nonsense", "ftp://x.example", "http://", "http://[::1", "http://127.0.0.1:99999", "http://x:y"]
)
def test_signer_with_an_address_that_is_none_ends(tmp_path: Path, url: str) -> None:
    (tmp_path / "did").write_text("did:web:firm.example\n")
    done = run("sign", "--org-dir", tmp_path, "--url", url, "--once")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "--url" in done.stderr


@pytest.mark.parametrize(("status", "named"), [(401, "API key"), (403, "API key"), (404, "--url")])
def test_signer_names_what_to_look_at(status: int, named: str) -> None:
    assert named in str(SigningRefused(status, "x"))


def test_lines_that_cannot_be_issued_are_not_repeated(tmp_path: Path) -> None:
    file = tmp_path / "lines.jsonl"
    body = activity()
    for line in (
        b'{"subject": {"name": "\xe5\xbc\xa0\xe4\xb8\x89"}}',
        b'{"schema": "\xe5\xbc\xa0\xe4\xb8\x89"',
        b"\xff",
    ):
        file.write_bytes(line + b"\n")
        with pytest.raises(Problem) as caught:
            list(read_drafts(file, body["countersigners"][0]["id"]))
        assert caught.value.code == "issue.line"
        assert "张三" not in f"{caught.value.detail}"
        assert "\n" not in f"{caught.value.detail}"
