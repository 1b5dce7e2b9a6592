"""Reading records for workbooks: those that an organisation signs, and how others call what they link to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from trace_service.database import AnyRow
from trace_service.organisations.queries import ORGANISATION
from trace_service.records.queries import RECORD, chunks, known_to, signed_by


class Numbered(NamedTuple):
    """How a record is called: type and version, its issuer's DID, external reference, revision."""

    schema: str
    issuer: str
    ref: str
    revision: int


def records_after(
    connection: Connection, did: str | None, schema: str | None, *, after: int, limit: int
) -> Sequence[AnyRow]:
    """Return records that ``did`` signs (None: all) above the row ``after``, oldest first; none rejected."""
    query = sa.select(RECORD.c.pk, RECORD.c.id, RECORD.c.external_ref, RECORD.c.revision, RECORD.c.document)
    query = query.where(RECORD.c.pk > after, RECORD.c.rejected_at.is_(None))
    if did is not None:
        query = query.where(signed_by(did))
    if schema is not None:
        query = query.where(RECORD.c.schema_name == schema)
    return connection.execute(query.order_by(RECORD.c.pk).limit(limit)).all()


def numbered(connection: Connection, did: str | None, ids: Iterable[str]) -> dict[str, Numbered]:
    """Return how those of these records are called that ``did`` may see and that have a reference."""
    found: dict[str, Numbered] = {}
    for part in chunks(ids):
        query = (
            sa.select(
                RECORD.c.id,
                RECORD.c.schema_name,
                ORGANISATION.c.did,
                RECORD.c.external_ref,
                RECORD.c.revision,
            )
            .join(ORGANISATION, ORGANISATION.c.pk == RECORD.c.organisation_pk)
            .where(RECORD.c.id.in_(part), RECORD.c.external_ref.is_not(None), RECORD.c.rejected_at.is_(None))
        )
        if did is not None:
            query = query.where(known_to(did))
        found.update(
            (row.id, Numbered(row.schema_name, row.did, row.external_ref, row.revision))
            for row in connection.execute(query)
        )
    return found


def newest_revisions(
    connection: Connection, known: Iterable[Numbered]
) -> dict[tuple[str, str], dict[str, int]]:
    """Return, for each (schema, external reference) of ``known``, the newest revision of every issuer."""
    refs: dict[str, set[str]] = defaultdict(set)
    for one in known:
        refs[one.schema].add(one.ref)
    found: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for schema, wanted in refs.items():
        for part in chunks(wanted):
            for row in connection.execute(_newest(schema, part)):
                found[schema, row.external_ref][row.did] = row.revision
    return found


def _newest(schema: str, refs: Sequence[str]) -> sa.Select[Any]:
    return (
        sa.select(RECORD.c.external_ref, ORGANISATION.c.did, sa.func.max(RECORD.c.revision).label("revision"))
        .join(ORGANISATION, ORGANISATION.c.pk == RECORD.c.organisation_pk)
        .where(
            # The index of references begins with the organisation.
            RECORD.c.organisation_pk.in_(sa.select(ORGANISATION.c.pk)),
            RECORD.c.schema_name == schema,
            RECORD.c.external_ref.in_(refs),
            RECORD.c.rejected_at.is_(None),
        )
        .group_by(RECORD.c.external_ref, ORGANISATION.c.did)
    )
