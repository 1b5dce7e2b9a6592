"""The commands and the API: compute, print, draft; and who may ask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import orjson
import pytest
from alembic import command
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from tests.service.indicators.anchored import COMMUNITY, TRAINEES, Anchored, make_anchored
from tests.support.nodes import embedded_node
from tests.support.records import FIRM, SCHOOL
from tests.support.service import Service, running
from trace_service import database
from trace_service.cli.main import make_app
from trace_service.config import SETTINGS_FILE, settings_text
from trace_service.indicators.drafting import draft
from trace_service.indicators.service import reported
from trace_service.migrate import configuration
from trace_service.organisations import service as organisations
from trace_service.problems import Problem
from trace_service.records.queries import find_record
from trace_service.security import create_key
from verifier_cli.indicators.definition import shipped

STRANGER = "did:web:stranger.example"
PERIOD = {"from": "2025-09-01", "to": "2026-09-01"}


@dataclass
class Installed:
    """The community behind a port, and a data directory for commands."""

    community: Anchored
    service: Service

    def client(self, did: str) -> httpx.Client:
        return self.service.client(did)

    def invoke(self, *arguments: str) -> tuple[int, str, str]:
        """`trace-service indicators run` of the community and year: exit code, output, errors."""
        fixed = ("--data-dir", str(self.community.settings.data_dir), "--community", COMMUNITY)
        days = ("--from", PERIOD["from"], "--to", PERIOD["to"])
        result = CliRunner().invoke(make_app("indicators"), ["indicators", "run", *fixed, *days, *arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.stdout, result.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    folder = tmp_path_factory.mktemp("installed")
    with embedded_node(folder / "chain") as node:
        community = make_anchored(node, folder)
        settings, world = community.settings, community.world
        (folder / SETTINGS_FILE).write_text(settings_text(settings), "utf-8")
        with database.write(world.engine) as connection:
            stamped = configuration()
            stamped.attributes["connection"] = connection
            command.stamp(stamped, "head")
            pks = {**world.pks, STRANGER: organisations.register(connection, STRANGER, "外人")}
            keys = {did: create_key(connection, pk, frozenset({"read", "issue"})) for did, pk in pks.items()}
        service = Service(settings, world.engine, Ed25519PrivateKey.generate(), {}, keys)
        with running(service):
            yield Installed(community, service)


def test_the_command_prints_a_table(installed: Installed) -> None:
    code, output, _ = installed.invoke()
    assert code == 0
    line = next(line for line in output.splitlines() if line.startswith("I7 "))
    assert "0.8333" in line
    assert str(TRAINEES) in line


def test_the_command_writes_report_and_snapshot(installed: Installed, tmp_path: Path) -> None:
    code, output, _ = installed.invoke("--json", "--out", str(tmp_path / "out"))
    assert code == 0
    report = orjson.loads(output)
    assert orjson.loads((tmp_path / "out" / "report.json").read_bytes()) == report
    snapshot = orjson.loads((tmp_path / "out" / "snapshot.json").read_bytes())
    assert snapshot["block"]["number"] == report["block"]
    assert [item["code"] for item in report["definitions"]] == [item.code for item in reported()]


def test_the_api_computes_the_same(installed: Installed) -> None:
    _, output, _ = installed.invoke("--json")
    with installed.client(FIRM) as client:
        answer = client.get("/v1/indicators/values", params={"community": COMMUNITY, **PERIOD})
    assert answer.status_code == 200
    assert answer.json()["values"] == orjson.loads(output)["values"]


def test_a_report_is_drafted_with_every_definition(installed: Installed) -> None:
    with installed.client(SCHOOL) as client:
        answer = client.post("/v1/indicators/reports", json={"community": COMMUNITY, **PERIOD})
        assert answer.status_code == 202, answer.text
        drafted = answer.json()
        assert len(drafted["newDefinitions"]) == len(reported())
        record = client.get(f"/v1/records/{drafted['id']}").json()["record"]
        again = client.post("/v1/indicators/reports", json={"community": COMMUNITY, **PERIOD}).json()
    subject = record["credentialSubject"]
    assert subject["report"] == drafted["report"]
    # Every definition and the agreement of the community.
    assert len(record["relatedResource"]) == len(reported()) + 1
    assert again["newDefinitions"] == []


@pytest.mark.parametrize("did", [STRANGER])
def test_for_who_does_not_belong_the_community_does_not_exist(installed: Installed, did: str) -> None:
    with installed.client(did) as client:
        for answer in (
            client.get("/v1/indicators/values", params={"community": COMMUNITY, **PERIOD}),
            client.post("/v1/indicators/reports", json={"community": COMMUNITY, **PERIOD}),
        ):
            assert answer.status_code == 404


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"community": "urn:uuid:00000000-0000-4000-8000-000000000009"}, 404, "community.not_found"),
        ({"to": "2025-09-01"}, 422, "indicators.period"),
        ({"from": "yesterday"}, 422, "request.invalid"),
    ],
)
def test_what_cannot_be_computed_is_a_problem(
    installed: Installed, change: dict[str, str], status: int, code: str
) -> None:
    with installed.client(SCHOOL) as client:
        answer = client.post("/v1/indicators/reports", json={"community": COMMUNITY, **PERIOD, **change})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_definitions_are_public(installed: Installed) -> None:
    with installed.service.client() as client:
        items = client.get("/v1/indicators/definitions").json()["items"]
    assert {item["code"] for item in items} == set(shipped())


def test_a_changed_definition_needs_a_new_version(installed: Installed) -> None:
    computed = installed.community.compute()
    changed = tuple(replace(item, note="other") for item in computed.definitions)
    world, now = installed.community.world, installed.community.world.authority.chain_time()
    with database.write(world.engine) as connection:
        draft(connection, world.chain, SCHOOL, computed, now)
        with pytest.raises(Problem) as refused:
            draft(connection, world.chain, SCHOOL, replace(computed, definitions=changed), now)
    assert refused.value.code == "indicators.definition"


def test_a_new_version_is_issued_beside_the_former_one(installed: Installed) -> None:
    computed = installed.community.compute()
    newer = tuple(replace(item, version="2") for item in computed.definitions)
    world, now = installed.community.world, installed.community.world.authority.chain_time()
    with database.write(world.engine) as connection:
        draft(connection, world.chain, SCHOOL, computed, now)
        drafted = draft(connection, world.chain, SCHOOL, replace(computed, definitions=newer), now)
        record = find_record(connection, SCHOOL, drafted.new_definitions[0])
        assert record is not None
        links = orjson.loads(record.document)["relatedResource"]
    assert len(drafted.new_definitions) == len(newer)
    assert [link["rel"] for link in links] == ["supersedes"]
