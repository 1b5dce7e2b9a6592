"""Cases as they stand: their steps, their age, and the value before and after.

A case is a diagnosis with what answers it. A caller sees those decisions that it signs; values come from the
reports that the decisions link, and only where those cannot be read from the decision itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import orjson
from sqlalchemy.engine import Connection

from trace_service.cases import effects, queries
from trace_service.cases.effects import BEFORE, Measure
from trace_service.database import AnyRow
from trace_service.problems import Problem
from verifier_cli.encoding import digest_multibase, parse_digest_multibase

__all__ = ["Case", "Step", "case_of", "cases_of", "overview"]

CLOSING: Final = frozenset({"met", "passed", "closed"})
"""Results of a verification that end a case."""


@dataclass(frozen=True, slots=True)
class Step:
    """One decision of a case."""

    kind: str
    row: AnyRow
    document: Mapping[str, Any]

    @property
    def subject(self) -> Mapping[str, Any]:
        """``credentialSubject``."""
        found: Mapping[str, Any] = self.document["credentialSubject"]
        return found

    def linked(self, rel: str) -> list[bytes]:
        """Digests that the decision links with ``rel``."""
        entries = self.document.get("relatedResource", ())
        return [parse_digest_multibase(item["digestMultibase"]) for item in entries if item["rel"] == rel]


@dataclass(slots=True)
class Case:
    """A diagnosis and its steps, in the order of drafting."""

    steps: list[Step]
    reports: Mapping[bytes, AnyRow] = field(default_factory=dict)
    """Reports that the steps link and the caller may read, by digest."""

    @property
    def diagnosis(self) -> AnyRow:
        """The decision that opened it."""
        return self.steps[0].row

    @property
    def token(self) -> str:
        """What all decisions of the case carry."""
        subject = self.steps[0].subject
        return str(subject.get("case", subject["code"]))

    @property
    def about(self) -> str:
        """Code of the indicator or rule; the diagnosis' own code where it names none."""
        subject = self.steps[0].subject
        criteria = subject.get("criteria")
        return str(criteria[0]["code"] if criteria else subject["code"])

    @property
    def opened(self) -> date:
        """Day of the diagnosis."""
        subject = self.steps[0].subject
        return date.fromisoformat(subject.get("opened", subject["on"]))

    @property
    def closing(self) -> Step | None:
        """The verification that ends it: one that every signer has signed."""
        for step in self.steps:
            if (
                step.kind == "verification"
                and step.subject["result"] in CLOSING
                and step.row.completed_at is not None
            ):
                return step
        return None

    @property
    def closed(self) -> date | None:
        """Day on which it was closed."""
        step = self.closing
        return None if step is None else date.fromisoformat(step.subject.get("closed", step.subject["on"]))

    @property
    def community(self) -> str | None:
        """That of the report of the diagnosis."""
        found = self._report(self.steps[0], "basedOn")
        return None if found is None else found["credentialSubject"]["report"]["community"]

    @property
    def before(self) -> Measure | None:
        """The value at the diagnosis."""
        return self._measured(self.steps[0], "basedOn")

    @property
    def after(self) -> Measure | None:
        """The value of the last verification."""
        found = [step for step in self.steps if step.kind == "verification"]
        return self._measured(found[-1], "verifies") if found else None

    def _measured(self, step: Step, rel: str) -> Measure | None:
        criteria = [item for item in step.subject.get("criteria", ()) if not item["code"].endswith(BEFORE)]
        if not criteria:
            return None
        report = self._report(step, rel)
        if report is not None:
            try:
                return effects.measure(report, criteria[0]["code"], "$")
            except Problem:  # the decision speaks of something that the report does not have
                return effects.stated(criteria[0])
        return effects.stated(criteria[0])

    def _report(self, step: Step, rel: str) -> dict[str, Any] | None:
        for digest in step.linked(rel):
            if digest in self.reports:
                document: dict[str, Any] = orjson.loads(self.reports[digest].document)
                if "report" in document["credentialSubject"]:
                    return document
        return None


def cases_of(connection: Connection, did: str | None, rows: Sequence[AnyRow]) -> list[Case]:
    """The cases of these diagnoses, with the steps that ``did`` signs (all when None).

    A diagnosis that a later version of itself supersedes is left out.
    """
    first = {row.digest: [_step(row)] for row in rows}
    steps_of = dict(first)
    replaced: set[bytes] = set()
    waiting = set(first)
    while waiting:  # improvements answer the diagnosis, verifications the improvements
        found = queries.citing(connection, did, waiting)
        waiting = set()
        for digest, citing in found.items():
            for step in map(_step, citing):
                if digest in first and digest in step.linked("supersedes"):
                    replaced.add(digest)
                elif _answers(step, digest) and step.row.digest not in steps_of:
                    steps_of[step.row.digest] = steps_of[digest]
                    steps_of[digest].append(step)
                    waiting.add(step.row.digest)
    cases = [Case(_ordered(steps)) for digest, steps in first.items() if digest not in replaced]
    linked = {digest for case in cases for step in case.steps for digest in _reports_of(step)}
    reports = queries.decisions_by_digest(connection, did, linked)
    for case in cases:
        case.reports = reports
    return cases


def _answers(step: Step, digest: bytes) -> bool:
    return step.kind in ("improvement", "verification") and digest in step.linked("answers")


def _ordered(steps: list[Step]) -> list[Step]:
    head, *rest = steps
    return [head, *sorted(rest, key=lambda step: step.row.pk)]


def _reports_of(step: Step) -> list[bytes]:
    return [*step.linked("basedOn"), *step.linked("verifies")]


def _step(row: AnyRow) -> Step:
    return Step(row.subkind, row, orjson.loads(row.document))


def case_of(connection: Connection, did: str | None, record_id: str) -> Case | None:
    """The case that this diagnosis opened, if ``did`` signs it."""
    row = queries.decision(connection, did, record_id)
    if row is None or row.subkind != "diagnosis":
        return None
    found = cases_of(connection, did, [row])
    return found[0] if found else None


def overview(case: Case, today: date) -> dict[str, Any]:
    """The case in JSON form; its age in days until it was closed, or until ``today``."""
    head = case.steps[0]
    closed = case.closed
    return {
        "id": head.row.id,
        "case": case.token,
        "title": head.subject["title"],
        "about": case.about,
        "state": "open" if closed is None else "closed",
        "opened": case.opened.isoformat(),
        "closed": None if closed is None else closed.isoformat(),
        "ageDays": ((closed or today) - case.opened).days,
        "basedOn": [
            {"id": item["id"], "digest": item["digestMultibase"]}
            for item in head.document.get("relatedResource", ())
            if item["rel"] == "basedOn"
        ],
        "effect": effects.effect(case.before, case.after),
        "steps": [_shown(step) for step in case.steps],
    }


def _shown(step: Step) -> dict[str, Any]:
    subject = step.subject
    given = {
        "kind": step.kind,
        "id": step.row.id,
        "digest": digest_multibase(step.row.digest),
        "title": subject["title"],
        "by": step.row.issuer,
        "on": subject["on"],
        "category": subject.get("category"),
        "result": subject["result"],
        "signed": step.row.completed_at is not None,
    }
    return {name: value for name, value in given.items() if value is not None}
