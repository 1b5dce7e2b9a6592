"""Attacks on the audit: malformed proofs, and a service that shows the second reader something else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from tests.support.records import SCHOOL, complete_record
from tests.verifier.audit.conftest import export as export
from tests.verifier.audit.exports import Export, audit, codes, leaf_of, make_record
from verifier_cli.audit import Audit, AuditVerdict, Code, FolderSource
from verifier_cli.audit.text import report_text
from verifier_cli.leaf_list import record_line
from verifier_cli.merkle import Tree


@pytest.mark.parametrize("proof", [{}, {"verificationMethod": None}, {"verificationMethod": {"id": "x"}}])
def test_a_proof_without_a_method_is_a_finding(tmp_path: Path, proof: dict[str, object]) -> None:
    export = Export(tmp_path)
    export.add([make_record(1)])
    native = {"type": "DataIntegrityProof", "cryptosuite": "eddsa-jcs-2022", **proof}
    document = {**make_record(1).document, "proof": [native, native]}
    export.records_path().write_bytes(record_line(0, orjson.dumps(document)))
    found = codes(audit(export))
    assert Code.SIGNATURE_INVALID in found
    assert Code.SIGNATURES_ALTERED in found


class TwoFaced(FolderSource):
    """A service that shows one folder at the first reading and another when it is asked again."""

    def __init__(self, first: Path, later: Path) -> None:
        super().__init__(first)
        self._later = FolderSource(later)
        self._seen: dict[tuple[str, int], int] = {}

    def leaves(self, did: str, sequence: int) -> Iterator[bytes]:
        """The header is read once by itself, then the whole list; what comes after is a look for details."""
        count = self._seen["leaves", sequence] = self._seen.get(("leaves", sequence), 0) + 1
        return super().leaves(did, sequence) if count <= 2 else self._later.leaves(did, sequence)

    def records(self, did: str, sequence: int) -> Iterator[bytes]:
        """Records are read once."""
        count = self._seen["records", sequence] = self._seen.get(("records", sequence), 0) + 1
        return super().records(did, sequence) if count <= 1 else self._later.records(did, sequence)


def test_leaves_exchanged_only_for_the_first_reading_are_found(tmp_path: Path) -> None:
    genuine = [make_record(number) for number in range(4)]
    forged = [*genuine[:2], make_record(90), genuine[3]]
    honest = Export(tmp_path / "honest")
    honest.add(genuine)
    shown = Export(tmp_path / "shown", honest.chain)
    leaves = [leaf_of(record) for record in forged]
    shown.write(SCHOOL, 0, leaves, Tree([leaf_of(record)[2] for record in genuine]).tiles(), forged)
    report = Audit(TwoFaced(shown.folder, honest.folder), honest.chain).run()
    assert report.verdict is AuditVerdict.FINDINGS
    assert codes(report) == [Code.TILE_REWRITTEN]


@pytest.mark.parametrize("member", ["number", "name"])
def test_repeats_hidden_from_the_second_reading_are_found(tmp_path: Path, member: str) -> None:
    one = complete_record("party.1", name="one", number=1)
    two = complete_record(
        "party.1", name="two" if member == "number" else "one", number=1 + (member == "name")
    )
    export = Export(tmp_path / "shown")
    export.add([one, two])
    hidden = Export(tmp_path / "hidden", export.chain)
    hidden.write(
        SCHOOL, 0, [leaf_of(one), leaf_of(two)], Tree([leaf_of(one)[2], leaf_of(two)[2]]).tiles(), [one]
    )
    report = Audit(TwoFaced(export.folder, hidden.folder), export.chain).run()
    assert report.verdict is AuditVerdict.FINDINGS
    assert codes(report)[-1] is Code.UNREADABLE


def test_a_list_garbled_for_the_second_reading_is_a_finding(tmp_path: Path) -> None:
    genuine = [make_record(number) for number in range(4)]
    forged = [*genuine[:2], make_record(90), genuine[3]]
    honest = Export(tmp_path / "honest")
    honest.add(genuine)
    shown = Export(tmp_path / "shown", honest.chain)
    leaves = [leaf_of(record) for record in forged]
    shown.write(SCHOOL, 0, leaves, Tree([leaf_of(record)[2] for record in genuine]).tiles(), forged)
    honest.leaves_path().write_bytes(b'garbage\n{"tile":0,x\n')
    report = Audit(TwoFaced(shown.folder, honest.folder), honest.chain).run()
    assert codes(report) == [Code.UNREADABLE]


@pytest.mark.parametrize("place", ["id", "salt"])
def test_a_terminal_is_safe_from_what_a_finding_quotes(export: Export, place: str) -> None:
    evil = "\x1b[2J\x1b[32mCONSISTENT\u202e"
    document = {**make_record(0).document, place: evil, "proof": [{"type": "x"}]}
    export.records_path().write_bytes(record_line(0, orjson.dumps(document)))
    text = "".join(report_text(audit(export)))
    assert "record_invalid" in text
    assert text.isprintable()
