"""The committed artifacts are what the sources compile to, and every name in the ABI is tested."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from contracts import artifact, build
from tests.contracts.harness import NAMES

#: Of OpenZeppelin's EIP712: for strings longer than 31 bytes, and for upgrades, both of which we have not.
UNREACHABLE = {"InvalidShortString", "StringTooLong", "EIP712DomainChanged"}
#: Ethereum's limit for deployed code (EIP-170).
MAX_CODE = 24_576
MAX_CODE_LINES = 350


@pytest.mark.node
def test_the_artifacts_are_reproduced_byte_for_byte() -> None:
    compiled = build.compile_all()
    assert sorted(compiled) == sorted(NAMES)
    for name, text in compiled.items():
        assert (build.ARTIFACTS / f"{name}.json").read_text("utf-8") == text


@pytest.mark.node
def test_a_native_compiler_of_another_version_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "solc"
    fake.write_text("#!/bin/sh\necho Version: 0.8.28+commit.7893614a\n", "utf-8")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert build.compiler() == build.LAUNCHER
    fake.write_text(f"#!/bin/sh\necho Version: {build.SOLC_VERSION}+commit.0\n", "utf-8")
    assert build.compiler() == fake


@pytest.mark.parametrize("name", NAMES)
def test_contracts_stay_small(name: str) -> None:
    assert len(bytes.fromhex(artifact(name)["runtime"][2:])) <= MAX_CODE
    source = (build.SOURCES / f"{name}.sol").read_text("utf-8")
    lines = [line.strip() for line in source.splitlines()]
    code = [line for line in lines if line and not line.startswith(("//", "/*", "*"))]
    assert len(code) <= MAX_CODE_LINES


def test_every_function_error_and_event_is_named_in_a_test() -> None:
    tests = "".join(path.read_text("utf-8") for path in sorted(Path(__file__).parent.glob("*.py")))
    named = set(re.findall(r'"(\w+)"', tests)) | set(re.findall(r"\.functions\.(\w+)", tests))
    declared = {entry["name"] for name in NAMES for entry in artifact(name)["abi"] if "name" in entry}
    assert declared - named - UNREACHABLE == set()


def test_the_reader_has_nothing_of_one_deployment_in_its_code() -> None:
    data = artifact("EvidenceReader")
    assert data["bytecode"].endswith(data["runtime"][2:])
