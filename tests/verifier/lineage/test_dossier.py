"""The dossier: written, read within its limits, and verified offline by one command."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.records import make_key
from tests.verifier.lineage.ledger import REVOKED, TRUST_TEXT, Story
from tests.verifier.verification.world import DEPLOYMENT, NOW
from verifier_cli import dossier as module
from verifier_cli.cli import run
from verifier_cli.dossier import Part, is_dossier, read_dossier, write_dossier
from verifier_cli.encoding import digest_multibase, format_time
from verifier_cli.errors import DossierError
from verifier_cli.record import Record
from verifier_cli.snapshot import sign_snapshot
from verifier_cli.trust import SnapshotSigner, write_trust

CREATED = format_time(NOW)


def pack(
    story: Story, path: Path, *hidden: Record, snapshot: bytes | None = None, trust: str = TRUST_TEXT
) -> Path:
    """A dossier of the story's certificate, with some records withheld."""
    ledger = story.ledger
    kept = [record for record in ledger.records if record not in hidden]
    with path.open("wb") as target:
        write_dossier(
            target,
            story.certificate.digest,
            [Part(r.digest, r.schema.partition(".")[0], ledger.file(r)) for r in kept],
            {record.digest: record.schema.partition(".")[0] for record in hidden},
            created=CREATED,
            trust=trust,
            snapshot=snapshot or ledger.snapshot().serialise(),
        )
    return path


@pytest.fixture
def story() -> Story:
    return Story(weeks=3)


def test_verifies_offline_by_one_command_with_nothing_else_at_hand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    story = Story(weeks=40)
    pack(story, tmp_path / "d.zip")
    monkeypatch.chdir(tmp_path)
    assert run(["dossier", "d.zip", "--lang", "en"]) == 0
    shown = capsys.readouterr()
    assert "40 practice records, 610 h" in shown.out
    assert f"({story.ancestors} records)" in shown.out
    assert shown.err.startswith("NOTE: trust file and snapshot come from the dossier itself")
    assert run(["dossier", "d.zip", "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert (value["trustFrom"], value["verdict"], value["statusAsOf"]) == ("dossier", "VALID", NOW - 600)


def test_written_twice_it_is_the_same_file(story: Story, tmp_path: Path) -> None:
    first, second = pack(story, tmp_path / "a.zip"), pack(story, tmp_path / "b.zip")
    assert first.read_bytes() == second.read_bytes()
    assert is_dossier(first)
    read = read_dossier(first)
    assert (read.root, read.created, len(read.files)) == (story.certificate.digest, CREATED, 9)


def test_withheld_shows_as_digest_and_type_and_the_rest_holds(
    story: Story, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hidden = story.activities[0]
    path = pack(story, tmp_path / "d.zip", hidden)
    assert run(["dossier", str(path), "--lang", "en"]) == 0
    out = capsys.readouterr().out
    assert f"practice record {digest_multibase(hidden.digest)} (WITHHELD)" in out
    assert "Record and lineage: valid with remarks" in out
    assert run(["dossier", str(path), "--strict"]) == 1


def test_revocation_that_the_snapshot_knows_shows(story: Story, tmp_path: Path) -> None:
    story.ledger.set_status(story.certificate, REVOKED)
    assert run(["dossier", str(pack(story, tmp_path / "d.zip"))]) == 1


# ----- trust -----


def test_with_an_own_trust_file_an_unsigned_snapshot_counts_for_nothing(
    story: Story, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, trust = pack(story, tmp_path / "d.zip"), tmp_path / "own.toml"
    trust.write_text(TRUST_TEXT)
    assert run(["dossier", str(path), "--trust", str(trust), "--offline"]) == 3
    assert "signed by nobody" in capsys.readouterr().err
    # Online, the nodes of the own trust file are asked; it names none.
    assert run(["dossier", str(path), "--trust", str(trust)]) == 2


def test_snapshot_signed_by_somebody_whom_the_own_trust_file_names_counts(
    story: Story, tmp_path: Path
) -> None:
    key = make_key("ministry")
    signed = sign_snapshot(story.ledger.snapshot().serialise(), key.public, CREATED, key.private.sign)
    own = tmp_path / "own.toml"
    old = DEPLOYMENT.__class__(**{**_members(DEPLOYMENT), "snapshot_max_age": 9 * 366 * 86400})
    own.write_text(write_trust([old], [SnapshotSigner("ministry", key.public)]))
    inside = write_trust([DEPLOYMENT], [SnapshotSigner("ministry", key.public)])
    path = pack(story, tmp_path / "d.zip", snapshot=signed, trust=inside)
    assert run(["dossier", str(path), "--trust", str(own), "--offline"]) == 0
    other = tmp_path / "other.toml"
    other.write_text(write_trust([old], [SnapshotSigner("other", make_key("other").public)]))
    assert run(["dossier", str(path), "--trust", str(other), "--offline"]) == 3


def test_own_snapshot_ages_with_an_own_trust_file(story: Story, tmp_path: Path) -> None:
    """Five months old: the reader's trust file allows a week, so it cannot tell; the archive alone can."""
    path, trust, snapshot = pack(story, tmp_path / "d.zip"), tmp_path / "t.toml", tmp_path / "s.json"
    trust.write_text(TRUST_TEXT)
    snapshot.write_bytes(story.ledger.snapshot().serialise())
    assert run(["dossier", str(path), "--trust", str(trust), "--snapshot", str(snapshot)]) == 2
    assert run(["dossier", str(path)]) == 0
    assert run(["dossier", str(path), "--snapshot", str(snapshot)]) == 3


def _members(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


# ----- hostile files -----

Change = Callable[[dict[str, bytes]], None]


def _rewrite(path: Path, change: Change) -> None:
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)


def _manifest(change: Callable[[dict[str, Any]], None]) -> Change:
    def rewrite(parts: dict[str, bytes]) -> None:
        value = json.loads(parts["manifest.json"])
        change(value)
        parts["manifest.json"] = json.dumps(value).encode()

    return rewrite


def _drop(prefix: str) -> Change:
    def change(parts: dict[str, bytes]) -> None:
        del parts[next(name for name in sorted(parts) if name.startswith(prefix))]

    return change


def _record_names(parts: dict[str, bytes]) -> list[str]:
    return sorted(name for name in parts if name.startswith("records/"))


def _without_name(entry: dict[str, str]) -> dict[str, str]:
    return {"digest": entry["digest"], "type": entry["type"]}


ELSEWHERE = {"digest": digest_multibase(bytes(32)), "type": "party"}

REFUSED: list[tuple[str, Change]] = [
    ("no manifest", _drop("manifest.json")),
    ("file that the manifest lacks", lambda p: p.update({"records/activity/x.trace.json": b"{}"})),
    ("path out of the folder", lambda p: p.update({"records/../../x.trace.json": b"{}"})),
    ("absolute path", lambda p: p.update({"/records/activity/x.trace.json": b"{}"})),
    ("other file", lambda p: p.update({"evil.exe": b"MZ"})),
    ("backslash", lambda p: p.update({"records\\activity\\x.trace.json": b"{}"})),
    ("missing file", _drop("records/")),
    ("no trust file", _drop("trust.toml")),
    ("no snapshot", _drop("snapshot.json")),
    ("manifest no JSON", lambda p: p.update({"manifest.json": b"{"})),
    ("manifest a list", lambda p: p.update({"manifest.json": b"[]"})),
    ("newer version", _manifest(lambda m: m.update(version=2))),
    ("version a boolean", _manifest(lambda m: m.update(version=True))),
    ("another type", _manifest(lambda m: m.update(type="x"))),
    ("member too many", _manifest(lambda m: m.update(note="x"))),
    ("root not an entry", _manifest(lambda m: m.update(root=digest_multibase(bytes(32))))),
    ("root no digest", _manifest(lambda m: m.update(root="u1"))),
    ("created no time", _manifest(lambda m: m.update(created=7))),
    ("entry twice", _manifest(lambda m: m["entries"].append(m["entries"][0]))),
    ("name twice", _manifest(lambda m: m["entries"][0].update(name=m["entries"][1]["name"]))),
    ("entry of numbers", _manifest(lambda m: m["entries"][0].update(type=7))),
    ("type with a path", _manifest(lambda m: m["entries"][0].update(type="../x"))),
    ("name out of form", _manifest(lambda m: m["entries"][0].update(name="../x.trace.json"))),
    ("entries no list", _manifest(lambda m: m.update(entries={}))),
    ("withheld no digest", _manifest(lambda m: m.update(withheld=[{"digest": "x", "type": "party"}]))),
    ("withheld and there", _manifest(lambda m: m["withheld"].append(_without_name(m["entries"][0])))),
    ("withheld twice", _manifest(lambda m: m["withheld"].extend(2 * [ELSEWHERE]))),
    ("huge record", lambda p: p.update({_record_names(p)[0]: b" " * 200_000})),
    ("huge manifest", lambda p: p.update({"manifest.json": b" " * (module.MAX_MANIFEST + 1)})),
    ("trust file no text", lambda p: p.update({"trust.toml": b"\xff"})),
]


@pytest.mark.parametrize("change", [case[1] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_refused(change: Change, story: Story, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = pack(story, tmp_path / "d.zip")
    _rewrite(path, change)
    assert run(["dossier", str(path)]) == 3
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("trace-verify: ")


def test_name_given_twice_in_the_zip_is_refused(story: Story, tmp_path: Path) -> None:
    path = pack(story, tmp_path / "d.zip")
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("manifest.json", b"{}")
    with pytest.raises(DossierError) as caught:
        read_dossier(path)
    assert caught.value.path == "manifest.json"


def test_bomb_is_refused_before_it_is_unpacked(story: Story, tmp_path: Path) -> None:
    path = pack(story, tmp_path / "d.zip")
    _rewrite(path, lambda p: p.update({_record_names(p)[0]: b" " * 60_000}))
    with pytest.raises(DossierError) as caught:
        read_dossier(path)
    assert "packed more than" in caught.value.reason


def test_limits_of_number_and_total(story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = pack(story, tmp_path / "d.zip")
    total = sum(len(data) for _, data in story.ledger.files())
    monkeypatch.setattr(module, "MAX_TOTAL", total)
    read_dossier(path)
    monkeypatch.setattr(module, "MAX_TOTAL", total - 1)
    with pytest.raises(DossierError):
        read_dossier(path)
    monkeypatch.setattr(module, "MAX_TOTAL", total)
    monkeypatch.setattr(module, "MAX_RECORDS", 4)
    with pytest.raises(DossierError):
        read_dossier(path)


def test_other_files_are_no_dossier(tmp_path: Path) -> None:
    for name, data in {"a": b"", "b": b"PK\x03\x04", "c": b"{}"}.items():
        (tmp_path / name).write_bytes(data)
        assert not is_dossier(tmp_path / name)
        with pytest.raises(DossierError):
            read_dossier(tmp_path / name)
    with pytest.raises(DossierError):
        read_dossier(tmp_path / "none")


def test_altered_record_is_not_valid_and_named(
    story: Story, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = pack(story, tmp_path / "d.zip")
    name = f"records/activity/{digest_multibase(story.activities[0].digest)}.trace.json"
    _rewrite(path, lambda p: p.update({name: p[name].replace(b'"ops":120', b'"ops":121')}))
    assert run(["dossier", str(path), "--json"]) == 1
    nodes = json.loads(capsys.readouterr().out)["nodes"]
    assert [(n["id"], n["reason"]) for n in nodes if n["outcome"] == "NOT_VALID"] == [
        (story.activities[0].id, "digest_differs")
    ]


def test_another_record_under_the_roots_name_is_refused(story: Story, tmp_path: Path) -> None:
    path = pack(story, tmp_path / "d.zip")
    root = f"records/credential/{digest_multibase(story.certificate.digest)}.trace.json"
    other = f"records/enrolment/{digest_multibase(story.enrolment.digest)}.trace.json"
    _rewrite(path, lambda p: p.update({root: p[other]}))
    assert run(["dossier", str(path)]) == 3
    (tmp_path / "t.toml").write_text(TRUST_TEXT)
    (tmp_path / "s.json").write_bytes(story.ledger.snapshot().serialise())
    own = ["--trust", str(tmp_path / "t.toml"), "--offline", "--snapshot", str(tmp_path / "s.json")]
    assert run(["lineage", str(path), *own]) == 3


def test_random_bytes_raise_nothing_else(story: Story, tmp_path: Path) -> None:
    data = bytearray(pack(story, tmp_path / "d.zip").read_bytes())
    for at in range(0, len(data), max(1, len(data) // 300)):
        spoiled = bytes(data[:at]) + bytes([data[at] ^ 0x5A]) + bytes(data[at + 1 :])
        (tmp_path / "s.zip").write_bytes(spoiled)
        try:
            read_dossier(tmp_path / "s.zip")
        except DossierError:
            continue


def test_lineage_takes_a_dossier_with_the_readers_trust(story: Story, tmp_path: Path) -> None:
    path, trust = pack(story, tmp_path / "d.zip"), tmp_path / "t.toml"
    old = DEPLOYMENT.__class__(**{**_members(DEPLOYMENT), "snapshot_max_age": 9 * 366 * 86400})
    trust.write_text(write_trust([old]))
    (tmp_path / "s.json").write_bytes(story.ledger.snapshot().serialise())
    common = ["--trust", str(trust), "--offline", "--snapshot", str(tmp_path / "s.json")]
    assert run(["lineage", str(path), *common]) == 0
    (tmp_path / "c.trace.json").write_bytes(story.ledger.file(story.certificate))
    assert run(["lineage", str(tmp_path / "c.trace.json"), *common]) == 2
    assert run(["lineage", str(tmp_path / "c.trace.json"), "--source", str(path), *common]) == 0
