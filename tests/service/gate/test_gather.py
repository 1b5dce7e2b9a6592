"""Which records count beside others."""

from __future__ import annotations

import pytest

from trace_service.gate.gather import Background, Dossier, Evidence, Verdict

FIRM, SCHOOL = "did:web:firm.example", "did:web:school.example"
FAILED = Evidence("failed", "evaluation.1", (Verdict("E1", "school", False),), [], 2, "2026-06-02", 1, FIRM)


def scores(schema: str, issuer: str) -> list[bool]:
    """What is left of a failed evaluation and of a record of no content that says it supersedes it."""
    dossier = Dossier()
    dossier.add(FAILED)
    content = () if schema != "credential.1" else None
    links = [("supersedes", FAILED.id)]
    dossier.add(Evidence("later", schema, content, links, 2, "2026-06-01", 2, issuer))
    return [score.passed for score in dossier.facts("standard", Background()).scores]


def test_its_own_issuer_supersedes_a_record() -> None:
    assert scores("evaluation.1", FIRM) == []


@pytest.mark.parametrize(
    ("schema", "issuer"),
    [("evaluation.1", SCHOOL), ("activity.1", FIRM), ("credential.1", FIRM), ("activity.1", SCHOOL)],
)
def test_nobody_else_and_nothing_of_another_type_does(schema: str, issuer: str) -> None:
    assert scores(schema, issuer) == [False]
