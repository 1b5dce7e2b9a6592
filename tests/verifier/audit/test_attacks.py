"""Attacks on a published batch of 600 leaves: each names what protocol section 10 promises."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.support.records import SCHOOL, record_bytes
from tests.verifier.audit.exports import Export, Leaf, leaf_of, make_record
from verifier_cli.audit import Audit, AuditOptions, AuditReport, Code, FolderSource
from verifier_cli.canonical import canonical
from verifier_cli.leaf_list import TILE_LEAVES, record_line
from verifier_cli.merkle import Tree
from verifier_cli.record import Record

COUNT = 600  # two full tiles and a part of a third
AT = 300  # the leaf that is attacked, in tile 1
OTHER = 310
FAR = 20  # in tile 0


@cache
def cohort() -> tuple[Record, ...]:
    """The records of the batch, signed once for all tests."""
    return tuple(make_record(number) for number in range(COUNT))


@cache
def stranger() -> Record:
    """A sound record that was never anchored."""
    return make_record(COUNT + 1)


class Store:
    """The tables behind an export: an attack changes some of them, then they are published."""

    def __init__(self) -> None:
        self.records: list[bytes] = [record_bytes(record) for record in cohort()]
        self.leaves: list[Leaf] = [leaf_of(record) for record in cohort()]
        self.tiles: list[bytes | None] = list(Tree([leaf[2] for leaf in self.leaves]).tiles())
        self.orphans: list[bytes] = []

    def retile(self) -> None:
        """Make the tile hashes fit the leaves again."""
        self.tiles = list(Tree([leaf[2] for leaf in self.leaves]).tiles())

    def publish(self, folder: Path) -> Export:
        """Write the export; the chain has the honest batch."""
        export = Export(folder)
        export.add(cohort())
        export.write(SCHOOL, 0, self.leaves, self.tiles, ())
        lines = [record_line(index, data) for index, data in enumerate(self.records) if data]
        lines += [record_line(None, data) for data in self.orphans]
        export.records_path().write_bytes(b"".join(lines))
        return export


def run(export: Export, *, exist: bool = True, records: bool = True) -> AuditReport:
    """Audit everything of an export."""
    options = AuditOptions(with_records=records, records_must_exist=exist)
    return Audit(FolderSource(export.folder), export.chain, options).run()


def found(report: AuditReport) -> set[tuple[Code, int | None, int | None, str | None]]:
    """Findings as (code, tile, leaf index, record id)."""
    return {(f.code, f.tile, f.leaf_index, f.record_id) for f in report.findings}


def name(index: int) -> str:
    """Id of the record anchored at a leaf."""
    return cohort()[index].id


def _alter(data: bytes) -> bytes:
    return data.replace(b'"registerNumber":"1', b'"registerNumber":"2')


def _alter_proof(data: bytes) -> bytes:
    return data.replace(b'"created":"2026-07-02T08:00:00Z"', b'"created":"2026-07-02T08:00:01Z"')


def record_update(store: Store) -> None:
    store.records[AT] = _alter(store.records[AT])


def record_unreadable(store: Store) -> None:
    store.records[AT] = b'{"id":'


def record_delete(store: Store) -> None:
    store.records[AT] = b""


def record_insert(store: Store) -> None:
    store.orphans.append(record_bytes(stranger()))


def record_swap(store: Store) -> None:
    store.records[AT], store.records[FAR] = store.records[FAR], store.records[AT]


def proof_update(store: Store) -> None:
    store.records[AT] = _alter_proof(store.records[AT])


def proof_delete(store: Store) -> None:
    document = {**cohort()[AT].document, "proof": []}
    store.records[AT] = canonical(document)


def leaf_digest_update(store: Store) -> None:
    _digest, signatures, leaf = store.leaves[AT]
    store.leaves[AT] = (bytes(32), signatures, leaf)


def leaf_hash_update(store: Store) -> None:
    digest, signatures, _leaf = store.leaves[AT]
    store.leaves[AT] = (digest, signatures, bytes(32))


def leaf_row_update(store: Store) -> None:
    store.leaves[AT] = leaf_of(stranger())


def leaf_delete_shifted(store: Store) -> None:
    del store.leaves[AT]
    store.orphans.append(store.records.pop(AT))


def leaf_insert_shifted(store: Store) -> None:
    store.leaves.insert(AT, leaf_of(stranger()))
    store.records.insert(AT, record_bytes(stranger()))


def leaf_insert_in_last_tile(store: Store) -> None:
    store.leaves.insert(COUNT - 5, leaf_of(stranger()))
    store.records.insert(COUNT - 5, record_bytes(stranger()))


def leaf_append(store: Store) -> None:
    store.leaves.append(leaf_of(stranger()))
    store.records.append(record_bytes(stranger()))


def leaf_swap(store: Store) -> None:
    store.leaves[AT], store.leaves[OTHER] = store.leaves[OTHER], store.leaves[AT]
    store.records[AT], store.records[OTHER] = store.records[OTHER], store.records[AT]


def leaf_swap_far(store: Store) -> None:
    store.leaves[AT], store.leaves[FAR] = store.leaves[FAR], store.leaves[AT]
    store.records[AT], store.records[FAR] = store.records[FAR], store.records[AT]


def leaf_swap_alone(store: Store) -> None:
    store.leaves[AT], store.leaves[OTHER] = store.leaves[OTHER], store.leaves[AT]


def tile_update(store: Store) -> None:
    store.tiles[1] = bytes(32)


def tile_delete(store: Store) -> None:
    store.tiles[1] = None


def tile_swap(store: Store) -> None:
    store.tiles[0], store.tiles[1] = store.tiles[1], store.tiles[0]


def record_and_leaf(store: Store) -> None:
    store.records[AT] = record_bytes(stranger())
    store.leaves[AT] = leaf_of(stranger())


def record_leaf_and_tile(store: Store) -> None:
    record_and_leaf(store)
    store.retile()


Expected = set[tuple[Code, int | None, int | None, str | None]]


def moved(one: int, two: int) -> Expected:
    """Two leaves that changed places; the record named is the one that stands there now."""
    return {
        (Code.LEAF_MOVED, one // TILE_LEAVES, one, name(two)),
        (Code.LEAF_MOVED, two // TILE_LEAVES, two, name(one)),
    }


MATRIX: list[tuple[Callable[[Store], None], Callable[[], Expected]]] = [
    (
        record_update,
        lambda: {(Code.RECORD_ALTERED, 1, AT, name(AT)), (Code.SIGNATURE_INVALID, None, AT, name(AT))},
    ),
    (record_unreadable, lambda: {(Code.RECORD_ALTERED, 1, AT, None)}),
    (record_delete, lambda: {(Code.RECORD_REMOVED, 1, AT, None)}),
    (record_insert, lambda: {(Code.RECORD_INSERTED, None, None, stranger().id)}),
    (record_swap, lambda: {(Code.RECORD_MOVED, 1, AT, name(FAR)), (Code.RECORD_MOVED, 0, FAR, name(AT))}),
    (
        proof_update,
        lambda: {(Code.SIGNATURES_ALTERED, 1, AT, name(AT)), (Code.SIGNATURE_INVALID, None, AT, name(AT))},
    ),
    (
        proof_delete,
        lambda: {(Code.SIGNATURES_ALTERED, 1, AT, name(AT)), (Code.RECORD_INVALID, None, AT, name(AT))},
    ),
    (leaf_digest_update, lambda: {(Code.LEAF_ALTERED, 1, AT, name(AT))}),
    (leaf_hash_update, lambda: {(Code.LEAF_ALTERED, 1, AT, name(AT))}),
    (leaf_row_update, lambda: {(Code.LEAF_ALTERED, 1, AT, name(AT))}),
    (leaf_delete_shifted, lambda: {(Code.LEAF_REMOVED, 1, AT, name(AT))}),
    (leaf_insert_shifted, lambda: {(Code.LEAF_INSERTED, 1, AT, stranger().id)}),
    (leaf_insert_in_last_tile, lambda: {(Code.LEAF_INSERTED, 2, COUNT - 5, stranger().id)}),
    (leaf_append, lambda: {(Code.LEAF_INSERTED, 2, COUNT, stranger().id)}),
    (leaf_swap, lambda: moved(AT, OTHER)),
    (leaf_swap_far, lambda: moved(AT, FAR)),
    (
        leaf_swap_alone,
        lambda: {(Code.LEAF_MOVED, 1, AT, name(AT)), (Code.LEAF_MOVED, 1, OTHER, name(OTHER))},
    ),
    (tile_update, lambda: {(Code.TILE_ALTERED, 1, None, None)}),
    (tile_delete, lambda: {(Code.TILE_REMOVED, 1, None, None)}),
    (tile_swap, lambda: {(Code.TILE_ALTERED, 0, None, None), (Code.TILE_ALTERED, 1, None, None)}),
    (record_and_leaf, lambda: {(Code.TILE_REWRITTEN, 1, None, None)}),
    (record_leaf_and_tile, lambda: {(Code.BATCH_REWRITTEN, None, None, None)}),
]


@pytest.mark.parametrize(("attack", "expected"), MATRIX, ids=[attack.__name__ for attack, _ in MATRIX])
def test_an_attack_is_named(
    attack: Callable[[Store], None], expected: Callable[[], Expected], tmp_path: Path
) -> None:
    store = Store()
    attack(store)
    report = run(store.publish(tmp_path))
    assert found(report) == expected()
    assert report.verdict.exit_code == 1


def test_the_honest_batch_is_consistent(tmp_path: Path) -> None:
    report = run(Store().publish(tmp_path))
    assert report.findings == []
    assert report.verdict.exit_code == 0
    assert (report.counts.leaves, report.counts.records, report.counts.signatures) == (COUNT, COUNT, COUNT)


LEAF_ATTACKS = [attack for attack, _ in MATRIX if attack.__name__.startswith(("leaf_", "tile_"))]


@pytest.mark.parametrize("attack", LEAF_ATTACKS, ids=lambda attack: attack.__name__)
def test_without_records_an_attack_on_leaves_is_still_found(
    attack: Callable[[Store], None], tmp_path: Path
) -> None:
    store = Store()
    attack(store)
    report = run(store.publish(tmp_path), records=False)
    assert report.failed
    assert report.counts.records == 0
