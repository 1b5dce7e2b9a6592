"""An auditor far away runs the same rules over an export, and finds the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from tests.service.cases.watched import PERIOD, Watched, watched
from tests.service.indicators.anchored import COMMUNITY
from tests.support.records import SCHOOL
from verifier_cli.audit.sources import RECORDS_SUFFIX
from verifier_cli.cli import run as trace_verify

DAYS = f"{PERIOD['from']}/{PERIOD['to']}"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with watched(tmp_path_factory.mktemp("elsewhere")) as made:
        yield made


@pytest.fixture(scope="module")
def export(world: Watched, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return world.community.export(tmp_path_factory.mktemp("export") / "records")


def arguments(world: Watched, export: Path, *more: str) -> list[str]:
    trust = str(world.community.settings.trust_file)
    fixed = ["exceptions", "--from", str(export), "--period", DAYS, "--trust", trust, "--jobs", "1"]
    return [*fixed, *more]


def test_it_finds_what_the_service_finds(
    world: Watched, export: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trace_verify(arguments(world, export, "--community", COMMUNITY, "--json")) == 1
    found = orjson.loads(capsys.readouterr().out)
    told = world.get(SCHOOL, "/v1/exceptions", **PERIOD, community=COMMUNITY).json()["rules"]
    assert found["rules"] == [rule for rule in told if rule["code"] != "unsigned_beyond_deadline"]
    assert found["left"] == {"revoked": 1}


def test_lines_for_people(world: Watched, export: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert trace_verify(arguments(world, export, "--rule", "overlapping_hours", "--lang", "en")) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "One person at two places at once (overlapping_hours): 1"
    assert {record.id for record in world.overlapping} <= set(lines[1].split())
    assert trace_verify(arguments(world, export, "--rule", "late_entry", "--lang", "zh")) == 0


def test_a_withheld_record_leaves_it_open(
    world: Watched, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    part = world.community.export(tmp_path / "part")
    gone = world.overlapping[0].id.encode()
    for path in part.glob(f"*/*{RECORDS_SUFFIX}"):
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join(line for line in lines if b'"id":"%b"' % gone not in line))
    assert trace_verify(arguments(world, part, "--rule", "overlapping_hours", "--json")) == 2
    assert orjson.loads(capsys.readouterr().out)["left"] == {"revoked": 1, "withheld": 1}


@pytest.mark.parametrize(
    "change", [("--rule", "no_such"), ("--period", "2025"), ("--period", "2026-01-01/2026-01-01")]
)
def test_misuse(world: Watched, export: Path, change: tuple[str, str]) -> None:
    assert trace_verify(arguments(world, export, *change)) == 3


def test_an_unknown_community(world: Watched, export: Path) -> None:
    unknown = "urn:uuid:00000000-0000-4000-8000-000000000009"
    assert trace_verify(arguments(world, export, "--community", unknown)) == 3
