"""The last look before proof files are given out: does what we stored still add up to what the chain says?

Every leaf of a final batch is computed again from the stored document and proofs, and the root from those
leaves; the chain's root was compared before. The authority of every signer is looked at again at the time of
anchoring, and some proof files go through the very verification that an employer runs.

A record that fails alone (its signer lost its authority between sealing and anchoring, say) is withheld for
good, with the reason; the others of its batch are given out. A batch whose leaves do not add up, or about
which the chain could not be asked, is not released: it is looked at again later.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import NamedTuple

from sqlalchemy.engine import Connection, Engine

from trace_service import database
from trace_service.anchoring import queries
from trace_service.anchoring.objections import Objections, Signer
from trace_service.anchoring.proofs import ProofFiles
from trace_service.anchoring.sealing import signature_digest
from trace_service.database import AnyRow, utc_now
from trace_service.evm.errors import ChainUnavailable
from trace_service.evm.registry import Authority
from verifier_cli.merkle import leaf_hash, root

log = logging.getLogger(__name__)


RETRY = timedelta(seconds=60)  # what was not right may have been the chain's answer


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a proof file is not valid, as a code. ``certain`` is false where something could not be read,
    ``own`` where the batch as a whole is at fault.
    """

    reason: str
    certain: bool = True
    own: bool = True


Verifier = Callable[[bytes], Trouble | None]
"""Verifies the bytes of a proof file; returns None when it is valid, otherwise why not."""


class Withheld(NamedTuple):
    """A record that is not given out, the signer at fault where there is one, and why."""

    record_pk: int
    signer_did: str | None
    reason: str


class NotReleasedError(Exception):
    """A batch cannot be released now; ``reason`` is for the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def release(engine: Engine, files: ProofFiles, verifier: Verifier, authority: Authority) -> int:
    """Check every final batch that was not checked yet; returns how many were released.

    ``authority`` must not answer from a cache: what it is asked of lies in the past.
    """
    now = utc_now()
    with database.read(engine) as connection:
        rows = queries.unchecked(connection, now)
    released = 0
    for row in rows:
        try:
            withheld = _check(engine, row, files, verifier, Objections(authority, row.anchored_at))
        except (NotReleasedError, ChainUnavailable) as error:
            log.critical("ALARM batch %d is not released: %s", row.pk, error)
            with database.write(engine) as connection:
                queries.update_batch(connection, row.pk, retry_at=now + RETRY)
            continue
        for record in withheld:
            log.critical("ALARM record %d is withheld: %s %s", *record)
        with database.write(engine) as connection:
            queries.withhold(connection, [{**record._asdict(), "noticed_at": now} for record in withheld])
            queries.update_batch(connection, row.pk, checked_at=utc_now(), retry_at=None)
        released += 1
    return released


def _check(
    engine: Engine, batch: AnyRow, files: ProofFiles, verifier: Verifier, objections: Objections
) -> list[Withheld]:
    """The records to withhold. Raises `NotReleasedError` where the batch as a whole is not right."""
    sound: list[tuple[int, str]] = []
    withheld: list[Withheld] = []
    leaves: list[bytes] = []
    with database.read(engine) as connection:
        for index, group in groupby(queries.batch_records(connection, batch.pk), key=lambda r: r.leaf_index):
            rows = list(group)
            leaf = _leaf(rows)
            if leaf != rows[0].leaf_hash or index != len(leaves):
                raise NotReleasedError(f"leaf {index} is not that of record {rows[0].id}")
            leaves.append(leaf)
            objection = _objection(rows, objections)
            if objection is None:
                sound.append((rows[0].pk, rows[0].id))
            else:
                withheld.append(Withheld(rows[0].pk, *objection))
        if len(leaves) != batch.size or root(leaves) != batch.root:
            raise NotReleasedError("the leaves do not give the anchored root")
        withheld += _refused(connection, sound, files, verifier)
    return withheld


def _leaf(rows: Sequence[AnyRow]) -> bytes:
    proofs = [(row.verification_method, row.proof) for row in rows]
    return leaf_hash(hashlib.sha256(rows[0].document).digest(), signature_digest(proofs))


def _objection(rows: Sequence[AnyRow], objections: Objections) -> tuple[str, str] | None:
    first = rows[0]
    signers = tuple(Signer(row.signer_did, row.role, row.verification_method) for row in rows)
    return objections.find(first.kind, first.schema_name, first.subkind, signers)


def _refused(
    connection: Connection, records: Sequence[tuple[int, str]], files: ProofFiles, verifier: Verifier
) -> list[Withheld]:
    """Records whose proof file is not valid: of a few, or, as soon as one of them is not, of all."""
    some = sorted({0, len(records) // 2, len(records) - 1}) if records else []
    found = _verified(connection, [records[at] for at in some], files, verifier)
    return _verified(connection, records, files, verifier) if found else []


def _verified(
    connection: Connection, records: Sequence[tuple[int, str]], files: ProofFiles, verifier: Verifier
) -> list[Withheld]:
    found = []
    for pk, record_id in records:
        place = queries.place_of(connection, record_id)
        assert place is not None
        trouble = verifier(files.write(connection, place))
        if trouble is None:
            continue
        if not (trouble.certain and trouble.own):
            raise NotReleasedError(f"record {record_id}: {trouble.reason}")
        found.append(Withheld(pk, None, trouble.reason))
    return found
