"""Key files: encrypted, private to their owner, never overwritten; and where passphrases come from."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from trace_service.keys.files import (
    KeyFileError,
    create,
    load_account,
    load_ed25519,
    make_key_dir,
    public_part,
    write_secret,
)
from trace_service.keys.passphrase import (
    MIN_PASSPHRASE,
    PASSPHRASE_VARIABLE,
    PLACEHOLDERS,
    PassphraseError,
    read_passphrase,
)
from verifier_cli.encoding import multikey

PASSPHRASE = "correct horse battery"


def test_ed25519_key_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "org" / "record.json"
    public = create(path, "ed25519", PASSPHRASE)
    key = load_ed25519(path, PASSPHRASE)
    assert multikey(key.public_key().public_bytes_raw()) == public == public_part(path)


def test_account_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "org" / "manage.json"
    address = create(path, "secp256k1", PASSPHRASE)
    assert load_account(path, PASSPHRASE).address == address == public_part(path)


def test_files_are_private_and_hold_no_secret_in_clear(tmp_path: Path) -> None:
    path = tmp_path / "org" / "record.json"
    create(path, "ed25519", PASSPHRASE)
    private = load_ed25519(path, PASSPHRASE).private_bytes_raw()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    content = path.read_bytes()
    assert PASSPHRASE.encode() not in content
    assert private.hex().encode() not in content


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    create(path, "ed25519", PASSPHRASE)
    before = path.read_bytes()
    with pytest.raises(KeyFileError) as caught:
        create(path, "ed25519", PASSPHRASE)
    assert (caught.value.reason, caught.value.path, path.read_bytes()) == ("exists", path, before)


def _reason(path: Path, passphrase: str = PASSPHRASE) -> str:
    with pytest.raises(KeyFileError) as caught:
        load_ed25519(path, passphrase)
    return caught.value.reason


def test_wrong_passphrase(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    create(path, "ed25519", PASSPHRASE)
    assert _reason(path, "another passphrase") == "passphrase"


def test_missing_file(tmp_path: Path) -> None:
    assert _reason(tmp_path / "record.json") == "missing"


def test_file_that_others_may_read(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    create(path, "ed25519", PASSPHRASE)
    path.chmod(0o640)
    assert _reason(path) == "readable"


def test_key_of_the_other_kind(tmp_path: Path) -> None:
    path = tmp_path / "manage.json"
    create(path, "secp256k1", PASSPHRASE)
    assert _reason(path) == "kind"


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"not json", b'{"version":2,"public":"z"}'])
def test_foreign_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "record.json"
    write_secret(path, content)
    assert _reason(path) == "format"


@pytest.mark.parametrize(
    ("member", "value", "reason"),
    [
        ("public", "z6MkrFMgwYPzieN7J1VAFrWmbCsDax1FU4comf88ef97cgnA", "passphrase"),
        ("kdf", {"salt": "!"}, "format"),
        ("cipher", {}, "format"),
    ],
)
def test_altered_member(tmp_path: Path, member: str, value: object, reason: str) -> None:
    path = tmp_path / "record.json"
    create(path, "ed25519", PASSPHRASE)
    members = json.loads(path.read_text())
    members[member] = value
    path.write_text(json.dumps(members))
    assert _reason(path) == reason


def test_key_directory_is_closed_to_others(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    make_key_dir(tmp_path / "open")
    assert stat.S_IMODE((tmp_path / "open").stat().st_mode) == 0o700


@pytest.mark.parametrize("value", sorted(PLACEHOLDERS) + [word.upper() for word in sorted(PLACEHOLDERS)])
def test_placeholder_passphrases_are_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(PASSPHRASE_VARIABLE, value)
    with pytest.raises(PassphraseError) as caught:
        read_passphrase()
    assert caught.value.reason == "placeholder"


def test_length_of_a_passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "x" * MIN_PASSPHRASE)
    assert read_passphrase() == "x" * MIN_PASSPHRASE
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "x" * (MIN_PASSPHRASE - 1))
    with pytest.raises(PassphraseError) as caught:
        read_passphrase()
    assert caught.value.reason == "short"


def test_no_passphrase_and_nobody_to_ask() -> None:
    with pytest.raises(PassphraseError) as caught:
        read_passphrase()
    assert caught.value.reason == "missing"
