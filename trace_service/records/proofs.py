"""Taking in proofs: each is verified against the stored document before it is stored.

Verification needs no lock and comes first; storing is one short write that also completes the records whose
set of signatures is now whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from trace_service.creditbank.ledger import settle_records
from trace_service.database import AnyRow, bulk_insert, lock_rows
from trace_service.organisations.authority import AuthorityCheck
from trace_service.records.queries import OUTBOX, RECORD, SIGNATURE, chunks, waiting_for
from verifier_cli.canonical import canonical
from verifier_cli.did import is_organisation
from verifier_cli.encoding import parse_time
from verifier_cli.errors import DataError
from verifier_cli.profile import parse
from verifier_cli.record import context_for
from verifier_cli.signature import verify_proof

MAX_AHEAD = 120  # seconds that `created` may be ahead of chain time (protocol section 3)
MAX_PROOF = 4096  # bytes; a native proof has about 600

Result = Literal["accepted", "already", "refused"]


@dataclass(frozen=True, slots=True)
class Door:
    """What a proof is measured against. ``now`` is chain time, ``accepted_at`` ours, ``anchor_within``
    seconds."""

    authority: AuthorityCheck
    now: int
    accepted_at: int
    anchor_within: int


@dataclass(frozen=True, slots=True)
class ProofResult:
    """What became of one proof. ``code`` and ``reason`` say why it was refused; ``completed`` if it was the
    last."""

    digest: bytes
    result: Result
    code: str | None = None
    reason: str | None = None
    completed: bool = False


@dataclass(frozen=True, slots=True)
class VerifiedProof:
    """A good proof and the row that waits for it."""

    digest: bytes
    record_pk: int
    position: int
    proof: bytes
    verification_method: str
    created: int


def add_proofs(
    connection: Connection, signer_did: str, given: Sequence[tuple[bytes, Any]], door: Door
) -> list[ProofResult]:
    """Verify and store proofs, given as (record_digest, proof), in the caller's transaction.

    A proof is JSON bytes, or what any JSON parser made of them: `verify_proof` pins every member to one
    form, so that nothing a lenient parser lets through can be in it.

    The answer has one result per proof, in order. Nothing raises for a bad one: the others still count.
    """
    return store_proofs(connection, verify_proofs(connection, signer_did, given, door), door)


def verify_proofs(
    connection: Connection, signer_did: str, given: Sequence[tuple[bytes, Any]], door: Door
) -> list[VerifiedProof | ProofResult]:
    """Check each proof without writing: a proof to store, or the result that is already certain."""
    waiting = waiting_for(connection, signer_did, (digest for digest, _proof in given))
    keys: dict[bytes, bool] = {}
    outcomes: list[VerifiedProof | ProofResult] = []
    seen: set[bytes] = set()
    for digest, proof in given:
        certain = ProofResult(digest, "already") if digest in seen else _certain(digest, waiting.get(digest))
        outcome = certain or _verify(connection, signer_did, waiting[digest], proof, door, keys)
        if isinstance(outcome, VerifiedProof):
            seen.add(digest)
        outcomes.append(outcome)
    return outcomes


def store_proofs(
    connection: Connection, outcomes: Sequence[VerifiedProof | ProofResult], door: Door
) -> list[ProofResult]:
    """Store the good proofs and complete what is whole. A proof that came in meanwhile is left as it is."""
    good = [outcome for outcome in outcomes if isinstance(outcome, VerifiedProof)]
    if good:
        # Two last signatures at once: the second must see the first, or neither finds the set whole.
        lock_rows(connection, RECORD, (proof.record_pk for proof in good))
        connection.execute(_STORE, [_parameters(proof, door) for proof in good])
    completed = complete(connection, (proof.record_pk for proof in good), door)
    return [
        ProofResult(outcome.digest, "accepted", completed=outcome.record_pk in completed)
        if isinstance(outcome, VerifiedProof)
        else outcome
        for outcome in outcomes
    ]


def complete(connection: Connection, record_pks: Iterable[int], door: Door) -> set[int]:
    """Mark those records complete that have every proof, and put them into the outbox; return their rows."""
    accepted = datetime.fromtimestamp(door.accepted_at, UTC)
    missing = sa.exists().where(SIGNATURE.c.record_pk == RECORD.c.pk, SIGNATURE.c.proof.is_(None))
    done: set[int] = set()
    for part in chunks(record_pks):
        rows = connection.execute(
            sa.update(RECORD)
            .where(
                RECORD.c.pk.in_(part),
                RECORD.c.completed_at.is_(None),
                RECORD.c.rejected_at.is_(None),
                ~missing,
            )
            .values(completed_at=accepted, anchor_by=accepted + timedelta(seconds=door.anchor_within))
            .returning(RECORD.c.organisation_pk, RECORD.c.pk)
        ).all()
        bulk_insert(connection, OUTBOX, ("organisation_pk", "record_pk"), rows)
        done.update(row.pk for row in rows)
    settle_records(connection, done)
    return done


_STORE = (
    sa.update(SIGNATURE)
    .where(
        SIGNATURE.c.record_pk == sa.bindparam("pk"),
        SIGNATURE.c.position == sa.bindparam("at"),
        SIGNATURE.c.proof.is_(None),
    )
    .values(
        proof=sa.bindparam("proof_json"),
        verification_method=sa.bindparam("method"),
        proof_created=sa.bindparam("created"),
        signed_at=sa.bindparam("now"),
    )
)


def _parameters(proof: VerifiedProof, door: Door) -> dict[str, Any]:
    return {
        "pk": proof.record_pk,
        "at": proof.position,
        "proof_json": proof.proof,
        "method": proof.verification_method,
        "created": proof.created,
        "now": datetime.fromtimestamp(door.accepted_at, UTC),
    }


def _certain(digest: bytes, row: AnyRow | None) -> ProofResult | None:
    if row is None:
        return ProofResult(digest, "refused", "proof.unknown_record", "nothing waits for this signer")
    if row.proof is not None:
        return ProofResult(digest, "already")
    if row.rejected_at is not None:
        return ProofResult(digest, "refused", "proof.rejected_record", "a signer rejected the draft")
    return None


def _verify(
    connection: Connection, did: str, row: AnyRow, given: Any, door: Door, keys: dict[bytes, bool]
) -> VerifiedProof | ProofResult:
    try:
        proof = parse(given, max_size=MAX_PROOF) if isinstance(given, bytes) else given
        public_key = verify_proof(row.digest, context_for(row.schema_name), proof, did)
    except DataError as error:
        return ProofResult(row.digest, "refused", "proof.invalid", f"{error.path}: {error.reason}")
    created = parse_time(proof["created"])
    if created > door.now + MAX_AHEAD:
        reason = f"created is more than {MAX_AHEAD} s ahead of chain time"
        return ProofResult(row.digest, "refused", "proof.created_ahead", reason)
    if public_key not in keys:
        keys[public_key] = not is_organisation(did) or door.authority.may_sign(connection, did, public_key)
    if not keys[public_key]:
        return ProofResult(row.digest, "refused", "proof.key_unknown", "not a key of this organisation")
    return _good(row, proof, created)


def _good(row: AnyRow, proof: Mapping[str, Any], created: int) -> VerifiedProof:
    return VerifiedProof(
        row.digest, row.record_pk, row.position, canonical(proof), proof["verificationMethod"], created
    )
