"""SQL of the outbox: complete records in no batch, who asked for sealing, and what is held back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from trace_service.anchoring.queries import DEMAND, HELD, OUTBOX, RECORD, SIGNATURE, stream
from trace_service.database import AnyRow
from trace_service.records.queries import chunks


def _waiting(organisation_pk: Any, now: datetime) -> sa.ColumnElement[bool]:
    at_present = (HELD.c.record_pk == OUTBOX.c.record_pk, HELD.c.retry_at > now)
    held = sa.select(HELD.c.record_pk).where(*at_present).exists()
    return sa.and_(OUTBOX.c.organisation_pk == organisation_pk, ~held)


def waiting_since(connection: Connection, organisation_pk: int, now: datetime) -> datetime | None:
    """When the first record of the outbox became complete."""
    query = (
        sa.select(RECORD.c.completed_at)
        .join_from(OUTBOX, RECORD, RECORD.c.pk == OUTBOX.c.record_pk)
        .where(_waiting(organisation_pk, now))
        .order_by(OUTBOX.c.record_pk)
        .limit(1)
    )
    found: datetime | None = connection.execute(query).scalar()
    return found


def waiting_count(connection: Connection, organisation_pk: int, now: datetime, limit: int) -> int:
    """How many records wait, counted up to ``limit``."""
    few = sa.select(OUTBOX.c.record_pk).where(_waiting(organisation_pk, now)).limit(limit).subquery()
    return int(connection.execute(sa.select(sa.func.count()).select_from(few)).scalar_one())


def waiting_signatures(
    connection: Connection, organisation_pk: int, now: datetime, limit: int
) -> Iterator[AnyRow]:
    """Signatures of the first ``limit`` waiting records, by record."""
    first = (
        sa.select(OUTBOX.c.record_pk)
        .where(_waiting(organisation_pk, now))
        .order_by(OUTBOX.c.record_pk)
        .limit(limit)
        .subquery()
    )
    query = (
        sa.select(
            RECORD.c.pk,
            RECORD.c.digest,
            RECORD.c.kind,
            RECORD.c.schema_name,
            RECORD.c.subkind,
            SIGNATURE.c.proof,
            SIGNATURE.c.verification_method,
            SIGNATURE.c.proof_created,
            SIGNATURE.c.signer_did,
            SIGNATURE.c.role,
        )
        .join_from(first, RECORD, RECORD.c.pk == first.c.record_pk)
        .join(SIGNATURE, SIGNATURE.c.record_pk == first.c.record_pk)
        .order_by(first.c.record_pk, SIGNATURE.c.position)
    )
    yield from stream(connection, query)


def demand(connection: Connection, organisation_pk: int, now: datetime) -> None:
    """Ask for sealing now; asking again changes nothing."""
    known = connection.execute(sa.select(DEMAND).where(DEMAND.c.organisation_pk == organisation_pk)).first()
    if known is None:
        connection.execute(DEMAND.insert().values(organisation_pk=organisation_pk, requested_at=now))


def demanded(connection: Connection, organisation_pk: int) -> bool:
    """Whether somebody asked for sealing now."""
    query = sa.select(DEMAND.c.organisation_pk).where(DEMAND.c.organisation_pk == organisation_pk)
    return connection.execute(query).first() is not None


def end_demand(connection: Connection, organisation_pk: int) -> None:
    """The demand is served."""
    connection.execute(DEMAND.delete().where(DEMAND.c.organisation_pk == organisation_pk))


def held_since(connection: Connection, record_pks: Iterable[int]) -> dict[tuple[int, str], datetime]:
    """When those of the records that were held back before were first held back, by row and reason."""
    return {
        (row.record_pk, row.reason): row.noticed_at
        for part in chunks(record_pks)
        for row in connection.execute(sa.select(HELD).where(HELD.c.record_pk.in_(part)))
    }


def hold_back(connection: Connection, values: Sequence[Mapping[str, Any]]) -> None:
    """Remember records that may not be sealed at present."""
    for part in chunks(value["record_pk"] for value in values):
        connection.execute(HELD.delete().where(HELD.c.record_pk.in_(part)))
    connection.execute(HELD.insert(), list(values))


def any_demand(connection: Connection) -> bool:
    """Whether somebody still waits for sealing."""
    return connection.execute(sa.select(DEMAND.c.organisation_pk).limit(1)).first() is not None
