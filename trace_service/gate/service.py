"""The gate: before a credential that awards a Standard is drafted, everything the Standard asks for is there.

What counts is complete and not revoked, or proposed in the same call: a class is handed in as one workbook,
and its evidence is signed with it. Before the credential is sealed the gate is asked again, and then only
what is complete counts. Credits of practice and awards pass freely: they are evidence themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from sqlalchemy.engine import Connection

from trace_service.gate.facts import Missing
from trace_service.gate.gather import ABOUT_TRAINEES, Background, Dossier, Evidence, read_content
from trace_service.gate.overrides import Override, apply, read_override
from trace_service.gate.queries import (
    evidence_of,
    load_background,
    load_decisions,
    load_documents,
    load_dossiers,
    load_standards,
)
from trace_service.gate.requirements import Requirements, read_requirements
from trace_service.gate.rules import Case, find_missing
from trace_service.localtime import CHINA
from trace_service.records.queries import chunks
from verifier_cli.encoding import parse_time

GATED_KINDS = frozenset({"skill_level", "certificate", "completion"})


class Proposed(NamedTuple):
    """A record to be drafted, as the gate sees it. ``key`` finds it again for the caller.

    ``links`` as (relation, id of the record); ``signers`` is how many different organisations sign.
    """

    key: int
    id: str
    schema: str
    subject: Mapping[str, Any]
    links: Sequence[tuple[str, str]]
    signers: int
    valid_from: str
    issuer: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A credential that may not be drafted: whose, for which standard (its code), and what is missing."""

    key: int
    trainee: str
    standard: str
    missing: list[Missing]


class _Gated(NamedTuple):
    proposed: Proposed
    requirements: Requirements


def check_drafts(connection: Connection, proposed: Sequence[Proposed]) -> list[Finding]:
    """Return a finding for each credential among ``proposed`` whose gate is closed.

    Reads the records of all trainees concerned at once, and nothing at all where no credential is gated.
    """
    return _check_all(connection, proposed, together=proposed)


def closed_gates(connection: Connection, record_pks: Iterable[int]) -> set[int]:
    """Return which of these stored credentials have a closed gate, whatever they were drafted with.

    Some hundreds are looked at together, so that memory stays flat for the certificates of a whole school.
    """
    closed: set[int] = set()
    for part in chunks(record_pks):
        stored = [_of_document(pk, document) for pk, document in load_documents(connection, part)]
        closed.update(finding.key for finding in _check_all(connection, stored, together=()))
    return closed


def _of_document(key: int, document: dict[str, Any]) -> Proposed:
    seen = evidence_of(document, "credential.1", key)
    subject = document["credentialSubject"]
    return Proposed(
        key, seen.id, seen.schema, subject, seen.links, seen.signers, seen.valid_from, seen.issuer
    )


def is_gated(schema: str, subkind: str) -> bool:
    """Whether records of this schema and kind inside the subject stand before a gate."""
    return subkind in GATED_KINDS and schema == "credential.1"


def _check_all(
    connection: Connection, credentials: Sequence[Proposed], together: Sequence[Proposed]
) -> list[Finding]:
    """Check the gated ones of ``credentials``; what is drafted ``together`` with them is evidence too."""
    gated = _gated(connection, credentials, together)
    if not gated:
        return []
    trainees = {each.proposed.subject["id"] for each in gated}
    dossiers = load_dossiers(connection, sorted(trainees))
    for each in together:
        if each.schema in ABOUT_TRAINEES and each.subject["id"] in trainees:
            _add_proposed(dossiers[each.subject["id"]], each)
    background = load_background(connection, dossiers.values())
    for each in together:
        if each.schema == "standard.1":
            background.standards[each.id] = each.subject["id"]
    decided = dict(load_decisions(connection, _bases(gated)))
    findings = (_check(each, dossiers, background, decided) for each in gated)
    return [finding for finding in findings if finding.missing]


def _gated(
    connection: Connection, credentials: Sequence[Proposed], together: Sequence[Proposed]
) -> list[_Gated]:
    """Each gated credential with each standard that it awards and that asks for something."""
    candidates = [
        (each, target)
        for each in credentials
        if is_gated(each.schema, each.subject.get("kind", ""))
        for relation, target in each.links
        if relation == "awards"
    ]
    if not candidates:
        return []
    named = {target for _each, target in candidates}
    subjects: dict[str, Mapping[str, Any]] = dict(load_standards(connection, sorted(named)))
    subjects |= {
        each.id: each.subject for each in together if each.schema == "standard.1" and each.id in named
    }
    asked = {target: read_requirements(subject) for target, subject in subjects.items()}
    return [_Gated(each, found) for each, target in candidates if (found := asked.get(target)) is not None]


def _add_proposed(dossier: Dossier, proposed: Proposed) -> None:
    try:
        content = read_content(proposed.schema, proposed.subject)
    except (KeyError, TypeError, ValueError):
        return  # its schema refuses it, and says why
    order = _AFTER_STORED + proposed.key
    dossier.add(
        Evidence(
            proposed.id,
            proposed.schema,
            content,
            proposed.links,
            proposed.signers,
            proposed.valid_from,
            order,
            proposed.issuer,
        )
    )


_AFTER_STORED = 1 << 62  # what is proposed was drafted after everything that is stored


def _bases(gated: Iterable[_Gated]) -> set[str]:
    return {target for each in gated for relation, target in each.proposed.links if relation == "basedOn"}


def _check(
    gated: _Gated,
    dossiers: Mapping[str, Dossier],
    background: Background,
    decided: Mapping[str, dict[str, Any]],
) -> Finding:
    credential, wanted = gated
    trainee = credential.subject["id"]
    facts = dossiers[trainee].facts(wanted.standard, background)
    level = credential.subject.get("level")
    missing = find_missing(Case(wanted, facts, local_day(credential.valid_from), level))
    overrides: list[Override] = []
    for relation, target in credential.links:
        if relation == "basedOn" and target in decided:
            override = read_override(target, decided[target], wanted, trainee)
            overrides += [override] if override else []
    left, _used = apply(missing, overrides)
    return Finding(credential.key, trainee, wanted.code, left)


def local_day(time: str) -> date:
    """Return the day in China on which ``time`` (UTC, YYYY-MM-DDTHH:MM:SSZ) lies, or the
    last day that a calendar has."""
    try:
        return datetime.fromtimestamp(parse_time(time), UTC).astimezone(CHINA).date()
    except OverflowError:
        return date.max
