"""Which of the witnesses of one batch is wrong: records, leaf rows, tile hashes, header, chain (protocol
section 10).

The chain's root is the truth. Leaves that give it are authentic, whatever tiles and records say. If they do
not give it but the tile hashes do, the tile hashes are authentic, and each tile that differs is explained row
by row. If neither does, everything below the header was rewritten consistently and the batch is named.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from verifier_cli.audit.explain import Anchored, LoadTiles, TileExplainer
from verifier_cli.audit.findings import Code, Finding
from verifier_cli.audit.repair import Act
from verifier_cli.audit.tiles import RecordDigests, TileResult
from verifier_cli.leaf_list import HASH_SIZE, TILE_LEAVES, split_hashes
from verifier_cli.merkle import root


@dataclass(frozen=True, slots=True)
class Orphan:
    """A record that claims the batch and has no leaf in it; ``leaf`` is the leaf hash it would have."""

    record_id: str | None
    leaf: bytes | None


class BatchJudge:
    """Names what is wrong with the leaves of one batch. `load` reads the leaf list again; only trouble needs
    it.
    """

    def __init__(
        self, batch: Anchored, results: Sequence[TileResult], orphans: Sequence[Orphan], load: LoadTiles
    ) -> None:
        self._batch = batch
        self._results = sorted(results, key=lambda result: result.number)
        self._orphans = orphans
        self._load = load
        self._named: set[bytes] = set()  # leaf hashes of orphans that were explained
        self._digests: dict[bytes, int] | None = None

    def tree_root(self) -> bytes | None:
        """The root that the stored leaves give; None where leaves are missing or of the wrong number."""
        results = [result for result in self._results if not self._is_bare(result)]
        roots = [result.tree_root for result in results]
        if [result.number for result in results] != list(range(self._batch.tiles)):
            return None
        if any(result.count != self._batch.leaves_of(result.number) for result in results):
            return None
        whole = [tile for tile in roots if tile is not None]
        return root(whole) if len(whole) == len(roots) else None

    def _is_bare(self, result: TileResult) -> bool:
        """A tile hash beyond the batch, without leaves: it covers nothing."""
        return result.number >= self._batch.tiles and result.count == 0

    def findings(self) -> Iterator[Finding]:
        """Everything that is wrong, each named as exactly as the surviving witnesses allow."""
        for result in filter(self._is_bare, self._results):
            yield self._finding(Code.TILE_INSERTED, tile=result.number, detail="beyond the anchored count")
        computed = self.tree_root()
        if computed == self._batch.root:
            yield from self._tiles_against_leaves()
            yield from self._records_against_leaves(set())
        elif self._tile_root() == self._batch.root:
            yield from self._leaves_against_tiles()
        else:
            yield self._finding(
                Code.BATCH_REWRITTEN,
                expected=self._batch.root.hex(),
                actual="no whole leaf list" if computed is None else computed.hex(),
            )
            yield from self._unproven()
        for orphan in self._orphans:
            if orphan.leaf is None or orphan.leaf not in self._named:
                yield self._finding(
                    Code.RECORD_INSERTED,
                    record_id=orphan.record_id,
                    detail="claims the batch and has no leaf",
                )

    # ----- the leaves are authentic -----

    def _tiles_against_leaves(self) -> Iterator[Finding]:
        for result in self._results[: self._batch.tiles]:
            if result.stored is None:
                yield self._finding(Code.TILE_REMOVED, tile=result.number)
            elif result.stored != result.tree_root:
                expected = "" if result.tree_root is None else result.tree_root.hex()
                yield self._finding(
                    Code.TILE_ALTERED, tile=result.number, expected=expected, actual=result.stored.hex()
                )

    def _records_against_leaves(self, explained: set[int]) -> Iterator[Finding]:
        """Records and digest columns against authentic leaf hashes; ``explained`` rows were named already."""
        for result in self._results:
            bad = set(result.bad_leaves)
            for index in sorted(bad | result.differing.keys()):
                if index in explained:
                    continue
                record = result.differing.get(index)
                if index in bad:
                    yield self._leaf_row(result, index, record)
                elif record is not None:
                    yield self._record(result, index, record)

    def _leaf_row(self, result: TileResult, index: int, record: RecordDigests | None) -> Finding:
        return self._finding(
            Code.LEAF_ALTERED,
            tile=result.number,
            leaf_index=index,
            record_id=None if record is None else record.record_id,
            detail="the digests beside the leaf hash do not give it",
        )

    def _record(self, result: TileResult, index: int, record: RecordDigests) -> Finding:
        at = (index % TILE_LEAVES) * HASH_SIZE
        expected = result.record_digests[at : at + HASH_SIZE]
        if record.record_digest is None:
            code, detail = Code.RECORD_ALTERED, record.reason
        elif record.record_digest == expected:
            code, detail = Code.SIGNATURES_ALTERED, "other proofs than those anchored"
        else:
            other = self._index_of(record.record_digest)
            code = Code.RECORD_ALTERED if other is None else Code.RECORD_MOVED
            detail = "" if other is None else f"it is the record of leaf {other}"
        return self._finding(
            code,
            tile=result.number,
            leaf_index=index,
            record_id=record.record_id,
            expected=expected.hex(),
            actual="" if record.record_digest is None else record.record_digest.hex(),
            detail=detail,
        )

    def _index_of(self, digest: bytes) -> int | None:
        if self._digests is None:
            self._digests = {}
            for tile in self._load():
                for place, known in enumerate(split_hashes(tile.record_digests)):
                    self._digests[known] = tile.first + place
        return self._digests.get(digest)

    # ----- the tile hashes are authentic -----

    def _tile_root(self) -> bytes | None:
        inside = [result for result in self._results if result.number < self._batch.tiles]
        whole = [result.stored for result in inside if result.stored is not None]
        complete = len(whole) == self._batch.tiles and len(inside) == self._batch.tiles
        return root(whole) if complete else None

    def _leaves_against_tiles(self) -> Iterator[Finding]:
        leaves = [orphan.leaf for orphan in self._orphans if orphan.leaf is not None]
        by_number = {result.number: result for result in self._results}
        explainer = TileExplainer(self._batch, by_number, leaves, self._load)
        explainer.explain()
        explained = set()
        for act in explainer.acts:
            explained.add(act.leaf_index)
            yield self._act(act)
        for index in explainer.surplus:
            tile = index // TILE_LEAVES
            yield self._finding(
                Code.LEAF_INSERTED, tile=tile, leaf_index=index, detail="beyond the anchored count"
            )
        for number in explainer.unexplained:
            yield from self._unexplained(by_number[number], explainer.gaps(number))
        yield from self._records_against_leaves(explained)

    def _act(self, act: Act) -> Finding:
        tile = act.leaf_index // TILE_LEAVES
        if act.code is Code.LEAF_REMOVED:
            self._named.add(act.hash)
        return self._finding(
            act.code,
            tile=tile,
            leaf_index=act.leaf_index,
            record_id=self._record_id(act),
            expected="" if act.expected is None else act.expected.hex(),
            actual="" if act.expected is None else act.hash.hex(),
        )

    def _record_id(self, act: Act) -> str | None:
        for orphan in self._orphans:
            if orphan.leaf == act.hash:
                return orphan.record_id
        for result in self._results:
            if act.leaf_index in result.differing:
                return result.differing[act.leaf_index].record_id
        return None

    def _unexplained(self, result: TileResult, gaps: list[int]) -> Iterator[Finding]:
        for index in gaps:
            yield self._finding(Code.LEAF_REMOVED, tile=result.number, leaf_index=index)
        if not gaps:
            yield self._finding(
                Code.TILE_REWRITTEN,
                tile=result.number,
                expected="" if result.stored is None else result.stored.hex(),
                actual="" if result.tree_root is None else result.tree_root.hex(),
                detail="leaves of this tile were changed consistently",
            )

    # ----- nothing is authentic -----

    def _unproven(self) -> Iterator[Finding]:
        present = {result.number for result in self._results}
        for number in range(self._batch.tiles):
            if number not in present:
                yield self._finding(Code.TILE_REMOVED, tile=number, detail="with all its leaves")
        for result in self._results:
            for index in result.missing:
                yield self._finding(Code.LEAF_REMOVED, tile=result.number, leaf_index=index)
            if (
                result.stored is not None
                and result.tree_root is not None
                and result.stored != result.tree_root
            ):
                yield self._finding(
                    Code.TILE_REWRITTEN,
                    tile=result.number,
                    expected=result.stored.hex(),
                    actual=result.tree_root.hex(),
                )
        yield from self._records_against_leaves(set())

    def _finding(
        self,
        code: Code,
        *,
        tile: int | None = None,
        leaf_index: int | None = None,
        record_id: str | None = None,
        expected: str = "",
        actual: str = "",
        detail: str = "",
    ) -> Finding:
        batch = self._batch
        return Finding(
            code, batch.organisation, batch.sequence, tile, leaf_index, record_id, expected, actual, detail
        )
