"""A dry run of one gate over many trainees: who would pass, and what each of the others lacks."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from trace_service.gate.facts import Missing
from trace_service.gate.overrides import apply, read_override
from trace_service.gate.queries import (
    load_background,
    load_dossiers,
    load_standards,
    overrides_by,
    own_trainees,
    trainees_of,
)
from trace_service.gate.requirements import Requirements, read_requirements
from trace_service.gate.rules import Case, find_missing
from trace_service.organisations.queries import ORGANISATION
from trace_service.problems import Problem, not_found
from trace_service.records.queries import RECORD, readable_by

MAX_TRAINEES = 500  # of one page: a few seconds of reading their records


@dataclass(frozen=True, slots=True)
class Question:
    """Which gate to try: the standard's record id, the day, and the credential's level (None: any)."""

    standard: str
    on: date
    level: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """One trainee: what is missing, and which codes a decision (record id) lets pass."""

    trainee: str
    number: str | None  # as the school gives it
    missing: list[Missing]
    overridden: dict[str, str]


@dataclass(frozen=True, slots=True)
class DryRun:
    """A page of results; ``last`` is the trainee after whom more follow; ``unknown`` are not the caller's."""

    results: list[Result]
    unknown: list[str]
    last: str | None

    @property
    def counts(self) -> Counter[str]:
        """How many trainees lack each requirement."""
        return Counter(code for each in self.results for code in {missing.code for missing in each.missing})


def find_standard(connection: Connection, name: str) -> str:
    """Return the record id of a standard named by its record id or its newest external reference.

    Raises `Problem` 404 where there is none.
    """
    query = (
        sa.select(RECORD.c.id)
        .join(ORGANISATION, ORGANISATION.c.pk == RECORD.c.organisation_pk)
        .where(
            RECORD.c.schema_name == "standard.1",
            RECORD.c.rejected_at.is_(None),
            sa.or_(RECORD.c.id == name, RECORD.c.external_ref == name),
        )
        .order_by(RECORD.c.pk.desc())
        .limit(1)
    )
    found = connection.execute(query).scalar()
    if found is None:
        raise not_found("standard")
    return str(found)


def run(
    connection: Connection,
    did: str,
    question: Question,
    *,
    trainees: Sequence[str] | None = None,
    after: str = "",
    limit: int = MAX_TRAINEES,
) -> DryRun:
    """Try the gate for ``trainees``, or for all that ``did`` has enrolled, a page at a time.

    Of a trainee whose enrolment ``did`` does not sign nothing is told. Among all, those enrolled for another
    standard are left out. Raises `Problem` for a standard that is unknown or asks for nothing.
    """
    wanted = _requirements(connection, did, question.standard)
    if trainees is None:
        chosen = trainees_of(connection, did, after=after, limit=limit + 1)
        last = chosen[limit - 1] if len(chosen) > limit else None
        chosen, unknown = chosen[:limit], []
    else:
        own = own_trainees(connection, did, trainees)
        chosen, last = [each for each in dict.fromkeys(trainees) if each in own], None
        unknown = [each for each in dict.fromkeys(trainees) if each not in own]
    results = _results(connection, wanted, question, chosen)
    if trainees is None:
        results = [(result, enrolled) for result, enrolled in results if enrolled]
    return DryRun([result for result, _enrolled in results], unknown, last)


def _requirements(connection: Connection, did: str, standard: str) -> Requirements:
    usable = (readable_by(did), RECORD.c.rejected_at.is_(None))
    subject = load_standards(connection, [standard], *usable).get(standard)
    if subject is None:
        raise not_found("standard")
    wanted = read_requirements(subject)
    if wanted is None:
        raise Problem(
            422,
            "gate.none",
            "This standard asks for nothing",
            path="$.standard",
            fix="name a standard that has requirements",
        )
    return wanted


def _results(
    connection: Connection, wanted: Requirements, question: Question, trainees: Sequence[str]
) -> list[tuple[Result, bool]]:
    """A result for each trainee, and whether the trainee is enrolled for the standard."""
    dossiers = load_dossiers(connection, trainees)
    background = load_background(connection, dossiers.values())
    decided = _overrides(connection, wanted)
    results = []
    for trainee, dossier in dossiers.items():
        facts = dossier.facts(wanted.standard, background)
        missing = find_missing(Case(wanted, facts, question.on, question.level))
        overrides = [
            override
            for record_id, document in decided.get(trainee, ())
            if (override := read_override(record_id, document, wanted, trainee)) and not override.refused
        ]
        left, used = apply(missing, overrides)
        results.append((Result(trainee, dossier.number, left, used), bool(facts.stays)))
    return results


def _overrides(connection: Connection, wanted: Requirements) -> dict[str, list[tuple[str, dict[str, Any]]]]:
    found: dict[str, list[tuple[str, dict[str, Any]]]] = defaultdict(list)
    if wanted.override_by is not None:
        for record_id, document in overrides_by(connection, wanted.override_by):
            found[document["credentialSubject"]["override"]["trainee"]].append((record_id, document))
    return found
