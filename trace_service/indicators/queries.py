"""SQL of what a report is made of: records that count at a block."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from trace_service.anchoring.tables import Batch, BatchLeaf, WithheldRecord
from trace_service.database import table_of
from trace_service.organisations.tables import Organisation
from trace_service.publication.queries import stream
from trace_service.records.tables import Record, RecordSignature
from verifier_cli.audit.snapshot_facts import SnapshotFacts
from verifier_cli.indicators.gather import status_of

BATCH = table_of(Batch)
LEAF = table_of(BatchLeaf)
ORGANISATION = table_of(Organisation)
RECORD = table_of(Record)
SIGNATURE = table_of(RecordSignature)
WITHHELD = table_of(WithheldRecord)


class Counted(NamedTuple):
    """A record that counts: its type as in `activity`, record_digest in hexadecimal, canonical document."""

    schema: str
    digest: str
    document: bytes


def counted(
    connection: Connection,
    facts: SnapshotFacts,
    schemas: Collection[str],
    issuers: Collection[str] | None = None,
    signer: str | None = None,
) -> Iterator[Counted]:
    """Records of these types and issuers (DIDs; all when None) that count at the block of ``facts``.

    Anchored by then, with a proof file that verifies, neither revoked nor suspended there; with ``signer``
    (a DID) only those that it signs. Streamed.
    """
    places = _places(connection, facts, issuers)
    query = (
        sa.select(
            RECORD.c.organisation_pk,
            RECORD.c.schema_name,
            RECORD.c.digest,
            RECORD.c.status_number,
            BATCH.c.sequence,
            RECORD.c.document,
        )
        .select_from(RECORD)
        .join(LEAF, LEAF.c.record_pk == RECORD.c.pk)
        .join(BATCH, BATCH.c.pk == LEAF.c.batch_pk)
        .outerjoin(WITHHELD, WITHHELD.c.record_pk == RECORD.c.pk)
        .where(BATCH.c.anchored_at.is_not(None), WITHHELD.c.record_pk.is_(None))
        .where(RECORD.c.organisation_pk.in_(places), sa.or_(*map(_of_type, sorted(schemas))))
    )
    if signer is not None:
        signed = sa.exists().where(SIGNATURE.c.record_pk == RECORD.c.pk, SIGNATURE.c.signer_did == signer)
        query = query.where(signed)
    for pk, name, digest, number, sequence, document in stream(connection, query):
        head, words = places[pk]
        if sequence < head and status_of(words, number) is None:
            yield Counted(name.partition(".")[0], digest.hex(), document)


def _of_type(schema: str) -> sa.ColumnElement[bool]:
    return RECORD.c.schema_name.startswith(f"{schema}.", autoescape=True)


def _places(
    connection: Connection, facts: SnapshotFacts, issuers: Collection[str] | None
) -> dict[int, tuple[int, Mapping[tuple[int, int], int]]]:
    """Row of each organisation -> how many batches the chain had of it, and its status words."""
    rows = connection.execute(sa.select(ORGANISATION.c.pk, ORGANISATION.c.did, ORGANISATION.c.org_id))
    return {
        row.pk: (len(facts.batches(row.org_id)), facts.status_words(row.org_id))
        for row in rows
        if issuers is None or row.did in issuers
    }
