"""What is stored of the records that drafts link to."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from trace_service.organisations.queries import ORGANISATION
from trace_service.records.compose import LinkIndex, LinkTarget, wrong_digest
from trace_service.records.queries import RECORD, chunks, known_to


def check_names(connection: Connection, links: Iterable[tuple[str, bytes, str]]) -> None:
    """Raise `Problem` 422 where a link, given as (id, digest, path), calls a stored record by another's name.

    What reads links by id and what reads them by digest would see two different records.
    """
    given = list(links)
    digests: dict[str, bytes] = {}
    ids: dict[bytes, str] = {}
    for column, names in (
        (RECORD.c.id, {record_id for record_id, _digest, _path in given}),
        (RECORD.c.digest, {digest for _id, digest, _path in given}),
    ):
        for part in chunks(names):
            for row in connection.execute(sa.select(RECORD.c.id, RECORD.c.digest).where(column.in_(part))):
                digests[row.id] = bytes(row.digest)
                ids[bytes(row.digest)] = row.id
    for record_id, digest, path in given:
        if digests.get(record_id, digest) != digest or ids.get(digest, record_id) != record_id:
            raise wrong_digest(path)


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
