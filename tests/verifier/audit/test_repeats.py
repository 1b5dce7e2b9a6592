"""What must be unique within an organisation, and what is said twice."""

from __future__ import annotations

from pathlib import Path

from tests.support.records import FIRM, complete_record
from tests.verifier.audit.exports import Export, audit, codes, make_record
from verifier_cli.audit import (
    AuditOptions,
    AuditVerdict,
    Code,
)


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
