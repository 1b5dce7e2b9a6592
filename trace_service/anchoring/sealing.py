"""Sealing: what waits becomes a batch with a fixed order (protocol sections 4 and 6).

Leaves are computed before the write lock is taken; the batch, its leaves, its tiles and the records' way out
of the outbox are then one transaction. A crash leaves either nothing or all of it. Two sealers at once are
harmless: a record leaves the outbox once, is in one leaf only (unique), and a sequence is used once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy.engine import Connection, Engine

from trace_service import database
from trace_service.anchoring import outbox, queries
from trace_service.anchoring.objections import Objections, Signer
from trace_service.collector import collector_paused
from trace_service.database import AnyRow
from trace_service.evm.registry import Authority
from trace_service.gate.service import closed_gates, is_gated
from trace_service.holdpoints import hold
from verifier_cli.kinds import Kind
from verifier_cli.merkle import MAX_LEAVES, Tree, leaf_hash

FORMAT = 1  # of the batch header: protocol version 1
TILE_LEAVES = 256  # protocol section 10: where one table was altered, a tile tells the region
HOLD_BACK = timedelta(minutes=5)  # an ended accreditation is rarely granted again sooner
GATE_MISSING = "gate_missing"
GATE_PAUSE = timedelta(seconds=10)  # evidence that is signed in the same sitting is complete soon after


class Leaf(NamedTuple):
    """One record on its way into a batch."""

    record_pk: int
    record_digest: bytes
    signature_digest: bytes
    leaf_hash: bytes


@dataclass(frozen=True)
class Sealed:
    """What one call of `seal` did. ``batch_pk`` is None when nothing could be sealed now."""

    batch_pk: int | None
    sequence: int
    count: int
    early: int  # left out: a signature is newer than chain time
    held: int  # left out: a signer has no authority, or a credential's gate is closed


class SealingConflictError(Exception):
    """Somebody else sealed the same records meanwhile; nothing was written, the next pass looks again."""


def is_due(
    connection: Connection, organisation_pk: int, now: datetime, count: int, interval: timedelta
) -> bool:
    """Whether sealing is due: on demand, by count, or because the oldest record has waited long enough."""
    since = outbox.waiting_since(connection, organisation_pk, now)
    if since is None:
        return False
    return (
        now - since >= interval
        or outbox.demanded(connection, organisation_pk)
        or outbox.waiting_count(connection, organisation_pk, now, count) >= count
    )


def seal(
    engine: Engine, organisation_pk: int, authority: Authority, now: datetime, limit: int = MAX_LEAVES
) -> Sealed:
    """Seal up to ``limit`` waiting records of one organisation, in the order in which they were stored.

    The authority of every signer is looked at again; records whose signer has lost it are held back. So are
    credentials whose gate is closed by what is complete: evidence drafted with them may have been rejected.
    Records signed later than chain time wait, so that no record is anchored before it was signed (protocol
    section 3). Raises `ChainUnavailable` or `SealingConflictError`; nothing is written then.
    """
    selection = _Selection(authority, authority.chain_time())
    with collector_paused(), database.read(engine) as connection:
        for _, rows in groupby(
            outbox.waiting_signatures(connection, organisation_pk, now, limit), key=lambda r: r.pk
        ):
            selection.add(list(rows))
        selection.part(closed_gates(connection, selection.gated))
    tree = Tree(leaf.leaf_hash for leaf in selection.leaves) if selection.leaves else None
    with collector_paused(), database.write(engine) as connection:
        if selection.held:
            _hold_back(connection, selection.held, now)
        if not selection.early:
            outbox.end_demand(connection, organisation_pk)
        if tree is None:
            return Sealed(None, -1, 0, selection.early, len(selection.held))
        batch_pk, sequence = _store(connection, organisation_pk, selection, tree, now)
        hold("seal.before_commit")
    hold("seal.after_commit")
    return Sealed(batch_pk, sequence, tree.size, selection.early, len(selection.held))


def _hold_back(connection: Connection, held: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Remember what is held back, and when to look again.

    A closed gate is looked at again soon, then ever more rarely: evidence is signed at once or in weeks.
    """
    since = outbox.held_since(connection, [row["record_pk"] for row in held])
    values = []
    for row in held:
        noticed = since.get((row["record_pk"], row["reason"]), now)
        gate = row["reason"] == GATE_MISSING
        pause = min(max(now - noticed, GATE_PAUSE), HOLD_BACK) if gate else HOLD_BACK
        values.append({**row, "noticed_at": noticed, "retry_at": now + pause})
    outbox.hold_back(connection, values)


class _Selection:
    """Leaves of the records that may be sealed now, and why the others may not."""

    def __init__(self, authority: Authority, chain_time: int) -> None:
        self._objections = Objections(authority, chain_time)
        self._chain_time = chain_time
        self.leaves: list[Leaf] = []
        self.held: list[dict[str, Any]] = []
        self.gated: dict[int, tuple[str, int]] = {}  # record_pk -> issuer, time of the newest signature
        self.early = 0
        self.kinds = 0
        self.newest_proof = 0

    def add(self, rows: Sequence[AnyRow]) -> None:
        """Look at one record, given its signatures. Runs for every leaf, hence the bare tuples."""
        record_pk, digest, kind, schema, subkind = rows[0][:5]
        newest = 0
        signers = []
        proofs = []
        for *_, proof, method, created, did, role in rows:
            newest = created if created > newest else newest
            signers.append(Signer(did, role, method))
            proofs.append((method, proof))
        if newest > self._chain_time:
            self.early += 1
            return
        objection = self._objections.find(kind, schema, subkind, tuple(signers))
        if objection is not None:
            did, reason = objection
            self.held.append({"record_pk": record_pk, "signer_did": did, "reason": reason})
            return
        signatures = signature_digest(proofs)
        self.leaves.append(Leaf(record_pk, digest, signatures, leaf_hash(digest, signatures)))
        if is_gated(schema, subkind):
            self.gated[record_pk] = signers[0].did, newest  # counted once its gate is known to be open
            return
        self.kinds |= 1 << kind
        self.newest_proof = max(self.newest_proof, newest)

    def part(self, closed: Collection[int]) -> None:
        """Hold back those of the gated credentials whose gate is ``closed``; the others stay."""
        for record_pk, (issuer, newest) in self.gated.items():
            if record_pk in closed:
                self.held.append({"record_pk": record_pk, "signer_did": issuer, "reason": GATE_MISSING})
            else:
                self.kinds |= 1 << Kind.CREDENTIAL
                self.newest_proof = max(self.newest_proof, newest)
        if closed:
            self.leaves = [leaf for leaf in self.leaves if leaf.record_pk not in closed]


def signature_digest(proofs: list[tuple[str, bytes]]) -> bytes:
    """SHA-256 over the JCS array of proofs, given as pairs of verificationMethod and canonical JSON.

    Sorted here and not by the database, whose collation may differ.
    """
    if len(proofs) > 1:
        proofs = sorted(proofs)
    return hashlib.sha256(b"[" + b",".join([proof for _, proof in proofs]) + b"]").digest()


def _store(
    connection: Connection, organisation_pk: int, selection: _Selection, tree: Tree, now: datetime
) -> tuple[int, int]:
    # First: whoever lost the race finds his records gone, before any leaf of theirs stands twice.
    taken = queries.take_records(connection, organisation_pk, [leaf.record_pk for leaf in selection.leaves])
    if taken != tree.size:
        raise SealingConflictError
    sequence = queries.next_sequence(connection, organisation_pk)
    batch_pk = queries.insert_batch(
        connection,
        {
            "organisation_pk": organisation_pk,
            "sequence": sequence,
            "root": tree.root,
            "count": tree.size,
            "kinds": selection.kinds,
            "format": FORMAT,
            "newest_proof": selection.newest_proof,
            "sealed_at": now,
        },
    )
    queries.insert_leaves(
        connection, [(batch_pk, index, *leaf) for index, leaf in enumerate(selection.leaves)]
    )
    tiles = enumerate(tree.tiles(TILE_LEAVES))
    connection.execute(
        queries.TILE.insert(),
        [{"batch_pk": batch_pk, "tile_index": index, "tile_hash": tile} for index, tile in tiles],
    )
    return batch_pk, sequence
