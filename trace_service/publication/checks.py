"""Checks of the tables that need no chain: columns that repeat what a record or a leaf says, and loose
rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from trace_service.database import AnyRow
from trace_service.publication import queries
from trace_service.publication.queries import (
    BATCH,
    LEAF,
    ORGANISATION,
    RECORD,
    SIGNATURE,
    TILE,
    stream,
)
from verifier_cli.audit import Code, Finding
from verifier_cli.did import org_id
from verifier_cli.errors import DataError
from verifier_cli.leaf_list import MAX_LEAVES, TILE_LEAVES
from verifier_cli.rules import schema_of, subkind_of

SHOWN = 80  # characters of a column's value in a finding


def check_tables(connection: Connection) -> Iterator[Finding]:
    """Every contradiction between rows, by table."""
    yield from _organisations(connection)
    yield from _records(connection)
    yield from _signatures(connection)
    yield from _leaves(connection)
    yield from _tiles(connection)
    yield from _outbox(connection)


def _organisations(connection: Connection) -> Iterator[Finding]:
    for row in connection.execute(sa.select(ORGANISATION.c.did, ORGANISATION.c.org_id)):
        try:
            expected = org_id(row.did).hex()
        except DataError as error:
            yield Finding(Code.ORGANISATION_UNKNOWN, str(row.did), detail=error.reason)
            continue
        if _hex(row.org_id) != expected:
            yield Finding(
                Code.ORGANISATION_UNKNOWN,
                row.did,
                expected=expected,
                actual=_hex(row.org_id),
                detail="org_id",
            )


def _records(connection: Connection) -> Iterator[Finding]:
    query = (
        sa.select(RECORD, ORGANISATION.c.did, BATCH.c.sequence, LEAF.c.leaf_index)
        .select_from(RECORD)
        .outerjoin(ORGANISATION, ORGANISATION.c.pk == RECORD.c.organisation_pk)
        .outerjoin(LEAF, LEAF.c.record_pk == RECORD.c.pk)
        .outerjoin(BATCH, BATCH.c.pk == LEAF.c.batch_pk)
    )
    for row in stream(connection, query):
        for column, expected, actual in _differing_columns(row):
            yield Finding(
                Code.RECORD_COLUMN,
                str(row.did),
                row.sequence,
                None,
                row.leaf_index,
                str(row.id),
                _shown(expected),
                _shown(actual),
                f"record.{column}",
            )


def _differing_columns(row: AnyRow) -> Iterator[tuple[str, object, object]]:
    data = row.document if isinstance(row.document, bytes) else str(row.document).encode()
    digest = hashlib.sha256(data).hexdigest()
    if _hex(row.digest) != digest:
        yield "digest", digest, _hex(row.digest)
    if row.completed_at is None and row.leaf_index is not None:
        yield "completed_at", "a time", None
    if row.completed_at is not None and row.anchor_by is None:
        yield "anchor_by", "a time", None
    try:
        told = _told(orjson.loads(data))
    except (orjson.JSONDecodeError, DataError, KeyError, TypeError, ValueError):
        return  # no record at all: the audit of its batch names it
    stored = row.id, row.did, row.schema_name, row.kind, row.subkind, row.status_number, row.subject
    for column, expected, actual in zip(_TOLD, told, stored, strict=True):
        if expected != actual:
            yield column, expected, actual


_TOLD = ("id", "organisation_pk", "schema_name", "kind", "subkind", "status_number", "subject")


def _told(document: Any) -> tuple[object, ...]:
    """What the record itself says of the columns in `_TOLD`."""
    schema, kind = schema_of(document)
    return (
        document["id"],
        document["issuer"]["id"],
        schema,
        int(kind),
        subkind_of(document["credentialSubject"]),
        int(document["credentialStatus"]["id"].rpartition(":")[2]),
        document["credentialSubject"].get("id"),
    )


def _signatures(connection: Connection) -> Iterator[Finding]:
    """Signature rows against their proof, and rows without a record."""
    columns = (SIGNATURE, RECORD.c.id, ORGANISATION.c.did, RECORD.c.completed_at, LEAF.c.leaf_index)
    query = (
        sa.select(*columns, BATCH.c.sequence)
        .select_from(SIGNATURE)
        .outerjoin(RECORD, RECORD.c.pk == SIGNATURE.c.record_pk)
        .outerjoin(ORGANISATION, ORGANISATION.c.pk == RECORD.c.organisation_pk)
        .outerjoin(LEAF, LEAF.c.record_pk == SIGNATURE.c.record_pk)
        .outerjoin(BATCH, BATCH.c.pk == LEAF.c.batch_pk)
    )
    for row in stream(connection, query):
        for column, expected, actual in _differing_signature(row):
            yield Finding(
                Code.RECORD_COLUMN,
                str(row.did or ""),
                row.sequence,
                None,
                row.leaf_index,
                row.id,
                _shown(expected),
                _shown(actual),
                f"record_signature.{column}, position {row.position}",
            )


def _differing_signature(row: AnyRow) -> Iterator[tuple[str, object, object]]:
    if row.id is None:
        yield "record_pk", "a record", f"{row.record_pk} of no record"
        return
    if row.proof is None:
        if row.completed_at is not None:
            yield "proof", "a proof of a complete record", None
        return
    try:
        method = orjson.loads(row.proof)["verificationMethod"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return  # no proof at all: the audit of its batch names it
    if row.verification_method != method:
        yield "verification_method", method, row.verification_method
    if row.signer_did != str(method).partition("#")[0]:
        yield "signer_did", str(method).partition("#")[0], row.signer_did
    if (row.position == 0) != (row.signer_did == row.did):
        yield "position", "0 for the issuer alone", row.position


def _leaves(connection: Connection) -> Iterator[Finding]:
    """Leaf rows that no leaf list can show: of no batch, of no record, or with an impossible index."""
    query = (
        sa.select(LEAF.c.batch_pk, LEAF.c.leaf_index, LEAF.c.record_pk, RECORD.c.id, BATCH.c.sequence)
        .select_from(LEAF)
        .outerjoin(BATCH, BATCH.c.pk == LEAF.c.batch_pk)
        .outerjoin(RECORD, RECORD.c.pk == LEAF.c.record_pk)
        .where(
            sa.or_(
                BATCH.c.pk.is_(None),
                RECORD.c.pk.is_(None),
                LEAF.c.leaf_index < 0,
                LEAF.c.leaf_index >= MAX_LEAVES,
            )
        )
    )
    for row in stream(connection, query):
        code = Code.RECORD_REMOVED if row.id is None and row.sequence is not None else Code.LEAF_INSERTED
        yield Finding(
            code,
            "",
            row.sequence,
            None,
            row.leaf_index,
            row.id,
            detail=f"batch_leaf of batch row {row.batch_pk}, record row {row.record_pk}",
        )


def _tiles(connection: Connection) -> Iterator[Finding]:
    """Tile rows that no leaf list can show."""
    query = (
        sa.select(TILE.c.batch_pk, TILE.c.tile_index, BATCH.c.sequence)
        .select_from(TILE)
        .outerjoin(BATCH, BATCH.c.pk == TILE.c.batch_pk)
        .where(
            sa.or_(
                BATCH.c.pk.is_(None),
                TILE.c.tile_index < 0,
                TILE.c.tile_index >= MAX_LEAVES // TILE_LEAVES,
            )
        )
    )
    for row in stream(connection, query):
        yield Finding(
            Code.TILE_INSERTED,
            "",
            row.sequence,
            row.tile_index,
            detail=f"batch_tile of batch row {row.batch_pk}",
        )


def _outbox(connection: Connection) -> Iterator[Finding]:
    """Complete records that nothing would ever seal, and outbox rows that nothing can."""
    for row in queries.stray_ids(connection):
        yield Finding(
            Code.OUTBOX_BROKEN,
            str(row.did or ""),
            record_id=row.id,
            detail="neither in a batch nor in the outbox",
        )
    for row in queries.misplaced(connection):
        yield Finding(
            Code.OUTBOX_BROKEN, str(row.did or ""), record_id=row.id, detail=f"outbox: {_misplaced(row)}"
        )


def _misplaced(row: AnyRow) -> str:
    if row.id is None:
        return f"row {row.record_pk} of no record"
    if row.organisation_pk != row.issuer_pk:
        return "under another organisation than its issuer"
    return "not complete" if row.completed_at is None else "already in a batch"


def _hex(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def _shown(value: object) -> str:
    return "none" if value is None else str(value)[:SHOWN]
