"""The steps of a case as decisions to be signed: diagnosis, improvement, verification.

Every number in them is read from reports or counted by a rule; nobody types one in.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any, Final

import orjson
from sqlalchemy.engine import Connection

from trace_service.cases import effects, queries
from trace_service.cases.effects import BEFORE, Measure, criterion, measure
from trace_service.cases.exceptions import Asked, Searched
from trace_service.cases.overview import Case, case_of
from trace_service.cases.requests import ImproveBody, OpenBody, PeriodBody, VerifyBody
from trace_service.cases.steps import Author, Step
from trace_service.database import AnyRow
from trace_service.problems import Problem, not_found
from trace_service.records.compose import Draft, DraftLink
from verifier_cli.indicators.exceptions import RECORDS

__all__ = ["asked_for", "improve", "open_case", "verify"]

TOKEN_BYTES: Final = 4
"""Of chance in the name of a case that the caller did not name: no clash among those of a day."""


def asked_for(did: str, code: str, period: PeriodBody) -> Asked:
    """The run of rule ``code`` that a step rests on."""
    return Asked(period.since, period.until, period.community, did, (code,))


def open_case(connection: Connection, author: Author, body: OpenBody, searched: Searched | None) -> Draft:
    """The diagnosis. ``searched`` is the rule's run where the case is about exceptions.

    Raises `Problem` 404 for a report that the caller does not sign, 422 for a value that is not low, for
    records that the rule does not name, and where it is not said what the case is about.
    """
    if (body.indicator is None) == (body.exception is None):
        raise Problem(
            422,
            "cases.about",
            "A case is about one thing",
            path="$",
            fix="give either `indicator` or `exception`",
        )
    if body.indicator is not None:
        found, links = _low_value(connection, author, body)
    else:
        assert searched is not None
        found, links = _exceptions(connection, author, body, searched)
    token = body.case or f"CASE-{author.today:%Y%m%d}-{secrets.token_hex(TOKEN_BYTES)}"
    more = {"opened": author.today.isoformat(), "criteria": [criterion(found)]}
    step = Step(author, "diagnosis", token, f"{token}-D", found.code, body)
    draft = step.draft("open", links, more)
    return replace(draft, external_ref=f"case/{token}/diagnosis")


def _low_value(
    connection: Connection, author: Author, body: OpenBody
) -> tuple[Measure, tuple[DraftLink, ...]]:
    assert body.indicator is not None
    row = _signed_report(connection, author, body.indicator.report, "$.indicator.report")
    found = measure(orjson.loads(row.document), body.indicator.code, "$.indicator.code")
    if found.met:
        raise Problem(
            422,
            "cases.not_low",
            "The value reaches its target",
            detail=f"{found.code} {found.text}, target {found.target}",
            path="$.indicator.code",
            fix="open a case about a value that does not",
        )
    return found, (DraftLink(row.id, "basedOn", digest=row.digest),)


def _exceptions(
    connection: Connection, author: Author, body: OpenBody, searched: Searched
) -> tuple[Measure, tuple[DraftLink, ...]]:
    assert body.exception is not None
    rows = searched.found[0].rows
    concerned = {row[name].get("id") for row in rows for name in RECORDS if name in row}
    for place, name in enumerate(body.exception.records):
        if name not in concerned:
            raise Problem(
                422,
                "cases.not_concerned",
                "The rule does not name this record",
                detail=name,
                path=f"$.exception.records[{place}]",
                fix="take the records from GET /v1/exceptions of the same period",
            )
    names = list(dict.fromkeys(body.exception.records))
    digests = queries.named(connection, None, names)  # the rule has shown them to the caller
    links = tuple(DraftLink(name, "basedOn", digest=digests[name]) for name in names)
    return effects.count(body.exception.code, len(rows)), links


def improve(connection: Connection, author: Author, case_id: str, body: ImproveBody) -> Draft:
    """An improvement. Raises `Problem` 404 for no such case, 409 for a closed one."""
    case = _open(connection, author, case_id)
    step = Step(author, "improvement", case.token, _numbered(case, "I"), case.about, body)
    links = (DraftLink(case.diagnosis.id, "answers", digest=case.diagnosis.digest),)
    return step.draft("adopted", links, {"category": body.category})


def verify(
    connection: Connection, author: Author, case_id: str, body: VerifyBody, searched: Searched | None
) -> Draft:
    """A verification, with the value before and after; it closes the case if the target is reached.

    ``searched`` is the rule's run where the case is about exceptions. Raises `Problem` 404 for no such case
    or report, 409 for a closed one or one without an improvement, 422 for a report that is not later.
    """
    case = _open(connection, author, case_id)
    improvement = _answered(case, body.improvement)
    before = case.before
    if before is None:
        raise _no_value()
    links = [DraftLink(improvement.id, "answers", digest=improvement.digest)]
    if searched is not None:
        _check_later(case, body)
        after = effects.count(before.code, len(searched.found[0].rows))
        links.append(DraftLink(case.diagnosis.id, "verifies", digest=case.diagnosis.digest))
    else:
        after, link = _later_value(connection, author, case, body)
        links.append(link)
    reached = after.met is not False
    more: dict[str, Any] = {"criteria": [criterion(after), criterion(before, BEFORE)]}
    more["opened"] = case.opened.isoformat()
    if reached:
        more["closed"] = author.today.isoformat()
    step = Step(author, "verification", case.token, _numbered(case, "V"), case.about, body)
    return step.draft("met" if reached else "unmet", links, more)


def _check_later(case: Case, body: VerifyBody) -> None:
    assert body.period is not None
    if body.period.until <= case.opened:
        raise Problem(
            422,
            "cases.not_later",
            "The period ends before the case was opened",
            detail=f"opened on {case.opened}",
            path="$.period.to",
            fix="run the rule over days after the diagnosis",
        )


def _later_value(
    connection: Connection, author: Author, case: Case, body: VerifyBody
) -> tuple[Measure, DraftLink]:
    before = case.before
    assert before is not None
    if body.report is None:
        raise Problem(
            422,
            "cases.report_needed",
            "The effect is read from a report",
            path="$.report",
            fix="name a later report of the same community",
        )
    row = _signed_report(connection, author, body.report, "$.report")
    document = orjson.loads(row.document)
    after = measure(document, before.code, "$.report")
    community = document["credentialSubject"]["report"]["community"]
    same = case.community in (None, community)
    if not same or (before.until is not None and (after.until or "") <= before.until):
        raise Problem(
            422,
            "cases.not_later",
            "Not a later report of the same community",
            detail=f"until {after.until}, the diagnosis until {before.until}",
            path="$.report",
            fix="name one whose period ends after that of the diagnosis",
        )
    return after, DraftLink(row.id, "verifies", digest=row.digest)


def _signed_report(connection: Connection, author: Author, record_id: str, path: str) -> AnyRow:
    row = queries.decision(connection, author.did, record_id)
    if row is None:
        raise not_found("record")
    if row.completed_at is None:
        raise Problem(
            409,
            "cases.unsigned_report",
            "The report is not signed yet",
            path=path,
            fix="sign it first",
        )
    return row


def _open(connection: Connection, author: Author, case_id: str) -> Case:
    case = case_of(connection, author.did, case_id)
    if case is None:
        raise not_found("case")
    if case.closed is not None:
        raise Problem(
            409,
            "cases.closed",
            "The case is closed",
            detail=f"on {case.closed}",
            fix="open another one",
        )
    return case


def _answered(case: Case, wanted: str | None) -> AnyRow:
    found = [step for step in case.steps if step.kind == "improvement" and wanted in (None, step.row.id)]
    if not found:
        raise Problem(
            409 if wanted is None else 422,
            "cases.no_improvement",
            "The case has no such improvement",
            path="$.improvement",
            fix="draft the improvement first",
        )
    return found[-1].row


def _no_value() -> Problem:
    return Problem(
        422,
        "cases.no_value",
        "The diagnosis states no value",
        path="$",
        fix="open a case from a report or from a rule",
    )


def _numbered(case: Case, letter: str) -> str:
    kind = "improvement" if letter == "I" else "verification"
    number = sum(step.kind == kind for step in case.steps) + 1
    return f"{case.token}-{letter}{number}"
