"""`trace-verify audit` as a command: a snapshot in place of a node, exit codes, checkpoint file, receipts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import orjson
import pytest

from tests.support.records import CHAIN_ID, FIRM, REGISTRY, SCHOOL, complete_record, make_key, signer_key
from tests.verifier.audit.exports import ACCOUNT, ANCHORED_AT, Export, make_record
from tests.verifier.audit.test_receipts import RECEIPT_KEY, receipt_bytes
from verifier_cli.audit import Audit, AuditReport, Checkpoint, Code, FolderSource
from verifier_cli.audit.command import Request, perform
from verifier_cli.audit.snapshot_facts import SnapshotFacts
from verifier_cli.chain import BlockRef, NoReading
from verifier_cli.cli import run
from verifier_cli.did import org_id
from verifier_cli.errors import CouldNotRead, DataError
from verifier_cli.evidence import Account, KeyWindow, Period
from verifier_cli.kinds import Role, role_mask
from verifier_cli.snapshot import OrganisationState, Snapshot
from verifier_cli.snapshot_reader import pins_of
from verifier_cli.trust import CodeHashes, Deployment, write_trust

START = ANCHORED_AT - 1_000_000
NOW = ANCHORED_AT + 1_000
ALL_KINDS = (1 << 12) - 1
DEPLOYMENT = Deployment(
    name="memory",
    chain_id=CHAIN_ID,
    genesis_hash=b"\x07" * 32,
    trust_registry=b"\x11" * 20,
    anchor_registry=bytes.fromhex(REGISTRY[2:]),
    evidence_reader=b"\x13" * 20,
    owner=b"\x14" * 20,
    operator="did:web:operator.example",
    code_hashes=CodeHashes(b"\x01" * 32, b"\x02" * 32, b"\x03" * 32),
    rpc=("http://127.0.0.1:9",),  # the discard port: nobody answers
    snapshot_max_age=10_000,
)
ROLES = {SCHOOL: role_mask(Role.SCHOOL), FIRM: role_mask(Role.MEMBER)}


@dataclass
class Case:
    """An export with the state of its organisations on chain; tests change the states, then audit."""

    export: Export
    states: dict[bytes, OrganisationState]
    folder: Path

    def snapshot(self) -> Snapshot:
        """The snapshot of the states as they are now."""
        states = {
            org: state._replace(
                batches=tuple(self.export.chain.batches(org)), head=len(self.export.chain.batches(org))
            )
            for org, state in self.states.items()
        }
        block = BlockRef(77, b"\x77" * 32, b"\x76" * 32, NOW - 5)
        return Snapshot(pins_of(DEPLOYMENT), block, states)

    def facts(self) -> SnapshotFacts:
        """The same as chain facts."""
        return SnapshotFacts(self.snapshot(), DEPLOYMENT, NOW)

    def audit(self) -> AuditReport:
        """Audit the folder against the snapshot."""
        return Audit(FolderSource(self.export.folder), self.facts()).run()

    def change(self, did: str, **members: object) -> None:
        """Change members of an organisation's state."""
        self.states[org_id(did)] = self.states[org_id(did)]._replace(**members)  # type: ignore[arg-type]

    def request(self, **members: object) -> Request:
        """What the command line would ask for, with the snapshot as a file."""
        trust, snapshot = self.folder / "trust.toml", self.folder / "snapshot.json"
        trust.write_text(write_trust([DEPLOYMENT]), "utf-8")
        snapshot.write_bytes(self.snapshot().serialise())
        asked = Request(str(self.export.folder), trust, snapshot=snapshot, jobs=1)
        return replace(asked, **members)  # type: ignore[arg-type]


def state(did: str) -> OrganisationState:
    """An organisation accredited by the owner, with its record key and an account that may anchor."""
    return OrganisationState(
        0,
        0,
        (Period(START, 0, ALL_KINDS, 0, ROLES[did], 0, bytes(32)),),
        {signer_key(did).public: KeyWindow(START, 0, 0)},
        {ACCOUNT: Account(START, 0, 0, 1)},
        (),
        {},
    )


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """Two batches: a record with two signers, then two with one."""
    export = Export(tmp_path / "export")
    export.add([complete_record("enrolment.1", name="e", number=1)])
    export.add([make_record(2), make_record(3)])
    return Case(export, {org_id(did): state(did) for did in (SCHOOL, FIRM)}, tmp_path)


def test_a_sound_export_is_consistent(case: Case) -> None:
    report = case.audit()
    assert report.findings == []
    assert (report.block_number, report.counts.signatures) == (77, 4)


def test_the_authority_of_step_seven_is_applied(case: Case) -> None:
    case.change(FIRM, keys={signer_key(FIRM).public: KeyWindow(START, 0, ANCHORED_AT)})
    (finding,) = case.audit().findings
    assert (finding.code, finding.sequence, finding.leaf_index) == (Code.SIGNER_UNAUTHORISED, 0, 0)
    assert "key_compromised" in finding.detail


def test_a_key_compromised_later_spoils_only_later_batches(case: Case) -> None:
    window = KeyWindow(START, 0, ANCHORED_AT + 60)  # when batch 1 was anchored
    case.change(SCHOOL, keys={signer_key(SCHOOL).public: window})
    assert {(f.code, f.sequence) for f in case.audit().findings} == {(Code.SIGNER_UNAUTHORISED, 1)}


def test_a_role_that_the_signer_does_not_hold_is_named(case: Case) -> None:
    period = Period(START, 0, ALL_KINDS, 0, role_mask(Role.AUDITOR), 0, bytes(32))
    case.change(FIRM, periods=(period,))
    (finding,) = case.audit().findings
    assert finding.code is Code.SIGNER_UNAUTHORISED
    assert "role_missing" in finding.detail


def test_an_account_without_the_scope_is_named(case: Case) -> None:
    case.change(SCHOOL, accounts={ACCOUNT: Account(START, 0, 0, 2)})
    assert [(f.code, f.sequence) for f in case.audit().findings] == [
        (Code.ACCOUNT_UNAUTHORISED, 0),
        (Code.ACCOUNT_UNAUTHORISED, 1),
    ]


def test_a_signer_whom_the_snapshot_leaves_out_is_undecided(case: Case) -> None:
    del case.states[org_id(FIRM)]
    report = case.audit()
    assert [finding.code for finding in report.findings] == [Code.SIGNER_UNKNOWN]
    assert report.verdict.exit_code == 2


def test_a_snapshot_that_is_too_old_is_not_used(case: Case) -> None:
    with pytest.raises(NoReading) as caught:
        SnapshotFacts(case.snapshot(), DEPLOYMENT, NOW + 20_000)
    assert caught.value.reason == "snapshot_too_old"


def test_a_snapshot_of_another_deployment_is_not_used(case: Case) -> None:
    other = replace(DEPLOYMENT, genesis_hash=b"\x08" * 32)
    empty = Snapshot(pins_of(DEPLOYMENT), case.snapshot().block, {})
    for snapshot in (case.snapshot(), empty):
        with pytest.raises(NoReading) as caught:
            SnapshotFacts(snapshot, other, NOW)
        assert caught.value.reason == "snapshot_other_deployment"


def test_the_checkpoint_file_is_kept_and_a_changed_past_does_not_renew_it(case: Case) -> None:
    file = case.folder / "checkpoint.json"
    assert perform(case.request(checkpoint=file), NOW).findings == []
    seen = file.read_bytes()
    assert (
        Checkpoint.parse(seen).roots[org_id(SCHOOL)][0] == case.export.chain.batches(org_id(SCHOOL))[0].root
    )
    case.export.add([make_record(4)])
    assert perform(case.request(checkpoint=file), NOW).findings == []
    grown = file.read_bytes()
    assert len(Checkpoint.parse(grown).roots[org_id(SCHOOL)]) == 3
    batches = case.export.chain.anchored[org_id(SCHOOL)]
    batches[0] = batches[0]._replace(root=bytes(32))
    report = perform(case.request(checkpoint=file), NOW)
    assert Code.EQUIVOCATION in [finding.code for finding in report.findings]
    assert file.read_bytes() == grown


def test_what_a_smaller_snapshot_leaves_out_stays_in_the_checkpoint(case: Case) -> None:
    case.export.add([complete_record("party.1", name="f", number=1, issuer=FIRM)], did=FIRM)
    file = case.folder / "checkpoint.json"
    perform(case.request(checkpoint=file), NOW)
    full = Checkpoint.parse(file.read_bytes())
    whole = case.snapshot()
    firm = whole.organisations[org_id(FIRM)]._replace(batches=None, status=None)
    partial = Snapshot(whole.pins, whole.block, {**whole.organisations, org_id(FIRM): firm})
    again = Checkpoint.take(SnapshotFacts(partial, DEPLOYMENT, NOW), full)
    assert again.roots == full.roots


def test_receipts_are_read_from_files(case: Case) -> None:
    file = case.folder / "receipts.ndjson"
    good = receipt_bytes(make_record(2).digest, ANCHORED_AT + 60)
    file.write_bytes(
        good + b"\n\nnot a receipt\n" + receipt_bytes(make_record(9).digest, ANCHORED_AT) + b"\n"
    )
    request = case.request(receipts=(file,), receipt_keys=(RECEIPT_KEY.multikey,))
    report = perform(request, NOW)
    assert [f.code for f in report.findings] == [Code.RECEIPT_INVALID, Code.PROMISE_BROKEN]
    assert report.counts.receipts == 2


def test_receipts_need_a_key(case: Case) -> None:
    with pytest.raises(DataError) as caught:
        perform(case.request(receipts=(case.folder / "x",)), NOW)
    assert caught.value.path == "--receipt-key"


def test_a_chain_that_does_not_answer_is_no_verdict(case: Case) -> None:
    with pytest.raises(CouldNotRead):
        perform(case.request(snapshot=None), NOW)


# ----- the command line -----


def arguments(case: Case, *more: str) -> list[str]:
    """Arguments of an audit; the snapshot is dated now, so that it is fresh for the real clock."""
    request = case.request()
    assert request.snapshot is not None
    return ["audit", request.source, "--trust", str(request.trust), "--jobs", "1", *more]


@pytest.fixture
def fresh(case: Case, monkeypatch: pytest.MonkeyPatch) -> Case:
    """The command reads the clock: let it be the snapshot's."""
    monkeypatch.setattr("verifier_cli.audit.command.time.time", lambda: float(NOW))
    return case


def with_snapshot(case: Case, *more: str) -> list[str]:
    """The same with the snapshot."""
    return arguments(case, "--snapshot", str(case.folder / "snapshot.json"), *more)


def test_exit_code_0_and_a_text_for_people(fresh: Case, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(with_snapshot(fresh)) == 0
    assert capsys.readouterr().out.startswith("CONSISTENT")


def test_exit_code_1_and_the_json_report(fresh: Case, capsys: pytest.CaptureFixture[str]) -> None:
    path = fresh.export.records_path(1)
    path.write_bytes(path.read_bytes().replace(b"12440000MB", b"99440000MB", 1))
    assert run(with_snapshot(fresh, "--json")) == 1
    report = orjson.loads(capsys.readouterr().out)
    assert (report["type"], report["version"], report["verdict"]) == ("SkillTraceAuditReport", 1, "FINDINGS")
    assert {finding["code"] for finding in report["findings"]} == {"record_altered", "signature_invalid"}
    assert {finding["recordId"] for finding in report["findings"]} == {make_record(2).id}


def test_findings_are_said_to_people_too(fresh: Case, capsys: pytest.CaptureFixture[str]) -> None:
    path = fresh.export.records_path(1)
    path.write_bytes(path.read_bytes().replace(b"12440000MB", b"99440000MB", 1))
    assert run(with_snapshot(fresh)) == 1
    assert (
        f"record_altered: {SCHOOL}, sequence 1, tile 0, leaf 0, {make_record(2).id}"
        in capsys.readouterr().out
    )


def test_exit_code_2_for_withheld_records(fresh: Case, capsys: pytest.CaptureFixture[str]) -> None:
    fresh.export.records_path(1).unlink()
    assert run(with_snapshot(fresh)) == 2
    assert capsys.readouterr().out.startswith("INCOMPLETE")
    assert run(with_snapshot(fresh, "--leaves-only")) == 0


def test_exit_code_2_without_a_chain(fresh: Case, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments(fresh)) == 2
    assert "UNDECIDED" in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong",
    [
        ["--trust", "/nonexistent/trust.toml"],
        ["--deployment", "other"],
        ["--receipts", "/nonexistent"],
        ["--receipts", "/nonexistent", "--receipt-key", make_key(1).multikey],
        ["--receipt-key", "z6Mkx"],
        ["--snapshot", "/nonexistent"],
        ["--api-key-file", "/nonexistent"],
        ["--rpc", "ftp://x", "--no-such-option"],
        ["--jobs", "0"],
    ],
)
def test_exit_code_3_for_misuse(fresh: Case, wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code: object = run([*with_snapshot(fresh), *wrong])
    except SystemExit as leaving:  # the parser's way out
        code = leaving.code
    assert code == 3
    assert capsys.readouterr().err


def test_exit_code_3_for_a_folder_that_is_no_export(
    fresh: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    given = with_snapshot(fresh)
    given[1] = str(tmp_path / "empty")
    assert run(given) == 3
    assert "organisations.json" in capsys.readouterr().err
