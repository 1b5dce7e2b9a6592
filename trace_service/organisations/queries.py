"""Reading organisations and their keys."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from trace_service.database import AnyRow, table_of
from trace_service.organisations.tables import ApiKey, Organisation, Person, RecordKey
from trace_service.problems import not_found

ORGANISATION: sa.Table = table_of(Organisation)
RECORD_KEY: sa.Table = table_of(RecordKey)
API_KEY: sa.Table = table_of(ApiKey)
PERSON: sa.Table = table_of(Person)

MAX_PAGE = 200  # organisations a page


@dataclass(frozen=True, slots=True)
class OrganisationName:
    """What a record says of its issuer."""

    pk: int
    did: str
    name: str


def organisation_pk(connection: Connection, did: str) -> int:
    """Return the row of ``did``; raises `Problem` 404."""
    pk = connection.execute(sa.select(ORGANISATION.c.pk).where(ORGANISATION.c.did == did)).scalar()
    if pk is None:
        raise not_found("organisation")
    return int(pk)


def names_of(connection: Connection, dids: Iterable[str]) -> dict[str, OrganisationName]:
    """Return the known organisations among ``dids``."""
    rows = connection.execute(
        sa.select(ORGANISATION.c.pk, ORGANISATION.c.did, ORGANISATION.c.name_zh).where(
            ORGANISATION.c.did.in_(list(dids))
        )
    )
    return {row.did: OrganisationName(row.pk, row.did, row.name_zh) for row in rows}


def list_organisations(connection: Connection, after: int, limit: int) -> list[AnyRow]:
    """Return at most ``limit`` organisations with a row above ``after``, in the order of registration."""
    return list(
        connection.execute(
            sa.select(ORGANISATION.c.pk, ORGANISATION.c.did, ORGANISATION.c.name_zh, ORGANISATION.c.name_en)
            .where(ORGANISATION.c.pk > after)
            .order_by(ORGANISATION.c.pk)
            .limit(limit)
        ).all()
    )


def open_record_keys(connection: Connection, organisation: int) -> list[bytes]:
    """Return the record keys of ``organisation`` that have not been ended, oldest first."""
    return list(
        connection.execute(
            sa.select(RECORD_KEY.c.public_key)
            .where(RECORD_KEY.c.organisation_pk == organisation, RECORD_KEY.c.ended_at.is_(None))
            .order_by(RECORD_KEY.c.pk)
        ).scalars()
    )
