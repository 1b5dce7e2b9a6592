"""Rows of a small community, so that a test only says what it is about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

SCHOOL = "did:web:school.example"
FIRM = "did:web:firm.example"
SUPPLIER = "did:web:supplier.example"
Row = dict[str, Any]

MEMBERS: list[Row] = [
    {"did": SCHOOL, "role": "school"},
    {"did": FIRM, "role": "leader", "position": "core"},
    {"did": SUPPLIER, "role": "member", "position": "upstream"},
]


def signed(*records: Iterable[Row] | str, by: tuple[str, ...] = (FIRM, SCHOOL)) -> list[Row]:
    """Signers of records, given as their rows or digests."""
    names: dict[str, None] = {}
    for given in records:
        names |= dict.fromkeys([given] if isinstance(given, str) else [row["record"] for row in given])
    return [{"record": name, "did": did, "position": place} for name in names for place, did in enumerate(by)]


def enrolled(*persons: str, **more: Any) -> list[Row]:
    """An enrolment of the year 2025/26 for each person: the record is `n-<person>`."""
    usual = {"programme_code": "FE", "from": "2025-09-01", "to": "2026-08-31", "status": "active"}
    return [{"record": f"n-{person}", "subject": person, **usual, **more} for person in persons]


def worked(
    person: str, *days: tuple[str, str, str, int], record: str = "", **more: Any
) -> tuple[Row, list[Row]]:
    """An activity and its days (date, start, end, break): practice of a trainee if nothing else is said."""
    name = record or f"a-{person}"
    usual = {"role": "trainee", "kind": "practice", "issuer": FIRM}
    rows = [
        {"record": name, "date": date, "start": start, "end": end, "break_minutes": rest}
        for date, start, end, rest in days
    ]
    return {"record": name, "subject": person, **usual, **more}, rows


def evaluations(
    *scores: tuple[str, str, str, str, bool], technical: tuple[str, ...] = ("K1", "K2")
) -> dict[str, Any]:
    """Tables of evaluations against one standard: (record, person, item, by, pass), dated by their order."""
    records = list(dict.fromkeys((record, person) for record, person, *_ in scores))
    evaluation = [
        {
            "record": record,
            "subject": person,
            "kind": "practice",
            "valid_from": f"2026-06-{place:02}T00:00:00Z",
            "valid_on": f"2026-06-{place:02}",
        }
        for place, (record, person) in enumerate(records, 1)
    ]
    enrolment = enrolled(*dict.fromkeys(person for _, person in records))
    return {
        "enrolment": enrolment,
        "evaluation": evaluation,
        "evaluation_items": [
            {
                "record": record,
                "item": item,
                "by": by,
                "pass": passed,
                "score": 80 if passed else 50,
                "max": 100,
            }
            for record, _, item, by, passed in scores
        ],
        "link": [{"record": record, "rel": "alignsTo", "target": "std"} for record, _ in records],
        "standard": [{"record": "std", "subject": "post", "code": "POST", "kind": "post"}],
        "standard_items": [
            {"record": "std", "code": code, "technical": code in technical} for code in ("K1", "K2", "K3")
        ],
        "signer": signed(enrolment, evaluation),
    }


def demand_tables(**changes: Any) -> dict[str, Any]:
    """One demand for 10 posts with K1, K2; K1 is aligned 365 days later; one of two passed K1; 4 hires."""
    scored = evaluations(("e1", "li", "K1", "enterprise", True), ("e2", "an", "K1", "enterprise", False))
    demand = {"record": "dem", "kind": "post", "posts": 10, "from": "2025-01-10", "valid_until": "2026-06-30"}
    course = {"record": "crs", "subject": "course", "code": "C", "kind": "course", "effective": "2026-01-10"}
    outcome = [
        {"record": f"o{number}", "subject": f"p{number}", "kind": "employment", "start": "2026-07-01"}
        for number in range(4)
    ]
    links = [{"record": "dem", "rel": "alignsTo", "target": "std"}]
    links += [{"record": row["record"], "rel": "resultOf", "target": "dem"} for row in outcome]
    aligned = {
        "record": "crs",
        "from": "C1",
        "standard": "POST",
        "item": "K1",
        "by": FIRM,
        "on": "2026-01-10",
    }
    return {
        **scored,
        "member": MEMBERS,
        "demand": [{**demand, **changes}],
        "demand_skills": [{"record": "dem", "value": skill} for skill in ("K1", "K2")],
        "standard": [*scored["standard"], course],
        "standard_alignments": [aligned],
        "outcome": outcome,
        "link": [*scored["link"], *links],
        "signer": [*scored["signer"], *signed("crs", outcome)],
    }


def survey(*answers: tuple[str, str, str, int], who: str = "enterprise") -> dict[str, Any]:
    """(respondent, dimension, item, score)."""
    names = list(dict.fromkeys(respondent for respondent, *_ in answers))
    return {
        "evaluation": [
            {"record": f"e-{name}", "subject": name, "kind": "survey", "survey_respondent": who}
            for name in names
        ],
        "evaluation_survey_answers": [
            {"record": f"e-{name}", "dim": dim, "item": item, "score": score}
            for name, dim, item, score in answers
        ],
    }
