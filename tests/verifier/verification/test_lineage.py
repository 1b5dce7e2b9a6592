"""Lineage: found by digest, verified once, judged beside the record (protocol section 9, step 9)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.support.records import CHAIN_ID, FIRM, REGISTRY, complete_record, link, record_bytes
from tests.verifier.verification.world import NOW, World, make_world, outcome
from verifier_cli import lineage as module
from verifier_cli.canonical import canonical
from verifier_cli.chain import NoReading, Reading
from verifier_cli.errors import CouldNotRead
from verifier_cli.evidence import EvidenceQuery
from verifier_cli.lineage import Files, Found, LineageExaminer
from verifier_cli.merkle import leaf_hash
from verifier_cli.proof_file import Anchor, ProofFile
from verifier_cli.record import Link, Record
from verifier_cli.report import Outcome, Report, Step, Verdict
from verifier_cli.signature import signature_digest
from verifier_cli.trust import Deployment
from verifier_cli.verify import verify

Change = Callable[["Family"], None]


class Family:
    """Certificate <- evaluation <- two activities <- enrolment, each its own batch of one leaf."""

    def __init__(self) -> None:
        self.records: dict[str, Record] = {}
        self.status: dict[str, int] = {}
        self.trouble: dict[str, str] = {}
        self.reads = 0
        self._add("enrolment", "enrolment.1")
        for name in ("activity a", "activity b"):
            self._add(name, "activity.1", ("performedUnder", "enrolment"))
        self._add("evaluation", "evaluation.1", ("evaluates", "activity a"), ("evaluates", "activity b"))
        self._add("certificate", "credential.1", ("evidencedBy", "evaluation"))
        self.files = {name: self.file(name) for name in self.records}

    def _add(self, name: str, schema: str, *links: tuple[str, str]) -> None:
        entries = [link(self.records[target].document, rel) for rel, target in links]
        number = len(self.records)
        self.records[name] = complete_record(schema, name=name, number=number, links=entries)

    def file(self, name: str) -> bytes:
        return ProofFile.write(record_bytes(self.records[name]), Anchor(CHAIN_ID, REGISTRY, 0, 0, ()))

    def read(self, deployment: Deployment, query: EvidenceQuery, now: int) -> Reading:
        """A chain reader: the status number tells which record is asked about."""
        self.reads += 1
        name = list(self.records)[query.status_number]
        if name in self.trouble:
            raise NoReading(self.trouble[name], "detail", 1)
        record = self.records[name]
        world = make_world(f"{record.schema}")
        root = leaf_hash(record.digest, signature_digest(record.native_proofs))
        world.batch(root=root, leaves=1)
        world.status(self.status.get(name, 0))
        answer = world.chain().answer
        assert isinstance(answer, Reading)
        return answer

    def examine(self) -> Report:
        """Verify the certificate with the other files given for its lineage."""
        trust = make_world().trust
        given = [(name, data) for name, data in self.files.items() if name != "certificate"]

        def verify_one(data: bytes) -> Report:
            return verify(data, trust, self, NOW)

        examiner = LineageExaminer([Files(given)], verify_one)
        return verify(self.files["certificate"], trust, self, NOW, lineage=examiner)


def test_whole_family_holds_and_each_is_verified_once() -> None:
    family = Family()
    report = family.examine()
    assert report.lineage is not None
    assert (report.verdict, report.lineage.verdict, report.exit_code) == (Verdict.VALID, Verdict.VALID, 0)
    assert outcome(report, Step.LINEAGE) == (Outcome.PASSED, None)
    found = [(node.relation, node.depth, node.id) for node in report.lineage.nodes]
    ids = {name: record.id for name, record in family.records.items()}
    assert found == [
        ("evidencedBy", 1, ids["evaluation"]),
        ("evaluates", 2, ids["activity a"]),
        ("evaluates", 2, ids["activity b"]),
        ("performedUnder", 3, ids["enrolment"]),
    ]
    assert family.reads == 5


def _altered(family: Family) -> None:
    """The same id with other contents: not the record that was meant."""
    other = complete_record("activity.1", name="activity a", number=1, subject={"ops": 121})
    assert other.id == family.records["activity a"].id
    family.files["activity a"] = ProofFile.write(record_bytes(other), Anchor(CHAIN_ID, REGISTRY, 0, 0, ()))


def _forged(family: Family) -> None:
    """The very document, with a signature that does not fit it."""
    record = family.records["activity a"]
    proofs = [record.proofs[1], record.proofs[1]]
    data = canonical({**record.document, "proof": proofs})
    family.files["activity a"] = ProofFile.write(data, Anchor(CHAIN_ID, REGISTRY, 0, 0, ()))


def _set(attribute: str, name: str, value: Any) -> Change:
    return lambda family: getattr(family, attribute).update({name: value})


def _drop(name: str) -> Change:
    def change(family: Family) -> None:
        del family.files[name]

    return change


CASES: list[tuple[str, Change, Verdict, str, int]] = [
    ("altered ancestor", _altered, Verdict.NOT_VALID, "digest_differs", 1),
    ("forged ancestor", _forged, Verdict.NOT_VALID, "ancestor_not_valid", 1),
    ("missing ancestor", _drop("activity a"), Verdict.UNDECIDED, "missing", 2),
    ("missing ancestor of an ancestor", _drop("enrolment"), Verdict.UNDECIDED, "missing", 2),
    (
        "unreachable chain",
        _set("trouble", "activity b", "timeout"),
        Verdict.UNDECIDED,
        "ancestor_undecided",
        2,
    ),
    ("revoked ancestor", _set("status", "enrolment", 1), Verdict.VALID_WITH_REMARKS, "ancestor_revoked", 0),
    (
        "suspended ancestor",
        _set("status", "enrolment", 2),
        Verdict.VALID_WITH_REMARKS,
        "ancestor_suspended",
        0,
    ),
    (
        "superseded ancestor",
        _set("status", "enrolment", 4),
        Verdict.VALID_WITH_REMARKS,
        "ancestor_remarks",
        0,
    ),
]


@pytest.mark.parametrize(
    ("change", "verdict", "reason", "code"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_ancestor(change: Change, verdict: Verdict, reason: str, code: int) -> None:
    family = Family()
    change(family)
    report = family.examine()
    assert report.lineage is not None
    assert report.verdict is Verdict.VALID
    assert report.lineage.verdict is verdict
    assert reason in [node.reason for node in report.lineage.nodes]
    assert report.exit_code == code


def test_record_that_does_not_hold_says_nothing_of_what_lies_below() -> None:
    family = Family()
    family.files["evaluation"] = family.files["evaluation"].replace(b'"score":91', b'"score":92')
    report = family.examine()
    assert report.lineage is not None
    assert [node.reason for node in report.lineage.nodes] == ["digest_differs"]


def test_memory_lasts_over_records() -> None:
    family = Family()
    trust = make_world().trust
    examiner = LineageExaminer(
        [Files(list(family.files.items()))], lambda data: verify(data, trust, family, NOW)
    )
    for _ in range(3):
        verify(family.files["certificate"], trust, family, NOW, lineage=examiner)
    assert family.reads == 3 + 4


def test_link_with_a_right_digest_and_a_wrong_id_is_not_that_record() -> None:
    family = Family()
    entry = link(family.records["evaluation"].document, "evidencedBy")
    wrong = {**entry, "id": family.records["enrolment"].id}
    family.records["certificate"] = complete_record(
        "credential.1", name="certificate", number=4, links=[wrong]
    )
    family.files["certificate"] = family.file("certificate")
    report = family.examine()
    assert report.lineage is not None
    assert [node.reason for node in report.lineage.nodes] == ["digest_differs"]


def _limits(monkeypatch: pytest.MonkeyPatch, **limits: int) -> None:
    for name, value in limits.items():
        monkeypatch.setattr(module, name, value)


def test_limits_at_and_past_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (module.MAX_NODES, module.MAX_DEPTH) == (10_000, 32)
    family = Family()
    _limits(monkeypatch, MAX_NODES=4, MAX_DEPTH=3)
    assert family.examine().lineage == Family().examine().lineage
    _limits(monkeypatch, MAX_NODES=3)
    report = family.examine()
    assert report.lineage is not None
    assert (report.lineage.verdict, report.lineage.nodes[-1].reason) == (Verdict.UNDECIDED, "too_many")
    _limits(monkeypatch, MAX_NODES=4, MAX_DEPTH=2)
    report = family.examine()
    assert report.lineage is not None
    assert (report.lineage.verdict, report.lineage.nodes[-1].reason) == (Verdict.UNDECIDED, "too_deep")


class _Broken:
    def find(self, link: Link) -> Found | None:
        raise CouldNotRead("timeout", "detail")


def test_source_out_of_reach_is_undecided_with_its_reason() -> None:
    family = Family()
    trust = make_world().trust
    examiner = LineageExaminer([_Broken()], lambda data: verify(data, trust, family, NOW))
    report = verify(family.files["certificate"], trust, family, NOW, lineage=examiner)
    assert report.lineage is not None
    assert [node.reason for node in report.lineage.nodes] == ["timeout"]
    assert report.exit_code == 2


def test_files_that_are_no_proof_files_are_passed_over() -> None:
    family = Family()
    files = Files([("noise", b"\xff"), *family.files.items()])
    wanted = family.records["certificate"].links[0]
    found = files.find(wanted)
    assert isinstance(found, Found)
    assert found.data == family.files["evaluation"]
    assert files.find(Link("urn:uuid:0", bytes(32), "evaluates", ())) is None


def test_record_without_links_has_an_empty_sound_lineage() -> None:
    world: World = replace(make_world())
    examiner = LineageExaminer([], lambda data: world.verify(data))
    report = verify(world.data(), world.trust, world.chain(), NOW, lineage=examiner)
    assert report.lineage is not None
    assert (report.lineage.verdict, report.lineage.nodes) == (Verdict.VALID, ())
    assert FIRM in [signer.id for signer in report.signers]


@pytest.mark.parametrize(
    ("rel", "schema"),
    [
        ("evidencedBy", "party.1"),
        ("awards", "enrolment.1"),
        ("supersedes", "evaluation.1"),
    ],
    ids=["evidence-is-a-party", "award-is-an-enrolment", "supersedes-another-kind"],
)
def test_link_that_the_typed_graph_does_not_have(rel: str, schema: str) -> None:
    family = Family()
    family.records["cited"] = complete_record(schema, name="cited", number=len(family.records))
    cited = link(family.records["cited"].document, rel)
    number = len(family.records)
    family.records["certificate 2"] = complete_record(
        "credential.1", name="certificate 2", number=number, links=[cited]
    )
    files = {name: family.file(name) for name in ("cited", "certificate 2")}

    def verify_one(data: bytes) -> Report:
        return verify(data, make_world().trust, family, NOW)

    examiner = LineageExaminer([Files(files.items())], verify_one)
    report = verify(files["certificate 2"], make_world().trust, family, NOW, lineage=examiner)
    assert report.lineage is not None
    assert [(node.verdict, node.reason) for node in report.lineage.nodes] == [
        (Verdict.NOT_VALID, "link_not_allowed")
    ]


def test_only_the_issuer_supersedes_its_record() -> None:
    record = complete_record("credential.1")
    edge = Link(record.id, record.digest, "supersedes", ())
    own = module.Maker("credential.1", record.issuer)
    assert module.allowed(edge, own, own)
    assert not module.allowed(edge, own, module.Maker("credential.1", FIRM))
