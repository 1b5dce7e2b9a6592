"""Attacks on lineage: what lies beside a record must not speak for it."""

from __future__ import annotations

import pytest

from tests.support.records import link
from tests.verifier.verification.world import make_world
from verifier_cli.canonical import canonical
from verifier_cli.lineage import Files, LineageExaminer
from verifier_cli.proof_file import ProofFile
from verifier_cli.record import Record
from verifier_cli.report import Verdict


@pytest.mark.parametrize("spoiled", [0, 1, 3])
def test_spoiled_copies_of_an_ancestor_do_not_speak_for_it(spoiled: int) -> None:
    """The same record without its proofs has the same digest, and may lie first in the folder."""
    ancestor = make_world("evaluation.1")
    bare = {name: member for name, member in ancestor.document.items() if name != "proof"}
    below = make_world("credential.1")
    below.sign_again({**below.document, "relatedResource": [link(bare, "evidencedBy")]})
    files = [(f"spoiled {i}", ProofFile.write(canonical(bare), ancestor.anchor)) for i in range(spoiled)]
    examiner = LineageExaminer([Files([*files, ("good", ancestor.data())])], ancestor.verify)
    report = examiner(Record.parse(canonical(below.document)))
    assert (report.verdict, [node.name for node in report.nodes]) == (Verdict.VALID, ["good"])
    alone = LineageExaminer([Files(files)], ancestor.verify)(Record.parse(canonical(below.document)))
    assert alone.verdict is (Verdict.NOT_VALID if spoiled else Verdict.UNDECIDED)
