"""From records on a real chain to a dossier that verifies offline, and a service as source of a lineage."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support.nodes import RunningNode, anvil_node
from tests.support.records import FIRM, SCHOOL, link
from tests.support.service import Service, running
from tests.support.world import World, make_installation, settle
from trace_service.anchoring.proofs import ProofFiles
from trace_service.anchoring.release import release
from trace_service.anchoring.selfcheck import make_verifier
from trace_service.database import write
from trace_service.lineage import dossiers
from trace_service.security import create_key
from trace_service.verification.limits import Places
from verifier_cli.cli import run
from verifier_cli.commands.verify import API_KEY
from verifier_cli.dossier import read_dossier
from verifier_cli.encoding import digest_multibase, format_time
from verifier_cli.record import Record

pytestmark = pytest.mark.node

WEEKS = 5


@dataclass
class Stage:
    """A served installation with a certificate whose decision is the school's alone."""

    node: RunningNode
    world: World
    service: Service
    records: dict[str, Record]
    folder: Path

    def get(self, did: str, path: str) -> httpx.Response:
        with self.service.client(did) as client:
            return client.get(path)

    def dossier(self, did: str) -> bytes:
        answer = self.get(did, f"/v1/records/{self.records['certificate'].id}/dossier")
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/zip"
        return answer.content

    def save(self, name: str, data: bytes) -> str:
        path = self.folder / name
        path.write_bytes(data)
        return str(path)


def _records(world: World) -> dict[str, Record]:
    made: dict[str, Record] = {}
    today = format_time(world.authority.chain_time())  # a claim of long ago would be a remark

    def add(name: str, schema: str, *links: tuple[str, str]) -> None:
        entries = [link(made[target].document, rel) for rel, target in links]
        made[name] = world.add_record(schema, links=entries, validFrom=today)

    free = {"requirements": None}  # these records are about a trainee each, and no gate is tried here
    made["standard"] = world.add_record("standard.1", validFrom=today, subject=free)
    add("enrolment", "enrolment.1", ("alignsTo", "standard"))
    for week in range(WEEKS):
        add(f"week {week}", "activity.1", ("performedUnder", "enrolment"))
    add("evaluation", "evaluation.1", *[("evaluates", f"week {week}") for week in range(WEEKS)])
    add("party", "party.1")
    add("decision", "decision.1", ("basedOn", "party"))
    links = ("evidencedBy", "evaluation"), ("awards", "standard"), ("basedOn", "decision")
    add("certificate", "credential.1", *links)
    return made


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("stage")
    with anvil_node() as node:
        world, settings = make_installation(node, folder)
        records = _records(world)
        for did in (SCHOOL, FIRM):
            world.seal(did)
        settle(world.anchoring())
        assert release(world.engine, ProofFiles(world.chain), make_verifier(settings), world.authority) == 2
        with write(world.engine) as connection:
            keys = {did: create_key(connection, pk, frozenset(("read",))) for did, pk in world.pks.items()}
        with running(Service(settings, world.engine, Ed25519PrivateKey.generate(), {}, keys)) as service:
            yield Stage(node, world, service, records, folder)


def test_dossier_of_one_who_sees_all_is_valid(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    path = stage.save("school.zip", stage.dossier(SCHOOL))
    assert run(["dossier", path, "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert (value["verdict"], value["trustFrom"]) == ("VALID", "dossier")
    assert value["counts"] == {"ancestors": len(stage.records) - 1, "descendants": 0, "withheld": 0}


def test_what_the_asker_may_not_see_is_withheld(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    data = stage.dossier(FIRM)
    hidden, party = stage.records["decision"], stage.records["party"]
    everything = b"".join(zipfile.ZipFile(io.BytesIO(data)).read(n) for n in _names(data))
    # The certificate names the decision; nothing names what lies below it.
    assert hidden.id.encode() in everything
    assert party.id.encode() not in everything
    assert digest_multibase(party.digest).encode() not in everything
    path = stage.save("firm.zip", data)
    assert dict(read_dossier(Path(path)).withheld) == {hidden.digest: "decision"}
    assert run(["dossier", path, "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert (value["verdict"], value["counts"]["withheld"]) == ("VALID_WITH_REMARKS", 1)
    assert [n["digest"] for n in value["nodes"] if n["outcome"] == "WITHHELD"] == [
        digest_multibase(hidden.digest)
    ]
    assert run(["dossier", path, "--strict"]) == 1
    trust = str(stage.service.settings.trust_file)
    assert run(["dossier", path, "--trust", trust]) == 0


def _names(data: bytes) -> list[str]:
    return zipfile.ZipFile(io.BytesIO(data)).namelist()


def test_asker_may_withhold_more(stage: Stage) -> None:
    week = stage.records["evaluation"]
    with stage.service.client(SCHOOL) as client:
        url = f"/v1/records/{stage.records['certificate'].id}/dossier"
        answer = client.post(url, json={"withhold": [digest_multibase(week.digest)]})
    assert answer.status_code == 200
    path = stage.save("less.zip", answer.content)
    read = read_dossier(Path(path))
    assert dict(read.withheld) == {week.digest: "evaluation"}
    assert {entry.type for entry in read.entries} == {"credential", "standard", "decision", "party"}
    assert run(["dossier", path]) == 0


def test_service_as_source_is_verified_not_believed(
    stage: Stage, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    record = stage.records["certificate"]
    path = stage.save("c.trace.json", stage.get(FIRM, f"/v1/records/{record.id}/proof-file").content)
    command = ["lineage", path, "--trust", str(stage.service.settings.trust_file), "--json"]
    source = ["--source", stage.service.url]
    monkeypatch.setenv(API_KEY, stage.service.api_keys[FIRM])
    assert run([*command, *source]) == 0
    value = json.loads(capsys.readouterr().out)
    assert (value["verdict"], value["counts"]["withheld"]) == ("VALID_WITH_REMARKS", 1)
    standard = stage.records["standard"]
    path = stage.save("s.trace.json", stage.get(SCHOOL, f"/v1/records/{standard.id}/proof-file").content)
    command[1] = path
    assert run([*command, *source, "--descendants"]) == 0
    nodes = json.loads(capsys.readouterr().out)["nodes"]
    below = {node["digest"]: node["outcome"] for node in nodes if node["depth"] < 0}
    wanted = {"enrolment", "evaluation", "certificate", *(f"week {week}" for week in range(WEEKS))}
    assert below == {digest_multibase(stage.records[name].digest): "VALID" for name in wanted}
    monkeypatch.setenv(API_KEY, "tsk_wrong")
    assert run([*command, *source]) == 2


def test_too_many_at_once_are_refused(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(Places):
        def __init__(self, places: int = 0) -> None:
            super().__init__(1)
            self.held = self.one()
            self.held.__enter__()

    monkeypatch.setattr("trace_service.lineage.routes.Places", Full)
    with running(replace(stage.service)) as other, other.client(SCHOOL) as client:
        answer = client.get(f"/v1/records/{stage.records['certificate'].id}/dossier")
    assert (answer.status_code, answer.json()["code"]) == (503, "verification.busy")


@pytest.mark.parametrize(("known", "status"), [(True, 200), (False, 503)])
def test_the_embedded_node_is_found_through_the_trust_file(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, known: bool, status: int
) -> None:
    chain = replace(stage.service.settings.chain, embedded=True, rpc_url="")
    settings = replace(stage.service.settings, chain=chain)
    pinned = dossiers._deployment(settings)
    monkeypatch.setattr(
        dossiers, "_deployment", lambda _settings: pinned if known else replace(pinned, rpc=())
    )
    with running(replace(stage.service, settings=settings)) as other, other.client(SCHOOL) as client:
        answer = client.get(f"/v1/records/{stage.records['certificate'].id}/dossier")
    assert answer.status_code == status


def test_chain_out_of_reach_is_said(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    deployment = dossiers._deployment

    def away(settings: object) -> object:
        return replace(deployment(stage.service.settings), rpc=("http://127.0.0.1:1",))

    monkeypatch.setattr(dossiers, "_deployment", away)
    answer = stage.get(SCHOOL, f"/v1/records/{stage.records['certificate'].id}/dossier")
    assert (answer.status_code, answer.json()["code"]) == (503, "chain.unreadable")
