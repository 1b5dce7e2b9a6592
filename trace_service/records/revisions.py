"""Drafts that take the place of rejected ones: corrected by the proposer, or completed by a countersigner.

A draft is final from the start, because every signer signs the same bytes. So a change is a new draft with
the next revision and the same reference; the former one can never be completed, and the comments stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from trace_service.config import ChainSettings
from trace_service.database import AnyRow, utc_now
from trace_service.organisations.queries import ORGANISATION
from trace_service.problems import Problem, not_found
from trace_service.records.approvals import end_draft
from trace_service.records.compose import Draft, DraftLink
from trace_service.records.contributions import add_scores
from trace_service.records.inbox import AWAITED, DEADLINE, REVISION, scoring_roles
from trace_service.records.queries import RECORD, SIGNATURE
from trace_service.records.requests import ContributionBody, RevisionBody
from trace_service.records.rows import DraftedRecord
from trace_service.records.service import draft_many
from trace_service.security import Caller
from verifier_cli.encoding import parse_digest_multibase, parse_time
from verifier_cli.errors import DataError

SHORTEST_WAIT = timedelta(hours=1)  # a deadline that nobody could meet is a mistake
LONGEST_WAIT = timedelta(days=90)  # a school term; what waits longer is forgotten
EVALUATION = "evaluation.1"


def plan_signing(
    connection: Connection, drafted: DraftedRecord, sign_by: str | None, contributors: Sequence[str]
) -> None:
    """Store until when a new draft is to be signed, and whose part it still lacks; raises `Problem` 422."""
    if sign_by is not None:
        time = _deadline(sign_by)
        connection.execute(sa.insert(DEADLINE).values(record_pk=drafted.pk, sign_by=time))
    if contributors:
        if drafted.record.schema != EVALUATION:
            raise _no_contributions("$.contributors")
        named = {entry.id for entry in drafted.record.countersigners}
        for index, did in enumerate(contributors):
            if did not in named or did in contributors[:index]:
                raise Problem(
                    422,
                    "record.contributor",
                    "A contributor is one of the countersigners, named once",
                    path=f"$.contributors[{index}]",
                    fix="name the organisation among the countersigners",
                )
        rows = [{"record_pk": drafted.pk, "signer_did": did} for did in contributors]
        connection.execute(sa.insert(AWAITED), rows)


def _deadline(text: str) -> datetime:
    try:
        time = datetime.fromtimestamp(parse_time(text), UTC)
    except DataError as error:
        raise Problem(422, "record.sign_by", "Not a time", detail=error.reason, path="$.signBy") from None
    now = utc_now()
    if not now + SHORTEST_WAIT <= time <= now + LONGEST_WAIT:
        raise Problem(
            422,
            "record.sign_by",
            "The deadline is out of range",
            path="$.signBy",
            fix=f"from one hour to {LONGEST_WAIT.days} days from now",
        )
    return time


def find_draft(connection: Connection, did: str, record_id: str) -> AnyRow:
    """Return the record for a change of its draft, locked; raises `Problem` 404 where ``did`` signs none
    such."""
    query = (
        sa.select(RECORD, ORGANISATION.c.did.label("proposer"), SIGNATURE.c.role)
        .join_from(RECORD, SIGNATURE, SIGNATURE.c.record_pk == RECORD.c.pk)
        .join(ORGANISATION, ORGANISATION.c.pk == RECORD.c.proposer_pk)
        .where(RECORD.c.id == record_id, SIGNATURE.c.signer_did == did)
        .with_for_update(of=RECORD)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        raise not_found("record")
    return row


def revise(
    connection: Connection, chain: ChainSettings, who: Caller, former: AnyRow, body: RevisionBody
) -> DraftedRecord:
    """Draft the corrected form of a rejected draft.

    Raises `Problem` where the caller did not propose it, it is not rejected, or it was revised before.
    """
    if former.proposer_pk != who.organisation_pk:
        raise Problem(403, "revision.not_proposer", "Only its proposer may revise a draft")
    if former.rejected_at is None:
        raise Problem(
            409,
            "revision.state",
            "Only a rejected draft can be revised",
            fix="reject the draft first; a complete record is superseded by a new one",
        )
    _check_not_replaced(connection, former)
    draft = replace(draft_of(former), **body.changes())
    drafted = draft_many(connection, chain, who.did, [draft], whole_words=False)[0]
    _remember(connection, former, drafted, who, "revision", body.comment)
    plan_signing(connection, drafted, body.sign_by, body.contributors)
    return drafted


def contribute(
    connection: Connection, chain: ChainSettings, who: Caller, former: AnyRow, body: ContributionBody
) -> DraftedRecord | None:
    """Add the caller's own scores to an evaluation that nobody has signed, as its next draft.

    Returns None where there is nothing to add: the draft then lacks the caller's part no longer. Raises
    `Problem` where the record is no evaluation, is the caller's own proposal, or was signed or rejected.
    """
    _check_open(connection, who, former)
    connection.execute(
        sa.delete(AWAITED).where(AWAITED.c.record_pk == former.pk, AWAITED.c.signer_did == who.did)
    )
    if not body.items:
        return None
    document = orjson.loads(former.document)
    roles = scoring_roles(document, former.schema_name, former.role)
    changed = add_scores(document, who.did, roles, body)
    comment = body.comment or f"replaced by the draft with the scores of {who.did}"
    end_draft(connection, former.pk, who.organisation_pk, comment)
    draft = replace(draft_of(former), subject=changed.subject, links=_links(changed.links))
    drafted = draft_many(connection, chain, former.proposer, [draft], whole_words=False)[0]
    _remember(connection, former, drafted, who, "contribution", body.comment)
    _carry_over(connection, former.pk, drafted.pk)
    return drafted


def _check_open(connection: Connection, who: Caller, former: AnyRow) -> None:
    if former.schema_name != EVALUATION:
        raise _no_contributions(None)
    if former.proposer_pk == who.organisation_pk:
        raise Problem(
            409,
            "contribution.proposer",
            "The proposer's part is in the draft already",
            fix="reject the draft and revise it",
        )
    _check_not_replaced(connection, former)
    signed = connection.execute(
        sa.select(SIGNATURE.c.record_pk)
        .where(SIGNATURE.c.record_pk == former.pk, SIGNATURE.c.proof.is_not(None))
        .limit(1)
    ).scalar()
    if former.rejected_at is not None or signed is not None:
        raise Problem(
            409,
            "contribution.signed" if former.rejected_at is None else "contribution.rejected",
            "The draft is signed or ended",
            fix="reject it with a comment, so that its proposer drafts it again naming you a contributor",
        )


def _no_contributions(path: str | None) -> Problem:
    return Problem(
        422,
        "record.no_contributions",
        "Only an evaluation takes contributions",
        path=path,
        fix="reject the draft with a comment for its proposer",
    )


def _check_not_replaced(connection: Connection, former: AnyRow) -> None:
    query = (
        sa.select(RECORD.c.id)
        .join(REVISION, REVISION.c.record_pk == RECORD.c.pk)
        .where(REVISION.c.predecessor_pk == former.pk)
    )
    successor = connection.execute(query).scalar()
    if successor is not None:
        raise Problem(
            409,
            "revision.exists",
            "Another draft took the place of this one",
            detail=successor,
            fix="work on the newest revision",
        )


def draft_of(row: AnyRow) -> Draft:
    """Return the next revision of a stored draft (``document``, ``schema_name``, ``external_ref``,
    ``revision``), with the same content."""
    document = orjson.loads(row.document)
    return Draft(
        schema=row.schema_name,
        issuer=document["issuer"]["id"],
        subject=document["credentialSubject"],
        valid_from=document["validFrom"],
        valid_until=document.get("validUntil"),
        links=_links(document.get("relatedResource", ())),
        countersigners=tuple((entry["id"], entry["role"]) for entry in document.get("countersigners", ())),
        external_ref=row.external_ref,
        revision=row.revision + 1,
    )


def _links(entries: Sequence[dict[str, Any]]) -> tuple[DraftLink, ...]:
    return tuple(
        DraftLink(
            entry["id"],
            entry["rel"],
            tuple(entry.get("item", ())),
            parse_digest_multibase(entry["digestMultibase"]),
        )
        for entry in entries
    )


def _remember(
    connection: Connection, former: AnyRow, new: DraftedRecord, who: Caller, kind: str, comment: str | None
) -> None:
    thread = connection.execute(
        sa.select(REVISION.c.thread_pk).where(REVISION.c.record_pk == former.pk)
    ).scalar()
    connection.execute(
        sa.insert(REVISION).values(
            record_pk=new.pk,
            predecessor_pk=former.pk,
            thread_pk=thread or former.pk,
            author_pk=who.organisation_pk,
            kind=kind,
            comment=comment,
            created_at=utc_now(),
        )
    )


def _carry_over(connection: Connection, former_pk: int, new_pk: int) -> None:
    """The deadline and the other contributions that are awaited go on with the new draft."""
    for table in (DEADLINE, AWAITED):
        rows = connection.execute(sa.select(table).where(table.c.record_pk == former_pk)).mappings().all()
        if rows:
            connection.execute(sa.insert(table), [{**row, "record_pk": new_pk} for row in rows])


def history_of(connection: Connection, did: str, record_pk: int) -> Sequence[AnyRow]:
    """Return the drafts of one matter that ``did`` signs, oldest first, with the comments on each."""
    own = sa.select(REVISION.c.thread_pk).where(REVISION.c.record_pk == record_pk)
    thread = connection.execute(own).scalar() or record_pk
    author, rejecter = ORGANISATION.alias("author"), ORGANISATION.alias("rejecter")
    proposer = ORGANISATION.alias("proposer")
    mine = sa.exists().where(SIGNATURE.c.record_pk == RECORD.c.pk, SIGNATURE.c.signer_did == did)
    return connection.execute(
        sa.select(
            RECORD.c.id,
            RECORD.c.digest,
            RECORD.c.revision,
            RECORD.c.created_at,
            RECORD.c.completed_at,
            RECORD.c.rejected_at,
            RECORD.c.rejection,
            rejecter.c.did.label("rejected_by"),
            sa.func.coalesce(author.c.did, proposer.c.did).label("author"),
            REVISION.c.kind,
            REVISION.c.comment,
        )
        .join_from(RECORD, proposer, proposer.c.pk == RECORD.c.proposer_pk)
        .join(REVISION, REVISION.c.record_pk == RECORD.c.pk, isouter=True)
        .join(author, author.c.pk == REVISION.c.author_pk, isouter=True)
        .join(rejecter, rejecter.c.pk == RECORD.c.rejected_by_pk, isouter=True)
        .where(sa.or_(RECORD.c.pk == thread, REVISION.c.thread_pk == thread), mine)
        .order_by(RECORD.c.pk)
    ).all()
