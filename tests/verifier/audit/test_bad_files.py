"""Bad export files are findings or a refusal, never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.records import FIRM, SCHOOL
from tests.verifier.audit.exports import Export, audit, codes, leaf_of, make_record
from verifier_cli.audit import (
    AuditVerdict,
    Code,
    SourceError,
)
from verifier_cli.did import org_id
from verifier_cli.leaf_list import LeafListHeader, tiles_of
from verifier_cli.merkle import Tree


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
