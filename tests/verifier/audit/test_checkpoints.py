"""The checkpoint of an audit: another past is equivocation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from tests.support.records import SCHOOL
from tests.verifier.audit.exports import Chain, Export, audit, codes, make_record
from verifier_cli.audit import (
    AuditVerdict,
    Checkpoint,
    CheckpointError,
    Code,
)
from verifier_cli.did import org_id


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
