"""Attacks named by the protocol's promises, end to end: real contracts on the embedded chain, real verifier.

What formats, contracts and audit refuse each by itself is tested there; here every attack goes the whole way,
from a signed record through an anchored batch to the verdict that an employer would read.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount

from tests.support.deployment import (
    ALL_KINDS,
    DeploymentFixture,
    deploy,
    leaf_of,
    number_of,
)
from tests.support.nodes import FUNDS, embedded_node
from tests.support.records import (
    EVALUATOR,
    FIRM,
    SCHOOL,
    complete_document,
    make_key,
    record_bytes,
    sign,
    signer_key,
)
from trace_service.evm.abi import codec
from trace_service.evm.eip712 import AnchorBatch, Domain, request
from trace_service.evm.eip712 import sign as authorise
from trace_service.evm.errors import ChainRefused
from trace_service.evm.transact import transact
from verifier_cli.audit import Audit, AuditReport, Code, FolderSource
from verifier_cli.audit.snapshot_facts import SnapshotFacts
from verifier_cli.audit.sources import EXPORT_TYPE, EXPORT_VERSION
from verifier_cli.did import org_id
from verifier_cli.kinds import Role, role_mask
from verifier_cli.leaf_list import LeafListHeader, header_line, record_line, tile_line, tiles_of
from verifier_cli.merkle import Tree
from verifier_cli.proof_file import ProofFile
from verifier_cli.quorum import Nodes
from verifier_cli.record import Record
from verifier_cli.report import Outcome, Report, Step, Verdict
from verifier_cli.rpc import Endpoint
from verifier_cli.signature import signature_digest
from verifier_cli.snapshot_build import build_snapshot
from verifier_cli.trust import Trust, write_trust
from verifier_cli.verify import verify

THIEF: LocalAccount = Account.from_key(b"\x7e" * 32)
SCOPE_ANCHOR = 1
MEMBER = role_mask(Role.MEMBER)
SIGNATURE_NOT_VALID = 9  # refusal code of the contract
EVIL = "https://evil.example/context"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeploymentFixture]:
    """One deployment for all; tests that end an organisation add one of their own."""
    folder = tmp_path_factory.mktemp("chain") / "data"
    with embedded_node(folder, balances={THIEF.address: FUNDS}) as node:
        yield deploy(node.url, node.funded_key)


def _verify(site: DeploymentFixture, data: bytes, *others: DeploymentFixture) -> Report:
    trust = Trust.parse(write_trust([site.deployment, *(other.deployment for other in others)]))
    return verify(data, trust, Nodes(), int(time.time()))


def _changed(data: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    file = json.loads(data)
    change(file["record"])
    return json.dumps(file, ensure_ascii=False).encode()


def _sign_as(record: dict[str, Any], did: str) -> dict[str, Any]:
    bare = {name: member for name, member in record.items() if name != "proof"}
    return sign(bare, did, signer_key(did).private, record["proof"][0]["created"])


# ----- the record after signing -----


def _append_context_to_document(record: dict[str, Any]) -> None:
    record["@context"].append(EVIL)


def _append_context_to_proof(record: dict[str, Any]) -> None:
    record["proof"][0]["@context"].append(EVIL)


def _append_context_everywhere(record: dict[str, Any]) -> None:
    for holder in (record, *record["proof"]):
        holder["@context"].append(EVIL)


@pytest.mark.parametrize(
    ("change", "step"),
    [
        (_append_context_to_document, Step.SCHEMA),
        (_append_context_to_proof, Step.SIGNATURES),
        (_append_context_everywhere, Step.SCHEMA),
    ],
)
def test_context_appended_after_signing(
    site: DeploymentFixture, change: Callable[[dict[str, Any]], None], step: Step
) -> None:
    (data,) = site.issue("credential.1")
    assert _verify(site, data).verdict is Verdict.VALID
    report = _verify(site, _changed(data, change))
    assert (report.verdict, report.step(step).outcome) == (Verdict.NOT_VALID, Outcome.FAILED)
    assert report.requests == 0


def _swap(record: dict[str, Any]) -> None:
    record["countersigners"][0]["id"] = EVALUATOR


def _swap_with_proof(record: dict[str, Any]) -> None:
    _swap(record)
    record["proof"][1] = _sign_as(record, EVALUATOR)


def _swap_and_sign_all_again(record: dict[str, Any]) -> None:
    """Everybody plays along, but the batch holds the old leaf."""
    _swap(record)
    record["proof"] = [_sign_as(record, FIRM), _sign_as(record, EVALUATOR)]


def _drop_proof(record: dict[str, Any]) -> None:
    del record["proof"][1]


def _drop_countersigner(record: dict[str, Any]) -> None:
    del record["countersigners"]
    del record["proof"][1]


def _add_proof(record: dict[str, Any]) -> None:
    record["proof"].append(_sign_as(record, EVALUATOR))


def _add_countersigner(record: dict[str, Any]) -> None:
    record["countersigners"].append({"id": EVALUATOR, "role": "evaluator"})
    _add_proof(record)


def _second_proof_with_another_key(record: dict[str, Any]) -> None:
    bare = {name: member for name, member in record.items() if name != "proof"}
    record["proof"].append(sign(bare, SCHOOL, make_key("other").private))


def _proof_of_another_key_instead(record: dict[str, Any]) -> None:
    bare = {name: member for name, member in record.items() if name != "proof"}
    record["proof"][1] = sign(bare, SCHOOL, make_key("other").private, record["proof"][0]["created"])


SIGNER_SETS = [
    (_swap, Step.SIGNATURES),
    (_swap_with_proof, Step.SIGNATURES),
    (_swap_and_sign_all_again, Step.ANCHOR),
    (_drop_proof, Step.SIGNATURES),
    (_drop_countersigner, Step.SCHEMA),
    (_add_proof, Step.SIGNATURES),
    (_add_countersigner, Step.SIGNATURES),
    (_second_proof_with_another_key, Step.SIGNATURES),
    (_proof_of_another_key_instead, Step.ANCHOR),
]


@pytest.mark.parametrize(("change", "step"), SIGNER_SETS, ids=[c[0].__name__ for c in SIGNER_SETS])
def test_countersigner_swapped_missing_or_extra(
    site: DeploymentFixture, change: Callable[[dict[str, Any]], None], step: Step
) -> None:
    (data,) = site.issue("activity.1")
    report = _verify(site, _changed(data, change))
    assert (report.verdict, report.step(step).outcome) == (Verdict.NOT_VALID, Outcome.FAILED)
    assert report.anchored_at is None


def test_the_countersigners_proof_exchanged_for_one_of_its_own_later_key(site: DeploymentFixture) -> None:
    """Even a registered key cannot sign again in place of the anchored signature: the leaf covers both."""
    (data,) = site.issue("activity.1")
    key = make_key("other")
    site.registry_call("addKey", org_id(SCHOOL), key.public, 0, 0)
    report = _verify(site, _changed(data, _proof_of_another_key_instead))
    assert (report.verdict, report.step(Step.ANCHOR).reason) == (Verdict.NOT_VALID, "root_differs")


def test_proofs_reordered_by_a_foreign_wallet_still_verify(site: DeploymentFixture) -> None:
    (data,) = site.issue("activity.1")
    file = json.loads(data)
    record = dict(reversed(file["record"].items()))
    record["proof"] = [dict(reversed(proof.items())) for proof in reversed(record["proof"])]
    rewritten = json.dumps({**file, "record": record}, indent=2, ensure_ascii=True).encode()
    report = _verify(site, rewritten)
    assert report.verdict is Verdict.VALID
    record["proof"].insert(1, {"type": "DataIntegrityProof", "cryptosuite": "bbs-2023", "proofValue": "u0"})
    report = _verify(site, json.dumps({**file, "record": record}).encode())
    assert report.verdict is Verdict.VALID
    assert [signer.id for signer in report.signers] == [FIRM, SCHOOL]


# ----- deployments -----


def test_record_of_deployment_a_shown_with_b(site: DeploymentFixture) -> None:
    other = deploy(site.url, "0x" + bytes(site.owner.key).hex())
    (data,) = site.issue("activity.1")
    report = _verify(other, data)
    assert (report.verdict, report.step(Step.ANCHOR).reason) == (Verdict.UNDECIDED, "unknown_deployment")
    assert _verify(site, data, other).verdict is Verdict.VALID
    # The same leaf anchored in B by the very same organisation changes nothing: the record names A.
    record = Record.from_value(ProofFile.parse(data).record)
    sequence = other.anchor(record.issuer, [leaf_of(record)])
    elsewhere = other.anchor_of(sequence, 0, Tree([leaf_of(record)]))
    moved = ProofFile.write(record_bytes(record), elsewhere)
    report = _verify(site, moved, other)
    assert (report.verdict, report.step(Step.ANCHOR).reason) == (Verdict.NOT_VALID, "anchor_differs")
    assert _verify(other, moved).verdict is Verdict.NOT_VALID
    # Nor may the record be made to name B.
    renamed = moved.replace(site.registry.encode(), other.registry.encode())
    report = _verify(site, renamed, other)
    assert (report.verdict, report.step(Step.SIGNATURES).reason) == (Verdict.NOT_VALID, "signature")


def test_an_authorisation_for_deployment_a_replayed_in_b(site: DeploymentFixture) -> None:
    other = deploy(site.url, "0x" + bytes(site.owner.key).hex())
    other.registry_call("addAccount", org_id(SCHOOL), site.accounts[SCHOOL].address, SCOPE_ANCHOR, 0, 0)
    signed = _authorisation(site, SCHOOL, site.accounts[SCHOOL], b"\x11" * 32, sequence=0)
    with pytest.raises(ChainRefused) as caught:
        _send(other, [signed], other.owner)
    assert (caught.value.error, caught.value.arguments[-1]) == ("BatchNotAnchored", SIGNATURE_NOT_VALID)


# ----- organisations -----


def _authorisation(
    site: DeploymentFixture,
    did: str,
    account: LocalAccount,
    root: bytes,
    *,
    sequence: int | None = None,
    count: int = 1,
) -> Any:
    message = AnchorBatch(
        org=org_id(did),
        sequence=site.head(did) if sequence is None else sequence,
        root=root,
        count=count,
        kinds=ALL_KINDS,
        format=1,
        account=account.address.lower(),
        deadline=site.chain_time() + 3600,
    )
    return request(message, authorise(Domain(site.deployment.chain_id, site.registry), message, account))


def _send(site: DeploymentFixture, requests: list[Any], sender: LocalAccount) -> None:
    transact(site.client, sender, site.registry, codec("AnchorRegistry").call("anchor", requests))


@contextmanager
def _refused(error: str) -> Iterator[None]:
    """The block must end in this custom error of the contracts."""
    with pytest.raises(ChainRefused) as caught:
        yield
    assert caught.value.error == error


def _trust_call(site: DeploymentFixture, sender: LocalAccount, function: str, *arguments: Any) -> None:
    data = codec("TrustRegistry").call(function, *arguments)
    transact(site.client, sender, f"0x{site.deployment.trust_registry.hex()}", data)


def _grant(accreditor: str, roles: int) -> dict[str, Any]:
    return {
        "from": 0,
        "to": 0,
        "kinds": ALL_KINDS,
        "delegableKinds": 0,
        "roles": roles,
        "accreditor": org_id(accreditor),
    }


def test_squatting_on_and_hijacking_of_an_organisation(site: DeploymentFixture) -> None:
    """A chain leader may make members. It takes a famous name, and still nothing it signs is a school's."""
    leader, famous = "did:web:hungry-leader.example", "did:web:famous-university.example"
    site.accredit(leader, role_mask(Role.LEADER) | MEMBER << 8, delegable_kinds=ALL_KINDS)
    site.registry_call("addAccount", org_id(leader), THIEF.address, 7, 0, 0)
    for roles in (role_mask(Role.SCHOOL), role_mask(Role.SCHOOL) | MEMBER):
        with _refused("RolesNotDelegable"):
            _trust_call(site, THIEF, "accredit", famous, _grant(leader, roles))
    # Hijacking: the school exists, so it is not the leader's to accredit, to end, or to give keys.
    school = org_id(SCHOOL)
    for error, *call in (
        ("NotAccreditor", "accredit", SCHOOL, _grant(leader, MEMBER)),
        ("NotAccreditor", "endAccreditation", school, 0),
        ("NotAccreditor", "distrust", school, 0),
        ("NotManager", "addKey", school, make_key("thief").public, 0, 0),
        ("NotManager", "addAccount", school, THIEF.address, 7, 0, 0),
        ("NotManager", "compromiseKey", school, signer_key(SCHOOL).public, 1),
    ):
        with _refused(str(error)):
            _trust_call(site, THIEF, *call)
    # Squatting: the name was free, as a member it is taken; a school's diploma it is not.
    _trust_call(site, THIEF, "accredit", famous, _grant(leader, MEMBER))
    _trust_call(site, THIEF, "addKey", org_id(famous), signer_key(famous).public, 0, 0)
    _trust_call(site, THIEF, "addAccount", org_id(famous), THIEF.address, 7, 0, 0)
    site.accounts[famous] = THIEF
    (data,) = site.issue("credential.1", issuer=famous)
    report = _verify(site, data)
    assert (report.verdict, report.step(Step.AUTHORITY).reason) == (Verdict.NOT_VALID, "role_missing")


def test_a_stolen_anchor_account_adds_no_keys(site: DeploymentFixture) -> None:
    school = org_id(SCHOOL)
    site.registry_call("addAccount", school, THIEF.address, SCOPE_ANCHOR, 0, 0)
    key = make_key("thief's record key")
    for call in (
        ("addKey", school, key.public, 0, 0),
        ("addAccount", school, Account.create().address, 7, 0, 0),
        ("endKey", school, signer_key(SCHOOL).public, 0),
        ("compromiseKey", school, signer_key(SCHOOL).public, 1),
    ):
        with _refused("NotManager"):
            _trust_call(site, THIEF, *call)
    # It can anchor, but what it anchors no key of the school has signed.
    record = site.record("party.1", "forged", issuer=SCHOOL)
    proof = sign(record.document, SCHOOL, key.private, record.proofs[0]["created"])
    forged = Record.parse(json.dumps({**record.document, "proof": [proof]}).encode())
    leaf = leaf_of(forged)
    sequence = site.head(SCHOOL)
    _send(site, [_authorisation(site, SCHOOL, THIEF, leaf)], THIEF)
    data = ProofFile.write(record_bytes(forged), site.anchor_of(sequence, 0, Tree([leaf])))
    report = _verify(site, data)
    assert (report.verdict, report.step(Step.AUTHORITY).reason) == (Verdict.NOT_VALID, "key_unknown")
    # Found out and marked from the start: even a genuine record in its batch no longer holds.
    genuine = site.record("party.1", "genuine", issuer=SCHOOL)
    sequence = site.head(SCHOOL)
    _send(site, [_authorisation(site, SCHOOL, THIEF, leaf_of(genuine))], THIEF)
    data = ProofFile.write(record_bytes(genuine), site.anchor_of(sequence, 0, Tree([leaf_of(genuine)])))
    assert _verify(site, data).verdict is Verdict.VALID
    site.registry_call("compromiseAccount", school, THIEF.address, 1)
    report = _verify(site, data)
    assert (report.verdict, report.step(Step.AUTHORITY).reason) == (Verdict.NOT_VALID, "account_compromised")
    with _refused("BatchNotAnchored"):
        _send(site, [_authorisation(site, SCHOOL, THIEF, leaf)], THIEF)


def test_one_ended_organisation_in_a_transaction_of_many(site: DeploymentFixture) -> None:
    dids = [f"did:web:group-{letter}.example" for letter in "abc"]
    records: list[Record] = []
    for did in dids:
        site.add_organisation(did, role_mask(Role.SCHOOL))
        records.append(site.record("party.1", did, issuer=did))
    requests = [
        _authorisation(site, did, site.accounts[did], leaf_of(record))
        for did, record in zip(dids, records, strict=True)
    ]
    site.registry_call("endAccreditation", org_id(dids[1]), 0)
    _send(site, requests, site.owner)
    assert [site.head(did) for did in dids] == [1, 0, 1]
    reports = [
        _verify(site, ProofFile.write(record_bytes(record), site.anchor_of(0, 0, Tree([leaf_of(record)]))))
        for record in records
    ]
    assert [report.verdict for report in reports] == [Verdict.VALID, Verdict.UNDECIDED, Verdict.VALID]
    assert reports[1].step(Step.ANCHOR).reason == "not_anchored"


def test_an_organisation_in_another_spelling_is_another_one(site: DeploymentFixture) -> None:
    """Case, port, escapes and dots: either no DID of the protocol, or an organisation nobody accredited."""
    record = site.record("party.1", "spelled", issuer=SCHOOL)
    for did in ("did:web:School.example", "did:web:school.example.", "did:web:school.example%3a443"):
        document = {**record.document, "issuer": {**record.document["issuer"], "id": did}}
        value = json.dumps({**complete_document(document), "@context": record.document["@context"]})
        data = ProofFile.write(value.encode(), site.anchor_of(0, 0, Tree([leaf_of(record)])))
        report = _verify(site, data)
        assert (report.verdict, report.step(Step.SCHEMA).outcome) == (Verdict.NOT_VALID, Outcome.FAILED)
    with_port = "did:web:school.example%3A443"
    site.accounts[with_port] = site.accounts[SCHOOL]
    with _refused("BatchNotAnchored"):
        site.issue("party.1", issuer=with_port)


# ----- windows: the contracts and the verifier draw every edge at the same second -----


@pytest.mark.parametrize(("call", "reason"), [("endKey", "key_ended"), ("endAccount", "account_ended")])
def test_an_end_in_the_future_binds_from_its_very_second(
    site: DeploymentFixture, call: str, reason: str
) -> None:
    issuer = f"did:web:{call.lower()}.example"
    site.add_organisation(issuer, role_mask(Role.SCHOOL))
    what = signer_key(issuer).public if call == "endKey" else site.accounts[issuer].address
    (data,) = site.issue("party.1", issuer=issuer)
    anchored_at = _verify(site, data).anchored_at
    assert anchored_at is not None
    compromise = "compromiseKey" if call == "endKey" else "compromiseAccount"
    edge = (anchored_at, Verdict.NOT_VALID), (anchored_at + 1, Verdict.VALID), (0, Verdict.VALID)
    while site.chain_time() <= anchored_at + 1:
        time.sleep(0.2)
        site.registry_call("addKey", org_id(issuer), make_key(str(time.time())).public, 0, 0)
    for moment, verdict in edge:
        site.registry_call(compromise, org_id(issuer), what, moment)
        assert _verify(site, data).verdict is verdict
        told = site.client.call(
            "TrustRegistry",
            f"0x{site.deployment.trust_registry.hex()}",
            "accreditedFor",
            org_id(issuer),
            0,
            anchored_at,
        )
        assert told is True
    end = site.chain_time() + 2
    site.registry_call(call, org_id(issuer), what, end)
    while site.chain_time() < end:
        time.sleep(0.2)
        site.registry_call("addKey", org_id(issuer), make_key(str(time.time())).public, 0, 0)
    assert _verify(site, data).verdict is Verdict.VALID
    if call == "endAccount":
        with _refused("BatchNotAnchored"):
            site.issue("party.1", issuer=issuer)
    else:
        (late,) = site.issue("party.1", issuer=issuer)
        assert _verify(site, late).step(Step.AUTHORITY).reason == reason


def test_distrust_at_the_second_of_the_anchor(site: DeploymentFixture) -> None:
    issuer = "did:web:distrusted.example"
    site.add_organisation(issuer, role_mask(Role.SCHOOL))
    (data,) = site.issue("party.1", issuer=issuer)
    anchored_at = _verify(site, data).anchored_at
    assert anchored_at is not None
    trust = f"0x{site.deployment.trust_registry.hex()}"
    for moment in (anchored_at - 1, anchored_at):
        site.registry_call("distrust", org_id(issuer), moment)
        assert _verify(site, data).step(Step.AUTHORITY).reason == "distrusted"
        assert (
            site.client.call("TrustRegistry", trust, "accreditedFor", org_id(issuer), 0, anchored_at) is False
        )
        site.registry_call("withdrawDistrust", org_id(issuer))
    assert _verify(site, data).verdict is Verdict.VALID


# ----- what only the audit can see -----


def _export(site: DeploymentFixture, did: str, batches: list[list[Record]], folder: Path) -> None:
    place = folder / org_id(did).hex()
    place.mkdir(parents=True)
    (folder / "organisations.json").write_text(
        json.dumps({"type": EXPORT_TYPE, "version": EXPORT_VERSION, "organisations": [did]})
    )
    (place / "batches.json").write_text(
        json.dumps({"organisation": did, "sequences": list(range(len(batches)))})
    )
    for sequence, records in enumerate(batches):
        rows = [(r.digest, signature_digest(r.native_proofs), leaf_of(r)) for r in records]
        tree = Tree([leaf for _, _, leaf in rows])
        header = LeafListHeader(did, sequence, tree.root, len(rows), ALL_KINDS, 1)
        lines = [header_line(header), *map(tile_line, tiles_of(rows, tree.tiles()))]
        (place / f"{sequence}.leaves.ndjson").write_bytes(b"".join(lines))
        (place / f"{sequence}.records.ndjson").write_bytes(
            b"".join(record_line(index, record_bytes(record)) for index, record in enumerate(records))
        )


def _audit(site: DeploymentFixture, did: str, folder: Path) -> AuditReport:
    now = int(time.time())
    snapshot = build_snapshot([Endpoint(site.url)], site.deployment, [org_id(did)], now)
    return Audit(FolderSource(folder), SnapshotFacts(snapshot, site.deployment, now)).run()


def test_reused_status_number_and_id_are_found_by_audit(site: DeploymentFixture, tmp_path: Path) -> None:
    issuer = "did:web:reusing.example"
    site.add_organisation(issuer, role_mask(Role.SCHOOL))
    sound = [site.record("party.1", f"sound {n}", issuer=issuer) for n in range(3)]
    same_number = site.record("party.1", "another", issuer=issuer, number=sound[0].status.number)
    same_id = site.record("party.1", "sound 1", issuer=issuer)
    assert same_id.id == sound[1].id
    assert same_id.digest != sound[1].digest
    batches = [sound, [same_number, same_id]]
    files = [site.anchor_records(batch) for batch in batches]
    _export(site, issuer, batches, tmp_path / "export")
    report = _audit(site, issuer, tmp_path / "export")
    assert {(f.code, f.sequence, f.leaf_index, f.record_id) for f in report.findings} == {
        (Code.REPEATED_ID, 1, 1, sound[1].id),
        (Code.REPEATED_STATUS_NUMBER, 1, 0, same_number.id),
    }
    # What it means: revoking one of them revokes the other, which a verifier of one record cannot see.
    site.set_status(issuer, plane=0, number=number_of(files[0][0]))
    assert _verify(site, files[1][0]).step(Step.STATUS).reason == "revoked"
