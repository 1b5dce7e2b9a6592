"""Shares of persons: nothing about one to nine of them, whether they are those counted or the others."""

from __future__ import annotations

from typing import Any

import pytest

from tests.verifier.indicators.helpers import compute
from verifier_cli.indicators.definition import shipped

SCHOOL, FIRM = "did:web:school.example", "did:web:firm.example"
SHARES = ("CERTIFIED", "EMPLOYED", "IN_FIELD", "RETENTION", "VENTURES")


def trainees(good: int, others: int) -> dict[str, list[dict[str, Any]]]:
    """Trainees, the first `good` of them certified, covered and fully paid."""
    enrolments = [
        {
            "record": f"e{number}",
            "issuer": SCHOOL,
            "subject": f"urn:{number:03}",
            "programme_code": "P",
            "from": "2025-09-01",
            "to": "2026-07-01",
            "status": "active",
            "contract": True,
            "insurance": number < good,
            "pay_ratio_bp": 9_000 if number < good else 7_000,
        }
        for number in range(good + others)
    ]
    signers = [
        {"record": item["record"], "did": did, "role": role}
        for item in enrolments
        for did, role in ((SCHOOL, "issuer"), (FIRM, "enterprise"))
    ]
    certificates = [
        {"record": f"c{number}", "subject": f"urn:{number:03}", "kind": "certificate"}
        for number in range(good)
    ]
    return {"enrolment": enrolments, "signer": signers, "credential": certificates}


@pytest.mark.parametrize(
    ("good", "others", "state"),
    [
        (10, 10, "value"),
        (10, 9, "too_few"),
        (9, 10, "too_few"),
        (40, 1, "too_few"),
        (1, 40, "too_few"),
        (10, 0, "value"),
        (0, 10, "value"),
        (9, 0, "too_few"),
    ],
)
def test_neither_a_small_group_nor_small_rest_is_published(good: int, others: int, state: str) -> None:
    given = trainees(good, others)
    value = compute("CERTIFIED", published=True, **given)
    assert value.state == state
    assert (value.exact is None) == (state == "too_few")


@pytest.mark.parametrize("code", SHARES)
def test_every_share_of_persons_says_how_few_it_is_about(code: str) -> None:
    definition = shipped()[code]
    assert definition.min_persons == 10
    assert "AS complement" in definition.sql


@pytest.mark.parametrize("code", ["LABOUR_COVER", "LABOUR_PAY"])
@pytest.mark.parametrize(("good", "others", "state"), [(19, 1, "value"), (1, 19, "value"), (8, 1, "too_few")])
def test_what_a_firm_owes_is_shown_however_few_lack_it(code: str, good: int, others: int, state: str) -> None:
    assert compute(code, published=True, **trainees(good, others)).state == state
