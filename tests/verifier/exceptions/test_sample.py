"""Over the sample community each rule finds exactly what was planted for it, by record."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import pytest

from samples.community import Community, build, record_id, to_records
from samples.community.parties import CHAIN
from samples.community.planted import Planted, planted
from verifier_cli.indicators.community import (
    facts_of,
    inputs,
    members,
    relations_read,
    schemas_read,
    superseded,
)
from verifier_cli.indicators.definition import shipped
from verifier_cli.indicators.engine import closure, run
from verifier_cli.indicators.extract import load
from verifier_cli.indicators.sandbox import MEMBER, WITHDRAWN, open_sandbox

PERIOD = (date(2023, 9, 1), date(2026, 9, 1))

FINDS = {
    "circular_endorsement": ("circular_endorsement",),
    "ended_agreement_used": ("ended_agreement_used",),
    "evidence_withdrawn": ("evidence_revoked",),
    "hours_over_8": ("long_day", "overlap"),  # the two places of a day add up to twelve hours
    "identical_scores": ("identical_scores",),
    "late_entry": ("late_entry",),
    "mentor_over_five": ("mentor_overload",),
    "night_work": ("night_work",),
    "overlapping_hours": ("overlap",),
    "scores_far_apart": ("score_gap",),
}
"""Rule -> codes of the planted facts that it finds, and no record beside theirs."""

RULES = [code for code, item in shipped().items() if item.form == "exception"]


def found(community: Community) -> dict[str, set[str]]:
    """Rule -> references of all records that its rows name."""
    refs, records = {}, {}
    for entry, record in zip(community.entries, to_records(community, check=False), strict=True):
        refs[record.digest.hex()] = entry.ref
        records[record.digest.hex()] = record
    gone = {record_id(ref) for ref in community.revoked_by("2026-09-01")}
    counted = {digest: record for digest, record in records.items() if record.id not in gone}
    withdrawn = [(digest, item.id, "revoked") for digest, item in records.items() if item.id in gone]
    facts = [facts_of(digest, record.document) for digest, record in counted.items()]
    (chain,) = (digest for digest, record in counted.items() if record.id == record_id(CHAIN))
    belonging = members(chain, facts, *PERIOD)
    rules = closure(shipped(), RULES)
    chosen = inputs(facts, {member.did for member in belonging}, schemas_read(rules), PERIOD[1])
    with open_sandbox() as sandbox:
        documents = ((item.digest, counted[item.digest].document) for item in chosen)
        load(sandbox, documents, superseded(chosen), relations_read(rules))
        sandbox.insert(MEMBER, belonging)
        sandbox.insert(WITHDRAWN, withdrawn)
        sandbox.lock(*PERIOD)
        answers = run(sandbox, rules).exceptions
    return {
        code: {refs[row[column]] for row in answer for column in ("record", "other") if row.get(column)}
        for code, answer in answers.items()
    }


def expected(facts: Iterable[Planted], code: str) -> set[str]:
    chosen = [fact for fact in facts if fact.code in FINDS[code]]
    return {ref for fact in chosen for ref in (*fact.refs, *fact.dependents)}


def test_every_rule_has_something_planted() -> None:
    assert sorted(RULES) == sorted(FINDS)


def test_exactly_the_planted_records_of_a_small_community() -> None:
    community = build(0.02, with_scenes=False)
    facts = planted(community)
    assert found(community) == {code: expected(facts, code) for code in RULES}


@pytest.mark.slow  # three years of 60,000 records: about fifteen seconds
def test_exactly_the_planted_records_of_the_whole_community() -> None:
    community = build(with_scenes=False)
    facts = planted(community)
    assert found(community) == {code: expected(facts, code) for code in RULES}
