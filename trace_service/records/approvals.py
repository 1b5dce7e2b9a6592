"""Letting the organisation's signer sign, refusing a draft, and reminding those who have not signed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from trace_service.database import AnyRow, utc_now
from trace_service.records.inbox import (
    APPROVAL,
    AWAITED,
    REMINDER,
    Filter,
    Viewer,
    remarks_of,
    waiting_drafts,
)
from trace_service.records.queries import RECORD, SIGNATURE, chunks
from trace_service.records.remarks import Remark
from trace_service.security import Caller

REMIND_AFTER = timedelta(hours=24)  # a reminder a day is a reminder; more is noise
MAX_APPROVED = 2_000  # drafts that one request may approve by filter: a second of reading them

ApprovalResult = Literal["approved", "already", "signed", "rejected", "incomplete", "unknown"]
ReminderResult = Literal["reminded", "too_soon", "closed", "unknown"]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A draft that an approval by filter did not touch, and the remarks that wait for a look."""

    digest: bytes
    remarks: list[Remark]


@dataclass(frozen=True, slots=True)
class Unremarked:
    """A part of the drafts of a filter; ``last`` is its last row where more follow."""

    plain: list[bytes]
    left_out: list[LeftOut]
    last: int | None


@dataclass(frozen=True, slots=True)
class Reminded:
    """What became of one reminder; ``again_at`` is when the next one is possible."""

    digest: bytes
    signer_did: str
    result: ReminderResult
    again_at: datetime | None = None


def approve(connection: Connection, who: Caller, digests: Sequence[bytes]) -> dict[bytes, ApprovalResult]:
    """Approve drafts for the caller's signer, each by its digest; return what became of each.

    Approving again changes nothing. A draft that still lacks the caller's own contribution is ``incomplete``.
    """
    known = _open_for(connection, who.did, digests)
    results: dict[bytes, ApprovalResult] = {digest: _certain(known.get(digest)) for digest in digests}
    fresh = [known[digest] for digest, result in results.items() if result == "approved"]
    now = utc_now()
    rows = [
        {"record_pk": row.pk, "signer_did": who.did, "key_prefix": who.key_prefix, "approved_at": now}
        for row in fresh
    ]
    if rows:
        insert = _INSERT[connection.dialect.name]
        connection.execute(insert(APPROVAL).on_conflict_do_nothing(), rows)  # two people at once are no error
    return results


_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def _certain(row: AnyRow | None) -> ApprovalResult:
    if row is None:
        return "unknown"
    if row.rejected_at is not None:
        return "rejected"
    if row.signed:
        return "signed"
    if row.awaited:
        return "incomplete"
    return "already" if row.approved else "approved"


def _open_for(connection: Connection, did: str, digests: Iterable[bytes]) -> dict[bytes, AnyRow]:
    mine = sa.and_(APPROVAL.c.record_pk == RECORD.c.pk, APPROVAL.c.signer_did == did)
    columns = (
        RECORD.c.pk,
        RECORD.c.digest,
        RECORD.c.rejected_at,
        SIGNATURE.c.proof.is_not(None).label("signed"),
        APPROVAL.c.record_pk.is_not(None).label("approved"),
        sa.exists().where(AWAITED.c.record_pk == RECORD.c.pk, AWAITED.c.signer_did == did).label("awaited"),
    )
    found: dict[bytes, AnyRow] = {}
    for part in chunks(digests):
        query = (
            sa.select(*columns)
            .join_from(RECORD, SIGNATURE, SIGNATURE.c.record_pk == RECORD.c.pk)
            .join(APPROVAL, mine, isouter=True)
            .where(RECORD.c.digest.in_(part), SIGNATURE.c.signer_did == did)
        )
        found.update((row.digest, row) for row in connection.execute(query))
    return found


def find_unremarked(
    connection: Connection, viewer: Viewer, wanted: Filter, *, after: int, until: int
) -> Unremarked:
    """Return which drafts of a filter can be approved in one go, and which are left for a look at each.

    Rows above ``after``, at most `MAX_APPROVED`, and only up to ``until``, the last one that the person saw
    counted: what came in later stays.
    """
    unseen = replace(wanted, approved=False)
    rows = waiting_drafts(connection, viewer, unseen, after=after, until=until, limit=MAX_APPROVED + 1)
    plain: list[bytes] = []
    left: list[LeftOut] = []
    for row in rows[:MAX_APPROVED]:
        remarks = remarks_of(row, viewer)
        if remarks or row.contribute:
            left.append(LeftOut(row.digest, remarks))
        else:
            plain.append(row.digest)
    return Unremarked(plain, left, rows[MAX_APPROVED - 1].pk if len(rows) > MAX_APPROVED else None)


def reject(connection: Connection, who: Caller, digest: bytes, comment: str) -> str:
    """Refuse a draft with a comment for its proposer; returns ``rejected``, ``complete`` or ``unknown``.

    A draft that was rejected before stays as it is, and so does its first comment.
    """
    row = connection.execute(
        sa.select(RECORD.c.pk)
        .join_from(RECORD, SIGNATURE, SIGNATURE.c.record_pk == RECORD.c.pk)
        .where(RECORD.c.digest == digest, SIGNATURE.c.signer_did == who.did)
    ).one_or_none()
    if row is None:
        return "unknown"
    end_draft(connection, row.pk, who.organisation_pk, comment)
    completed = connection.execute(sa.select(RECORD.c.completed_at).where(RECORD.c.pk == row.pk)).scalar_one()
    return "rejected" if completed is None else "complete"


def end_draft(connection: Connection, record_pk: int, organisation_pk: int, comment: str) -> bool:
    """Reject the draft unless it is complete or rejected already; return whether this did it.

    One statement decides: the last signature and a rejection cannot both succeed.
    """
    ended = connection.execute(
        sa.update(RECORD)
        .where(RECORD.c.pk == record_pk, RECORD.c.rejected_at.is_(None), RECORD.c.completed_at.is_(None))
        .values(rejected_at=utc_now(), rejected_by_pk=organisation_pk, rejection=comment)
    )
    return ended.rowcount == 1


def remind(connection: Connection, who: Caller, digest: bytes, signer_did: str | None) -> list[Reminded]:
    """Remind the signers of a draft that the caller proposed; all that have not signed, or the one named.

    At most one reminder of each signer and record in `REMIND_AFTER`. A signer whose answer is there, or who
    is none, is ``closed``; a draft that the caller did not propose is ``unknown``.
    """
    draft = connection.execute(
        sa.select(RECORD.c.pk, RECORD.c.rejected_at)
        .where(RECORD.c.digest == digest, RECORD.c.proposer_pk == who.organisation_pk)
        .with_for_update()
    ).one_or_none()
    if draft is None:
        return [Reminded(digest, signer_did or "", "unknown")]
    waiting = set() if draft.rejected_at is not None else _unsigned(connection, draft.pk, who.did)
    if (signer_did is not None and signer_did not in waiting) or not waiting:
        return [Reminded(digest, signer_did or "", "closed")]
    chosen = sorted(waiting) if signer_did is None else [signer_did]
    return [_remind_one(connection, who, digest, draft.pk, did) for did in chosen]


def _unsigned(connection: Connection, record_pk: int, proposer_did: str) -> set[str]:
    query = sa.select(SIGNATURE.c.signer_did).where(
        SIGNATURE.c.record_pk == record_pk,
        SIGNATURE.c.proof.is_(None),
        SIGNATURE.c.signer_did != proposer_did,
    )
    return set(connection.execute(query).scalars())


def _remind_one(connection: Connection, who: Caller, digest: bytes, record_pk: int, did: str) -> Reminded:
    newest: Any = connection.execute(
        sa.select(REMINDER.c.ordinal, REMINDER.c.reminded_at)
        .where(REMINDER.c.record_pk == record_pk, REMINDER.c.signer_did == did)
        .order_by(REMINDER.c.ordinal.desc())
        .limit(1)
    ).one_or_none()
    now = utc_now()
    if newest is not None and now - newest.reminded_at < REMIND_AFTER:
        return Reminded(digest, did, "too_soon", newest.reminded_at + REMIND_AFTER)
    connection.execute(
        sa.insert(REMINDER).values(
            record_pk=record_pk,
            signer_did=did,
            ordinal=1 if newest is None else newest.ordinal + 1,
            reminded_by_pk=who.organisation_pk,
            reminded_at=now,
        )
    )
    return Reminded(digest, did, "reminded", now + REMIND_AFTER)
