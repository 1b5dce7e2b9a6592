"""`trace-verify` as a process and in this one: exit codes, output, options (protocol section 9)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.support.deployment import DeploymentFixture, deploy, number_of
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.nodes import anvil_node
from tests.support.records import FIRM, link, make_key
from verifier_cli.cli import run
from verifier_cli.commands.progress import tracked
from verifier_cli.proof_file import ProofFile
from verifier_cli.record import Record
from verifier_cli.snapshot import sign_snapshot
from verifier_cli.trust import SnapshotSigner, write_trust

FORBIDDEN = (
    "web3",
    "sqlalchemy",
    "sqlmodel",
    "fastapi",
    "httpx",
    "eth_abi",
    "pydantic",
    "jsonschema",
    "typer",
)


@dataclass
class Desk:
    """An employer's folder: trust.toml, records of every sort, and the chain behind a proxy."""

    folder: Path
    fixture: DeploymentFixture
    proxy: FaultProxy
    enrolment: bytes
    activity: bytes

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def run(self, *arguments: str) -> int:
        return run([arguments[0], "--trust", self.path("trust.toml"), *arguments[1:]])


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One deployment for all tests of this module."""
    folder = tmp_path_factory.mktemp("desk")
    with anvil_node() as node:
        fixture = deploy(node.url, node.funded_key)
        with FaultProxy(node.url) as proxy:
            deployment = replace(fixture.deployment, rpc=(proxy.url,))
            signer = SnapshotSigner("ministry", make_key("ministry").public)
            (folder / "trust.toml").write_text(write_trust([deployment], [signer]))
            (enrolment,) = fixture.issue("enrolment.1")
            upper = ProofFile.parse(enrolment).record
            (activity,) = fixture.issue("activity.1", links=[link(upper, "performedUnder")])
            (revoked,) = fixture.issue("activity.1")
            fixture.set_status(FIRM, plane=0, number=number_of(revoked))
            (superseded,) = fixture.issue("activity.1")
            fixture.set_status(FIRM, plane=2, number=number_of(superseded))
            for place, files in {
                "good": {"a": activity, "b": enrolment},
                "mixed": {"a": activity, "r": revoked, "t": activity.replace(b'"ops":120', b'"ops":121')},
            }.items():
                (folder / place).mkdir()
                for name, data in files.items():
                    (folder / place / f"{name}.trace.json").write_bytes(data)
            (folder / "superseded.trace.json").write_bytes(superseded)
            with zipfile.ZipFile(folder / "good.zip", "w") as archive:
                archive.writestr("x/a.trace.json", activity)
            yield Desk(folder, fixture, proxy, enrolment, activity)


@pytest.fixture(autouse=True)
def _sound_node(desk: Desk) -> Iterator[None]:
    yield
    desk.proxy.fault = Fault.NONE


def test_cold_process_takes_exactly_one_request_and_loads_nothing_heavy(desk: Desk) -> None:
    script = (
        "import sys; from verifier_cli.cli import run; code = run(sys.argv[1:]); "
        f"print(code, sorted(set(sys.modules) & set({FORBIDDEN!r})))"
    )
    desk.proxy.requests = 0
    done = subprocess.run(
        [sys.executable, "-c", script, "verify", "good/a.trace.json", "--lang", "en"],
        cwd=desk.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("VALID — practice log of week 1: 2 days, 15.25 hours,\n")
    assert "  File: a.trace.json\n" in done.stdout
    assert done.stdout.splitlines()[-1] == "0 []"
    assert desk.proxy.requests == 1


def test_installed_command_answers_with_its_exit_code(desk: Desk) -> None:
    command = Path(sys.executable).with_name("trace-verify")
    environment = {**os.environ, "TRACE_TRUST": desk.path("trust.toml"), "LC_ALL": "zh_CN.UTF-8"}
    done = subprocess.run(
        [command, "verify", desk.path("mixed/r.trace.json")], env=environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout.splitlines()[0].split()[0]) == (1, "无效")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("good/a.trace.json",), 0),
        (("good",), 0),
        (("good.zip",), 0),
        (("good", "good.zip", "good/a.trace.json"), 0),
        (("mixed",), 1),
        (("mixed/r.trace.json",), 1),
        (("superseded.trace.json",), 0),
        (("superseded.trace.json", "--strict"), 1),
        (("good", "--jobs", "2"), 0),
        (("mixed", "--jobs", "2"), 1),
        (("good", "none.trace.json"), 2),
        (("none.trace.json",), 3),
        (("good/a.trace.json", "--lineage"), 2),
        (("good", "--lineage"), 0),
        (("good/a.trace.json", "--lineage", "--from", "good"), 0),
        (("good/a.trace.json", "--at", "2020-01-01"), 0),
        (("good/a.trace.json", "--at", "2020-01-01", "--strict"), 1),
        (("good/a.trace.json", "--at", "yesterday"), 3),
        (("good/a.trace.json", "--offline"), 3),
        (("good/a.trace.json", "--rpc", "ftp://x"), 3),
        (("good/a.trace.json", "--jobs", "0"), 3),
        (("good/a.trace.json", "--lang", "fr"), 3),
        (("good/a.trace.json", "--snapshot", "none.json"), 3),
        (("good/a.trace.json", "--trust", "none.toml"), 3),
        (("good/a.trace.json", "--rpc", "http://127.0.0.1:1"), 2),
        (("--unknown",), 3),
        (("good/a.trace.json", "--stric"), 3),
        ((), 3),
    ],
)
def test_exit_code(
    desk: Desk, arguments: tuple[str, ...], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(desk.folder)
    monkeypatch.delenv("TRACE_TRUST", raising=False)
    assert _exit_code(["verify", *arguments]) == code


def _exit_code(arguments: list[str]) -> object:
    try:
        return run(arguments)
    except SystemExit as leaving:
        return leaving.code


def test_terminal_that_cannot_show_chinese_gets_escapes(desk: Desk) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "TRACE_TRUST": desk.path("trust.toml")}
    command = [str(Path(sys.executable).with_name("trace-verify")), "verify", desk.path("good/a.trace.json")]
    done = subprocess.run([*command, "--lang", "zh"], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("\\u6709\\u6548 ")


def test_reader_that_stops_early_gets_no_traceback(desk: Desk) -> None:
    """As with `trace-verify ... | head -0`."""
    environment = {**os.environ, "TRACE_TRUST": desk.path("trust.toml")}
    command = [str(Path(sys.executable).with_name("trace-verify")), "verify", desk.path("good/a.trace.json")]
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(command, env=environment, stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


def test_zip_is_listed_like_a_folder(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert desk.run("verify", desk.path("good.zip"), "--lang", "en") == 0
    assert capsys.readouterr().out == "VALID 1  (in all 1)\n"


def test_missing_trust_file_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TRACE_TRUST", raising=False)
    assert run(["verify", "x.trace.json"]) == 3
    assert "TRACE_TRUST" in capsys.readouterr().err


def test_json_is_one_report_a_line(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert desk.run("verify", desk.path("mixed"), desk.path("none.trace.json"), "--json") == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["verdict"] for line in lines] == ["VALID", "NOT_VALID", "NOT_VALID", None]
    assert [line["exitCode"] for line in lines] == [0, 1, 1, 3]
    assert {line["reportVersion"] for line in lines} == {1}


def test_stopped_chain_is_undecided_and_the_snapshot_still_answers(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "s.json"
    assert desk.run("snapshot", "--out", str(out)) == 0
    desk.proxy.fault = Fault.CLOSED
    assert desk.run("verify", desk.path("good")) == 2
    assert desk.run("snapshot", "--out", str(tmp_path / "t.json")) == 2
    assert not (tmp_path / "t.json").exists()
    capsys.readouterr()
    desk.proxy.requests = 0
    offline = ("--offline", "--snapshot", str(out))
    assert desk.run("verify", desk.path("good"), *offline) == 0
    assert desk.run("verify", desk.path("mixed"), *offline) == 1
    assert desk.proxy.requests == 0


def test_signed_snapshot_of_somebody_else(desk: Desk, tmp_path: Path) -> None:
    out = tmp_path / "s.json"
    assert desk.run("snapshot", "--out", str(out), "--org", FIRM, "did:web:school.example") == 0
    for seed, code in (("ministry", 0), ("stranger", 3)):
        key = make_key(seed)
        data = sign_snapshot(out.read_bytes(), key.public, "2026-07-03T00:00:00Z", key.private.sign)
        place = tmp_path / f"{seed}.json"
        place.write_bytes(data)
        assert desk.run("verify", desk.path("good/a.trace.json"), "--snapshot", str(place)) == code


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--org", "did:web:nobody.example"), 2),
        (("--org", "nobody"), 3),
        (("--deployment", "other"), 3),
        (("--rpc", "http://127.0.0.1:1"), 2),
    ],
)
def test_snapshot_that_cannot_be_taken(
    desk: Desk, tmp_path: Path, arguments: tuple[str, ...], code: int
) -> None:
    assert desk.run("snapshot", "--out", str(tmp_path / "s.json"), *arguments) == code
    assert list(tmp_path.iterdir()) == []


def test_inspect_shows_and_warns(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["inspect", desk.path("mixed/t.trace.json"), "--lang", "en"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("NOT VERIFIED")
    assert "credentialSubject.ops: 121" in out
    assert "proofValue" not in out
    assert run(["inspect", desk.path("good/a.trace.json"), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["id"] == Record.from_value(ProofFile.parse(desk.activity).record).id
    assert run(["inspect", desk.path("none")]) == 3
    assert run(["inspect", desk.path("trust.toml")]) == 3


@pytest.mark.parametrize("command", [[], ["verify"], ["inspect"], ["snapshot"], ["audit"]])
def test_help_is_there(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run([*command, "--help"])
    assert caught.value.code == 0
    assert "usage: trace-verify" in capsys.readouterr().out


def test_audit_runs_under_the_same_command(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert _exit_code(["audit"]) == 3
    assert run(["audit", desk.path("none"), "--trust", desk.path("trust.toml")]) == 3
    assert "audit" in capsys.readouterr().err


def test_bar_counts_what_it_passes_on(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    folder = desk.folder / "mixed"
    assert list(tracked(iter("abc"), (folder, folder / "a.trace.json"))) == ["a", "b", "c"]
    assert capsys.readouterr().out == ""
