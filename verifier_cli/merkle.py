"""Merkle tree of protocol 4: leaves that bind record and signatures, the shape of RFC 6962 / RFC 9162."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from verifier_cli.errors import InclusionError, MisuseError

__all__ = ["Tree", "leaf_hash", "node_hash", "path_length", "root", "root_from_path"]

HASH_BYTES = 32
MAX_LEAVES = 1 << 20  # the contract's limit on `count`
_LEAF = b"\x00"
_NODE = b"\x01"
_sha256 = hashlib.sha256


def leaf_hash(record_digest: bytes, signature_digest: bytes) -> bytes:
    """SHA-256(0x00 || record_digest || signature_digest), each digest of 32 bytes."""
    if len(record_digest) != HASH_BYTES or len(signature_digest) != HASH_BYTES:
        raise MisuseError("a leaf is made of two digests of 32 bytes")
    return _sha256(_LEAF + record_digest + signature_digest).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return _sha256(_NODE + left + right).digest()


class Tree:
    """All levels over a list of leaf hashes, kept as one bytes object per level (about 64 bytes a leaf)."""

    def __init__(self, leaves: Iterable[bytes]) -> None:
        """Raises MisuseError on no leaf, more than 2^20, or a leaf that has not 32 bytes."""
        hashes = list(leaves)
        if not 1 <= len(hashes) <= MAX_LEAVES:
            raise MisuseError("a tree has 1 to 2^20 leaves")
        if any(len(leaf) != HASH_BYTES for leaf in hashes):
            raise MisuseError("a leaf hash has 32 bytes")
        self.size = len(hashes)
        self._levels = [b"".join(hashes)]
        while len(self._levels[-1]) > HASH_BYTES:
            self._levels.append(_parents(self._levels[-1]))

    @property
    def root(self) -> bytes:
        """Root hash of 32 bytes."""
        return self._levels[-1]

    def path(self, index: int) -> list[bytes]:
        """Sibling hashes from leaf `index` up to the root. Raises MisuseError outside the tree."""
        if not 0 <= index < self.size:
            raise MisuseError("leaf index outside the tree")
        path = []
        for level in self._levels[:-1]:
            start = (index ^ 1) * HASH_BYTES
            if start < len(level):  # an odd node at the end has no sibling: it is promoted
                path.append(level[start : start + HASH_BYTES])
            index >>= 1
        return path

    def tiles(self, width: int = 256) -> list[bytes]:
        """Roots over each aligned run of up to `width` leaves (a power of two)."""
        if width < 1 or width & (width - 1):
            raise MisuseError("the width of a tile is a power of two")
        level = self._levels[min(width.bit_length() - 1, len(self._levels) - 1)]
        return [level[at : at + HASH_BYTES] for at in range(0, len(level), HASH_BYTES)]


def _parents(level: bytes) -> bytes:
    """Next level: pairs are hashed, an odd last node moves up unchanged."""
    pairs = len(level) // (2 * HASH_BYTES) * 2 * HASH_BYTES
    hashed = [_sha256(_NODE + level[at : at + 64]).digest() for at in range(0, pairs, 64)]
    return b"".join(hashed) + level[pairs:]


def root(leaves: Iterable[bytes]) -> bytes:
    """Root over leaf hashes, keeping one level at a time. Raises MisuseError as `Tree` does."""
    hashes = list(leaves)
    if not 1 <= len(hashes) <= MAX_LEAVES:
        raise MisuseError("a tree has 1 to 2^20 leaves")
    if any(len(leaf) != HASH_BYTES for leaf in hashes):
        raise MisuseError("a leaf hash has 32 bytes")
    level = b"".join(hashes)
    while len(level) > HASH_BYTES:
        level = _parents(level)
    return level


def path_length(index: int, size: int) -> int:
    """How many hashes the path of leaf `index` in a tree of `size` leaves has."""
    if not 0 <= index < size:
        raise MisuseError("leaf index outside the tree")
    # Below the point where index and last leaf part, every level has a sibling; above it, only set bits do.
    inner = (index ^ (size - 1)).bit_length()
    return inner + (index >> inner).bit_count()


def root_from_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """Root that `leaf` at `index` has in a tree of `size` leaves, given its siblings (RFC 9162, 2.1.3.2).

    Raises InclusionError when index, size, the number of hashes or their lengths cannot be those of a tree.
    Comparing the result with the anchored root is the caller's.
    """
    if not 0 < size <= MAX_LEAVES:
        raise InclusionError("size", "a tree has 1 to 2^20 leaves")
    if not 0 <= index < size:
        raise InclusionError("index", "outside the tree")
    if len(path) != path_length(index, size):
        raise InclusionError("path", "wrong number of hashes for this index and size")
    if len(leaf) != HASH_BYTES or any(len(node) != HASH_BYTES for node in path):
        raise InclusionError("path", "a hash has 32 bytes")
    last = size - 1
    node = leaf
    for sibling in path:
        while not index & 1 and index == last:  # promoted levels have no sibling
            index >>= 1
            last >>= 1
        node = node_hash(sibling, node) if index & 1 else node_hash(node, sibling)
        index >>= 1
        last >>= 1
    return node
