"""What `serve` and `init` refuse, each with what to do about it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.installation import PASSPHRASES, Installation, run
from tests.support.service import OPERATOR, SCHOOL
from trace_service.config import SettingsError, load_settings, settings_text
from trace_service.evm.errors import ChainMismatch
from trace_service.evm_node import NodeStartFailed
from trace_service.installation import InstallationError, Plan, initialise
from trace_service.keys.files import KeyFileError
from trace_service.migrate import SchemaVersionError
from trace_service.recursion import guard_recursion
from trace_service.serving import ServeOptions, serve
from verifier_cli.errors import DataError


@pytest.fixture(autouse=True)
def _signals_and_recursion_as_before() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
    guard_recursion()


def _serve(installation: Installation, did: str = OPERATOR) -> None:
    serve(ServeOptions(installation.data_dir, port=0, worker=False), PASSPHRASES[did])


def _set(installation: Installation, name: str, value: str) -> None:
    path = installation.data_dir / "service.toml"
    lines = path.read_text().splitlines()
    changed = [f"{name} = {value}" if line.startswith(f"{name} =") else line for line in lines]
    assert changed != lines
    path.write_text("\n".join(changed) + "\n")


def test_refuses_without_settings(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="init"):
        _serve(Installation(tmp_path))


@pytest.mark.parametrize(
    "text", ["", "operator = ", "[chain", "[chain]\ncolour = 1", "operator = 1\n[chain]\n"]
)
def test_refuses_settings_out_of_form(installation: Installation, text: str) -> None:
    (installation.data_dir / "service.toml").write_text(text)
    with pytest.raises(SettingsError):
        _serve(installation)


def test_refuses_without_its_database_and_makes_none(installation: Installation) -> None:
    for path in installation.data_dir.glob("skilltrace.db*"):
        path.unlink()
    with pytest.raises(SettingsError, match="backup"):
        _serve(installation)
    assert not (installation.data_dir / "skilltrace.db").exists()


def test_refuses_a_database_of_another_version(installation: Installation) -> None:
    for path in installation.data_dir.glob("skilltrace.db*"):
        path.write_bytes(b"")
    with pytest.raises(SchemaVersionError) as caught:
        _serve(installation)
    assert (caught.value.found, caught.value.needed) == (None, "0001")


@pytest.mark.parametrize("name", ["trust_registry", "anchor_registry", "evidence_reader"])
@pytest.mark.parametrize("value", ['""', f'"0x{"00" * 20}"'])
def test_refuses_a_placeholder_address(installation: Installation, name: str, value: str) -> None:
    _set(installation, name, value)
    with pytest.raises(SettingsError, match=name):
        _serve(installation)


def test_refuses_a_placeholder_operator(installation: Installation) -> None:
    _set(installation, "operator", '"did:web:EXAMPLE"')
    with pytest.raises(SettingsError, match="operator"):
        _serve(installation)


def test_refuses_a_foreign_chain_without_address(installation: Installation) -> None:
    _set(installation, "embedded", "false")
    with pytest.raises(SettingsError, match="rpc_url"):
        _serve(installation)


@pytest.mark.parametrize("name", ["receipt.json", "relayer.json"])
def test_refuses_without_a_key(installation: Installation, name: str) -> None:
    (installation.data_dir / "keys" / name).unlink()
    with pytest.raises(KeyFileError) as caught:
        _serve(installation)
    assert (caught.value.path.name, caught.value.reason) == (name, "missing")


def test_refuses_a_passphrase_that_does_not_match(installation: Installation) -> None:
    with pytest.raises(KeyFileError) as caught:
        _serve(installation, SCHOOL)
    assert caught.value.reason == "passphrase"


def test_refuses_a_chain_of_another_id(installation: Installation) -> None:
    _set(installation, "chain_id", "1")
    with pytest.raises(NodeStartFailed):
        _serve(installation)


@pytest.mark.parametrize(
    ("name", "value"),
    [("evidence_reader", f'"0x{"12" * 20}"'), ("genesis_hash", f'"0x{"12" * 32}"')],
)
def test_refuses_an_address_without_code_and_another_genesis(
    installation: Installation, name: str, value: str
) -> None:
    _set(installation, name, value)
    with pytest.raises(ChainMismatch):
        _serve(installation)


@pytest.mark.parametrize("value", ["changeme", "short"])
def test_the_command_says_what_to_do(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setitem(PASSPHRASES, OPERATOR, value)
    done = run("serve", "--data-dir", installation.data_dir, "--no-worker")
    assert done.returncode == 2
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("trace-service: passphrase")
    assert "TRACE_PASSPHRASE" in line


def test_settings_come_back_as_they_were_written(installation: Installation) -> None:
    settings = load_settings(installation.data_dir)
    (installation.data_dir / "service.toml").write_text(settings_text(settings))
    assert load_settings(installation.data_dir) == settings


def _plan(home: Path, operator: str = OPERATOR) -> Plan:
    return Plan(home / "service", home / "service-owner", operator)


def test_init_refuses_a_second_time(installation: Installation) -> None:
    with pytest.raises(InstallationError) as caught:
        initialise(_plan(installation.home), PASSPHRASES[OPERATOR])
    assert caught.value.reason == "exists"


def test_init_refuses_an_operator_out_of_form(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        initialise(_plan(tmp_path, "did:web:Trace.example"), PASSPHRASES[OPERATOR])
    assert list(tmp_path.iterdir()) == []


def test_init_refuses_the_keys_of_another_passphrase(installation: Installation) -> None:
    (installation.data_dir / "service.toml").unlink()
    with pytest.raises(KeyFileError) as caught:
        initialise(_plan(installation.home), PASSPHRASES[SCHOOL])
    assert caught.value.reason == "passphrase"


def test_init_goes_on_where_it_stopped(installation: Installation) -> None:
    before = load_settings(installation.data_dir)
    (installation.data_dir / "service.toml").unlink()
    receipt_key = (installation.data_dir / "keys" / "receipt.json").read_bytes()
    settings = initialise(_plan(installation.home), PASSPHRASES[OPERATOR])
    assert (installation.data_dir / "keys" / "receipt.json").read_bytes() == receipt_key
    assert settings.chain.chain_id == before.chain.chain_id
    assert settings.chain.anchor_registry != before.chain.anchor_registry
    with installation.serving() as service:
        assert httpx.get(f"{service.url}/readyz", trust_env=False).status_code == 200
