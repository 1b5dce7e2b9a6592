"""Tiles whose hashes are authentic and whose leaves are not: which acts explain them (protocol section
10).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from verifier_cli.audit.repair import Act, Rows, explain_gaps, explain_shift, explain_swap, explain_values
from verifier_cli.audit.tiles import TileResult
from verifier_cli.leaf_list import TILE_LEAVES, Tile
from verifier_cli.merkle import leaf_hash, root

MAX_REPAIRS = 16  # tiles searched row by row in one batch: each may take a second; the others are still named

LoadTiles = Callable[[], Iterator[Tile]]


@dataclass(frozen=True, slots=True)
class Anchored:
    """The batch as anchored (or, for a pending batch, as its own header says)."""

    organisation: str
    sequence: int
    root: bytes
    count: int

    @property
    def tiles(self) -> int:
        """How many tiles it has."""
        return -(-self.count // TILE_LEAVES)

    def leaves_of(self, tile: int) -> int:
        """How many leaves the tile has."""
        return max(0, min(TILE_LEAVES, self.count - tile * TILE_LEAVES))


class TileExplainer:
    """Searches the acts that lead from the anchored tiles of one batch to the stored rows.

    After `explain`: ``acts`` are proven, ``surplus`` are leaf indexes beyond the anchored count,
    ``unexplained`` are tiles that no single act explains, with their lost rows in ``gaps``.
    """

    def __init__(
        self, batch: Anchored, results: Mapping[int, TileResult], orphans: Sequence[bytes], load: LoadTiles
    ) -> None:
        self._batch = batch
        self._results = results
        self._orphans = orphans
        self._load = load
        self._rows: dict[int, Rows] = {}
        self._changed: set[int] = set()
        self.acts: list[Act] = []
        self.surplus: list[int] = []
        self.unexplained: list[int] = []

    def explain(self) -> None:
        """Run every search, cheapest first."""
        suspects = [
            number
            for number in range(self._batch.tiles)
            if (result := self._results[number]).stored != result.tree_root
            or result.count != self._batch.leaves_of(number)
        ]
        extra = {number for number in self._results if number >= self._batch.tiles}
        self._rows = self._read({*suspects, *(number + 1 for number in suspects), *extra})
        self._find_surplus(suspects)
        left = [number for number in suspects if not self._by_values(number)]
        left = self._by_swaps(left)
        self.unexplained = self._by_shift(left)

    def gaps(self, number: int) -> list[int]:
        """Leaf indexes of the lost rows of a tile."""
        if number in self._changed:
            return []
        if number not in self._rows:
            return [number * TILE_LEAVES + place for place in range(self._batch.leaves_of(number))]
        rows = self._cut(number)
        return [rows.first + place for place in rows.gaps]

    def _read(self, wanted: set[int]) -> dict[int, Rows]:
        rows = {}
        for tile in self._load():
            if tile.index not in wanted or tile.index not in self._results:
                continue
            if not _same(tile, self._results[tile.index]):
                self._changed.add(tile.index)
                continue
            records = {
                index: leaf_hash(record.record_digest, record.signature_digest)
                for index, record in self._results[tile.index].differing.items()
                if record.record_digest is not None and record.signature_digest is not None
            }
            rows[tile.index] = Rows.of(tile, records, self._batch.leaves_of(tile.index))
        return rows

    def _cut(self, number: int) -> Rows:
        return self._rows[number].cut(self._batch.leaves_of(number))

    def _stored(self, number: int) -> bytes:
        stored = self._results[number].stored
        assert stored is not None  # the caller compared the root over all of them with the anchored one
        return stored

    def _find_surplus(self, suspects: list[int]) -> None:
        """Leaves beyond the anchored count; a single one may be the tail that an inserted row pushed out."""
        surplus = [
            number * TILE_LEAVES + place
            for number, rows in self._rows.items()
            for place, leaf in enumerate(rows.stored)
            if place >= self._batch.leaves_of(number) and leaf is not None
        ]
        inside = any(
            number in self._rows and explain_values(self._cut(number), self._stored(number)) is None
            for number in suspects
        )
        self.surplus = [] if len(surplus) == 1 and inside else surplus

    def _by_values(self, number: int) -> bool:
        if number not in self._rows:
            return False
        rows, anchored = self._cut(number), self._stored(number)
        found = explain_values(rows, anchored)
        if found is None:
            found = explain_gaps(rows, anchored, self._orphans)
        self.acts.extend(found or [])
        return found is not None

    def _by_swaps(self, suspects: list[int]) -> list[int]:
        here = [number for number in suspects[:MAX_REPAIRS] if number in self._rows]
        pairs = [(number, number) for number in here]
        if len(suspects) == 2 and len(here) == 2:
            pairs.append((here[0], here[1]))
        done: set[int] = set()
        for one, two in pairs:
            whole = all(
                len(self._rows[number].stored) == self._batch.leaves_of(number) for number in (one, two)
            )
            if not whole or {one, two} & done:
                continue
            found = explain_swap(self._rows[one], self._stored(one), self._rows[two], self._stored(two))
            if found is not None:
                self.acts.extend(found)
                done |= {one, two}
        return [number for number in suspects if number not in done]

    def _by_shift(self, suspects: list[int]) -> list[int]:
        """A row taken out or put in shifts every later tile, so the first one explains them all."""
        if not suspects or suspects[0] not in self._rows:
            return suspects
        first = suspects[0]
        rows, after = self._rows[first], self._rows.get(first + 1)
        longer = len(rows.stored) > self._batch.leaves_of(first)  # the last tile holds the pushed row itself
        following = None if longer or after is None or not after.stored else after.stored[0]
        found = explain_shift(rows, self._stored(first), following, self._orphans)
        self.acts.extend(found or [])
        return suspects if found is None else []


def _same(tile: Tile, result: TileResult) -> bool:
    """Whether a tile read again is the one that was examined: a source may show its second reader another."""
    whole = None if tile.missing or not tile.count else root(tile.leaf_hash_list())
    return (tile.count, tile.missing, whole) == (result.count, result.missing, result.tree_root)
