"""Batches against the chain, records in the wrong place, authority, withheld records."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import orjson

from tests.support.records import FIRM, REGISTRY, SCHOOL, complete_record, record_bytes
from tests.verifier.audit.exports import ANCHORED_AT, Export, audit, codes, make_record
from verifier_cli.audit import (
    AuditOptions,
    AuditVerdict,
    Code,
)
from verifier_cli.authority import Objection
from verifier_cli.canonical import canonical
from verifier_cli.did import org_id
from verifier_cli.encoding import format_time
from verifier_cli.leaf_list import record_line


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
