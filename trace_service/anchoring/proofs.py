"""Proof files: what a holder keeps (protocol section 7), made from the stored record and its sealed
leaves.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from weakref import WeakKeyDictionary

from sqlalchemy.engine import Connection, Engine

from trace_service.anchoring import queries
from trace_service.config import ChainSettings
from trace_service.database import AnyRow
from verifier_cli.merkle import Tree
from verifier_cli.proof_file import Anchor, ProofFile

MAX_CACHED_LEAVES = 1 << 21  # trees kept at once, together: about 130 MB, or two batches of the largest size


class Trees:
    """Merkle trees of batches, most recently used first. Thread-safe."""

    def __init__(self, max_leaves: int = MAX_CACHED_LEAVES) -> None:
        self._max_leaves = max_leaves
        self._trees: OrderedDict[int, Tree] = OrderedDict()
        self._lock = threading.Lock()

    def tree(self, connection: Connection, batch_pk: int) -> Tree:
        """The tree over the stored leaf hashes of a batch."""
        with self._lock:
            found = self._trees.get(batch_pk)
            if found is not None:
                self._trees.move_to_end(batch_pk)
                return found
        made = Tree(queries.leaf_hashes(connection, batch_pk))
        with self._lock:
            self._trees[batch_pk] = made
            while len(self._trees) > 1 and sum(t.size for t in self._trees.values()) > self._max_leaves:
                self._trees.popitem(last=False)
        return made


class ProofFiles:
    """Makes proof files of one deployment."""

    def __init__(self, chain: ChainSettings, trees: Trees | None = None) -> None:
        self._chain = chain
        self._trees = trees or Trees()

    def write(self, connection: Connection, place: AnyRow) -> bytes:
        """The proof file of a record that `queries.place_of` found in a batch."""
        return self.compose(connection, place, place.document, queries.proofs_of(connection, place.pk))

    def compose(self, connection: Connection, place: AnyRow, document: bytes, proofs: list[bytes]) -> bytes:
        """The proof file of a record whose document and proofs are at hand."""
        record = whole_record(bytes(document), proofs)
        path = self._trees.tree(connection, place.batch_pk).path(place.leaf_index)
        tx_hash = place.transaction_hash
        anchor = Anchor(
            chain_id=self._chain.chain_id,
            registry=self._chain.anchor_registry,
            sequence=place.sequence,
            leaf_index=place.leaf_index,
            path=tuple(path),
            tx_hash=None if tx_hash is None else "0x" + bytes(tx_hash).hex(),
        )
        return ProofFile.write(record, anchor)


_FILES: WeakKeyDictionary[Engine, ProofFiles] = WeakKeyDictionary()


def files_of(engine: Engine, chain: ChainSettings) -> ProofFiles:
    """The proof files of a database: one for each engine, so that trees are kept as long as it lives."""
    return _FILES.setdefault(engine, ProofFiles(chain))


def whole_record(document: bytes, proofs: list[bytes]) -> bytes:
    """A stored document with its proofs, the issuer's first."""
    return document[:-1] + b',"proof":[' + b",".join(proofs) + b"]}"
