"""Drafts that wait: for an organisation's own signature, and of those it proposed, for the others'."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from trace_service.database import AnyRow, table_of
from trace_service.organisations.queries import ORGANISATION
from trace_service.records.queries import RECORD, SIGNATURE, chunks
from trace_service.records.remarks import Remark, remarks_on
from trace_service.records.work_tables import (
    AwaitedContribution,
    DraftRevision,
    RecordDeadline,
    SigningApproval,
    SigningReminder,
)
from verifier_cli.rules import issuer_roles

DEADLINE = table_of(RecordDeadline)
APPROVAL = table_of(SigningApproval)
REMINDER = table_of(SigningReminder)
REVISION = table_of(DraftRevision)
AWAITED = table_of(AwaitedContribution)

Side = Literal["sign", "proposed", "all"]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which waiting drafts to look at; what is None does not count.

    ``side``: ``sign`` what waits for the caller, ``proposed`` what the caller proposed and others have not
    signed, ``all`` both. ``proposer`` is a DID, ``person`` the subject's id.
    """

    side: Side = "sign"
    schema: str | None = None
    proposer: str | None = None
    person: str | None = None
    overdue: bool | None = None
    approved: bool | None = None


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whose inbox it is, at which time, and how long drafts wait that name no time (seconds)."""

    organisation_pk: int
    did: str
    now: datetime
    sign_within: int

    def sign_by(self, row: AnyRow) -> datetime:
        """Until when the draft of ``row`` (``created_at``, ``sign_by``) is to be signed."""
        time: datetime = row.sign_by or row.created_at + timedelta(seconds=self.sign_within)
        return time


@dataclass(frozen=True, slots=True)
class Counts:
    """What waits in all: by record type, how much of it is overdue, and the last row."""

    types: dict[str, int]
    overdue: int
    last: int


def signing_requests(
    connection: Connection,
    did: str,
    *,
    after: int,
    limit: int,
    approved: bool = False,
    schemas: Sequence[str] = (),
) -> Sequence[AnyRow]:
    """Return what waits for ``did``'s signature, oldest first: pk, digest, role, document, approved.

    ``approved`` leaves only what a person there approved, ``schemas`` only records of these types. A draft
    that lacks a contribution waits for nobody's signature.
    """
    query = (
        sa.select(
            RECORD.c.pk,
            RECORD.c.digest,
            SIGNATURE.c.role,
            RECORD.c.document,
            APPROVAL.c.record_pk.is_not(None).label("approved"),
        )
        .join_from(SIGNATURE, RECORD, SIGNATURE.c.record_pk == RECORD.c.pk)
        .join(APPROVAL, _approval_of(did), isouter=not approved)
        .where(
            SIGNATURE.c.signer_did == did,
            SIGNATURE.c.proof.is_(None),
            SIGNATURE.c.record_pk > after,
            RECORD.c.rejected_at.is_(None),
            ~sa.exists().where(AWAITED.c.record_pk == RECORD.c.pk),
        )
    )
    if schemas:
        query = query.where(RECORD.c.schema_name.in_(schemas))
    return connection.execute(query.order_by(SIGNATURE.c.record_pk).limit(limit)).all()


def waiting_drafts(
    connection: Connection,
    viewer: Viewer,
    wanted: Filter,
    *,
    after: int = 0,
    until: int | None = None,
    limit: int,
) -> Sequence[AnyRow]:
    """Return waiting drafts in the order of drafting, rows above ``after`` and up to ``until``."""
    columns = (
        RECORD.c.pk,
        RECORD.c.id,
        RECORD.c.digest,
        RECORD.c.schema_name,
        RECORD.c.subject,
        RECORD.c.external_ref,
        RECORD.c.revision,
        RECORD.c.created_at,
        RECORD.c.proposer_pk,
        ORGANISATION.c.did.label("proposer"),
        ORGANISATION.c.name_zh.label("proposer_name"),
        SIGNATURE.c.role,
        SIGNATURE.c.signed_at,
        DEADLINE.c.sign_by,
        APPROVAL.c.approved_at,
        REVISION.c.kind.label("revised"),
        REVISION.c.author_pk,
        REVISION.c.thread_pk,
        AWAITED.c.record_pk.is_not(None).label("contribute"),
        RECORD.c.document,
    )
    query = _waiting(viewer, wanted, columns).where(RECORD.c.pk > after)
    if until is not None:
        query = query.where(RECORD.c.pk <= until)
    return connection.execute(query.order_by(RECORD.c.pk).limit(limit)).all()


def count_waiting(connection: Connection, viewer: Viewer, wanted: Filter) -> Counts:
    """Return how many drafts wait, whatever their type."""
    late = sa.func.sum(sa.case((_overdue(viewer), 1), else_=0)).label("late")
    columns = (
        RECORD.c.schema_name,
        sa.func.count().label("number"),
        late,
        sa.func.max(RECORD.c.pk).label("last"),
    )
    rows = connection.execute(
        _waiting(viewer, replace(wanted, schema=None), columns).group_by(RECORD.c.schema_name)
    ).all()
    types = {row.schema_name: row.number for row in rows}
    return Counts(types, sum(row.late for row in rows), max((row.last for row in rows), default=0))


def _waiting(viewer: Viewer, wanted: Filter, columns: Sequence[Any]) -> sa.Select[Any]:
    awaited = sa.and_(AWAITED.c.record_pk == RECORD.c.pk, AWAITED.c.signer_did == viewer.did)
    query = (
        sa.select(*columns)
        .join_from(SIGNATURE, RECORD, SIGNATURE.c.record_pk == RECORD.c.pk)
        .join(ORGANISATION, ORGANISATION.c.pk == RECORD.c.proposer_pk)
        .join(DEADLINE, DEADLINE.c.record_pk == RECORD.c.pk, isouter=True)
        .join(APPROVAL, _approval_of(viewer.did), isouter=True)
        .join(REVISION, REVISION.c.record_pk == RECORD.c.pk, isouter=True)
        .join(AWAITED, awaited, isouter=True)
        .where(
            SIGNATURE.c.signer_did == viewer.did,
            RECORD.c.rejected_at.is_(None),
            RECORD.c.completed_at.is_(None),
            _side(viewer, wanted.side),
        )
    )
    conditions = {
        RECORD.c.schema_name: wanted.schema,
        ORGANISATION.c.did: wanted.proposer,
        RECORD.c.subject: wanted.person,
    }
    query = query.where(*(column == value for column, value in conditions.items() if value is not None))
    if wanted.overdue is not None:
        query = query.where(_overdue(viewer) == wanted.overdue)
    if wanted.approved is not None:
        query = query.where(APPROVAL.c.record_pk.is_not(None) == wanted.approved)
    return query


def _side(viewer: Viewer, side: Side) -> sa.ColumnElement[bool]:
    mine = SIGNATURE.c.proof.is_(None)
    if side == "sign":
        return mine
    # All that waits anywhere is few beside all that an organisation ever proposed.
    other = SIGNATURE.alias("other")
    open_ones = sa.select(other.c.record_pk).where(other.c.proof.is_(None))
    if side == "proposed":
        open_ones = open_ones.where(other.c.signer_did != viewer.did)
        return sa.and_(RECORD.c.pk.in_(open_ones), RECORD.c.proposer_pk == viewer.organisation_pk)
    proposed = RECORD.c.proposer_pk == viewer.organisation_pk
    return sa.and_(RECORD.c.pk.in_(open_ones), sa.or_(mine, proposed))


def _overdue(viewer: Viewer) -> sa.ColumnElement[bool]:
    usual = viewer.now - timedelta(seconds=viewer.sign_within)
    return sa.case(
        (DEADLINE.c.sign_by.is_not(None), DEADLINE.c.sign_by <= viewer.now),
        else_=RECORD.c.created_at <= usual,
    )


def _approval_of(did: str) -> sa.ColumnElement[bool]:
    return sa.and_(APPROVAL.c.record_pk == RECORD.c.pk, APPROVAL.c.signer_did == did)


def signers_of(connection: Connection, pks: Iterable[int]) -> dict[int, list[AnyRow]]:
    """Return (signer_did, role, signed_at) of every signer of these records, issuer first."""
    return _grouped(connection, SIGNATURE, pks, SIGNATURE.c.position)


def reminders_of(connection: Connection, pks: Iterable[int]) -> dict[int, list[AnyRow]]:
    """Return (signer_did, ordinal, reminded_at) of every reminder of these records, oldest first."""
    return _grouped(connection, REMINDER, pks, REMINDER.c.ordinal)


def _grouped(
    connection: Connection, table: sa.Table, pks: Iterable[int], order: sa.ColumnElement[Any]
) -> dict[int, list[AnyRow]]:
    found: dict[int, list[AnyRow]] = defaultdict(list)
    for part in chunks(pks):
        for row in connection.execute(sa.select(table).where(table.c.record_pk.in_(part)).order_by(order)):
            found[row.record_pk].append(row)
    return found


def remarks_of(row: AnyRow, viewer: Viewer) -> list[Remark]:
    """Return the remarks on one of `waiting_drafts` for the viewer."""
    document = orjson.loads(row.document)
    own = viewer.organisation_pk in (row.proposer_pk, row.author_pk)
    roles = frozenset() if own else scoring_roles(document, row.schema_name, row.role)
    return remarks_on(document, row.created_at, roles, revised=row.revised == "revision")


def scoring_roles(document: dict[str, Any], schema: str, role: str) -> frozenset[str]:
    """Return the roles in which a signer gives scores; an issuer's are those that no countersigner holds."""
    if role != "issuer":
        return frozenset({role})
    held = {entry["role"] for entry in document.get("countersigners", ())}
    return frozenset(issuer_roles(document, schema)) - held
