"""From records to the facts of one trainee.

A record counts if two different organisations sign it and no counting record of the same type and issuer
supersedes it. Whether it is complete and not revoked is decided by who hands it over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias, cast

from trace_service.gate.facts import Earned, Score, Shift, Stay, TraineeFacts
from trace_service.gate.hours import MIDNIGHT

TWO_SIDES = 2  # organisations that must have signed
# What is work for the training itself; the others are lessons, visits and journeys.
PRACTICE = frozenset({"practice", "fixed_post", "rotation", "comprehensive", "training_week"})
VERDICTS = frozenset({"practice", "exam", "jury"})  # evaluations that pass or fail a trainee
PASSED = frozenset({"passed", "adopted", "met"})  # results of a decision that lets pass


class Verdict(NamedTuple):
    """One side's score on one item, as far as it passes or fails."""

    item: str
    by: str
    passed: bool


Content: TypeAlias = Stay | Earned | tuple[Shift, ...] | tuple[Verdict, ...] | None


class Evidence(NamedTuple):
    """What one record says of a trainee. ``links`` as (relation, record id); ``order`` rises with drafting.

    ``signers`` is how many different organisations sign it.
    """

    id: str
    schema: str
    content: Content
    links: Sequence[tuple[str, str]]
    signers: int
    valid_from: str
    order: int
    issuer: str

    def linked(self, relation: str) -> list[str]:
        """The records linked by ``relation``."""
        return [target for rel, target in self.links if rel == relation]

    def replaces(self, other: Evidence) -> bool:
        """Whether a link to ``other`` makes it superseded: nobody replaces what somebody else has said."""
        return (self.issuer, self.schema) == (other.issuer, other.schema)


def read_content(schema: str, subject: Mapping[str, Any]) -> Content:
    """Return what a record's subject says, None where it says nothing to a gate.

    A subject that its schema would refuse may raise KeyError, TypeError or ValueError.
    """
    return _READERS[schema](subject)


def _stay(subject: Mapping[str, Any]) -> Stay:
    return Stay(
        start=date.fromisoformat(subject["from"]),
        end=date.fromisoformat(min(subject["to"], subject.get("completedOn", subject["to"]))),
        stage=subject["stage"],
        contract=subject.get("contract", False),
        insurance=subject.get("insurance", False),
        pay_ratio_bp=subject.get("payRatioBp", 0),
        number=subject.get("studentNumber"),
    )


def _shifts(subject: Mapping[str, Any]) -> tuple[Shift, ...]:
    if subject["role"] != "trainee":
        return ()
    counts = subject["kind"] in PRACTICE
    found = []
    for day in subject["days"]:
        start, end = _minutes(day["start"]), _minutes(day["end"])
        if end <= start:
            end += MIDNIGHT
        found.append(Shift(date.fromisoformat(day["date"]), start, end, day["breakMinutes"], counts))
    return tuple(found)


@lru_cache(maxsize=MIDNIGHT)
def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def _verdicts(subject: Mapping[str, Any]) -> tuple[Verdict, ...] | None:
    if subject["kind"] not in VERDICTS:
        return None
    return tuple(Verdict(item["item"], item["by"], item["pass"]) for item in subject.get("items", ()))


def _earned(subject: Mapping[str, Any]) -> Earned | None:
    if subject["kind"] != "practice_credit":
        return None
    # The number comes from JSON: its shortest decimal text is what was written there.
    amount = Decimal(str(subject.get("creditsEarned", 0))) * 100
    return Earned(int(amount), subject.get("creditKind", "school"))


_READERS: dict[str, Callable[[Mapping[str, Any]], Content]] = {
    "enrolment.1": _stay,
    "activity.1": _shifts,
    "evaluation.1": _verdicts,
    "credential.1": _earned,
}
ABOUT_TRAINEES = tuple(_READERS)


@dataclass(slots=True)
class Background:
    """What records about trainees refer to, by record id: standards and the results of gates."""

    standards: dict[str, str] = field(default_factory=dict)  # -> the standard's subject id
    gates: dict[str, bool] = field(default_factory=dict)  # decisions -> passed


@dataclass(slots=True)
class Dossier:
    """The records of one trainee while they are gathered."""

    records: dict[str, Evidence] = field(default_factory=dict)

    def add(self, evidence: Evidence) -> None:
        """Take a record in, unless one side alone signs it."""
        if evidence.signers >= TWO_SIDES:
            self.records[evidence.id] = evidence

    def references(self) -> tuple[set[str], set[str]]:
        """Record ids of the standards and of the decisions that the records rest on."""
        standards: set[str] = set()
        decisions: set[str] = set()
        for each in self.records.values():
            for relation, target in each.links:
                if relation in ("alignsTo", "awards"):
                    standards.add(target)
                elif relation == "basedOn" and each.schema == "enrolment.1":
                    decisions.add(target)
        return standards, decisions

    @property
    def number(self) -> str | None:
        """The trainee's number at the school."""
        stays = (each.content for each in self.records.values() if isinstance(each.content, Stay))
        return next((stay.number for stay in stays if stay.number is not None), None)

    def facts(self, standard: str, background: Background) -> TraineeFacts:
        """Return what counts for ``standard`` (a subject id)."""
        former = {target for each in self.records.values() for target in _replaced(each, self.records)}
        counting = [each for each in self.records.values() if each.id not in former]
        enrolments = [each for each in self.records.values() if each.schema == "enrolment.1"]
        ours = [each for each in enrolments if _concerns(each, "alignsTo", standard, background)]
        others = {each.id for each in enrolments} - {each.id for each in ours}
        passed = {**self._evaluations(), **background.gates}
        return TraineeFacts(
            stays=tuple(_revised(each, each.id not in former, passed) for each in _in_chain(ours)),
            shifts=_practised(counting, others),
            scores=tuple(_scores(counting, background)),
            credits=tuple(
                each.content
                for each in counting
                if isinstance(each.content, Earned) and _concerns(each, "awards", standard, background)
            ),
        )

    def _evaluations(self) -> dict[str, bool]:
        """Evaluations of the trainee -> whether every item was passed."""
        return {
            each.id: all(verdict.passed for verdict in _verdicts_of(each))
            for each in self.records.values()
            if each.schema == "evaluation.1"
        }


def _concerns(evidence: Evidence, relation: str, standard: str, background: Background) -> bool:
    """Whether the record names this standard in some version, or no standard at all."""
    named = evidence.linked(relation)
    return not named or any(background.standards.get(target) == standard for target in named)


def _replaced(evidence: Evidence, records: Mapping[str, Evidence]) -> list[str]:
    """Those of ``records`` that the record supersedes."""
    targets = evidence.linked("supersedes")
    return [target for target in targets if target in records and evidence.replaces(records[target])]


def _in_chain(enrolments: list[Evidence]) -> list[Evidence]:
    """Enrolments by revision: what supersedes another comes after it."""
    by_id = {each.id: each for each in enrolments}
    depth: dict[str, int] = {}
    for each in enrolments:
        chain = []
        step: Evidence | None = each
        while step is not None and step.id not in depth and step.id not in chain:
            chain.append(step.id)
            step = next((by_id[target] for target in _replaced(step, by_id)), None)
        base = -1 if step is None else depth.get(step.id, -1)
        for number, record_id in enumerate(reversed(chain), 1):
            depth[record_id] = base + number
    return sorted(enrolments, key=lambda each: (depth[each.id], each.valid_from, each.order))


def _revised(evidence: Evidence, current: bool, passed: Mapping[str, bool]) -> Stay:
    assert isinstance(evidence.content, Stay)
    gates = [*evidence.linked("basedOn"), *evidence.linked("evidencedBy")]
    gates_passed = all(passed.get(gate, True) for gate in gates)
    return replace(evidence.content, current=current, gates_passed=gates_passed)


def _practised(counting: list[Evidence], others: set[str]) -> tuple[Shift, ...]:
    """The shifts of every activity; under an enrolment for another standard they are no practice here."""
    found: list[Shift] = []
    for each in counting:
        if each.schema == "activity.1":
            shifts = cast("tuple[Shift, ...]", each.content)
            if others and not others.isdisjoint(each.linked("performedUnder")):
                shifts = tuple(shift._replace(counts=False) for shift in shifts)
            found += shifts
    return tuple(found)


def _verdicts_of(evidence: Evidence) -> Iterator[Verdict]:
    if evidence.schema == "evaluation.1" and evidence.content is not None:
        yield from cast("tuple[Verdict, ...]", evidence.content)


def _scores(counting: list[Evidence], background: Background) -> Iterator[Score]:
    """Scores in the order of attempts: by the day of the evaluation, then by drafting."""
    attempts = [each for each in counting if each.schema == "evaluation.1"]
    for each in sorted(attempts, key=lambda each: (each.valid_from, each.order)):
        known = background.standards
        standard = next((known[target] for target in each.linked("alignsTo") if target in known), "")
        for verdict in _verdicts_of(each):
            yield Score((standard, verdict.item), verdict.by, verdict.passed)
