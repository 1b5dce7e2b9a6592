"""Keeping the index of links, in the transaction that stores the records."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.engine import Connection

from trace_service.database import bulk_insert, table_of
from trace_service.lineage.tables import RecordLink
from verifier_cli.record import Record

LINK = table_of(RecordLink)


def insert_links(connection: Connection, stored: Iterable[tuple[int, Record]]) -> None:
    """Index the links of records just stored, given with their rows.

    A record that links one digest under two ids counts once.
    """
    rows = [(digest, pk) for pk, record in stored for digest in {link.digest for link in record.links}]
    bulk_insert(connection, LINK, ("target_digest", "record_pk"), rows)
