"""What is stored of the records that drafts link to."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from trace_service.organisations.queries import ORGANISATION
from trace_service.records.compose import LinkIndex, LinkTarget
from trace_service.records.queries import RECORD, chunks, known_to


def link_index(connection: Connection, did: str, ids: Iterable[str]) -> LinkIndex:
    """Return what ``did`` may know of the stored records ``ids``: its own, and public kinds."""
    index = LinkIndex()
    for part in chunks(ids):
        rows = connection.execute(
            sa.select(RECORD.c.id, RECORD.c.digest, RECORD.c.schema_name, ORGANISATION.c.did)
            .join(ORGANISATION, ORGANISATION.c.pk == RECORD.c.organisation_pk)
            .where(RECORD.c.id.in_(part), known_to(did))
        )
        for row in rows:
            index.targets[row.id] = LinkTarget(row.digest, row.schema_name, row.did)
    return index
