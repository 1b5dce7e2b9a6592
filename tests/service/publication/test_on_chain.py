"""Real batches on the embedded chain: fsck, export, public lists and public verification agree with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from alembic import command
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from tests.service.publication.seeded import damage
from tests.support.nodes import embedded_node
from tests.support.records import FIRM, SCHOOL
from tests.support.service import Service, running
from tests.support.world import World, make_world, settle
from trace_service import database
from trace_service.anchoring import queries as anchoring_queries
from trace_service.anchoring.proofs import ProofFiles
from trace_service.cli.main import make_app
from trace_service.config import SETTINGS_FILE, Settings, settings_text
from trace_service.installation import trust_text
from trace_service.keys.files import create, load_ed25519, make_key_dir
from trace_service.migrate import configuration
from trace_service.publication.cli import own_chain_facts
from trace_service.publication.database_source import DatabaseSource
from trace_service.publication.export import ExportExists, export
from trace_service.publication.fsck import fsck
from trace_service.publication.queries import RECORD
from trace_service.records.receipt import make_receipt
from trace_service.security import create_key
from verifier_cli.audit import Audit, AuditOptions, Code, FolderSource
from verifier_cli.audit.command import Request, perform
from verifier_cli.audit.http_source import HttpSource
from verifier_cli.cli import run as trace_verify
from verifier_cli.did import org_id

PASSPHRASE = "for tests only"


@dataclass
class Installation:
    """A world whose data directory the commands can open, served over HTTP."""

    world: World
    data_dir: Path
    service: Service

    def invoke(self, *arguments: str) -> tuple[int, str]:
        """Run `trace-service` with this data directory; returns exit code and output."""
        result = CliRunner().invoke(
            make_app(), [arguments[0], "--data-dir", str(self.data_dir), *arguments[1:]]
        )
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.output

    def fsck(self) -> tuple[int, dict[str, object]]:
        """`trace-service fsck --json`."""
        code, output = self.invoke("fsck", "--json", "--jobs", "1")
        return code, orjson.loads(output)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Three batches of the firm's and one of the school's records, anchored and final."""
    folder = tmp_path_factory.mktemp("installation")
    with embedded_node(folder / "chain") as node:
        world = make_world(node, folder)
        anchoring = world.anchoring()
        for _ in range(3):
            world.add_record("activity.1")
            world.add_record("activity.1")
            world.seal(FIRM)
        world.add_record("party.1")
        world.seal(SCHOOL)
        _complete_rows(world)
        settle(anchoring)
        yield from _open(world, folder)


def _complete_rows(world: World) -> None:
    """What the service's own door writes beside a record: its subject and a promise of 15 minutes."""
    with database.write(world.engine) as connection:
        for record in world.made:
            values = {
                "subject": record.document["credentialSubject"]["id"],
                "anchor_by": database.utc_now() + timedelta(minutes=15),
            }
            connection.execute(RECORD.update().where(RECORD.c.id == record.id).values(**values))


def _open(world: World, folder: Path) -> Iterator[Installation]:
    settings = Settings(
        data_dir=folder,
        database_url=f"sqlite:///{folder / 'skilltrace.db'}",
        operator="did:web:trace.example",
        chain=world.chain,
    )
    (folder / SETTINGS_FILE).write_text(settings_text(settings), "utf-8")
    settings.trust_file.write_text(trust_text(settings, world.owner.address, world.node.url), "utf-8")
    make_key_dir(settings.keys_dir)
    create(settings.keys_dir / "receipt.json", "ed25519", PASSPHRASE)
    with database.write(world.engine) as connection:
        stamped = configuration()
        stamped.attributes["connection"] = connection
        command.stamp(stamped, "head")
        keys = {did: create_key(connection, pk, frozenset({"read"})) for did, pk in world.pks.items()}
    service = Service(settings, world.engine, Ed25519PrivateKey.generate(), {}, keys)
    with running(service):
        yield Installation(world, folder, service)


def test_fsck_is_clean_and_counts_everything(installation: Installation) -> None:
    code, report = installation.fsck()
    assert report["findings"] == []
    assert (report["lost"], report["double"], report["gaps"]) == (0, 0, 0)
    assert report["counts"] == {
        "organisations": 2,
        "batches": 4,
        "leaves": 7,
        "records": 7,
        "signatures": 13,
        "opaque": 0,
        "unexplained": 0,
        "pending": 0,
        "receipts": 0,
        "promisesPending": 0,
    }
    assert code == 0


def test_fsck_prints_a_table(installation: Installation) -> None:
    code, output = installation.invoke("fsck", "--jobs", "1")
    assert code == 0
    assert output.startswith("CONSISTENT")
    assert [line.split()[-1] for line in output.splitlines() if line.strip().startswith("lost")] == ["0"]


def test_an_export_is_audited_against_the_node(installation: Installation, tmp_path: Path) -> None:
    target = tmp_path / "export"
    assert installation.invoke("export", str(target))[0] == 0
    trust = str(installation.service.settings.trust_file)
    assert trace_verify(["audit", str(target), "--trust", trust, "--jobs", "2"]) == 0


def test_an_export_never_writes_into_another_one(installation: Installation, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("mine", "utf-8")
    with database.read(installation.world.engine) as connection, pytest.raises(ExportExists) as caught:
        export(DatabaseSource(connection), tmp_path, with_records=True)
    assert caught.value.folder == tmp_path
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_an_export_of_one_organisation_without_records(installation: Installation, tmp_path: Path) -> None:
    target = tmp_path / "export"
    installation.invoke("export", str(target), "--org", SCHOOL, "--leaves-only")
    names = {str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()}
    place = org_id(SCHOOL).hex()
    assert names == {"organisations.json", f"{place}/batches.json", f"{place}/0.leaves.ndjson"}


def test_the_public_lists_are_audited_without_a_key(installation: Installation) -> None:
    request = Request(installation.service.url, installation.service.settings.trust_file, jobs=1)
    report = perform(request, installation.world.authority.chain_time())
    assert {finding.code for finding in report.findings} == {Code.OPAQUE_LEAF}
    assert (report.counts.leaves, report.counts.records, report.counts.batches) == (7, 0, 4)


@pytest.mark.parametrize(("did", "records"), [(FIRM, 6), (SCHOOL, 7)])
def test_with_a_key_an_organisation_audits_the_records_it_signed(
    installation: Installation, did: str, records: int
) -> None:
    key = installation.service.api_keys[did]
    request = Request(installation.service.url, installation.service.settings.trust_file, api_key=key, jobs=1)
    report = perform(request, installation.world.authority.chain_time())
    assert report.counts.records == records
    assert {finding.code for finding in report.findings} <= {Code.OPAQUE_LEAF}


def test_export_and_public_lists_have_the_same_leaves(installation: Installation, tmp_path: Path) -> None:
    installation.invoke("export", str(tmp_path / "export"))
    folder, http = FolderSource(tmp_path / "export"), HttpSource(installation.service.url)
    assert http.organisations() == folder.organisations()
    assert http.sequences(FIRM) == folder.sequences(FIRM) == [0, 1, 2]
    assert list(http.leaves(FIRM, 1)) == list(folder.leaves(FIRM, 1))
    assert list(http.leaves(FIRM, 9)) == []


def test_pages_lead_on_to_the_end(installation: Installation) -> None:
    with installation.service.client() as client:
        path = f"/v1/public/organisations/{org_id(FIRM).hex()}/batches"
        seen, cursor = [], None
        while True:
            page = client.get(path, params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
            seen.append([item["sequence"] for item in page["items"]])
            cursor = page["next"]
            if cursor is None:
                break
        names = client.get("/v1/public/organisations", params={"limit": 1}).json()
    assert seen == [[0, 1], [2]]
    assert len(names["items"]) == 1
    assert names["next"] is not None


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/public/organisations/" + "0" * 64 + "/batches", 404, "organisation.not_found"),
        (f"/v1/public/organisations/{org_id(FIRM).hex()}/batches/9/leaves", 404, "batch.not_found"),
        (f"/v1/public/organisations/{org_id(FIRM).hex()}/batches/0/records", 401, "key.required"),
        ("/v1/public/organisations/..%2f/batches", 404, "route.not_found"),
        ("/v1/public/organisations/XYZ/batches", 422, "request.invalid"),
        ("/v1/public/organisations?cursor=x", 422, "request.cursor"),
        ("/v1/public/organisations?limit=501", 422, "request.invalid"),
    ],
)
def test_what_is_not_there_is_a_problem(
    installation: Installation, path: str, status: int, code: str
) -> None:
    with installation.service.client() as client:
        answer = client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_fsck_names_a_chain_that_is_ahead(installation: Installation, tmp_path: Path) -> None:
    report = _after(installation, "DELETE FROM batch WHERE sequence = 2", tmp_path)
    assert {"chain_ahead", "batch_removed"} <= _codes(report)
    assert report["gaps"] == 1


def test_fsck_names_a_status_that_the_chain_does_not_have(installation: Installation, tmp_path: Path) -> None:
    report = _after(
        installation,
        'INSERT INTO status_change (id, organisation_pk, record_pk, plane, "on", reason, note, requested_at, '
        "effective_at) SELECT 'x', organisation_pk, pk, 0, 1, 1, '', created_at, 1 FROM record WHERE pk = 1",
        tmp_path,
    )
    found = [finding for finding in _findings(report) if finding["code"] == "status_differs"]
    assert [(f["recordId"], f["actual"]) for f in found] == [
        (installation.world.made[0].id, "not set on the chain")
    ]


def test_fsck_names_a_forged_record_in_the_outbox(installation: Installation, tmp_path: Path) -> None:
    report = _after(
        installation,
        "INSERT INTO outbox SELECT organisation_pk, pk FROM record WHERE pk = 1",
        tmp_path,
        "DELETE FROM batch_leaf WHERE record_pk = 1",
        "UPDATE record_signature SET proof = replace(proof, 'assertionMethod', 'authentication') "
        "WHERE record_pk = 1",
    )
    assert {"signature_invalid", "leaf_removed"} <= _codes(report)
    assert report["waiting"] == 1


def _after(installation: Installation, statement: str, folder: Path, *more: str) -> dict[str, object]:
    """fsck's report on a damaged copy of the database."""
    copy = folder / "copy.db"
    with database.read(installation.world.engine) as connection:
        connection.rollback()
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.execute(f"VACUUM INTO '{copy}'")
    engine = database.make_engine(f"sqlite:///{copy}")
    damage(engine, statement, *more)
    report = fsck(engine, own_chain_facts(installation.service.settings))
    engine.dispose()
    return report.to_json()


def _findings(report: dict[str, object]) -> list[dict[str, object]]:
    found = report["findings"]
    assert isinstance(found, list)
    return found


def _codes(report: dict[str, object]) -> set[object]:
    return {finding["code"] for finding in _findings(report)}


def test_a_kept_receipt_is_honoured_and_a_lost_one_is_named(
    installation: Installation, tmp_path: Path
) -> None:
    key = load_ed25519(installation.service.settings.keys_dir / "receipt.json", PASSPHRASE)
    then, late = 1_782_000_000, 4_000_000_000
    file = tmp_path / "receipts.ndjson"
    known = installation.world.made[0].digest
    lines = [
        orjson.dumps(make_receipt(key, "did:web:trace.example", digest, then, late))
        for digest in (known, bytes(32))
    ]
    file.write_bytes(lines[0] + b"\n")
    assert installation.invoke("fsck", "--receipts", str(file), "--jobs", "1")[0] == 0
    file.write_bytes(b"\n".join(lines))
    code, output = installation.invoke("fsck", "--receipts", str(file), "--jobs", "1", "--json")
    assert code == 1
    assert [f["code"] for f in orjson.loads(output)["findings"]] == ["promise_broken"]


# ----- public verification -----


@pytest.fixture
def proof_file(installation: Installation) -> bytes:
    """The first record's proof file."""
    world = installation.world
    with database.read(world.engine) as connection:
        place = anchoring_queries.place_of(connection, world.made[0].id)
        assert place is not None
        return ProofFiles(world.chain).write(connection, place)


def test_anybody_may_verify(installation: Installation, proof_file: bytes) -> None:
    with installation.service.client() as client:
        answer = client.post("/v1/verify", content=proof_file)
    remarks = {remark["code"] for remark in answer.json()["remarks"]}
    assert (answer.status_code, answer.json()["exitCode"]) == (200, 0)
    assert remarks == {"claimed_long_before"}  # the sample's date lies months back


def test_an_altered_record_is_an_answer_and_not_an_error(
    installation: Installation, proof_file: bytes
) -> None:
    with installation.service.client() as client:
        answer = client.post("/v1/verify", content=proof_file.replace(b"practice", b"practise", 1))
        garbage = client.post("/v1/verify", content=b"[" * 30)
    assert (answer.status_code, answer.json()["verdict"]) == (200, "NOT_VALID")
    assert (garbage.status_code, garbage.json()["verdict"]) == (200, "NOT_VALID")


def test_too_large_and_a_wrong_time_are_refused(installation: Installation, proof_file: bytes) -> None:
    with installation.service.client() as client:
        large = client.post("/v1/verify", content=b" " * 70_000)
        wrong = client.post("/v1/verify?at=yesterday", content=proof_file)
    assert (large.status_code, large.json()["code"]) == (413, "verification.too_large")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "request.time")


def test_a_network_in_trouble_is_undecided(installation: Installation, proof_file: bytes) -> None:
    trust = installation.service.settings.trust_file
    before = trust.read_text("utf-8")
    trust.write_text(before.replace(installation.world.node.url, "http://127.0.0.1:9"), "utf-8")
    try:
        with installation.service.client() as client:
            answer = client.post("/v1/verify", content=proof_file)
    finally:
        trust.write_text(before, "utf-8")
    assert (answer.status_code, answer.json()["verdict"]) == (200, "UNDECIDED")


def test_leaf_lists_alone_are_audited_with_options(installation: Installation, tmp_path: Path) -> None:
    installation.invoke("export", str(tmp_path / "export"), "--leaves-only")
    facts = own_chain_facts(installation.service.settings)
    report = Audit(FolderSource(tmp_path / "export"), facts, AuditOptions(with_records=False)).run()
    assert report.verdict.exit_code == 0
