"""The gate of the sample community's programme finds who was planted, and its overrides name its codes."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import pytest

from samples.community import build
from samples.community.credentials import LOW_SHARE, OVERRIDDEN
from samples.community.model import record_id
from samples.community.practice import LONG_DAYS, NIGHTS
from samples.community.roster import SHORT_WEEKS, trainee
from samples.community.standards import programme_ref
from samples.community.trainees import NO_CONTRACT, NO_INSURANCE, UNDERPAID
from trace_service.gate.gather import ABOUT_TRAINEES, Background, Dossier, Evidence, read_content
from trace_service.gate.requirements import read_requirements
from trace_service.gate.rules import Case, find_missing
from trace_service.gate.texts import CODES

ISSUED = date(2026, 7, 20)
YEAR = 2  # the third cohort: the exceptions are planted there


@pytest.fixture(scope="module")
def lacking() -> dict[str, set[str]]:
    """Who lacks each requirement, by code; all who have a record."""
    entries = list(build().entries)
    standards = {record_id(e.ref): e.subject["id"] for e in entries if e.schema == "standard.1"}
    dossiers: dict[str, Dossier] = defaultdict(Dossier)
    for order, e in enumerate(entries):
        if e.schema in ABOUT_TRAINEES and e.revoked_on is None:
            links = [(link.rel, record_id(link.ref)) for link in e.links]
            content = read_content(e.schema, e.subject)
            signers = 1 + len(e.countersigners)
            dossiers[e.subject["id"]].add(
                Evidence(record_id(e.ref), e.schema, content, links, signers, e.valid_from, order, e.issuer)
            )
    programme = next(e for e in entries if e.ref == programme_ref(YEAR))
    wanted = read_requirements(programme.subject)
    assert wanted is not None
    found: dict[str, set[str]] = defaultdict(set)
    for person, dossier in dossiers.items():
        facts = dossier.facts(wanted.standard, Background(standards))
        for missing in find_missing(Case(wanted, facts, ISSUED)):
            found[missing.code].add(person)
    return found


def _people(*codes: str) -> set[str]:
    return {trainee(code).person for code in codes}


@pytest.mark.parametrize(
    ("code", "planted"),
    [
        ("labour_day", [code for code, _week in LONG_DAYS]),
        ("labour_night", [code for code, _week in NIGHTS]),
        ("labour_contract", [NO_CONTRACT]),
        ("labour_insurance", [NO_INSURANCE]),
        ("pay_ratio", [UNDERPAID]),
        ("practice_minutes", list(SHORT_WEEKS)),
        ("enterprise_share", list(LOW_SHARE)),
    ],
)
def test_who_was_planted_is_found(lacking: dict[str, set[str]], code: str, planted: list[str]) -> None:
    assert _people(*planted) <= lacking[code]
    others = _people(*(f"25-{school}-HD-{n:02}" for school in ("ZQ", "YF") for n in range(3, 10)))
    assert not others & lacking[code]


def test_overrides_name_codes_of_the_gate() -> None:
    assert set(OVERRIDDEN.values()) <= set(CODES)
