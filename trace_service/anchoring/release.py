"""The last look before proof files are given out: does what we stored still add up to what the chain says?

Every leaf of a final batch is computed again from the stored document and proofs, and the root from those
leaves; the chain's root was compared before. On top of that some proof files go through the very
verification that an employer runs. A batch that fails is not released, and an alarm is raised.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from datetime import timedelta
from itertools import groupby

from sqlalchemy.engine import Engine

from trace_service import database
from trace_service.anchoring import queries
from trace_service.anchoring.proofs import ProofFiles
from trace_service.anchoring.sealing import signature_digest
from trace_service.database import AnyRow, utc_now
from verifier_cli.merkle import leaf_hash, root

log = logging.getLogger(__name__)


RETRY = timedelta(seconds=60)  # what was not right may have been the chain's answer

Verifier = Callable[[bytes], str | None]
"""Verifies the bytes of a proof file; returns None when it is valid, otherwise why not."""


def release(engine: Engine, files: ProofFiles, verifier: Verifier) -> int:
    """Check every final batch that was not checked yet; returns how many were released."""
    now = utc_now()
    with database.read(engine) as connection:
        rows = queries.unchecked(connection, now)
    released = 0
    for row in rows:
        problem = _check(engine, row, files, verifier)
        if problem is not None:
            log.critical("ALARM batch %d is not released: %s", row.pk, problem)
            with database.write(engine) as connection:
                queries.update_batch(connection, row.pk, retry_at=now + RETRY)
            continue
        with database.write(engine) as connection:
            queries.update_batch(connection, row.pk, checked_at=utc_now(), retry_at=None)
        released += 1
    return released


def _check(engine: Engine, row: AnyRow, files: ProofFiles, verifier: Verifier) -> str | None:
    ids: list[str] = []
    leaves: list[bytes] = []
    with database.read(engine) as connection:
        for index, group in groupby(queries.batch_records(connection, row.pk), key=lambda r: r.leaf_index):
            signatures = list(group)
            first = signatures[0]
            proofs = [(row.verification_method, row.proof) for row in signatures]
            leaf = leaf_hash(hashlib.sha256(first.document).digest(), signature_digest(proofs))
            if leaf != first.leaf_hash or index != len(leaves):
                return f"leaf {index} is not that of record {first.id}"
            leaves.append(leaf)
            ids.append(first.id)
        if len(leaves) != row.size or root(leaves) != row.root:
            return "the leaves do not give the anchored root"
        for at in sorted({0, len(ids) // 2, len(ids) - 1}):
            place = queries.place_of(connection, ids[at])
            assert place is not None
            problem = verifier(files.write(connection, place))
            if problem is not None:
                return f"record {ids[at]}: {problem}"
    return None
