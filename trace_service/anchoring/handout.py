"""The proof files of a whole import, as one ZIP: what a registrar hands out.

How far an import is on its way is counted from the same rows: "all final" means that the ZIP is whole.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import IO, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from trace_service.anchoring.proofs import ProofFiles
from trace_service.anchoring.queries import BATCH, LEAF, RECORD, SIGNATURE, WITHHELD
from trace_service.database import AnyRow
from trace_service.records.queries import chunks
from verifier_cli.proof_file import SUFFIX

MAX_FILES = 50_000  # in one ZIP: a large school's year; more is taken type by type
CHUNK = 500  # records whose proofs are fetched together

_NOT_IN_NAMES = re.compile(r"[^\w.\-]+")
_STEPS = ("drafted", "complete", "sealed", "anchored", "final", "withheld")


def progress(connection: Connection, import_job_pk: int) -> dict[str, int]:
    """Count the records of an import that have come at least so far, by step.

    Those that are withheld never become final: the import is done when both together are all of it.
    """
    given_out = sa.and_(BATCH.c.checked_at.is_not(None), WITHHELD.c.record_pk.is_(None))
    row = connection.execute(
        sa.select(
            sa.func.count(),
            sa.func.count(RECORD.c.completed_at),
            sa.func.count(LEAF.c.batch_pk),
            sa.func.count(BATCH.c.anchored_at),
            sa.func.count(sa.case((given_out, 1))),
            sa.func.count(WITHHELD.c.record_pk),
        )
        .select_from(RECORD)
        .join(LEAF, LEAF.c.record_pk == RECORD.c.pk, isouter=True)
        .join(BATCH, BATCH.c.pk == LEAF.c.batch_pk, isouter=True)
        .join(WITHHELD, WITHHELD.c.record_pk == RECORD.c.pk, isouter=True)
        .where(RECORD.c.import_job_pk == import_job_pk)
    ).one()
    return dict(zip(_STEPS, row, strict=True))


def released(connection: Connection, import_job_pk: int, schema_name: str | None) -> list[AnyRow]:
    """Return the places of an import's records that were verified and released, in order.

    At most ``MAX_FILES`` + 1 rows, so that the caller can tell "too many".
    """
    query = (
        sa.select(
            RECORD.c.pk,
            RECORD.c.id,
            RECORD.c.schema_name,
            RECORD.c.external_ref,
            RECORD.c.revision,
            LEAF.c.leaf_index,
            BATCH.c.pk.label("batch_pk"),
            BATCH.c.sequence,
            BATCH.c.transaction_hash,
        )
        .join(LEAF, LEAF.c.record_pk == RECORD.c.pk)
        .join(BATCH, BATCH.c.pk == LEAF.c.batch_pk)
        .join(WITHHELD, WITHHELD.c.record_pk == RECORD.c.pk, isouter=True)
        .where(
            RECORD.c.import_job_pk == import_job_pk,
            BATCH.c.checked_at.is_not(None),
            WITHHELD.c.record_pk.is_(None),
        )
        .order_by(RECORD.c.pk)
        .limit(MAX_FILES + 1)
    )
    if schema_name is not None:
        query = query.where(RECORD.c.schema_name == schema_name)
    return list(connection.execute(query))


def write_zip(connection: Connection, files: ProofFiles, places: list[AnyRow]) -> IO[bytes]:
    """Return a temporary file with one proof file for each place, in a folder for each schema."""
    target = TemporaryFile()  # noqa: SIM115 - the caller streams it and closes it
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for place, document, proofs in _contents(connection, places):
            archive.writestr(_name(place), files.compose(connection, place, document, proofs))
    target.seek(0)
    return target


def _contents(connection: Connection, places: list[AnyRow]) -> Iterator[tuple[AnyRow, bytes, list[bytes]]]:
    for part in chunks(places, CHUNK):
        wanted = [place.pk for place in part]
        documents: dict[int, bytes] = {
            row.pk: row.document
            for row in connection.execute(
                sa.select(RECORD.c.pk, RECORD.c.document).where(RECORD.c.pk.in_(wanted))
            )
        }
        proofs: dict[int, list[bytes]] = {}
        for row in connection.execute(
            sa.select(SIGNATURE.c.record_pk, SIGNATURE.c.proof)
            .where(SIGNATURE.c.record_pk.in_(wanted))
            .order_by(SIGNATURE.c.record_pk, SIGNATURE.c.position)
        ):
            proofs.setdefault(row.record_pk, []).append(bytes(row.proof))
        for place in part:
            yield place, documents[place.pk], proofs[place.pk]


def _name(place: AnyRow) -> str:
    """``credential/ZS-2026-001.trace.json``: the school's own number where there is one."""
    folder = place.schema_name.partition(".")[0]
    if place.external_ref is None:
        return f"{folder}/{place.id.rpartition(':')[2]}{SUFFIX}"
    own = _NOT_IN_NAMES.sub("_", place.external_ref)
    # Two references may become the same name; the record's own id keeps them apart.
    distinct = own if own == place.external_ref else f"{own}_{place.id.rpartition(':')[2][:8]}"
    revision = f"_r{place.revision}" if place.revision > 1 else ""
    return f"{folder}/{distinct}{revision}{SUFFIX}"


def stream(source: IO[bytes], size: int = 1 << 16) -> Iterator[Any]:
    """Yield a file's content and close it."""
    with source:
        while piece := source.read(size):
            yield piece
