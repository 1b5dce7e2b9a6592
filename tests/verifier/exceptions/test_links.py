"""Rules that follow links: withdrawn evidence, circles of praise, agreements that have ended."""

from __future__ import annotations

from typing import Any

import pytest

from tests.verifier.indicators.helpers import exceptions

A, B, C = (f"did:web:{name}.example" for name in "abc")


def linked(*links: tuple[str, str, str]) -> list[dict[str, Any]]:
    """Rows of `link` from (record, relation, target)."""
    return [{"record": record, "rel": rel, "target": target} for record, rel, target in links]


# ----- withdrawn evidence -----

STORY: dict[str, Any] = {
    "evaluation": [{"record": "eva", "subject": "urn:li"}],
    "credential": [{"record": "crd", "subject": "urn:li"}, {"record": "free", "subject": "urn:li"}],
    "creditentry": [{"record": "cbk", "subject": "urn:li"}, {"record": "later", "subject": "urn:li"}],
    "outcome": [{"record": "out", "subject": "urn:li"}],
    "link": linked(
        ("eva", "evaluates", "act"),
        ("crd", "evidencedBy", "eva"),
        ("cbk", "credits", "crd"),
        ("later", "follows", "cbk"),
        ("out", "resultOf", "crd"),
        ("free", "awards", "std"),
    ),
}
"""A certificate from its practice to the job; `free` rests on none of it."""


def resting(*withdrawn: str, **changes: Any) -> list[tuple[str, str, int]]:
    gone = [{"record": record, "status": "revoked"} for record in withdrawn]
    rows = exceptions("evidence_withdrawn", **{**STORY, "withdrawn": gone, **changes})
    return sorted((row["record"], row["other"], row["steps"]) for row in rows)


def test_everything_that_rests_on_it() -> None:
    assert resting("act") == [
        ("cbk", "act", 3),
        ("crd", "act", 2),
        ("eva", "act", 1),
        ("later", "act", 4),
        ("out", "act", 3),
    ]


def test_nothing_was_withdrawn() -> None:
    assert resting() == []


def test_what_was_withdrawn_itself_is_not_listed() -> None:
    # The service and the verifier load no withdrawn record; its dependents are found from it on.
    found = resting("eva", evaluation=[])
    assert found == [("cbk", "eva", 2), ("crd", "eva", 1), ("later", "eva", 3), ("out", "eva", 2)]


def test_a_standard_that_was_withdrawn_is_no_evidence() -> None:
    assert resting("std") == []


def test_what_was_replaced_is_not_listed() -> None:
    credentials = [{"record": "crd", "subject": "urn:li", "superseded": True}]
    assert "crd" not in {record for record, _, _ in resting("act", credential=credentials)}


def test_records_of_the_period() -> None:
    evaluations = [{"record": "eva", "subject": "urn:li", "valid_on": "2025-08-31"}]
    assert "eva" not in {record for record, _, _ in resting("act", evaluation=evaluations)}


def test_a_circle_of_links_ends() -> None:
    links = linked(("eva", "evaluates", "act"), ("crd", "basedOn", "eva"), ("eva", "basedOn", "crd"))
    assert resting("act", link=links) == [("crd", "act", 2), ("eva", "act", 1)]


# ----- circles of praise -----


def praise(*edges: tuple[str, str], kind: str = "mutual", passed: bool = True, **more: Any) -> dict[str, Any]:
    """An evaluation ab of b by a for each edge."""
    rows = [
        {"record": f"v{n}", "issuer": giver, "subject": taker, "kind": kind, **more}
        for n, (giver, taker) in enumerate(edges)
    ]
    items = [{"record": row["record"], "item": "x", "pass": passed} for row in rows]
    return {"evaluation": rows, "evaluation_items": items}


def circles(given: dict[str, Any]) -> list[tuple[str, str | None, int]]:
    return sorted(
        (row["record"], row["other"], row["length"]) for row in exceptions("circular_endorsement", **given)
    )


def test_two_that_praise_each_other() -> None:
    assert circles(praise((A, B), (B, A), (A, C))) == [("v0", "v1", 2), ("v1", "v0", 2)]


def test_praise_without_return() -> None:
    assert circles(praise((A, B), (B, C))) == []


def test_praise_of_oneself() -> None:
    assert circles(praise((A, A))) == [("v0", None, 1)]


@pytest.mark.parametrize(("size", "rows"), [(3, 3), (5, 5), (6, 0)])
def test_circles_of_up_to_five(size: int, rows: int) -> None:
    names = [f"did:web:o{n}.example" for n in range(size)]
    found = circles(praise(*((names[n], names[(n + 1) % size]) for n in range(size))))
    assert [length for _, _, length in found] == [size] * rows
    assert all(other is None for _, other, _ in found)


@pytest.mark.parametrize(
    "change", [{"passed": False}, {"kind": "survey"}, {"superseded": True}, {"valid_on": "2026-09-01"}]
)
def test_what_is_no_endorsement(change: dict[str, Any]) -> None:
    assert circles(praise((A, B), (B, A), **change)) == []


def test_people_close_no_circle() -> None:
    assert circles(praise((A, "urn:uuid:li"), ("urn:uuid:li", A))) == []


def test_recognitions_count_too() -> None:
    given = praise((A, B)) | {
        "party": [{"record": "p", "subject": A}],
        "decision": [{"record": "d", "issuer": B, "kind": "recognition", "result": "adopted"}],
        "link": linked(("d", "verifies", "p")),
    }
    assert circles(given) == [("d", "v0", 2), ("v0", "d", 2)]
    given["decision"][0]["result"] = "rejected"
    assert circles(given) == []


# ----- agreements that have ended -----


def under(last_days: dict[str, Any], day: str, *, agreement: str = "g1") -> dict[str, Any]:
    """Practice of one day under an agreement from a template."""
    return {
        "agreement": [
            {"record": agreement, "issuer": A, "subject": "urn:g", "from": "2024-01-01", **last_days}
        ],
        "activity": [{"record": "a", "subject": "urn:li", "issuer": A}],
        "activity_days": [{"record": "a", "date": day}],
        "link": linked(("a", "performedUnder", "g1")),
    }


def used(given: dict[str, Any]) -> list[tuple[str, str, int]]:
    return [(row["record"], row["other"], row["days"]) for row in exceptions("ended_agreement_used", **given)]


@pytest.mark.parametrize(
    ("last_days", "day", "expected"),
    [
        ({"ended_on": "2025-11-30"}, "2025-11-30", []),
        ({"ended_on": "2025-11-30"}, "2025-12-01", [("a", "g1", 1)]),
        ({"to": "2025-11-30"}, "2025-12-10", [("a", "g1", 10)]),
        ({"to": "2026-11-30", "ended_on": "2025-11-30"}, "2025-12-01", [("a", "g1", 1)]),
        ({}, "2026-08-31", []),
        ({"ended_on": "2025-01-31"}, "2025-08-31", []),  # before the period
        ({"ended_on": "2025-01-31"}, "2026-09-01", []),  # after it
    ],
)
def test_the_last_day_is_allowed(
    last_days: dict[str, Any], day: str, expected: list[tuple[str, str, int]]
) -> None:
    assert used(under(last_days, day)) == expected


def test_the_newest_version_says_when_it_ended() -> None:
    given = under({"to": "2026-12-31", "superseded": True}, "2025-12-24")
    newer = {"record": "g2", "issuer": A, "subject": "urn:g", "from": "2024-01-01", "ended_on": "2025-11-30"}
    given["agreement"].append(newer)
    assert used(given) == [("a", "g2", 24)]


def test_a_prolonged_agreement_has_not_ended() -> None:
    given = under({"to": "2025-11-30", "superseded": True}, "2025-12-24")
    given["agreement"].append(
        {"record": "g2", "issuer": A, "subject": "urn:g", "from": "2024-01-01", "to": "2027-01-01"}
    )
    assert used(given) == []


def test_the_last_day_of_a_week_counts() -> None:
    given = under({"ended_on": "2025-11-30"}, "2025-11-29")
    given["activity_days"].append({"record": "a", "date": "2025-12-02"})
    assert used(given) == [("a", "g1", 2)]


def test_a_recognition_that_has_ended() -> None:
    given = under({"to": "2025-11-30"}, "2025-10-01")
    given["credential"] = [{"record": "c", "subject": "urn:li", "valid_on": "2025-12-01"}]
    given["link"] = linked(("c", "recognisedUnder", "g1"))
    assert used(given) == [("c", "g1", 1)]


def test_what_speaks_of_it_does_not_use_it() -> None:
    given = under({"ended_on": "2025-11-30"}, "2025-12-01")
    given["link"] = linked(("a", "basedOn", "g1"))
    assert used(given) == []


def test_a_superseded_activity_uses_nothing() -> None:
    given = under({"ended_on": "2025-11-30"}, "2025-12-01")
    given["activity"][0]["superseded"] = True
    assert used(given) == []
