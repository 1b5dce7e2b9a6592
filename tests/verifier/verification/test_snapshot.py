"""Snapshots: one state, one text; who may vouch; what they answer, and what not (protocol section 9)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest

from tests.support.records import FIRM, SCHOOL, make_key, signer_key
from tests.verifier.verification.world import (
    ACCOUNT,
    ALL_KINDS,
    ANCHORED_AT,
    DEPLOYMENT,
    NOW,
    REGULATOR,
    ROOT_PERIOD,
    START,
    World,
    block,
    make_world,
    outcome,
    path_of,
)
from verifier_cli.canonical import canonical
from verifier_cli.chain import NoReading
from verifier_cli.did import org_id
from verifier_cli.errors import SnapshotError
from verifier_cli.evidence import Account, EvidenceQuery, KeyWindow
from verifier_cli.report import Outcome, Report, Step, Verdict
from verifier_cli.snapshot import Snapshot, sign_snapshot
from verifier_cli.snapshot_form import OrganisationState
from verifier_cli.snapshot_reader import SnapshotReader, pins_of
from verifier_cli.trust import Deployment, SnapshotSigner, Trust
from verifier_cli.verify import verify

TAKEN_AT = NOW - 3600
SIGNER = make_key("ministry")
TRUST = Trust((DEPLOYMENT,), (SnapshotSigner("ministry", SIGNER.public),))


def _state(did: str, world: World | None = None) -> OrganisationState:
    period = path_of(did)[0].period if did != REGULATOR else ROOT_PERIOD
    keys = {signer_key(did).public: KeyWindow(START, 0, 0)}
    accounts = {ACCOUNT: Account(START, 0, 0, 1)}
    covered = world is not None
    batches = (world.final.batch,) if world is not None else None
    status: dict[int, tuple[int, int, int]] | None = {} if covered else None
    return OrganisationState(0, len(batches or ()), (period,), keys, accounts, batches, status)


def make_snapshot(world: World) -> Snapshot:
    """A snapshot that covers the school wholly, firm and regulator as far as needed."""
    organisations = {
        org_id(SCHOOL): _state(SCHOOL, world),
        org_id(FIRM): _state(FIRM),
        org_id(REGULATOR): _state(REGULATOR),
    }
    return Snapshot(pins_of(DEPLOYMENT), block(100, TAKEN_AT), organisations)


def _school(snapshot: Snapshot, **changes: Any) -> Snapshot:
    school = snapshot.organisations[org_id(SCHOOL)]._replace(**changes)
    return replace(snapshot, organisations={**snapshot.organisations, org_id(SCHOOL): school})


def _verify(world: World, snapshot: Snapshot, deployment: Deployment = DEPLOYMENT, now: int = NOW) -> Report:
    return verify(world.data(), Trust((deployment,)), SnapshotReader(snapshot), now)


def test_record_verifies_offline_as_of_the_block() -> None:
    world = make_world()
    report = _verify(world, make_snapshot(world))
    assert (report.verdict, report.requests) == (Verdict.VALID, 0)
    assert report.chain is not None
    assert (report.chain.source, report.chain.block_number) == ("snapshot", 100)
    assert (report.chain.block_time, report.chain.head_time) == (TAKEN_AT, TAKEN_AT)


def test_one_state_has_one_text_that_is_read_back() -> None:
    snapshot = _school(make_snapshot(make_world()), status={3: (1, 0, 2**255)})
    data = snapshot.serialise()
    parsed = Snapshot.parse(data, TRUST)
    assert parsed == replace(snapshot, sha256=hashlib.sha256(data).digest())
    assert parsed.serialise() == data


@pytest.mark.parametrize(("plane", "reason"), [(0, "revoked"), (1, "suspended")])
def test_status_comes_from_the_snapshot(plane: int, reason: str) -> None:
    world = make_world(number=300)
    planes = tuple(1 << (300 & 0xFF) if index == plane else 0 for index in range(3))
    report = _verify(world, _school(make_snapshot(world), status={300 >> 8: planes}))
    assert outcome(report, Step.STATUS) == (Outcome.FAILED, reason)
    neighbours = tuple(~(1 << (300 & 0xFF)) & (2**256 - 1) for _ in range(3))
    free = _school(make_snapshot(world), status={300 >> 8: neighbours, 0: neighbours})
    assert _verify(world, free).verdict is Verdict.VALID


def _without(did: str) -> Callable[[Snapshot], Snapshot]:
    def change(snapshot: Snapshot) -> Snapshot:
        left = {org: state for org, state in snapshot.organisations.items() if org != org_id(did)}
        return replace(snapshot, organisations=left)

    return change


UNDECIDED: list[tuple[str, Callable[[Snapshot], Snapshot], str]] = [
    ("issuer not covered", _without(SCHOOL), "not_covered"),
    ("countersigner not covered", _without(FIRM), "not_covered"),
    ("accreditor not covered", _without(REGULATOR), "not_covered"),
    ("issuer without batches", lambda s: _school(s, batches=None, status=None), "not_covered"),
    (
        "too old",
        lambda s: replace(s, block=block(9, NOW - DEPLOYMENT.snapshot_max_age - 1)),
        "snapshot_too_old",
    ),
    (
        "from the future",
        lambda s: replace(s, block=block(9, NOW + DEPLOYMENT.max_skew + 1)),
        "head_in_future",
    ),
    ("other chain", lambda s: replace(s, pins=s.pins._replace(chain_id=5)), "snapshot_other_deployment"),
    (
        "other genesis",
        lambda s: replace(s, pins=s.pins._replace(genesis_hash=bytes(32))),
        "snapshot_other_deployment",
    ),
    (
        "other code",
        lambda s: replace(
            s, pins=s.pins._replace(code_hashes=replace(s.pins.code_hashes, anchor_registry=bytes(32)))
        ),
        "snapshot_other_deployment",
    ),
    ("before the batch", lambda s: _school(s, batches=(), head=0), "not_anchored"),
]


@pytest.mark.parametrize(("change", "reason"), [c[1:] for c in UNDECIDED], ids=[c[0] for c in UNDECIDED])
def test_undecided(change: Callable[[Snapshot], Snapshot], reason: str) -> None:
    world = make_world()
    report = _verify(world, change(make_snapshot(world)))
    assert report.verdict is Verdict.UNDECIDED
    assert outcome(report, Step.ANCHOR) == (Outcome.NOT_CHECKED, reason)


def test_age_at_the_limit_is_accepted() -> None:
    world = make_world()
    old = replace(make_snapshot(world), block=block(9, NOW - DEPLOYMENT.snapshot_max_age))
    assert _verify(world, old).verdict is Verdict.VALID


def test_final_snapshot_of_a_dead_chain_does_not_age_and_no_other_counts() -> None:
    world = make_world()
    data = make_snapshot(world).serialise()
    snapshot = Snapshot.parse(data, TRUST)
    frozen = replace(DEPLOYMENT, state="frozen", final_snapshot_sha256=hashlib.sha256(data).digest())
    century = NOW + 100 * 366 * 86400
    assert _verify(world, snapshot, frozen, century).verdict is Verdict.VALID
    other = replace(frozen, final_snapshot_sha256=bytes(32))
    report = _verify(world, snapshot, other)
    assert outcome(report, Step.FINALITY) == (Outcome.NOT_CHECKED, "snapshot_not_final_one")


def test_reader_checks_each_deployment_it_is_asked_about() -> None:
    reader = SnapshotReader(make_snapshot(make_world()))
    query = EvidenceQuery(org_id(SCHOOL), 0, 0, ())
    assert reader.read(DEPLOYMENT, query, NOW).requests == 0
    with pytest.raises(NoReading) as caught:
        reader.read(replace(DEPLOYMENT, chain_id=9), query, NOW)
    assert caught.value.reason == "snapshot_other_deployment"


def test_unknown_key_account_and_time_before_accreditation_are_facts_not_troubles() -> None:
    world = make_world()
    snapshot = _school(make_snapshot(world), keys={}, accounts={}, periods=())
    query = EvidenceQuery(org_id(SCHOOL), 0, 0, ((org_id(SCHOOL), bytes(32)),))
    evidence = SnapshotReader(snapshot).read(DEPLOYMENT, query, NOW).final
    assert evidence.account == Account(0, 0, 0, 0)
    assert evidence.signers[0] == (KeyWindow(0, 0, 0), (), ())


# ----- who may vouch -----


def _signed(data: bytes, seed: str = "ministry") -> bytes:
    key = make_key(seed)
    return sign_snapshot(data, key.public, "2026-07-03T00:00:00Z", key.private.sign)


def test_signer_of_the_trust_file_is_named() -> None:
    world = make_world()
    snapshot = Snapshot.parse(_signed(make_snapshot(world).serialise()), TRUST)
    assert snapshot.signer == "ministry"
    report = _verify(world, snapshot)
    assert report.chain is not None
    assert report.chain.source == "snapshot signed by ministry"


def _changed(change: Callable[[dict[str, Any]], None]) -> Callable[[bytes], bytes]:
    def apply(data: bytes) -> bytes:
        document = orjson.loads(data)
        change(document)
        return canonical(document)

    return apply


def _later(document: dict[str, Any]) -> None:
    document["block"]["timestamp"] += 1


def _context(document: dict[str, Any]) -> None:
    document["proof"]["@context"] = ["https://www.w3.org/ns/credentials/v2"]


@pytest.mark.parametrize(
    "spoil",
    [
        _changed(_later),
        _changed(_context),
        _changed(lambda d: d["proof"].pop("proofValue")),
        _changed(lambda d: d.update(proof={})),
        _changed(lambda d: d.update(proof=[])),
        lambda data: _signed(data, "stranger"),
    ],
    ids=["content", "context", "no value", "empty proof", "proof list", "signed by a stranger"],
)
def test_proof_that_does_not_hold_refuses_the_snapshot(spoil: Callable[[bytes], bytes]) -> None:
    with pytest.raises(SnapshotError) as caught:
        Snapshot.parse(spoil(_signed(make_snapshot(make_world()).serialise())), TRUST)
    assert caught.value.path.startswith("$.proof")


ORG = f"0x{org_id(SCHOOL).hex()}"


def _org(**changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda document: document["organisations"][ORG].update(changes)


MALFORMED: list[tuple[str, Callable[[dict[str, Any]], None], str]] = [
    ("other type", lambda d: d.update(type="Record"), "$.type"),
    ("later version", lambda d: d.update(version=2), "$.version"),
    ("extra member", lambda d: d.update(note="x"), "$"),
    ("other context", lambda d: d.update({"@context": []}), "$.@context"),
    ("no block", lambda d: d.pop("block"), "$"),
    ("negative time", lambda d: d["block"].update(timestamp=-1), "$.block"),
    ("number as text", lambda d: d["block"].update(number="1"), "$.block"),
    ("hash in capitals", lambda d: d["block"].update(hash="0x" + "AB" * 32), "$.block.hash"),
    ("hash too short", lambda d: d["block"].update(hash="0x00"), "$.block.hash"),
    ("hash no digits", lambda d: d["block"].update(hash="0x" + "zz" * 32), "$.block.hash"),
    ("pin missing", lambda d: d["deployment"].pop("genesisHash"), "$.deployment"),
    ("organisations as list", lambda d: d.update(organisations=[]), "$.organisations"),
    ("name of an organisation", lambda d: d["organisations"].update(x={}), "$.organisations"),
    ("organisation as list", lambda d: d["organisations"].update({ORG: []}), f"$.organisations.{ORG}"),
    ("head without batches", _org(head=2), f"$.organisations.{ORG}.batches"),
    ("batches as text", _org(batches="x"), f"$.organisations.{ORG}.batches"),
    ("batch too short", _org(batches=[[]]), f"$.organisations.{ORG}.batches"),
    ("period too short", _org(periods=[[1]]), f"$.organisations.{ORG}.periods"),
    ("true as number", _org(distrustedFrom=True), f"$.organisations.{ORG}"),
    ("time too wide", _org(distrustedFrom=1 << 40), f"$.organisations.{ORG}"),
    ("word twice", _org(status=[[1, *["0x" + "00" * 32] * 3]] * 2), f"$.organisations.{ORG}.status"),
]


@pytest.mark.parametrize(("change", "path"), [c[1:] for c in MALFORMED], ids=[c[0] for c in MALFORMED])
def test_malformed_is_refused_with_its_path(change: Callable[[dict[str, Any]], None], path: str) -> None:
    data = _changed(change)(make_snapshot(make_world()).serialise())
    with pytest.raises(SnapshotError) as caught:
        Snapshot.parse(data, TRUST)
    assert caught.value.path == path


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data + b"\n",
        lambda data: b" " + data,
        lambda data: data.replace(b'"version":1', b'"version":1,"version":1'),
        lambda data: data[:-1],
        lambda data: b"[" * 100_000,
        lambda data: b"\xff",
        lambda data: b"",
        lambda data: b"[]",
    ],
)
def test_second_spelling_is_refused(spoil: Callable[[bytes], bytes]) -> None:
    with pytest.raises(SnapshotError):
        Snapshot.parse(spoil(make_snapshot(make_world()).serialise()), TRUST)


def test_walk_takes_the_period_that_covers_the_moment() -> None:
    world = make_world()
    early = path_of(SCHOOL)[0].period._replace(end=ANCHORED_AT, kinds=0)
    late = path_of(SCHOOL)[0].period._replace(start=ANCHORED_AT, end=ANCHORED_AT + 1, kinds=ALL_KINDS)
    snapshot = _school(make_snapshot(world), periods=(early, late))
    report = _verify(world, snapshot)
    assert report.verdict is Verdict.VALID_WITH_REMARKS
    assert [remark.code for remark in report.remarks] == ["no_longer_accredited"]
