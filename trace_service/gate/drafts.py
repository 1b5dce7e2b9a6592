"""The gate in front of drafting: one call for drafts, and one for a record that its issuer composed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.engine import Connection

from trace_service.gate.facts import Missing
from trace_service.gate.service import Finding, Proposed, check_drafts
from trace_service.problems import Problem
from trace_service.records.compose import Draft
from verifier_cli.did import is_organisation
from verifier_cli.record import Record

MAX_TOLD = 100  # credentials whose findings one answer carries; the dry run tells of all


def require_open(connection: Connection, drafts: Sequence[Draft]) -> None:
    """Raise `Problem` 422 ``gate.missing`` where a credential among ``drafts`` may not be drafted yet."""
    if not any(draft.schema == "credential.1" for draft in drafts):
        return  # the usual case, and thousands of drafts
    findings = check_drafts(connection, [_of_draft(key, draft) for key, draft in enumerate(drafts)])
    if findings:
        raise gate_closed(findings)


def require_open_for(connection: Connection, record: Record) -> None:
    """The same for a record that was composed elsewhere."""
    signers = [record.issuer, *(entry.id for entry in record.countersigners)]
    subject = record.document["credentialSubject"]
    links = [(link.rel, link.id) for link in record.links]
    valid_from = record.document["validFrom"]
    findings = check_drafts(
        connection,
        [
            Proposed(
                0,
                record.id,
                record.schema,
                subject,
                links,
                _organisations(signers),
                valid_from,
                record.issuer,
            )
        ],
    )
    if findings:
        raise gate_closed(findings)


def _of_draft(key: int, draft: Draft) -> Proposed:
    signers = [draft.issuer, *(did for did, _role in draft.countersigners)]
    return Proposed(
        key,
        draft.id or f"draft {key}",
        draft.schema,
        draft.subject,
        [(link.rel, link.id) for link in draft.links],
        _organisations(signers),
        draft.valid_from,
        draft.issuer,
    )


def _organisations(signers: Sequence[str]) -> int:
    return len(set(filter(is_organisation, signers)))


def gate_closed(findings: Sequence[Finding]) -> Problem:
    """What is missing, for each trainee."""
    first = findings[0]
    codes = ", ".join(dict.fromkeys(missing.code for missing in first.missing))
    return Problem(
        422,
        "gate.missing",
        "The standard asks for more before this credential",
        detail=f"{len(findings)} credentials; the first lacks: {codes}",
        path="$.subject",
        fix="complete what is missing; or have the standard's body decide an override and link it (basedOn)",
        more={
            "findings": [
                {
                    "trainee": finding.trainee,
                    "standard": finding.standard,
                    "missing": [as_json(missing) for missing in finding.missing],
                }
                for finding in findings[:MAX_TOLD]
            ]
        },
    )


def as_json(missing: Missing) -> dict[str, Any]:
    """One missing requirement as an answer has it."""
    return {
        "code": missing.code,
        "needed": missing.needed,
        "found": missing.found,
        "unit": missing.unit,
        "about": list(missing.about),
    }
