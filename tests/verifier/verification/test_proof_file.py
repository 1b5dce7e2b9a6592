"""Proof files and their carriers: what is accepted, what is refused, and where (protocol section 7)."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.records import complete_record, record_bytes
from tests.verifier.verification.world import make_world, outcome
from verifier_cli import proof_file
from verifier_cli.errors import ProfileError, ProofFileError
from verifier_cli.proof_file import (
    MAX_PATH,
    MAX_PROOF_FILE,
    MAX_ZIP_ENTRIES,
    Anchor,
    ProofFile,
    UnknownVersionError,
    carriers,
    read_carriers,
)
from verifier_cli.report import Outcome, Step, Verdict

ANCHOR = Anchor(31337, "0x" + "ab" * 20, 4, 2, (bytes(32), b"\x01" * 32), "0x" + "cd" * 32)


def _file(**changes: Any) -> dict[str, Any]:
    return {"version": 1, "record": {"a": 1}, "anchor": ANCHOR.to_json(), **changes}


def _anchor(**changes: Any) -> dict[str, Any]:
    anchor = {**ANCHOR.to_json(), **changes}
    return _file(anchor={name: value for name, value in anchor.items() if value is not None})


def test_record_bytes_are_kept_and_read_back() -> None:
    record = record_bytes(complete_record("activity.1"))
    data = ProofFile.write(record, ANCHOR)
    assert record in data
    parsed = ProofFile.parse(data)
    assert parsed.anchor == ANCHOR
    assert json.loads(record) == parsed.record


def test_hint_may_be_missing() -> None:
    assert ProofFile.parse(json.dumps(_anchor(txHash=None)).encode()).anchor.tx_hash is None


REFUSED: list[tuple[str, Any, str]] = [
    ("list", [], "$"),
    ("text", "record", "$"),
    ("no version", {"record": {}, "anchor": {}}, "$.version"),
    ("version as text", _file(version="1"), "$.version"),
    ("version true", _file(version=True), "$.version"),
    ("extra member", _file(comment="x"), "$"),
    ("no anchor", {"version": 1, "record": {}}, "$"),
    ("record is a list", _file(record=[]), "$.record"),
    ("anchor is a list", _file(anchor=[]), "$.anchor"),
    ("anchor without path", _anchor(path=None), "$.anchor"),
    ("anchor with more", _anchor(root="0x00"), "$.anchor"),
    ("negative sequence", _anchor(sequence=-1), "$.anchor.sequence"),
    ("sequence as text", _anchor(sequence="1"), "$.anchor.sequence"),
    ("index true", _anchor(leafIndex=True), "$.anchor.leafIndex"),
    ("fractional index", _anchor(leafIndex=1.5), "$.anchor.leafIndex"),
    ("registry in capitals", _anchor(registry="0x" + "AB" * 20), "$.anchor.registry"),
    ("registry too short", _anchor(registry="0xab"), "$.anchor.registry"),
    ("hint with a newline", _anchor(txHash="0x" + "cd" * 32 + "\n"), "$.anchor.txHash"),
    ("path as text", _anchor(path="AAAA"), "$.anchor.path"),
    ("path too long", _anchor(path=ANCHOR.to_json()["path"] * 11), "$.anchor.path"),
    ("hash too short", _anchor(path=["AAAA"]), "$.anchor.path[0]"),
    ("hash padded", _anchor(path=[ANCHOR.to_json()["path"][0] + "="]), "$.anchor.path[0]"),
    ("hash with unused bits", _anchor(path=["A" * 42 + "B"]), "$.anchor.path[0]"),
    ("hash as number", _anchor(path=[1]), "$.anchor.path[0]"),
]


@pytest.mark.parametrize(("value", "path"), [c[1:] for c in REFUSED], ids=[c[0] for c in REFUSED])
def test_refused_with_its_path(value: Any, path: str) -> None:
    with pytest.raises(ProofFileError) as caught:
        ProofFile.parse(json.dumps(value).encode())
    assert caught.value.path == path


def test_longest_path_is_accepted() -> None:
    node = ANCHOR.to_json()["path"][0]
    assert len(ProofFile.parse(json.dumps(_anchor(path=[node] * MAX_PATH)).encode()).anchor.path) == MAX_PATH


def test_later_version_is_not_checked_and_never_failed() -> None:
    data = json.dumps(_file(version=2, more=[])).encode()
    with pytest.raises(UnknownVersionError):
        ProofFile.parse(data)
    report = make_world().verify(data)
    assert outcome(report, Step.PARSE) == (Outcome.NOT_CHECKED, "unknown_version")
    assert report.verdict is Verdict.UNDECIDED


def test_size_limit_and_one_byte_past_it() -> None:
    data = json.dumps(_file()).encode()
    assert ProofFile.parse(data + b" " * (MAX_PROOF_FILE - len(data))).anchor == ANCHOR
    with pytest.raises(ProfileError):
        ProofFile.parse(data + b" " * (MAX_PROOF_FILE - len(data) + 1))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"true",
        b"{}",
        b"[]",
        b"87",
        b"[" * 100_000,
        b'{"version":1,"version":1}',
        b"\xff\xfe",
        b"%PDF-1.7",
    ],
)
def test_worthless_input_is_not_valid_at_step_1(data: bytes) -> None:
    report = make_world().verify(data)
    assert report.step(Step.PARSE).outcome is Outcome.FAILED
    assert (report.verdict, report.requests) == (Verdict.NOT_VALID, 0)
    assert all(result.reason == "earlier_step" for result in report.steps[1:8])


# ----- carriers -----


def test_folder_gives_proof_files_sorted_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("c.trace.json", "b/a.trace.json", "a.trace.json", "notes.json", "x.pdf"):
        (tmp_path / name).write_bytes(b"{}")
    names = [Path(name).relative_to(tmp_path).as_posix() for name, _ in read_carriers(tmp_path)]
    assert names == ["a.trace.json", "c.trace.json", "b/a.trace.json"]


def test_missing_file_is_a_problem_not_a_crash(tmp_path: Path) -> None:
    (carrier,) = carriers(tmp_path / "none.trace.json")
    assert carrier.data is None
    assert isinstance(carrier.problem, ProofFileError)
    with pytest.raises(ProofFileError):
        list(read_carriers(tmp_path / "none.trace.json"))


def _zip(path: Path, entries: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def test_zip_gives_its_proof_files(tmp_path: Path) -> None:
    made = _zip(tmp_path / "any.bin", {"x/a.trace.json": b"A", "readme.txt": b"-", "b.trace.json": b"B"})
    assert [data for _, data in read_carriers(made)] == [b"A", b"B"]


def test_entry_packed_too_tightly_is_refused_alone(tmp_path: Path) -> None:
    bomb = b" " * (10 << 20)
    made = _zip(tmp_path / "z.zip", {"bomb.trace.json": bomb, "good.trace.json": b"{}"})
    first, second = carriers(made)
    assert first.data is None
    assert first.problem is not None
    assert second.data == b"{}"


def _truncated(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _garbled_entry(data: bytes) -> bytes:
    at = data.index(b"a.trace.json") + 12
    return data[:at] + b"\xff" * 20 + data[at + 20 :]


def _zip64(data: bytes) -> bytes:
    at = data.rindex(b"PK\x05\x06")
    return data[:at] + b"PK\x06\x07" + bytes(16) + data[at:]


def _huge_directory(data: bytes) -> bytes:
    at = data.rindex(b"PK\x05\x06")
    return data[: at + 12] + (1 << 31).to_bytes(4, "little") + data[at + 16 :]


@pytest.mark.parametrize("damage", [_truncated, _garbled_entry, _zip64, _huge_directory])
def test_damaged_zip_is_a_problem(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    made = _zip(tmp_path / "z.zip", {"a.trace.json": b'{"x":"' + bytes(range(65, 91)) * 9 + b'"}'})
    made.write_bytes(damage(made.read_bytes()))
    (carrier,) = carriers(made)
    assert carrier.data is None
    assert isinstance(carrier.problem, ProofFileError)


def test_zip_limits_at_and_past_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = _zip(tmp_path / "z.zip", {f"{i}.trace.json": b"1234" for i in range(3)}, zipfile.ZIP_STORED)
    monkeypatch.setattr(proof_file, "MAX_ZIP_ENTRIES", 3)
    monkeypatch.setattr(proof_file, "MAX_ZIP_TOTAL", 12)
    assert len(list(read_carriers(made))) == 3
    monkeypatch.setattr(proof_file, "MAX_ZIP_TOTAL", 11)
    with pytest.raises(ProofFileError):
        list(read_carriers(made))
    monkeypatch.setattr(proof_file, "MAX_ZIP_TOTAL", 12)
    monkeypatch.setattr(proof_file, "MAX_ZIP_ENTRIES", 2)
    with pytest.raises(ProofFileError):
        list(read_carriers(made))
    assert MAX_ZIP_ENTRIES == 50_000


def test_encrypted_entry_is_a_problem(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.trace.json", b"{}")
    data = bytearray(buffer.getvalue())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "z.zip").write_bytes(data)
    (carrier,) = carriers(tmp_path / "z.zip")
    assert carrier.data is None
    assert isinstance(carrier.problem, ProofFileError)


def test_entry_that_is_longer_than_announced_is_bounded(tmp_path: Path) -> None:
    made = _zip(tmp_path / "z.zip", {"a.trace.json": bytes(range(256)) * 1024}, zipfile.ZIP_STORED)
    ((_, data),) = read_carriers(made)
    assert len(data) == MAX_PROOF_FILE + 1
