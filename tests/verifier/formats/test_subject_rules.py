"""Impossible dates, numbers and references of every type are refused with the path of the member at fault."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from tests.support.records import FIRM, SCHOOL, make_uuid
from tests.verifier.formats.changes import changed
from tests.verifier.formats.examples import EXAMPLES, example
from verifier_cli.errors import SchemaError
from verifier_cli.rules import subkind_of
from verifier_cli.schema import validate

OTHER = "did:web:other.example"


class Case(NamedTuple):
    """An example of a type and kind, members that are changed in it, and the path that is named."""

    schema: str
    kind: str
    changes: dict[str, Any]
    at: str


def _entries(*codes: str, **members: Any) -> list[dict[str, Any]]:
    return [{"code": code, **members} for code in codes]


TERM = {"metric": "gmv", "op": "ge", "target": 1, "unit": "fen"}
PARTY = {"id": SCHOOL, "role": "school"}
RULE = {
    "code": "R",
    "version": "1",
    "fromKind": "enterprise",
    "toKind": "school",
    "numerator": 1,
    "denominator": 2,
}
EQUIVALENT = {"achievement": "SNAD", "targetType": "IHK", "targetLevel": "4"}
VOTES = {"for": 5, "against": 2, "abstain": 1, "quorum": 6, "members": 8}
VALUE = {"code": "I1", "state": "no_data"}

CASES: dict[str, Case] = {
    # parties
    "members of an organisation": Case("party.1", "organisation", {"members": [SCHOOL]}, "members"),
    # agreements
    "agreement ends as it begins": Case("agreement.1", "strategic", {"to": "2024-09-01"}, "to"),
    "ended before it begins": Case(
        "agreement.1", "strategic", {"ended": {"on": "2024-08-31", "reason": "breach"}}, "ended.on"
    ),
    "party that does not sign": Case(
        "agreement.1", "strategic", {"parties": [PARTY, {"id": OTHER, "role": "member"}]}, "parties[1].id"
    ),
    "party twice": Case("agreement.1", "strategic", {"parties": [PARTY, PARTY]}, "parties[1].id"),
    "shares above the whole": Case(
        "agreement.1",
        "strategic",
        {"parties[0].shareBp": 6000, "parties[1].shareBp": 4001},
        "parties[1].shareBp",
    ),
    "risk shares above the whole": Case(
        "agreement.1",
        "strategic",
        {"parties[0].riskShareBp": 10000, "parties[1].riskShareBp": 1},
        "parties[1].riskShareBp",
    ),
    "stakes above the whole": Case(
        "agreement.1",
        "strategic",
        {"parties[0].stakeBp": 9000, "parties[1].stakeBp": 2000},
        "parties[1].stakeBp",
    ),
    "term due before": Case("agreement.1", "strategic", {"terms[0].due": "2024-08-31"}, "terms[0].due"),
    "term twice": Case("agreement.1", "strategic", {"terms": _entries("A", "A", **TERM)}, "terms[1].code"),
    "pay rule twice": Case(
        "agreement.1", "chain", {"payRules": [{"level": "4", "upliftBp": 1}] * 2}, "payRules[1].level"
    ),
    "rule twice": Case("agreement.1", "credit_bank", {"rules": [RULE, RULE]}, "rules[1].code"),
    "equivalence twice": Case(
        "agreement.1",
        "recognition",
        {"recognition.equivalences": [EQUIVALENT] * 2},
        "recognition.equivalences[1].achievement",
    ),
    # standards
    "process twice": Case(
        "standard.1",
        "course",
        {"processes": _entries("W1", "W1", name={"zh": "安装"})},
        "processes[1].code",
    ),
    "item of no process": Case("standard.1", "course", {"items[0].process": "W9"}, "items[0].process"),
    "alignment of no item": Case("standard.1", "course", {"alignments[0].from": "E9"}, "alignments[0].from"),
    "alignment by who does not sign": Case(
        "standard.1", "course", {"alignments[0].by": OTHER}, "alignments[0].by"
    ),
    "alignment twice": Case(
        "standard.1",
        "course",
        {"alignments": [{"from": "E1", "standard": "S", "item": "P1"}] * 2},
        "alignments[1].from",
    ),
    "resource twice": Case(
        "standard.1", "course", {"resources": _entries("R", "R", kind="case")}, "resources[1].code"
    ),
    # demands
    "needed before stated": Case("demand.1", "post", {"neededBy": "2025-02-28"}, "neededBy"),
    "valid until before stated": Case("demand.1", "post", {"validUntil": "2025-02-28"}, "validUntil"),
    "forecast ends as it begins": Case(
        "demand.1", "forecast", {"forecastFor.to": "2026-01-01"}, "forecastFor.to"
    ),
    # enrolments
    "completed before": Case("enrolment.1", "", {"completedOn": "2024-08-31"}, "completedOn"),
    "stage before": Case("enrolment.1", "", {"stageSince": "2024-08-31"}, "stageSince"),
    "mentor ends before": Case("enrolment.1", "", {"mentors[0].to": "2025-08-31"}, "mentors[0].to"),
    "reason without leaving": Case("enrolment.1", "", {"leftReason": "moved"}, "leftReason"),
    # activities: also in test_rules
    "errors without operations": Case("activity.1", "visit", {"opErrors": 1}, "opErrors"),
    # evaluations
    "more answers than sent": Case("evaluation.1", "survey", {"survey.valid": 601}, "survey.valid"),
    "empty survey": Case(
        "evaluation.1",
        "survey",
        {"survey": {"instrument": "L", "respondent": "school", "answers": []}},
        "survey.answers",
    ),
    # credentials
    "practice ends before": Case(
        "credential.1", "skill_level", {"activityEndDate": "2025-08-31T00:00:00Z"}, "activityEndDate"
    ),
    # credit entries
    "bank that does not sign": Case("creditentry.1", "deposit", {"bank": OTHER}, "bank"),
    "nothing deposited": Case("creditentry.1", "deposit", {"amount": 0}, "amount"),
    "deposit with a rule": Case("creditentry.1", "deposit", {"rule": {"code": "R", "version": "1"}}, "rule"),
    "deposit with a course": Case("creditentry.1", "deposit", {"course": "C"}, "course"),
    "redemption that converts": Case(
        "creditentry.1", "redeem", {"converted": {"creditKind": "converted", "amount": 1}}, "converted"
    ),
    "redemption with a goal": Case(
        "creditentry.1", "redeem", {"to": {"bank": OTHER, "creditKind": "school"}}, "to"
    ),
    "redemption with a period": Case(
        "creditentry.1", "redeem", {"period": {"from": "2026-01-01", "to": "2026-02-01"}}, "period"
    ),
    "redemption with balances": Case("creditentry.1", "redeem", {"balances": []}, "balances"),
    "transfer to itself": Case("creditentry.1", "transfer", {"to.bank": "did:web:bank.example"}, "to"),
    "conversion to the same kind": Case(
        "creditentry.1", "convert", {"converted.creditKind": "enterprise"}, "converted.creditKind"
    ),
    "statement ends as it begins": Case(
        "creditentry.1", "statement", {"period.to": "2025-09-01"}, "period.to"
    ),
    "balance twice": Case(
        "creditentry.1", "statement", {"balances[1].creditKind": "enterprise"}, "balances[1].creditKind"
    ),
    # outcomes
    "ends before it starts": Case("outcome.1", "employment", {"end": "2026-06-30"}, "end"),
    "known before it starts": Case(
        "outcome.1", "employment", {"asOf": "2026-06-30", "end": "2026-07-01"}, "asOf"
    ),
    # resources
    "resource ends as it begins": Case("resource.1", "vr", {"to": "2024-09-01"}, "to"),
    "contributor twice": Case("resource.1", "vr", {"contributors[1].id": FIRM}, "contributors[1].id"),
    "contributions above the whole": Case(
        "resource.1", "vr", {"contributors[1].shareBp": 3001}, "contributors[1].shareBp"
    ),
    # decisions
    "body that does not sign": Case("decision.1", "stage_gate", {"body": OTHER}, "body"),
    "closed before opened": Case("decision.1", "stage_gate", {"closed": "2026-07-31"}, "closed"),
    "criterion twice": Case(
        "decision.1", "stage_gate", {"criteria": _entries("A", "A", result="met")}, "criteria[1].code"
    ),
    "more votes than members": Case(
        "decision.1", "stage_gate", {"votes": {**VOTES, "members": 7}}, "votes.members"
    ),
    "quorum above the members": Case(
        "decision.1", "stage_gate", {"votes": {**VOTES, "quorum": 9}}, "votes.quorum"
    ),
    "weights short of the whole": Case(
        "decision.1", "weights", {"weights.entries": _entries("I1", weightBp=9999)}, "weights.entries"
    ),
    "weights above the whole": Case(
        "decision.1", "weights", {"weights.entries": _entries("I1", "I2", weightBp=5001)}, "weights.entries"
    ),
    "weight twice": Case(
        "decision.1",
        "weights",
        {"weights.entries": _entries("I1", "I1", weightBp=5000)},
        "weights.entries[1].code",
    ),
    "target twice": Case(
        "decision.1",
        "targets",
        {"targets": _entries("I1", "I1", base=0, target=1, unit="bp")},
        "targets[1].code",
    ),
    "target at the base": Case("decision.1", "targets", {"targets[0].base": 9200}, "targets[0].target"),
    "report ends as it begins": Case("decision.1", "report", {"report.to": "2025-09-01"}, "report.to"),
    "definition twice": Case(
        "decision.1",
        "report",
        {"report.definitions": [{"code": "I1", "version": "1"}, {"code": "I1", "version": "2"}]},
        "report.definitions[1].code",
    ),
    "value twice": Case("decision.1", "report", {"report.values": [VALUE] * 2}, "report.values[1].code"),
    "state without value": Case(
        "decision.1", "report", {"report.values": [{**VALUE, "state": "value"}]}, "report.values[0].value"
    ),
    "value without state": Case(
        "decision.1", "report", {"report.values": [{**VALUE, "value": "1"}]}, "report.values[0].value"
    ),
}

# As far as the rules let one go.
ALLOWED: dict[str, Case] = {
    "ended on its first day": Case(
        "agreement.1", "strategic", {"ended": {"on": "2024-09-01", "reason": "mutual"}}, ""
    ),
    "term due on its first day": Case("agreement.1", "strategic", {"terms[0].due": "2024-09-01"}, ""),
    "shares of the whole": Case(
        "agreement.1", "strategic", {"parties[0].shareBp": 6000, "parties[1].shareBp": 4000}, ""
    ),
    "rule in two versions": Case(
        "agreement.1", "credit_bank", {"rules": [RULE, {**RULE, "version": "2"}]}, ""
    ),
    "equivalence of two levels": Case(
        "agreement.1",
        "recognition",
        {"recognition.equivalences": [{**EQUIVALENT, "level": "3"}, {**EQUIVALENT, "level": "4"}]},
        "",
    ),
    "needed on the day": Case("demand.1", "post", {"neededBy": "2025-03-01", "validUntil": "2025-03-01"}, ""),
    "completed on the first day": Case("enrolment.1", "", {"completedOn": "2024-09-01"}, ""),
    "all answers valid": Case("evaluation.1", "survey", {"survey.valid": 600}, ""),
    "counts alone": Case("evaluation.1", "survey", {"survey.answers": []}, ""),
    "empty statement": Case("creditentry.1", "statement", {"amount": 0, "balances": []}, ""),
    "transfer to another kind": Case("creditentry.1", "transfer", {"to.creditKind": "enterprise"}, ""),
    "ends on the day": Case("outcome.1", "employment", {"end": "2026-07-01", "asOf": "2026-07-01"}, ""),
    "contributions of the whole": Case("resource.1", "vr", {"contributors[1].shareBp": 3000}, ""),
    "closed when opened": Case("decision.1", "stage_gate", {"closed": "2026-08-01"}, ""),
    "every operation an error": Case("activity.1", "practice", {"ops": 3, "opErrors": 3}, ""),
    "full score": Case("evaluation.1", "practice", {"items[0].score": 100}, ""),
    "quorum of all members": Case("decision.1", "stage_gate", {"votes": {**VOTES, "quorum": 8}}, ""),
    "everybody votes": Case("decision.1", "stage_gate", {"votes": VOTES}, ""),
    "target below the base": Case(
        "decision.1", "targets", {"targets": _entries("I1", base=5, target=1, unit="bp")}, ""
    ),
    "group with members": Case("party.1", "group", {"members": [SCHOOL]}, ""),
}


def _changed_example(case: Case) -> dict[str, Any]:
    (first, *_) = (
        index
        for schema, index in EXAMPLES
        if schema == case.schema and subkind_of(example(schema, index)["credentialSubject"]) == case.kind
    )
    document = example(case.schema, first)
    for member, value in case.changes.items():
        document = changed(document, f"$.credentialSubject.{member}", value)
    return document


@pytest.mark.parametrize("name", CASES)
def test_refused_with_the_path_of_the_member(name: str) -> None:
    case = CASES[name]
    with pytest.raises(SchemaError) as error:
        validate(_changed_example(case))
    assert error.value.path == f"$.credentialSubject.{case.at}"
    assert error.value.reason


@pytest.mark.parametrize("name", ALLOWED)
def test_allowed_at_the_border(name: str) -> None:
    validate(_changed_example(ALLOWED[name]))


def test_a_person_may_confirm_nothing_in_place_of_an_organisation() -> None:
    """`by` is an organisation's DID: a person's identifier is refused by its form."""
    document = _changed_example(Case("standard.1", "course", {"alignments[0].by": make_uuid("mentor 1")}, ""))
    with pytest.raises(SchemaError) as error:
        validate(document)
    assert error.value.path == "$.credentialSubject.alignments[0].by"
