"""Issuing in bulk with a key at hand: compose, validate, sign and store, without the detour over HTTP.

For an organisation that runs the service on its own machine. Records that need nobody else are complete at
once; the others wait for their countersigners.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.engine import Connection, Engine

from trace_service.collector import collector_paused
from trace_service.config import Settings
from trace_service.database import bulk_insert, write
from trace_service.organisations.authority import AuthorityCheck, KnownKeys
from trace_service.problems import Problem
from trace_service.records.compose import Draft
from trace_service.records.queries import SIGNATURE, chunks
from trace_service.records.rows import DraftedRecord, insert_records, signer_set
from trace_service.records.service import compose_many
from trace_service.signer.proofs import RecordSigner

CHUNK = 2_000  # records in one transaction: a third of a second, so that others may write in between


@dataclass(frozen=True, slots=True)
class Issued:
    """How many records were stored, and how many of them are complete."""

    stored: int
    complete: int


def issue_many(
    engine: Engine,
    settings: Settings,
    drafts: Iterable[Draft],
    signer: RecordSigner,
    *,
    authority: AuthorityCheck | None = None,
) -> Issued:
    """Issue ``drafts`` in transactions of `CHUNK`, in order; what is counted on return is durable.

    Every draft's issuer is the signer. Raises `Problem` or the verifier's `DataError` for the first chunk
    that cannot be issued; the chunks before it stay.
    """
    stored = complete = 0
    for part in chunks(drafts, CHUNK):
        with collector_paused(), write(engine) as connection:
            _check_signer(connection, part, signer, authority or KnownKeys())
            done = _issue(connection, settings, part, signer)
        stored, complete = stored + len(part), complete + done
    return Issued(stored, complete)


def _check_signer(
    connection: Connection, drafts: Sequence[Draft], signer: RecordSigner, authority: AuthorityCheck
) -> None:
    if any(draft.issuer != signer.did for draft in drafts):
        raise Problem(422, "record.issuer", "Only the signer's own records can be issued", path="$.issuer")
    if not authority.may_sign(connection, signer.did, signer.public_key):
        raise Problem(
            422,
            "proof.key_unknown",
            "Not a key of this organisation",
            fix="make it known: trace-service org record-key",
        )


def _issue(connection: Connection, settings: Settings, drafts: Sequence[Draft], signer: RecordSigner) -> int:
    created = int(time.time())
    now = datetime.fromtimestamp(created, UTC)
    new = compose_many(connection, settings.chain, signer.did, drafts)
    alone = [entry for entry in new if not entry.record.countersigners]
    shared = [entry for entry in new if entry.record.countersigners]
    promise = now + timedelta(seconds=settings.anchor_within)
    stored = insert_records(connection, alone, now, completed_at=now, anchor_by=promise)
    stored += insert_records(connection, shared, now)
    _insert_signatures(connection, stored, signer, created, now)
    return len(alone)


def _insert_signatures(
    connection: Connection,
    stored: Sequence[DraftedRecord],
    signer: RecordSigner,
    created: int,
    now: datetime,
) -> None:
    rows: list[tuple[object, ...]] = []
    for draft in stored:
        record = draft.record
        proof = signer.proof(record.digest, record.schema, created)
        given = (proof, signer.method(record.schema, created), created, now)
        for position, (did, role) in enumerate(signer_set(record)):
            rows.append((draft.pk, position, did, role, *(given if did == signer.did else _NOT_GIVEN)))
    bulk_insert(connection, SIGNATURE, _COLUMNS, rows)


_NOT_GIVEN = (None, None, None, None)
_COLUMNS = (
    "record_pk",
    "position",
    "signer_did",
    "role",
    "proof",
    "verification_method",
    "proof_created",
    "signed_at",
)
