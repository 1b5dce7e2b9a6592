"""Reading the link graph level by level: one query for a few hundred records, each record once.

What the caller may read is decided in the same query: records that it signs, and open kinds. Of others, where
a record that it may read names them, it learns that they exist and of which type they are; the digest it has
already.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from trace_service.database import AnyRow
from trace_service.lineage.links import LINK
from trace_service.records.queries import BATCH, LEAF, RECORD, WITHHELD, chunks, readable_by
from trace_service.status.queries import CHANGE


def _rows(did: str) -> sa.Select[tuple[object, ...]]:
    visible = readable_by(did)
    return (
        sa.select(
            RECORD.c.pk,
            RECORD.c.id,
            RECORD.c.digest,
            RECORD.c.schema_name,
            RECORD.c.rejected_at,
            RECORD.c.completed_at,
            LEAF.c.leaf_index,
            BATCH.c.pk.label("batch_pk"),
            BATCH.c.sequence,
            BATCH.c.transaction_hash,
            BATCH.c.anchored_at,
            BATCH.c.final_at,
            BATCH.c.checked_at,
            WITHHELD.c.reason.label("unreleased"),
            visible.label("visible"),
            sa.case((visible, RECORD.c.document)).label("document"),
        )
        .join_from(RECORD, LEAF, LEAF.c.record_pk == RECORD.c.pk, isouter=True)
        .join(BATCH, BATCH.c.pk == LEAF.c.batch_pk, isouter=True)
        .join(WITHHELD, WITHHELD.c.record_pk == RECORD.c.pk, isouter=True)
    )


def readable(connection: Connection, did: str, record_id: str) -> AnyRow | None:
    """Return the record if ``did`` may read it."""
    row = connection.execute(_rows(did).where(RECORD.c.id == record_id)).one_or_none()
    return row if row is not None and row.visible else None


def by_digest(connection: Connection, did: str, digests: Iterable[bytes]) -> dict[bytes, AnyRow]:
    """Return the records with these digests that exist here; ``document`` is None where not readable."""
    found: dict[bytes, AnyRow] = {}
    for part in chunks(digests):
        rows = connection.execute(_rows(did).where(RECORD.c.digest.in_(part)))
        found.update((bytes(row.digest), row) for row in rows)
    return found


def citing(connection: Connection, did: str, digests: Iterable[bytes], limit: int) -> list[AnyRow]:
    """Return at most ``limit`` records that ``did`` may read and that link one of these, oldest first.

    Others are left out altogether: that they exist follows from nothing that the caller has.
    """
    found: dict[int, AnyRow] = {}
    for part in chunks(digests):
        below = sa.select(LINK.c.record_pk).where(LINK.c.target_digest.in_(part))
        query = _rows(did).where(RECORD.c.pk.in_(below), RECORD.c.rejected_at.is_(None))
        visible = query.selected_columns["visible"]
        rows = connection.execute(query.where(visible).order_by(RECORD.c.pk).limit(limit))
        found.update((row.pk, row) for row in rows)
    return list(found.values())[:limit]


def status_planes(connection: Connection, pks: Iterable[int]) -> dict[int, set[int]]:
    """Return the status bits that are set on chain, by record: 0 revoked, 1 suspended, 2 superseded."""
    found: dict[int, set[int]] = {}
    for part in chunks(pks):
        rows: Sequence[AnyRow] = connection.execute(
            sa.select(CHANGE.c.record_pk, CHANGE.c.plane, CHANGE.c.on)
            .where(CHANGE.c.record_pk.in_(part), CHANGE.c.effective_at.is_not(None))
            .order_by(CHANGE.c.pk)
        ).all()
        for row in rows:
            planes = found.setdefault(row.record_pk, set())
            planes.add(row.plane) if row.on else planes.discard(row.plane)
    return found
