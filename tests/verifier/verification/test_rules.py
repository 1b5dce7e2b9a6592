"""Every rule of protocol section 9, one changed fact at a time: step, outcome and reason code."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.support.records import EVALUATOR, FIRM, SCHOOL, make_key, sample_document, sign
from tests.verifier.verification.world import (
    ANCHORED_AT,
    NOW,
    OPERATOR,
    REGULATOR,
    START,
    World,
    make_world,
    outcome,
)
from verifier_cli.authority import MAX_DEPTH
from verifier_cli.chain import NoReading
from verifier_cli.did import org_id
from verifier_cli.encoding import format_time
from verifier_cli.evidence import Batch, PathStep
from verifier_cli.kinds import Kind
from verifier_cli.report import Outcome, Step, Verdict
from verifier_cli.trust import RootLimit
from verifier_cli.verify import verify

DAY = 86400
FAILED, NOT_CHECKED = Outcome.FAILED, Outcome.NOT_CHECKED
Change = Callable[[World], None]
CREDENTIAL_BIT = 1 << Kind.CREDENTIAL


def test_sound_record_is_valid_with_one_question() -> None:
    world = make_world()
    report = world.verify()
    assert report.verdict is Verdict.VALID
    assert [result.outcome for result in report.steps[:8]] == [Outcome.PASSED] * 8
    assert outcome(report, Step.LINEAGE) == (NOT_CHECKED, "not_requested")
    assert report.exit_code == 0


def test_question_names_issuer_sequence_number_and_organisational_signers() -> None:
    world = make_world(number=300)
    chain = world.chain()
    verify(world.data(), world.trust, chain, NOW)
    (query,) = chain.queries
    assert (query.org, query.sequence, query.status_number) == (org_id(SCHOOL), 0, 300)
    assert [org for org, _ in query.signers] == [org_id(SCHOOL), org_id(FIRM)]


def _edit(path: tuple[str | int, ...], value: object) -> Change:
    def change(world: World) -> None:
        world.document = copy.deepcopy(world.document)
        target = world.document
        for name in path[:-1]:
            target = target[name]  # type: ignore[index]
        if value is None:
            del target[path[-1]]  # type: ignore[arg-type]
        else:
            target[path[-1]] = value  # type: ignore[index]

    return change


def _anchor(**changes: object) -> Change:
    def change(world: World) -> None:
        world.anchor = replace(world.anchor, **changes)  # type: ignore[arg-type]

    return change


def _proofs(change_list: Callable[[list[dict[str, object]]], list[dict[str, object]]]) -> Change:
    def change(world: World) -> None:
        world.document = {**world.document, "proof": change_list(list(world.document["proof"]))}

    return change


def _extra_proof(proofs: list[dict[str, object]]) -> list[dict[str, object]]:
    document = sample_document("credential.1")
    return [*proofs, sign(document, EVALUATOR, make_key(EVALUATOR).private)]


def _foreign_key(world: World) -> None:
    """Signed well, by a key that the school never registered: the chain then shows no window."""
    world.key(0, start=0)


def _deeper(world: World) -> None:
    """Five organisations on the path; the contract would cut at four, so this is a lying node."""

    def longer(path: tuple[PathStep, ...]) -> tuple[PathStep, ...]:
        steps = [path[0]]
        for level in range(MAX_DEPTH - 1):
            above = org_id(f"did:web:level{level}.example")
            last = steps[-1]
            steps[-1] = last._replace(period=last.period._replace(accreditor=above, accreditor_period=0))
            steps.append(path[1]._replace(org=above))
        last = steps[-1]
        root = org_id(REGULATOR)
        steps[-1] = last._replace(period=last.period._replace(accreditor=root, accreditor_period=0))
        return (*steps, path[1]._replace(org=root))

    world.signer(0, lambda signer: signer._replace(path=longer(signer.path)))


def _no_batch(world: World) -> None:
    world.final = world.final._replace(batch=Batch(bytes(32), bytes(20), 0, 0, 0, 0))


def _only_in_latest(world: World) -> None:
    world.latest = world.final
    _no_batch(world)


def _latest(**changes: object) -> Change:
    def change(world: World) -> None:
        world.latest = world.final._replace(**changes)  # type: ignore[arg-type]

    return change


def _compromised_in_latest(world: World) -> None:
    base = world.final
    world.key(0, compromised_from=ANCHORED_AT)
    world.final, world.latest = base, world.final


def _unsettled(world: World) -> None:
    world.trust_file(finality="latest", settle_seconds=600)
    world.head_time = ANCHORED_AT + 599


def _settled(world: World) -> None:
    world.trust_file(finality="latest", settle_seconds=600)
    world.head_time = ANCHORED_AT + 600


def _created(seconds_after_anchor: int) -> Change:
    def change(world: World) -> None:
        world.sign_again(world.document, format_time(ANCHORED_AT + seconds_after_anchor))

    return change


def _root_limit(**changes: object) -> Change:
    def change(world: World) -> None:
        limit = RootLimit(**{"org": REGULATOR, "kinds": CREDENTIAL_BIT, "depth": 2, **changes})  # type: ignore[arg-type]
        world.trust_file(roots=(limit,))

    return change


def _trouble(reason: str) -> Change:
    def change(world: World) -> None:
        world.trouble = NoReading(reason, "detail", 1)

    return change


CASES: list[tuple[str, Change, Step, Outcome, str]] = [
    # 3 signatures: every altered member of record or proof
    ("altered subject", _edit(("credentialSubject", "level"), "4"), Step.SIGNATURES, FAILED, "signature"),
    ("altered name", _edit(("issuer", "name"), "Other"), Step.SIGNATURES, FAILED, "signature"),
    ("altered date", _edit(("validFrom",), "2026-06-30T00:00:00Z"), Step.SIGNATURES, FAILED, "signature"),
    ("expiry added", _edit(("validUntil",), "2036-06-30T00:00:00Z"), Step.SIGNATURES, FAILED, "signature"),
    ("altered salt", _edit(("salt",), "AAAAAAAAAAAAAAAAAAAAAA"), Step.SIGNATURES, FAILED, "signature"),
    (
        "altered created",
        _edit(("proof", 0, "created"), "2026-07-02T08:00:01Z"),
        Step.SIGNATURES,
        FAILED,
        "signature",
    ),
    (
        "altered purpose",
        _edit(("proof", 0, "proofPurpose"), "authentication"),
        Step.SIGNATURES,
        FAILED,
        "signature",
    ),
    ("countersignature missing", _proofs(lambda p: p[:1]), Step.SIGNATURES, FAILED, "signature"),
    ("issuer's proof missing", _proofs(lambda p: p[1:]), Step.SIGNATURES, FAILED, "signature"),
    ("proof twice", _proofs(lambda p: [*p, p[0]]), Step.SIGNATURES, FAILED, "signature"),
    ("extra proof", _proofs(_extra_proof), Step.SIGNATURES, FAILED, "signature"),
    # 2 schema
    ("countersigner removed", _edit(("countersigners",), None), Step.SCHEMA, FAILED, "schema"),
    ("issuer swapped", _edit(("issuer", "id"), FIRM), Step.SCHEMA, FAILED, "schema"),
    ("context appended", _edit(("@context", 0), "https://evil.example"), Step.SCHEMA, FAILED, "schema"),
    (
        "status index moved",
        _edit(("credentialStatus", "statusListIndex"), "8"),
        Step.SCHEMA,
        FAILED,
        "schema",
    ),
    (
        "unknown type",
        _edit(("credentialSchema", "id"), "urn:skilltrace:schema:diploma:1"),
        Step.SCHEMA,
        NOT_CHECKED,
        "unknown_schema",
    ),
    (
        "later version",
        _edit(("credentialSchema", "id"), "urn:skilltrace:schema:credential:2"),
        Step.SCHEMA,
        NOT_CHECKED,
        "unknown_schema",
    ),
    # 4 inclusion
    ("path too short", _anchor(path=()), Step.INCLUSION, FAILED, "inclusion"),
    ("path too long", _anchor(path=(bytes(32),) * 3), Step.INCLUSION, FAILED, "inclusion"),
    ("index outside", _anchor(leaf_index=3), Step.INCLUSION, FAILED, "inclusion"),
    ("count is one", lambda w: w.batch(leaves=1), Step.INCLUSION, FAILED, "inclusion"),
    # 5 anchor
    ("path altered", _anchor(path=(b"\x05" * 32,) * 2), Step.ANCHOR, FAILED, "root_differs"),
    ("index moved", _anchor(leaf_index=0), Step.ANCHOR, FAILED, "root_differs"),
    ("other root", lambda w: w.batch(root=b"\x09" * 32), Step.ANCHOR, FAILED, "root_differs"),
    ("anchor names another chain", _anchor(chain_id=1), Step.ANCHOR, FAILED, "anchor_differs"),
    (
        "anchor names another registry",
        _anchor(registry="0x" + "22" * 20),
        Step.ANCHOR,
        FAILED,
        "anchor_differs",
    ),
    (
        "deployment not pinned",
        lambda w: w.trust_file(chain_id=999),
        Step.ANCHOR,
        NOT_CHECKED,
        "unknown_deployment",
    ),
    (
        "registry not pinned",
        lambda w: w.trust_file(anchor_registry=b"\x77" * 20),
        Step.ANCHOR,
        NOT_CHECKED,
        "unknown_deployment",
    ),
    ("later format", lambda w: w.batch(format=2), Step.ANCHOR, NOT_CHECKED, "unknown_format"),
    ("batch unknown to the chain", _no_batch, Step.ANCHOR, NOT_CHECKED, "not_anchored"),
    # 6 finality
    ("batch not final", _only_in_latest, Step.FINALITY, NOT_CHECKED, "not_final"),
    ("not settled", _unsettled, Step.FINALITY, NOT_CHECKED, "not_final"),
    # 7 authority: keys
    ("key unknown", _foreign_key, Step.AUTHORITY, FAILED, "key_unknown"),
    (
        "key not yet valid",
        lambda w: w.key(0, start=ANCHORED_AT + 1),
        Step.AUTHORITY,
        FAILED,
        "key_not_yet_active",
    ),
    ("key ended", lambda w: w.key(0, end=ANCHORED_AT), Step.AUTHORITY, FAILED, "key_ended"),
    (
        "key compromised",
        lambda w: w.key(0, compromised_from=ANCHORED_AT),
        Step.AUTHORITY,
        FAILED,
        "key_compromised",
    ),
    (
        "countersigner's key ended",
        lambda w: w.key(1, end=ANCHORED_AT - DAY),
        Step.AUTHORITY,
        FAILED,
        "key_ended",
    ),
    ("key compromised in latest only", _compromised_in_latest, Step.AUTHORITY, FAILED, "key_compromised"),
    # accounts
    ("account unknown", lambda w: w.account(start=0), Step.AUTHORITY, FAILED, "account_unknown"),
    (
        "account not yet valid",
        lambda w: w.account(start=ANCHORED_AT + 1),
        Step.AUTHORITY,
        FAILED,
        "account_not_yet_active",
    ),
    ("account ended", lambda w: w.account(end=ANCHORED_AT), Step.AUTHORITY, FAILED, "account_ended"),
    (
        "account compromised",
        lambda w: w.account(compromised_from=START + 1),
        Step.AUTHORITY,
        FAILED,
        "account_compromised",
    ),
    ("account only for status", lambda w: w.account(scopes=2 | 4), Step.AUTHORITY, FAILED, "account_scope"),
    # accreditation
    (
        "not accredited then",
        lambda w: w.signer(0, lambda s: s._replace(path=())),
        Step.AUTHORITY,
        FAILED,
        "not_accredited",
    ),
    (
        "accreditation ended",
        lambda w: w.step(0, 0, end=ANCHORED_AT),
        Step.AUTHORITY,
        FAILED,
        "not_accredited",
    ),
    ("path of another", lambda w: w.step(0, 0, org=org_id(FIRM)), Step.AUTHORITY, FAILED, "not_accredited"),
    ("kind missing", lambda w: w.step(0, 0, kinds=1), Step.AUTHORITY, FAILED, "kind_not_accredited"),
    ("role missing", lambda w: w.step(0, 0, roles=1 << 2), Step.AUTHORITY, FAILED, "role_missing"),
    ("role only to be given", lambda w: w.step(0, 0, roles=2 << 8), Step.AUTHORITY, FAILED, "role_missing"),
    (
        "countersigner's role missing",
        lambda w: w.step(1, 0, roles=1 << 1),
        Step.AUTHORITY,
        FAILED,
        "role_missing",
    ),
    ("accreditor ended", lambda w: w.step(0, 1, end=ANCHORED_AT), Step.AUTHORITY, FAILED, "accreditor_ended"),
    (
        "accreditor cannot delegate",
        lambda w: w.step(0, 1, delegable_kinds=1),
        Step.AUTHORITY,
        FAILED,
        "cannot_delegate",
    ),
    (
        "accreditor distrusted",
        lambda w: w.step(0, 1, distrusted_from=ANCHORED_AT),
        Step.AUTHORITY,
        FAILED,
        "distrusted",
    ),
    (
        "issuer distrusted",
        lambda w: w.step(0, 0, distrusted_from=START),
        Step.AUTHORITY,
        FAILED,
        "distrusted",
    ),
    (
        "path not whole",
        lambda w: w.step(0, 1, accreditor=b"\x55" * 32),
        Step.AUTHORITY,
        FAILED,
        "path_broken",
    ),
    ("path of another period", lambda w: w.step(0, 1, period_index=1), Step.AUTHORITY, FAILED, "path_broken"),
    ("path too long", _deeper, Step.AUTHORITY, FAILED, "path_broken"),
    ("kind not in the batch", lambda w: w.batch(kinds=1), Step.AUTHORITY, FAILED, "kind_not_in_batch"),
    ("signed after the anchor", _created(121), Step.AUTHORITY, FAILED, "created_after_anchor"),
    ("root not named", _root_limit(org="did:web:other.example"), Step.AUTHORITY, FAILED, "root_not_trusted"),
    ("root not for this kind", _root_limit(kinds=1), Step.AUTHORITY, FAILED, "root_kind"),
    ("path longer than the root's limit", _root_limit(depth=1), Step.AUTHORITY, FAILED, "root_depth"),
    # 8 status
    ("revoked", lambda w: w.status(1), Step.STATUS, FAILED, "revoked"),
    ("suspended", lambda w: w.status(2), Step.STATUS, FAILED, "suspended"),
    ("revoked and superseded", lambda w: w.status(5), Step.STATUS, FAILED, "revoked"),
    ("revoked in latest only", _latest(status=1), Step.STATUS, FAILED, "revoked"),
    ("suspended in latest only", _latest(status=2), Step.STATUS, FAILED, "suspended"),
]


@pytest.mark.parametrize(
    ("change", "step", "expected", "reason"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_rule(change: Change, step: Step, expected: Outcome, reason: str) -> None:
    world = make_world()
    change(world)
    report = world.verify()
    assert outcome(report, step) == (expected, reason)
    assert report.verdict is (Verdict.NOT_VALID if expected is FAILED else Verdict.UNDECIDED)


NEAR_MISSES: list[tuple[str, Change]] = [
    ("key compromised later", lambda w: w.key(0, compromised_from=ANCHORED_AT + 1)),
    ("key ended later", lambda w: w.key(0, end=ANCHORED_AT + 1)),
    ("key active from that second", lambda w: w.key(0, start=ANCHORED_AT)),
    ("account ended later", lambda w: w.account(end=ANCHORED_AT + 1)),
    ("account compromised later", lambda w: w.account(compromised_from=ANCHORED_AT + 1)),
    ("accreditation of that second", lambda w: w.step(0, 0, start=ANCHORED_AT, end=ANCHORED_AT + 1)),
    ("accreditor distrusted later", lambda w: w.step(0, 1, distrusted_from=ANCHORED_AT + 1)),
    ("accreditor ended later", lambda w: w.step(0, 1, end=ANCHORED_AT + 1)),
    ("signed at the tolerance", _created(120)),
    ("settled to the second", _settled),
    ("root within its limits", _root_limit()),
    ("proofs in another order", _proofs(lambda p: p[::-1])),
]


@pytest.mark.parametrize("change", [c[1] for c in NEAR_MISSES], ids=[c[0] for c in NEAR_MISSES])
def test_rule_does_not_catch_too_much(change: Change) -> None:
    world = make_world()
    change(world)
    assert world.verify().verdict is Verdict.VALID


REMARKS: list[tuple[str, Change, str]] = [
    ("superseded", lambda w: w.status(4), "superseded"),
    ("superseded in latest only", _latest(status=4), "superseded"),
    (
        "no longer accredited",
        lambda w: w.signer(0, lambda s: s._replace(path_now=())),
        "no_longer_accredited",
    ),
    ("issuer ended since", lambda w: w.step(0, 0, now=True, end=NOW - 10), "no_longer_accredited"),
    (
        "accreditor distrusted since",
        lambda w: w.step(0, 1, now=True, distrusted_from=NOW - 10),
        "no_longer_accredited",
    ),
    ("operator is issuer", lambda w: w.trust_file(operator=SCHOOL), "operator_is_issuer"),
    ("expired", lambda w: w.sign_again({**w.document, "validUntil": "2026-07-02T00:00:00Z"}), "expired"),
    (
        "begins later",
        lambda w: w.sign_again({**w.document, "validFrom": "2026-08-01T00:00:00Z"}),
        "not_yet_valid",
    ),
    (
        "dated back",
        lambda w: w.sign_again({**w.document, "validFrom": "2026-04-03T08:59:59Z"}),
        "claimed_long_before",
    ),
]


@pytest.mark.parametrize(("change", "code"), [c[1:] for c in REMARKS], ids=[c[0] for c in REMARKS])
def test_remark(change: Change, code: str) -> None:
    world = make_world()
    change(world)
    report = world.verify()
    assert [remark.code for remark in report.remarks] == [code]
    assert (report.verdict, report.exit_code) == (Verdict.VALID_WITH_REMARKS, 0)
    world.options["strict"] = True
    strict = world.verify()
    assert (strict.verdict, strict.exit_code) == (Verdict.NOT_VALID, 1)


def test_ninety_days_between_claim_and_anchor_are_not_remarkable() -> None:
    world = make_world()
    world.sign_again({**world.document, "validFrom": "2026-04-03T09:00:00Z"})
    assert world.verify().verdict is Verdict.VALID


def test_countersigner_no_longer_accredited_is_not_the_issuers_remark() -> None:
    world = make_world()
    world.signer(1, lambda signer: signer._replace(path_now=()))
    assert world.verify().verdict is Verdict.VALID


def test_moment_moves_the_validity_window_only() -> None:
    world = make_world()
    world.sign_again({**world.document, "validUntil": "2026-07-02T00:00:00Z"})
    world.options["valid_at"] = ANCHORED_AT - DAY
    report = world.verify()
    assert report.verdict is Verdict.VALID
    assert (report.valid_at, report.checked_at) == (ANCHORED_AT - DAY, NOW)
    world.status(1)
    assert world.verify().verdict is Verdict.NOT_VALID


def test_record_that_fails_early_costs_no_request() -> None:
    world = make_world()
    _edit(("salt",), "AAAAAAAAAAAAAAAAAAAAAA")(world)
    chain = world.chain()
    report = verify(world.data(), world.trust, chain, NOW)
    assert chain.queries == []
    assert report.requests == 0
    assert outcome(report, Step.STATUS) == (NOT_CHECKED, "earlier_step")
    assert report.signers == ()


@pytest.mark.parametrize("reason", ["refused", "timeout", "disagree", "head_too_old", "wrong_code"])
def test_trouble_is_undecided_in_every_step_that_needs_the_chain(reason: str) -> None:
    world = make_world()
    _trouble(reason)(world)
    report = world.verify()
    assert (report.verdict, report.exit_code, report.requests) == (Verdict.UNDECIDED, 2, 1)
    assert [r.outcome for r in report.steps[:3]] == [Outcome.PASSED] * 3
    for step in (Step.INCLUSION, Step.ANCHOR, Step.FINALITY, Step.AUTHORITY, Step.STATUS):
        assert outcome(report, step) == (NOT_CHECKED, reason)


def test_failure_wins_over_what_could_not_be_checked() -> None:
    world = make_world()
    _only_in_latest(world)
    world.status(1)
    report = world.verify()
    assert outcome(report, Step.FINALITY) == (NOT_CHECKED, "not_final")
    assert report.verdict is Verdict.NOT_VALID


@pytest.mark.parametrize("operator", [OPERATOR, FIRM])
def test_operator_that_is_not_the_issuer_needs_no_remark(operator: str) -> None:
    world = make_world()
    world.trust_file(operator=operator)
    assert world.verify().verdict is Verdict.VALID


def test_persons_own_key_is_named_and_never_stands_for_an_organisation() -> None:
    key = make_key("trainee")
    trainee = f"did:key:{key.multikey}"
    bare = sample_document("credential.1", countersigners=[(FIRM, "enterprise"), (trainee, "trainee")])
    world = make_world()
    proofs = [
        *(sign(bare, did, make_key(did).private) for did in (SCHOOL, FIRM)),
        sign(bare, trainee, key.private),
    ]
    world.document = {**bare, "proof": proofs}
    world.anchor_document()
    report = world.verify()
    assert report.verdict is Verdict.VALID_WITH_REMARKS
    assert [(remark.code, remark.detail) for remark in report.remarks] == [("persons_own_key", trainee)]
    assert [(signer.role, signer.own_key) for signer in report.signers] == [
        ("issuer", False),
        ("enterprise", False),
        ("trainee", True),
    ]


def test_proof_of_another_suite_is_counted_and_never_shown_as_a_signature() -> None:
    world = make_world()
    foreign = {"type": "DataIntegrityProof", "cryptosuite": "eddsa-rdfc-2022", "proofValue": "z1"}
    world.document = {**world.document, "proof": [*world.document["proof"], foreign]}
    report = world.verify()
    assert report.verdict is Verdict.VALID
    assert ("ignored_proofs", "1") in report.step(Step.SIGNATURES).facts
    assert len(report.signers) == 2


PARTS = ("proof", "anchor", "credentialStatus", "credentialSubject", "id")


def test_parts_of_different_records_never_fit_together() -> None:
    """Every part of one valid record put into another valid one: only the record's own part verifies."""
    names = ["a", "b", "c", "d"]
    worlds = {name: make_world(name=name, number=index) for index, name in enumerate(names)}
    accepted = set()
    for part in PARTS:
        for mine, world in worlds.items():
            for theirs, other in worlds.items():
                mixed = replace(world)
                if part == "anchor":
                    # The root comes along: somebody else's batch, honestly anchored.
                    mixed.anchor, mixed.final = other.anchor, other.final
                else:
                    mixed.document = {**world.document, part: other.document[part]}
                if mixed.verify().verdict is not Verdict.NOT_VALID:
                    accepted.add((part, mine, theirs))
    assert accepted == {(part, name, name) for part in PARTS for name in names}
