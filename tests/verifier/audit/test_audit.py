"""What an audit says beside altered leaves: repeats, promises, equivocation, authority, opaque leaves, bad
files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from tests.support.records import FIRM, REGISTRY, SCHOOL, complete_record, make_key, record_bytes
from tests.verifier.audit.exports import ANCHORED_AT, Chain, Export, leaf_of, make_record
from verifier_cli.audit import (
    Audit,
    AuditOptions,
    AuditReport,
    AuditVerdict,
    Checkpoint,
    CheckpointError,
    Code,
    FolderSource,
    Receipt,
    SourceError,
    parse_receipt,
)
from verifier_cli.audit.pool import workers
from verifier_cli.authority import Objection
from verifier_cli.canonical import canonical
from verifier_cli.did import org_id
from verifier_cli.encoding import digest_multibase, format_time, multikey
from verifier_cli.errors import DataError
from verifier_cli.leaf_list import LeafListHeader, record_line, tiles_of
from verifier_cli.merkle import Tree
from verifier_cli.signature import complete_proof


def audit(
    export: Export,
    options: AuditOptions | None = None,
    *,
    receipts: tuple[Receipt, ...] = (),
    earlier: Checkpoint | None = None,
) -> AuditReport:
    """Audit a folder in this process."""
    return Audit(FolderSource(export.folder), export.chain, options, receipts=receipts, earlier=earlier).run()


def codes(report: AuditReport) -> list[Code]:
    """Codes in the order they were found."""
    return [finding.code for finding in report.findings]


@pytest.fixture
def export(tmp_path: Path) -> Export:
    """Two batches of the school, three records each."""
    made = Export(tmp_path / "export")
    made.add([make_record(number) for number in range(3)])
    made.add([make_record(number) for number in range(3, 6)])
    return made


# ----- repeats -----


def test_a_repeated_status_number_names_the_second_place(tmp_path: Path) -> None:
    export = Export(tmp_path)
    export.add([make_record(1), make_record(2)])
    twice = complete_record("party.1", name="twice", number=2)
    export.add([make_record(3), twice])
    report = audit(export)
    (finding,) = report.findings
    assert (finding.code, finding.sequence, finding.leaf_index) == (Code.REPEATED_STATUS_NUMBER, 1, 1)
    assert (finding.record_id, finding.expected) == (twice.id, "sequence 0, leaf 1")


def test_a_repeated_id_is_found_though_the_records_differ(tmp_path: Path) -> None:
    export = Export(tmp_path)
    one = complete_record("party.1", name="same", number=1)
    two = complete_record("party.1", name="same", number=2)
    export.add([one, two])
    (finding,) = audit(export).findings
    assert (finding.code, finding.leaf_index, finding.record_id) == (Code.REPEATED_ID, 1, one.id)


def test_a_record_anchored_twice_repeats_everything(export: Export) -> None:
    export.add([make_record(1)])
    report = audit(export)
    assert set(codes(report)) == {Code.REPEATED_ID, Code.REPEATED_DIGEST, Code.REPEATED_STATUS_NUMBER}
    assert {finding.sequence for finding in report.findings} == {2}


def test_a_repeated_digest_is_found_without_records(export: Export) -> None:
    export.add([make_record(1)])
    assert codes(audit(export, AuditOptions(with_records=False))) == [Code.REPEATED_DIGEST]


def test_the_same_number_of_two_organisations_is_no_repeat(tmp_path: Path) -> None:
    export = Export(tmp_path)
    export.add([make_record(1)])
    export.add([complete_record("party.1", name="firm", number=1, issuer=FIRM)], did=FIRM)
    assert audit(export).verdict is AuditVerdict.CONSISTENT


# ----- the chain -----


def test_a_batch_that_is_not_published_is_missing(export: Export) -> None:
    export.path(SCHOOL, "batches.json").write_bytes(orjson.dumps({"sequences": [0]}))
    (finding,) = audit(export).findings
    assert (finding.code, finding.sequence) == (Code.BATCH_REMOVED, 1)


def test_a_batch_beyond_the_head_is_named(export: Export) -> None:
    export.chain.anchored[org_id(SCHOOL)].pop()
    (finding,) = audit(export).findings
    assert (finding.code, finding.sequence) == (Code.BATCH_INSERTED, 1)


def test_sealed_batches_may_wait_where_that_is_allowed(export: Export) -> None:
    export.add([make_record(7)])
    del export.chain.anchored[org_id(SCHOOL)][1:]
    report = audit(export, AuditOptions(pending_allowed=True))
    assert report.findings == []
    assert (report.counts.batches, report.counts.pending) == (1, 2)


def test_another_kind_than_anchored_is_named(tmp_path: Path) -> None:
    export = Export(tmp_path)
    export.add([make_record(1)], kinds=1 << 5)
    (finding,) = audit(export).findings
    assert (finding.code, finding.leaf_index) == (Code.KIND_OUTSIDE_BATCH, 0)


def test_an_unknown_format_leaves_the_audit_incomplete(export: Export) -> None:
    batches = export.chain.anchored[org_id(SCHOOL)]
    batches[1] = batches[1]._replace(format=2)
    report = audit(export)
    assert Code.FORMAT_UNKNOWN in codes(report)


def test_organisations_of_the_chain_that_are_not_published_leave_it_incomplete(export: Export) -> None:
    export.chain.anchored[org_id(FIRM)] = [export.chain.anchored[org_id(SCHOOL)][0]]
    report = audit(export)
    assert codes(report) == [Code.ORGANISATION_MISSING]
    assert report.verdict is AuditVerdict.INCOMPLETE
    assert report.verdict.exit_code == 2
    alone = audit(export, AuditOptions(organisations=(SCHOOL,)))
    assert alone.verdict is AuditVerdict.CONSISTENT


def test_an_organisation_asked_for_and_not_there(export: Export) -> None:
    report = audit(export, AuditOptions(organisations=(FIRM,)))
    assert [(f.code, f.organisation) for f in report.findings] == [(Code.ORGANISATION_MISSING, FIRM)]


# ----- records in the wrong place -----


def test_a_record_of_another_deployment_is_named(tmp_path: Path) -> None:
    export = Export(tmp_path)
    other = complete_record("party.1", name="x", number=1, registry="0x" + "77" * 20)
    export.add([other])
    (finding,) = audit(export).findings
    assert (finding.code, finding.record_id) == (Code.WRONG_DEPLOYMENT, other.id)
    assert REGISTRY in finding.expected


def test_a_record_of_another_organisation_is_named(tmp_path: Path) -> None:
    export = Export(tmp_path)
    export.add([complete_record("party.1", name="x", number=1, issuer=FIRM)])
    (finding,) = audit(export).findings
    assert (finding.code, finding.expected, finding.actual) == (Code.WRONG_ORGANISATION, SCHOOL, FIRM)


def test_a_proof_made_after_anchoring_is_named(tmp_path: Path) -> None:
    export = Export(tmp_path)
    allowed = complete_record("party.1", name="a", number=1, created=format_time(ANCHORED_AT + 120))
    late = complete_record("party.1", name="b", number=2, created=format_time(ANCHORED_AT + 121))
    export.add([allowed, late])
    (finding,) = audit(export).findings
    assert (finding.code, finding.leaf_index) == (Code.SIGNED_AFTER_ANCHORING, 1)


def test_an_anchored_record_without_its_countersignature_is_named(tmp_path: Path) -> None:
    export = Export(tmp_path)
    whole = complete_record("enrolment.1", name="x", number=1)
    document = {**whole.document, "proof": [whole.proofs[0]]}
    broken = replace(whole, proofs=(whole.proofs[0],))
    export.add([broken])
    export.records_path().write_bytes(record_line(0, canonical(document)))
    (finding,) = audit(export).findings
    assert (finding.code, finding.record_id) == (Code.SIGNATURE_INVALID, whole.id)


# ----- authority -----


def test_authority_is_judged_for_every_signer_and_record(tmp_path: Path) -> None:
    export = Export(tmp_path)
    records = [complete_record("enrolment.1", name=f"e{n}", number=n) for n in range(2)]
    export.add([*records, make_record(5)])
    reason = Objection("key_compromised", "not compromised", "from 1")
    export.chain.faults[org_id(SCHOOL), 0, FIRM] = reason
    report = audit(export)
    assert {(f.code, f.record_id, f.expected) for f in report.findings} == {
        (Code.SIGNER_UNAUTHORISED, record.id, "not compromised") for record in records
    }
    assert all(FIRM in finding.detail and reason.reason in finding.detail for finding in report.findings)


def test_what_the_snapshot_does_not_cover_is_undecided(tmp_path: Path) -> None:
    export = Export(tmp_path)
    export.add([make_record(1)])
    export.chain.faults[org_id(SCHOOL), 0, SCHOOL] = Objection("not_covered", "", "")
    report = audit(export)
    assert codes(report) == [Code.SIGNER_UNKNOWN]
    assert report.verdict is AuditVerdict.INCOMPLETE


def test_the_account_that_anchored_is_judged(export: Export) -> None:
    export.chain.account_faults[org_id(SCHOOL), 1] = Objection("account_scope", "scope anchor", "scopes 2")
    (finding,) = audit(export).findings
    assert (finding.code, finding.sequence, finding.detail) == (Code.ACCOUNT_UNAUTHORISED, 1, "account_scope")


# ----- opaque leaves -----


def test_a_withheld_record_leaves_the_audit_incomplete(export: Export) -> None:
    lines = export.records_path(1).read_bytes().splitlines(keepends=True)
    export.records_path(1).write_bytes(lines[0] + lines[2])
    report = audit(export)
    (finding,) = report.findings
    assert (finding.code, finding.sequence, finding.leaf_index) == (Code.OPAQUE_LEAF, 1, 1)
    assert (report.counts.opaque, report.counts.unexplained) == (1, 1)
    assert report.verdict is AuditVerdict.INCOMPLETE


def test_a_batch_without_any_record_is_one_finding(export: Export) -> None:
    export.records_path(1).unlink()
    report = audit(export)
    assert [(f.code, f.sequence, f.leaf_index) for f in report.findings] == [(Code.OPAQUE_LEAF, 1, None)]
    assert report.counts.opaque == 3


def test_a_second_record_for_a_leaf_is_named(export: Export) -> None:
    path = export.records_path(1)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], record_line(0, record_bytes(make_record(9))), *lines[1:]]))
    (finding,) = audit(export).findings
    assert (finding.code, finding.leaf_index) == (Code.RECORD_INSERTED, 0)


# ----- checkpoints -----


def test_a_checkpoint_comes_back_from_its_file(export: Export) -> None:
    seen = Checkpoint.take(export.chain)
    assert Checkpoint.parse(seen.serialise()) == seen


def test_an_unchanged_past_is_no_finding(export: Export) -> None:
    seen = Checkpoint.take(export.chain)
    export.add([make_record(7)])
    assert audit(export, earlier=seen).verdict is AuditVerdict.CONSISTENT


def test_another_root_at_an_old_sequence_is_equivocation(export: Export, tmp_path: Path) -> None:
    seen = Checkpoint.take(export.chain)
    other = Export(tmp_path / "other")
    other.add([make_record(number) for number in range(3)])
    other.add([make_record(number) for number in range(13, 16)])
    report = audit(other, earlier=seen)
    (finding,) = report.findings
    assert (finding.code, finding.organisation, finding.sequence) == (Code.EQUIVOCATION, SCHOOL, 1)
    assert finding.expected == export.chain.batches(org_id(SCHOOL))[1].root.hex()
    assert finding.actual == other.chain.batches(org_id(SCHOOL))[1].root.hex()


def test_a_shorter_chain_is_named(export: Export) -> None:
    seen = Checkpoint.take(export.chain)
    export.chain.anchored[org_id(SCHOOL)].pop()
    export.path(SCHOOL, "batches.json").write_bytes(orjson.dumps({"sequences": [0]}))
    (finding,) = audit(export, earlier=seen).findings
    assert (finding.code, finding.expected, finding.actual) == (Code.HEAD_SHORTENED, "2", "1")


def test_an_older_block_is_named(export: Export) -> None:
    seen = Checkpoint.take(export.chain)
    export.chain.block_number -= 1
    assert codes(audit(export, earlier=seen)) == [Code.HEAD_SHORTENED]


def test_a_checkpoint_of_another_deployment_is_refused(export: Export) -> None:
    seen = Checkpoint.take(Chain(registry="0x" + "99" * 20))
    with pytest.raises(CheckpointError) as caught:
        audit(export, earlier=seen)
    assert caught.value.path == "$.registry"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:-20],
        lambda data: b"[]",
        lambda data: data.replace(b'"head": 2', b'"head": 3'),
        lambda data: data.replace(b"SkillTraceCheckpoint", b"SkillTraceSnapshot"),
        lambda data: data.replace(b'"roots"', b'"rots"'),
    ],
    ids=["truncated", "list", "head", "type", "member"],
)
def test_a_spoiled_checkpoint_is_refused(export: Export, spoil: Callable[[bytes], bytes]) -> None:
    with pytest.raises(CheckpointError):
        Checkpoint.parse(spoil(Checkpoint.take(export.chain).serialise()))


# ----- receipts -----

SERVICE = "did:web:trace.example"
RECEIPT_KEY = make_key("receipts")


def receipt_bytes(digest: bytes, anchor_by: int) -> bytes:
    """A signed receipt."""
    receipt = {
        "type": "SkillTraceReceipt",
        "recordDigest": digest_multibase(digest),
        "acceptedAt": format_time(anchor_by - 900),
        "anchorBy": format_time(anchor_by),
        "service": SERVICE,
    }
    options = {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "created": receipt["acceptedAt"],
        "verificationMethod": f"{SERVICE}#{multikey(RECEIPT_KEY.public)}",
        "proofPurpose": "assertionMethod",
    }
    signed = hashlib.sha256(canonical(options)).digest() + hashlib.sha256(canonical(receipt)).digest()
    return canonical({**receipt, "proof": complete_proof(options, RECEIPT_KEY.private.sign(signed))})


def receipt(digest: bytes, anchor_by: int) -> Receipt:
    """The same, read."""
    return parse_receipt(receipt_bytes(digest, anchor_by), [RECEIPT_KEY.public])


def test_kept_and_running_promises_are_counted(export: Export) -> None:
    kept = receipt(make_record(1).digest, ANCHORED_AT)
    running = receipt(make_record(99).digest, export.chain.block_time)
    report = audit(export, receipts=(kept, running))
    assert report.verdict is AuditVerdict.CONSISTENT
    assert (report.counts.receipts, report.counts.promises_pending) == (2, 1)


def test_a_record_anchored_too_late_breaks_its_promise(export: Export) -> None:
    late = receipt(make_record(4).digest, ANCHORED_AT + 59)  # its batch was anchored at + 60
    (finding,) = audit(export, receipts=(late,)).findings
    assert (finding.code, finding.sequence) == (Code.PROMISE_BROKEN, 1)


def test_a_record_in_no_batch_breaks_its_promise(export: Export) -> None:
    gone = make_record(99)
    (finding,) = audit(export, receipts=(receipt(gone.digest, ANCHORED_AT),)).findings
    assert (finding.code, finding.actual) == (Code.PROMISE_BROKEN, "in no batch")
    assert gone.digest.hex() in finding.detail


def test_leaves_alone_show_whether_promises_were_kept(export: Export) -> None:
    options = AuditOptions(with_records=False)
    kept = receipt(make_record(1).digest, ANCHORED_AT)
    assert audit(export, options, receipts=(kept,)).findings == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data.replace(b"SkillTraceReceipt", b"SkillTraceRecords"),
        lambda data: data.replace(b'"service":', b'"servant":'),
        lambda data: data.replace(b"trace.example", b"trick.example", 1),
        lambda data: data.replace(b'"proof":{', b'"proof":[],"prof":{'),
        lambda data: data[:-1],
        lambda data: b"7",
    ],
    ids=["type", "member", "altered", "no proof", "truncated", "number"],
)
def test_a_spoiled_receipt_is_refused(spoil: Callable[[bytes], bytes]) -> None:
    with pytest.raises(DataError):
        parse_receipt(spoil(receipt_bytes(bytes(32), ANCHORED_AT)), [RECEIPT_KEY.public])


def test_a_receipt_by_another_key_is_refused() -> None:
    with pytest.raises(DataError):
        parse_receipt(receipt_bytes(bytes(32), ANCHORED_AT), [make_key("other").public])


# ----- cores -----


def test_two_processes_say_what_one_says(tmp_path: Path) -> None:
    export = Export(tmp_path)
    for batch in range(3):
        export.add([make_record(300 * batch + number) for number in range(300)])
    path = export.records_path(1)
    path.write_bytes(path.read_bytes().replace(b"12440000MB2D000000", b"99440000MB2D000000", 3))
    alone = audit(export)
    with workers(2) as executor:
        together = Audit(FolderSource(tmp_path), export.chain).run(executor, 2)
    assert together.to_json() == alone.to_json()
    assert codes(alone).count(Code.RECORD_ALTERED) == 3
    assert alone.counts.records == 900


def test_progress_ends_at_the_number_of_leaves(export: Export) -> None:
    heard: list[tuple[int, int]] = []
    Audit(FolderSource(export.folder), export.chain).run(progress=lambda *now: heard.append(now))
    assert heard == [(3, 6), (6, 6)]


# ----- bad files -----


def spoil_file(path: Path, old: bytes, new: bytes) -> None:
    """Replace the first occurrence, which must be there."""
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b'{"type"', b'{"tipe"', Code.UNREADABLE),
        (b'"version":1', b'"version":2', Code.UNREADABLE),
        (b'"count":3', b'"count":"3"', Code.UNREADABLE),
        (b'"count":3', b'"count":4', Code.BATCH_ALTERED),
        (b'"count":3', b'"count":9999999', Code.UNREADABLE),
        (b'"sequence":1', b'"sequence":0', Code.BATCH_ALTERED),
        (b'"organisation":"did', b'"organisation":7,"x":"did', Code.UNREADABLE),
        (b'"authorisations":[]', b'"authorisations":{}', Code.UNREADABLE),
        (b'"authorisations":[]', b'"authorisations":[7]', Code.UNREADABLE),
        (b'"authorisations":[]', b'"authorisations":[{"account":"0xAA"}]', Code.UNREADABLE),
        (b'{"tile":0,', b'{"tile":00,', Code.UNREADABLE),
        (b'{"tile":0,', b'{"tile":5000,', Code.UNREADABLE),
        (b'{"tile":0,', b'{"tile":7,', Code.BATCH_REWRITTEN),
        (b'"recordDigests":"', b'"recordDigests":"AAAA', Code.UNREADABLE),
        (b'"leafHashes":"', b'"leafHashes":"=', Code.UNREADABLE),
        (b'"hash":"', b'"hash":7,"x":"', Code.UNREADABLE),
        (b'"leafHashes"', b'"missing":[9],"leafHashes"', Code.UNREADABLE),
        (b'"leafHashes"', b'"missing":{},"leafHashes"', Code.UNREADABLE),
    ],
)
def test_a_garbled_leaf_list_is_a_finding(export: Export, old: bytes, new: bytes, expected: Code) -> None:
    spoil_file(export.leaves_path(1), old, new)
    report = audit(export)
    assert expected in codes(report)
    assert {finding.sequence for finding in report.findings} == {1}
    assert report.verdict is AuditVerdict.FINDINGS


@pytest.mark.parametrize("keep", [0, 1, 40, 400])
def test_a_truncated_leaf_list_is_a_finding(export: Export, keep: int) -> None:
    path = export.leaves_path(1)
    path.write_bytes(path.read_bytes()[:keep])
    report = audit(export)
    assert report.verdict is AuditVerdict.FINDINGS
    assert {finding.sequence for finding in report.findings} == {1}


def test_a_leaf_list_cut_after_the_header_names_the_tile(export: Export) -> None:
    path = export.leaves_path(1)
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
    assert Code.TILE_REMOVED in codes(audit(export))


def test_a_tile_given_twice_is_a_finding(export: Export) -> None:
    path = export.leaves_path(1)
    path.write_bytes(path.read_bytes() + path.read_bytes().splitlines(keepends=True)[1])
    assert codes(audit(export)) == [Code.UNREADABLE]


@pytest.mark.parametrize(
    "line",
    [b"", b"\n", b"{}\n", b'{"leafIndex":x,"record":{}}\n', b'{"leafIndex":01,"record":{}}\n', b"\xff\xfe\n"],
)
def test_a_garbled_record_line_is_a_finding_and_the_leaves_are_still_judged(
    export: Export, line: bytes
) -> None:
    path = export.records_path(1)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + (line or lines[1][:200] + b"\n") + lines[2])
    spoil_file(export.leaves_path(1), b'"hash":"', b'"hash":null,"x":"')
    found = codes(audit(export))
    assert Code.TILE_REMOVED in found
    assert {Code.UNREADABLE, Code.OPAQUE_LEAF} <= set(found) or Code.RECORD_ALTERED in found


def test_endless_lines_are_cut_off(export: Export) -> None:
    export.leaves_path(1).write_bytes(b"[" * 100_000)
    export.records_path(0).write_bytes(b"[" * 100_000)
    assert codes(audit(export)).count(Code.UNREADABLE) == 2


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("organisations.json", None),
        ("organisations.json", b"{"),
        ("organisations.json", b"[]"),
        ("organisations.json", b'{"type":"SkillTraceExport","version":2,"organisations":[]}'),
        ("organisations.json", b'{"type":"SkillTraceExport","version":1,"organisations":["../../etc"]}'),
        ("organisations.json", b'{"type":"SkillTraceExport","version":1,"organisations":[7]}'),
        ("batches.json", None),
        ("batches.json", b'{"sequences":[-1]}'),
        ("batches.json", b'{"sequences":["../0"]}'),
    ],
)
def test_an_index_that_cannot_be_read_ends_the_audit(export: Export, name: str, data: bytes | None) -> None:
    path = export.folder / name if name == "organisations.json" else export.path(SCHOOL, name)
    if data is None:
        path.unlink()
    else:
        path.write_bytes(data)
    with pytest.raises(SourceError):
        audit(export)


def test_the_header_of_another_organisation_is_named(export: Export) -> None:
    leaves = [leaf_of(make_record(number)) for number in range(3, 6)]
    tree = Tree([leaf[2] for leaf in leaves])
    batch = export.chain.batches(org_id(SCHOOL))[1]
    header = LeafListHeader(FIRM, 1, batch.root, batch.leaves, batch.kinds, 1)
    export.write_leaves(SCHOOL, 1, header, list(tiles_of(leaves, tree.tiles())))
    (finding,) = audit(export).findings
    assert (finding.code, finding.sequence) == (Code.BATCH_ALTERED, 1)
