"""Deploy, accredit, anchor, verify: on anvil and on the embedded chain, with the contracts' own rules."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.deployment import REGULATOR, DeploymentFixture, deploy, number_of
from tests.support.nodes import RunningNode, anvil_node, embedded_node
from tests.support.records import EVALUATOR, FIRM, SCHOOL, signer_key
from trace_service.evm.registry import SCOPE_ANCHOR
from verifier_cli.chain import EndpointReader
from verifier_cli.did import org_id
from verifier_cli.evidence import EvidenceQuery
from verifier_cli.kinds import Role, role_mask
from verifier_cli.proof_file import ProofFile
from verifier_cli.quorum import Nodes
from verifier_cli.record import Record
from verifier_cli.report import Report, Step, Verdict
from verifier_cli.rpc import Endpoint
from verifier_cli.snapshot import Snapshot
from verifier_cli.snapshot_build import build_snapshot
from verifier_cli.snapshot_reader import SnapshotReader
from verifier_cli.trust import Trust, write_trust
from verifier_cli.verify import verify


@pytest.fixture(scope="module", params=["anvil", "embedded"])
def node(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNode]:
    """Both kinds of chain."""
    if request.param == "anvil":
        with anvil_node() as running:
            yield running
    else:
        with embedded_node(tmp_path_factory.mktemp("chain") / "data") as embedded:
            yield embedded


@pytest.fixture(scope="module")
def fixture(node: RunningNode) -> DeploymentFixture:
    """One deployment; tests add organisations of their own where they end them."""
    return deploy(node.url, node.funded_key)


def _verify(fixture: DeploymentFixture, data: bytes, now: int | None = None) -> Report:
    trust = Trust.parse(write_trust([fixture.deployment]))
    return verify(data, trust, Nodes(), int(time.time()) if now is None else now)


def _next_second(fixture: DeploymentFixture) -> None:
    """anvil mines several blocks in one second; an end in the anchor's own second would come before it."""
    while int(time.time()) <= fixture.chain_time():
        time.sleep(0.05)


def test_every_record_type_verifies(fixture: DeploymentFixture) -> None:
    for schema in ("party.1", "standard.1", "enrolment.1", "activity.1", "evaluation.1", "credential.1"):
        (data,) = fixture.issue(schema)
        report = _verify(fixture, data)
        assert (report.verdict, report.requests) == (Verdict.VALID, 1), report.steps


def test_online_and_offline_read_the_very_same_evidence(fixture: DeploymentFixture) -> None:
    first, second = fixture.issue("activity.1", count=2)
    fixture.set_status(FIRM, plane=1, number=number_of(second))
    now = int(time.time())
    taken = build_snapshot([Endpoint(fixture.url)], fixture.deployment, None, now)
    parsed = Snapshot.parse(taken.serialise(), fixture.trust)
    online, offline = EndpointReader(Endpoint(fixture.url)), SnapshotReader(parsed)
    school, firm = org_id(SCHOOL), org_id(FIRM)
    signers = (
        (firm, signer_key(FIRM).public),
        (school, signer_key(SCHOOL).public),
        (school, bytes(32)),
        (org_id(REGULATOR), bytes(32)),
    )
    for sequence in (0, fixture.head(FIRM) - 1, fixture.head(FIRM)):
        for number in (number_of(first), number_of(second), 10**13 - 1):
            query = EvidenceQuery(firm, sequence, number, signers)
            ours = offline.read(fixture.deployment, query, now)
            theirs = online.read(fixture.deployment, query, now)
            assert (ours.final, ours.block) == (theirs.final, theirs.block)
    assert verify(first, fixture.trust, offline, now).verdict is Verdict.VALID
    assert verify(second, fixture.trust, offline, now).step(Step.STATUS).reason == "suspended"


def test_covered_organisations_bring_their_accreditors_along(fixture: DeploymentFixture) -> None:
    taken = build_snapshot([Endpoint(fixture.url)], fixture.deployment, [org_id(SCHOOL)], int(time.time()))
    assert set(taken.organisations) == {org_id(SCHOOL), org_id(REGULATOR)}
    assert taken.organisations[org_id(SCHOOL)].batches is not None
    assert taken.organisations[org_id(REGULATOR)].batches is None


def test_status_planes(fixture: DeploymentFixture) -> None:
    revoked, suspended, superseded, free = fixture.issue("activity.1", count=4)
    for plane, data in enumerate((revoked, suspended, superseded)):
        fixture.set_status(FIRM, plane=plane, number=number_of(data))
    assert _verify(fixture, revoked).step(Step.STATUS).reason == "revoked"
    assert _verify(fixture, suspended).step(Step.STATUS).reason == "suspended"
    assert [remark.code for remark in _verify(fixture, superseded).remarks] == ["superseded"]
    assert _verify(fixture, free).verdict is Verdict.VALID
    fixture.set_status(FIRM, plane=1, number=number_of(suspended), on=False)
    assert _verify(fixture, suspended).verdict is Verdict.VALID


def test_ended_and_compromised_keys_and_accounts(fixture: DeploymentFixture) -> None:
    """What was anchored before stays valid; what a stolen key signs later does not."""
    issuer = "did:web:rotating.example"
    fixture.add_organisation(issuer, role_mask(Role.SCHOOL))
    (before,) = fixture.issue("party.1", issuer=issuer)
    _next_second(fixture)
    fixture.registry_call("endKey", org_id(issuer), signer_key(issuer).public, 0)
    (after,) = fixture.issue("party.1", issuer=issuer)
    assert _verify(fixture, before).verdict is Verdict.VALID
    assert _verify(fixture, after).step(Step.AUTHORITY).reason == "key_ended"
    then = _verify(fixture, before).anchored_at
    assert then is not None
    fixture.registry_call("compromiseKey", org_id(issuer), signer_key(issuer).public, then)
    assert _verify(fixture, before).step(Step.AUTHORITY).reason == "key_compromised"
    fixture.registry_call("compromiseKey", org_id(issuer), signer_key(issuer).public, then + 1)
    assert _verify(fixture, before).verdict is Verdict.VALID
    account = fixture.accounts[issuer].address
    fixture.registry_call("compromiseAccount", org_id(issuer), account, then)
    assert _verify(fixture, before).step(Step.AUTHORITY).reason == "account_compromised"


def test_ended_accreditation_and_distrust(fixture: DeploymentFixture) -> None:
    issuer = "did:web:leaving.example"
    fixture.add_organisation(issuer, role_mask(Role.SCHOOL))
    (data,) = fixture.issue("party.1", issuer=issuer)
    _next_second(fixture)
    fixture.registry_call("endAccreditation", org_id(issuer), 0)
    report = _verify(fixture, data)
    assert report.verdict is Verdict.VALID_WITH_REMARKS
    assert [remark.code for remark in report.remarks] == ["no_longer_accredited"]
    then = report.anchored_at
    assert then is not None
    fixture.registry_call("distrust", org_id(issuer), then)
    assert _verify(fixture, data).step(Step.AUTHORITY).reason == "distrusted"


def test_role_and_kind_come_from_the_registry(fixture: DeploymentFixture) -> None:
    """An evaluator's credential needs its role; a school without the role of one cannot take its place."""
    issuer = "did:web:pretender.example"
    fixture.add_organisation(issuer, role_mask(Role.AUDITOR))
    (data,) = fixture.issue("credential.1", issuer=issuer)
    assert _verify(fixture, data).step(Step.AUTHORITY).reason == "role_missing"
    countersigners = [(FIRM, "enterprise")]
    (sound,) = fixture.issue("credential.1", issuer=EVALUATOR, countersigners=countersigners)
    assert _verify(fixture, sound).verdict is Verdict.VALID


def test_unregistered_signer_is_not_accredited(fixture: DeploymentFixture) -> None:
    stranger = "did:web:stranger.example"
    (data,) = fixture.issue("activity.1", countersigners=[(stranger, "school")])
    assert _verify(fixture, data).step(Step.AUTHORITY).reason == "key_unknown"


def test_record_of_one_deployment_shown_with_another(fixture: DeploymentFixture) -> None:
    (data,) = fixture.issue("activity.1")
    other = replace(fixture.deployment, anchor_registry=b"\x44" * 20)
    report = verify(data, Trust((other,)), Nodes(), int(time.time()))
    assert (report.verdict, report.requests) == (Verdict.UNDECIDED, 0)
    assert report.step(Step.ANCHOR).reason == "unknown_deployment"
    moved = data.replace(fixture.registry.encode(), b"0x" + b"44" * 20)
    report = verify(moved, Trust((other,)), Nodes(), int(time.time()))
    assert report.verdict is Verdict.NOT_VALID
    assert report.step(Step.SIGNATURES).reason == "signature"


def test_other_contracts_at_the_pinned_addresses_are_not_believed(fixture: DeploymentFixture) -> None:
    (data,) = fixture.issue("activity.1")
    swapped = replace(fixture.deployment, evidence_reader=fixture.deployment.trust_registry)
    report = verify(data, Trust((swapped,)), Nodes(), int(time.time()))
    assert report.verdict is Verdict.UNDECIDED
    empty = replace(fixture.deployment, evidence_reader=b"\x45" * 20)
    report = verify(data, Trust((empty,)), Nodes(), int(time.time()))
    assert report.step(Step.FINALITY).reason == "no_code"


def test_batch_settles_with_time(fixture: DeploymentFixture) -> None:
    (data,) = fixture.issue("activity.1")
    patient = replace(fixture.deployment, settle_seconds=3600)
    report = verify(data, Trust((patient,)), Nodes(), int(time.time()))
    assert (report.verdict, report.step(Step.FINALITY).reason) == (Verdict.UNDECIDED, "not_final")


def test_relayed_anchor_is_the_organisations_account_with_scope_anchor(fixture: DeploymentFixture) -> None:
    (data,) = fixture.issue("activity.1")
    record = Record.from_value(ProofFile.parse(data).record)
    query = EvidenceQuery(record.status.org_id, fixture.head(FIRM) - 1, 0, ())
    reading = Nodes().read(fixture.deployment, query, int(time.time()))
    assert reading.final.batch.account == bytes.fromhex(fixture.accounts[FIRM].address[2:])
    assert reading.final.account.scopes & SCOPE_ANCHOR


def test_finalized_tag_before_and_after_finality(tmp_path: Path) -> None:
    """anvil calls final what is 64 blocks deep: before that a batch waits; then it is valid."""
    with anvil_node() as node:
        fixture = deploy(node.url, node.funded_key, finality="finalized", max_skew=3600)
        chain = Nodes()

        def check(data: bytes) -> Report:
            return verify(data, fixture.trust, chain, fixture.chain_time())

        (data,) = fixture.issue("activity.1")
        report = check(data)
        assert (report.verdict, report.step(Step.FINALITY).reason) == (Verdict.UNDECIDED, "not_final")
        fixture.client.request("anvil_mine", hex(80))
        report = check(data)
        assert (report.verdict, report.requests) == (Verdict.VALID, 1)
        assert report.chain is not None
        assert report.chain.block_number < report.chain.head_number
        (late,) = fixture.issue("activity.1")
        report = check(late)
        assert (report.verdict, report.step(Step.ANCHOR).reason) == (Verdict.UNDECIDED, "not_final")
        fixture.set_status(FIRM, plane=0, number=number_of(data))
        assert check(data).step(Step.STATUS).reason == "revoked"
