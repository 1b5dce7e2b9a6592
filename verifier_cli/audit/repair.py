"""What happened to a tile whose leaves no longer give its anchored hash: try each single act that explains
it.

Every search ends at the anchored hash of 32 bytes, so a found explanation is a proof. Searches are bounded by
the tile: at most 256 x 256 candidates of eight hashes each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from verifier_cli.audit.findings import Code
from verifier_cli.leaf_list import HASH_SIZE, TILE_LEAVES, Tile
from verifier_cli.merkle import leaf_hash, node_hash, root


@dataclass(frozen=True, slots=True)
class Act:
    """One explained change: what was done to the leaf at ``leaf_index``; ``hash`` is the leaf hash
    concerned.
    """

    code: Code
    leaf_index: int
    hash: bytes
    expected: bytes | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one tile: stored leaf hashes, those of the digests beside them, those of the records."""

    first: int
    stored: tuple[bytes | None, ...]  # None where the row is lost
    from_digests: tuple[bytes | None, ...]
    from_records: tuple[bytes | None, ...]  # None where there is no readable record

    @classmethod
    def of(cls, tile: Tile, records: dict[int, bytes], expected: int) -> Rows:
        """Rows of a tile of ``expected`` leaves; ``records`` are leaf hashes of records that differ from
        rows.
        """
        gone = set(tile.missing)
        stored: list[bytes | None] = []
        digests: list[bytes | None] = []
        for place, leaf in enumerate(tile.leaf_hash_list()):
            at = place * HASH_SIZE
            lost = tile.first + place in gone
            stored.append(None if lost else leaf)
            pair = tile.record_digests[at : at + HASH_SIZE], tile.signature_digests[at : at + HASH_SIZE]
            digests.append(None if lost else leaf_hash(*pair))
        for rows in (stored, digests):
            rows.extend([None] * (expected - len(rows)))
        from_records = [records.get(tile.first + place, digest) for place, digest in enumerate(digests)]
        return cls(tile.first, tuple(stored), tuple(digests), tuple(from_records))

    def cut(self, count: int) -> Rows:
        """The first ``count`` rows."""
        return Rows(self.first, self.stored[:count], self.from_digests[:count], self.from_records[:count])

    @property
    def gaps(self) -> list[int]:
        """Places without a row."""
        return [place for place, leaf in enumerate(self.stored) if leaf is None]


def explain_values(rows: Rows, anchored: bytes) -> list[Act] | None:
    """Rows whose own columns or records still know the anchored values; an empty list when nothing is
    wrong.
    """
    if rows.gaps:
        return None
    stored = _whole(rows.stored)
    for witness in (rows.stored, rows.from_digests, rows.from_records):
        candidate = [leaf if leaf is not None else stored[place] for place, leaf in enumerate(witness)]
        if root(candidate) == anchored:
            return [
                _altered(rows.first + place, stored, candidate, place)
                for place in _changed(stored, candidate)
            ]
    return None


def _altered(index: int, stored: list[bytes], truth: list[bytes], place: int) -> Act:
    moved = stored[place] in truth
    return Act(Code.LEAF_MOVED if moved else Code.LEAF_ALTERED, index, truth[place], truth[place])


def _changed(stored: list[bytes], truth: list[bytes]) -> list[int]:
    return [place for place, leaf in enumerate(stored) if leaf != truth[place]]


def explain_gaps(rows: Rows, anchored: bytes, orphans: Sequence[bytes]) -> list[Act] | None:
    """Lost rows: filled with the leaf hashes of records that claim the batch and have no leaf."""
    gaps = rows.gaps
    if not gaps or len(orphans) < len(gaps):
        return None
    for start in range(len(orphans) - len(gaps) + 1):
        candidate = list(rows.stored)
        for gap, orphan in zip(gaps, orphans[start:], strict=False):
            candidate[gap] = orphan
        if root(_whole(candidate)) == anchored:
            return [Act(Code.LEAF_REMOVED, rows.first + gap, _whole(candidate)[gap]) for gap in gaps]
    return None


def explain_swap(one: Rows, one_hash: bytes, two: Rows, two_hash: bytes) -> list[Act] | None:
    """Two rows that changed places, within one tile (``one is two``) or between two tiles."""
    if one.gaps or two.gaps:
        return None
    left, right = _whole(one.stored), _whole(two.stored)
    levels = _levels(left)
    for place, leaf in enumerate(left):
        others = range(place + 1, len(right)) if one is two else range(len(right))
        for other in others:
            if one is two:
                found = _swapped_root(levels, place, right[other], other, leaf) == one_hash
            else:
                found = _replaced_root(levels, place, right[other]) == one_hash
                found = found and _replaced_root(_levels(right), other, leaf) == two_hash
            if found:
                here, there = one.first + place, two.first + other
                return [
                    Act(Code.LEAF_MOVED, here, leaf, right[other]),
                    Act(Code.LEAF_MOVED, there, right[other], leaf),
                ]
    return None


def explain_shift(
    rows: Rows, anchored: bytes, following: bytes | None, orphans: Sequence[bytes]
) -> list[Act] | None:
    """A row taken out or put in, and all later rows renumbered; ``following`` is the next tile's first
    row.
    """
    leaves = [leaf for leaf in rows.stored if leaf is not None]
    for orphan in orphans:
        for place in range(min(len(leaves) + 1, TILE_LEAVES)):
            candidate = [*leaves[:place], orphan, *leaves[place:]][:TILE_LEAVES]
            if root(candidate) == anchored:
                return [Act(Code.LEAF_REMOVED, rows.first + place, orphan)]
    tail = [] if following is None else [following]
    for place, leaf in enumerate(leaves):
        candidate = [*leaves[:place], *leaves[place + 1 :], *tail]
        if candidate and root(candidate) == anchored:
            return [Act(Code.LEAF_INSERTED, rows.first + place, leaf)]
    return None


def _whole(rows: Sequence[bytes | None]) -> list[bytes]:
    return [leaf for leaf in rows if leaf is not None]


def _levels(leaves: list[bytes]) -> list[list[bytes]]:
    levels = [leaves]
    while len(levels[-1]) > 1:
        level = levels[-1]
        above = [node_hash(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        levels.append(above + level[len(above) * 2 :])
    return levels


def _replaced_root(levels: list[list[bytes]], place: int, leaf: bytes) -> bytes:
    """Root of the tree with another leaf at ``place``: one path is hashed again."""
    for level in levels[:-1]:
        leaf = _parent(level, place, leaf, {})
        place >>= 1
    return leaf


def _swapped_root(levels: list[list[bytes]], one: int, at_one: bytes, two: int, at_two: bytes) -> bytes:
    """Root with two leaves replaced: two paths are hashed until they meet."""
    changed = {one: at_one, two: at_two}
    for level in levels[:-1]:
        changed = {place >> 1: _parent(level, place, node, changed) for place, node in changed.items()}
    return changed[0]


def _parent(level: list[bytes], place: int, node: bytes, changed: dict[int, bytes]) -> bytes:
    sibling = place ^ 1
    if sibling >= len(level):
        return node
    other = changed.get(sibling, level[sibling])
    return node_hash(other, node) if place & 1 else node_hash(node, other)
