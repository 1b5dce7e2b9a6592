"""fsck after SQL by somebody with the file in hand: each table that feeds a leaf, each kind of statement."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.service.publication.seeded import FIRST, Seeded, insert_records, seed
from tests.support.records import SCHOOL
from tests.verifier.audit.exports import leaf_of, make_record
from trace_service import database
from trace_service.publication.fsck import FsckReport, fsck
from verifier_cli.audit import Code
from verifier_cli.did import org_id
from verifier_cli.merkle import Tree
from verifier_cli.record import Record

AT = 290  # the leaf that is attacked, in tile 1 of batch 0
PK = AT + 1  # its record's row
OTHER = 20  # a leaf in tile 0

Place = tuple[Code, int | None, int | None, int | None]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Seeded:
    """The honest database, made once."""
    return seed(tmp_path_factory.mktemp("template"))


@pytest.fixture
def seeded(template: Seeded, tmp_path: Path) -> Seeded:
    """A copy that one test may damage."""
    template.engine.dispose()
    source = template.engine.url.database
    assert source is not None
    for suffix in ("", "-wal", "-shm"):
        if Path(source + suffix).exists():
            shutil.copy(source + suffix, tmp_path / f"skilltrace.db{suffix}")
    engine = database.make_engine(f"sqlite:///{tmp_path / 'skilltrace.db'}")
    return Seeded(engine, template.chain, template.records)


def places(report: FsckReport) -> set[Place]:
    """Findings as (code, sequence, tile, leaf index)."""
    return {(f.code, f.sequence, f.tile, f.leaf_index) for f in report.audit.findings}


def test_an_honest_database_is_clean(seeded: Seeded) -> None:
    report = fsck(seeded.engine, seeded.chain)
    assert report.audit.findings == []
    assert (report.lost, report.double, report.gaps, report.broken_promises) == (0, 0, 0, 0)
    assert report.audit.counts.leaves == report.tally.promises_kept == FIRST + 5
    assert report.audit.verdict.exit_code == 0


def swap(table: str, key: str, one: int, two: int, where: str = "TRUE") -> tuple[str, ...]:
    """Statements that let two rows change places by their key column."""
    return tuple(
        f"UPDATE {table} SET {key} = {new} WHERE {key} = {old} AND {where}"
        for old, new in ((one, 999_999), (two, one), (999_999, two))
    )


HEADER = 'organisation_pk, root, "count", kinds, format, newest_proof, sealed_at'
LEAF_AT = f"batch_pk = 1 AND leaf_index = {AT}"
IN_FIRST = "batch_pk = 1"

FORGED = (
    "INSERT INTO record SELECT 9000, 'urn:uuid:x', organisation_pk, proposer_pk, schema_name, kind, subkind, "
    "subject, external_ref, 7, 77777, zeroblob(32), import_job_pk, created_at, completed_at, anchor_by, "
    f"rejected_at, rejected_by_pk, rejection, document FROM record WHERE pk = {PK}"
)

# name: (statements, findings that must be among those reported)
MATRIX: dict[str, tuple[tuple[str, ...], set[Place]]] = {
    "record/update document": (
        (f"UPDATE record SET document = replace(document, '12440000MB', '99440000MB') WHERE pk = {PK}",),
        {(Code.RECORD_ALTERED, 0, 1, AT), (Code.RECORD_COLUMN, 0, None, AT)},
    ),
    "record/update digest": (
        (f"UPDATE record SET digest = zeroblob(32) WHERE pk = {PK}",),
        {(Code.RECORD_COLUMN, 0, None, AT)},
    ),
    "record/update id": (
        (f"UPDATE record SET id = 'urn:uuid:0' WHERE pk = {PK}",),
        {(Code.RECORD_COLUMN, 0, None, AT)},
    ),
    "record/update status number": (
        (f"UPDATE record SET status_number = 99999 WHERE pk = {PK}",),
        {(Code.RECORD_COLUMN, 0, None, AT)},
    ),
    "record/update kind inside the subject": (
        (f"UPDATE record SET subkind = 'award' WHERE pk = {PK}",),
        {(Code.RECORD_COLUMN, 0, None, AT)},
    ),
    "record/update document to text with a line end": (
        (f"UPDATE record SET document = 'x' || char(10) || 'y' WHERE pk = {PK}",),
        {(Code.RECORD_ALTERED, 0, 1, AT)},
    ),
    "record/delete": (
        (f"DELETE FROM record WHERE pk = {PK}",),
        {(Code.RECORD_REMOVED, 0, 1, AT)},
    ),
    "record/insert": (
        (FORGED,),
        {(Code.OUTBOX_BROKEN, None, None, None), (Code.RECORD_COLUMN, None, None, None)},
    ),
    "record/insert beside a removed leaf": (
        (
            FORGED,
            f"DELETE FROM batch_leaf WHERE {LEAF_AT}",
        ),
        {(Code.RECORD_INSERTED, 0, None, None), (Code.LEAF_REMOVED, 0, 1, AT)},
    ),
    "outbox/insert a sealed record": (
        (f"INSERT INTO outbox VALUES (1, {PK})",),
        {(Code.OUTBOX_BROKEN, None, None, None)},
    ),
    "outbox/insert a record that is not there": (
        ("INSERT INTO outbox VALUES (1, 8888)",),
        {(Code.OUTBOX_BROKEN, None, None, None)},
    ),
    "record/reorder": (
        swap("record", "pk", PK, OTHER + 1),
        {(Code.RECORD_MOVED, 0, 1, AT), (Code.RECORD_MOVED, 0, 0, OTHER)},
    ),
    "record/reorder with signatures": (
        (*swap("record", "pk", PK, OTHER + 1), *swap("record_signature", "record_pk", PK, OTHER + 1)),
        {(Code.RECORD_MOVED, 0, 1, AT), (Code.RECORD_MOVED, 0, 0, OTHER)},
    ),
    "record_signature/update": (
        (
            "UPDATE record_signature SET proof = replace(proof, '08:00:00Z', '08:00:01Z') "
            f"WHERE record_pk = {PK}",
        ),
        {(Code.SIGNATURES_ALTERED, 0, 1, AT), (Code.SIGNATURE_INVALID, 0, None, AT)},
    ),
    "record_signature/update column": (
        (f"UPDATE record_signature SET signer_did = 'did:web:x.example' WHERE record_pk = {PK}",),
        {(Code.RECORD_COLUMN, 0, None, AT)},
    ),
    "record_signature/delete": (
        (f"DELETE FROM record_signature WHERE record_pk = {PK}",),
        {(Code.SIGNATURES_ALTERED, 0, 1, AT)},
    ),
    "record_signature/insert": (
        (
            "INSERT INTO record_signature SELECT record_pk, 1, signer_did, role, proof, verification_method, "
            f"proof_created, signed_at FROM record_signature WHERE record_pk = {PK}",
        ),
        {(Code.SIGNATURES_ALTERED, 0, 1, AT), (Code.SIGNATURE_INVALID, 0, None, AT)},
    ),
    "record_signature/reorder": (
        swap("record_signature", "record_pk", PK, OTHER + 1),
        {(Code.SIGNATURES_ALTERED, 0, 1, AT), (Code.SIGNATURES_ALTERED, 0, 0, OTHER)},
    ),
    "batch_leaf/update record_digest": (
        (f"UPDATE batch_leaf SET record_digest = zeroblob(32) WHERE {LEAF_AT}",),
        {(Code.LEAF_ALTERED, 0, 1, AT)},
    ),
    "batch_leaf/update signature_digest": (
        (f"UPDATE batch_leaf SET signature_digest = zeroblob(32) WHERE {LEAF_AT}",),
        {(Code.LEAF_ALTERED, 0, 1, AT)},
    ),
    "batch_leaf/update leaf_hash": (
        (f"UPDATE batch_leaf SET leaf_hash = zeroblob(32) WHERE {LEAF_AT}",),
        {(Code.LEAF_ALTERED, 0, 1, AT)},
    ),
    "batch_leaf/update leaf_hash to another length": (
        (f"UPDATE batch_leaf SET leaf_hash = 'short' WHERE {LEAF_AT}",),
        {(Code.LEAF_ALTERED, 0, 1, AT)},
    ),
    "batch_leaf/update record": (
        (f"UPDATE batch_leaf SET record_pk = 8888 WHERE {LEAF_AT}",),
        {(Code.RECORD_REMOVED, 0, 1, AT), (Code.RECORD_INSERTED, 0, None, None)},
    ),
    "batch_leaf/delete": (
        (f"DELETE FROM batch_leaf WHERE {LEAF_AT}",),
        {(Code.LEAF_REMOVED, 0, 1, AT)},
    ),
    "batch_leaf/delete the last": (
        (f"DELETE FROM batch_leaf WHERE batch_pk = 1 AND leaf_index = {FIRST - 1}",),
        {(Code.LEAF_REMOVED, 0, 1, FIRST - 1)},
    ),
    "batch_leaf/delete and close the gap": (
        (
            f"DELETE FROM batch_leaf WHERE {LEAF_AT}",
            f"UPDATE batch_leaf SET leaf_index = leaf_index - 1 WHERE {IN_FIRST} AND leaf_index > {AT}",
        ),
        {(Code.LEAF_REMOVED, 0, 1, AT)},
    ),
    "batch_leaf/insert": (
        (f"INSERT INTO batch_leaf VALUES (1, {FIRST}, 8888, zeroblob(32), zeroblob(32), zeroblob(32))",),
        {(Code.LEAF_INSERTED, 0, 1, FIRST)},
    ),
    "batch_leaf/insert at an impossible index": (
        ("INSERT INTO batch_leaf VALUES (1, -1, 8888, zeroblob(32), zeroblob(32), zeroblob(32))",),
        {(Code.RECORD_REMOVED, 0, None, -1)},
    ),
    "batch_leaf/reorder": (
        swap("batch_leaf", "leaf_index", AT, AT + 3, IN_FIRST),
        {(Code.LEAF_MOVED, 0, 1, AT), (Code.LEAF_MOVED, 0, 1, AT + 3)},
    ),
    "batch_leaf/reorder over tiles": (
        swap("batch_leaf", "leaf_index", AT, OTHER, IN_FIRST),
        {(Code.LEAF_MOVED, 0, 1, AT), (Code.LEAF_MOVED, 0, 0, OTHER)},
    ),
    "batch_tile/update": (
        (f"UPDATE batch_tile SET tile_hash = zeroblob(32) WHERE {IN_FIRST} AND tile_index = 1",),
        {(Code.TILE_ALTERED, 0, 1, None)},
    ),
    "batch_tile/delete": (
        (f"DELETE FROM batch_tile WHERE {IN_FIRST} AND tile_index = 1",),
        {(Code.TILE_REMOVED, 0, 1, None)},
    ),
    "batch_tile/insert": (
        ("INSERT INTO batch_tile VALUES (1, 2, zeroblob(32))",),
        {(Code.TILE_INSERTED, 0, 2, None)},
    ),
    "batch_tile/insert far away": (
        ("INSERT INTO batch_tile VALUES (1, 99999, zeroblob(32))",),
        {(Code.TILE_INSERTED, 0, 99999, None)},
    ),
    "batch_tile/reorder": (
        swap("batch_tile", "tile_index", 0, 1, IN_FIRST),
        {(Code.TILE_ALTERED, 0, 0, None), (Code.TILE_ALTERED, 0, 1, None)},
    ),
    "batch/update root": (
        ("UPDATE batch SET root = zeroblob(32) WHERE pk = 1",),
        {(Code.BATCH_ALTERED, 0, None, None)},
    ),
    "batch/update count": (
        ('UPDATE batch SET "count" = 299 WHERE pk = 1',),
        {(Code.BATCH_ALTERED, 0, None, None)},
    ),
    "batch/update count upwards": (
        ('UPDATE batch SET "count" = 5000 WHERE pk = 1',),
        {(Code.BATCH_ALTERED, 0, None, None)},
    ),
    "batch/update kinds": (
        ("UPDATE batch SET kinds = 4095 WHERE pk = 1",),
        {(Code.BATCH_ALTERED, 0, None, None)},
    ),
    "batch/update format": (
        ("UPDATE batch SET format = 2 WHERE pk = 1",),
        {(Code.BATCH_ALTERED, 0, None, None)},
    ),
    "batch/update anchored_at": (
        ("UPDATE batch SET anchored_at = anchored_at - 1 WHERE pk = 1",),
        {(Code.BATCH_ALTERED, 0, None, None)},
    ),
    "batch/update root to garbage": (
        ("UPDATE batch SET root = 'x' WHERE pk = 1",),
        {(Code.UNREADABLE, 0, None, None)},
    ),
    "batch/delete": (
        ("DELETE FROM batch WHERE pk = 1",),
        {(Code.BATCH_REMOVED, 0, None, None), (Code.LEAF_INSERTED, None, None, AT)},
    ),
    "batch/delete the last": (
        ("DELETE FROM batch WHERE pk = 2",),
        {(Code.BATCH_REMOVED, 1, None, None), (Code.CHAIN_AHEAD, None, None, None)},
    ),
    "batch/insert behind a gap": (
        (f"INSERT INTO batch (pk, sequence, {HEADER}) SELECT 9, 5, {HEADER} FROM batch WHERE pk = 2",),
        {(Code.BATCH_INSERTED, 5, None, None)},
    ),
    "batch/insert at the head, said to be anchored": (
        (
            f"INSERT INTO batch (pk, sequence, anchored_at, {HEADER}) SELECT 9, 2, anchored_at, {HEADER} "
            "FROM batch WHERE pk = 2",
        ),
        {(Code.CHAIN_BEHIND, 2, None, None), (Code.BATCH_REWRITTEN, 2, None, None)},
    ),
    "batch/reorder": (
        swap("batch", "sequence", 0, 1),
        {(Code.BATCH_MOVED, 0, None, None), (Code.BATCH_MOVED, 1, None, None)},
    ),
}


@pytest.mark.parametrize("name", MATRIX)
def test_an_altered_table_is_named(name: str, seeded: Seeded) -> None:
    statements, expected = MATRIX[name]
    seeded.attack(*statements)
    report = fsck(seeded.engine, seeded.chain)
    assert expected <= places(report)
    assert report.audit.verdict.exit_code == 1
    elsewhere = {f.sequence for f in report.audit.findings} - {f[1] for f in expected} - {None}
    assert not elsewhere, report.audit.findings


def test_record_and_leaf_rewritten_consistently_names_the_tile(seeded: Seeded) -> None:
    forged = make_record(5000)
    with database.write(seeded.engine) as connection:
        insert_records(connection, [forged], 5000)
    seeded.attack(
        f"DELETE FROM record WHERE pk = {PK}",
        f"DELETE FROM record_signature WHERE record_pk = {PK}",
        f"UPDATE record SET pk = {PK} WHERE pk = 5000",
        "DELETE FROM outbox",
        f"UPDATE record_signature SET record_pk = {PK} WHERE record_pk = 5000",
        f"UPDATE batch_leaf SET {_columns(forged)} WHERE {LEAF_AT}",
    )
    report = fsck(seeded.engine, seeded.chain)
    assert places(report) == {(Code.TILE_REWRITTEN, 0, 1, None)}


def test_everything_rewritten_consistently_names_the_batch(seeded: Seeded) -> None:
    forged = make_record(5000)
    with database.write(seeded.engine) as connection:
        insert_records(connection, [forged], 5000)
    seeded.attack(
        f"DELETE FROM record WHERE pk = {PK}",
        f"DELETE FROM record_signature WHERE record_pk = {PK}",
        f"UPDATE record SET pk = {PK} WHERE pk = 5000",
        "DELETE FROM outbox",
        f"UPDATE record_signature SET record_pk = {PK} WHERE record_pk = 5000",
        f"UPDATE batch_leaf SET {_columns(forged)} WHERE {LEAF_AT}",
    )
    leaves = seeded.values(f"SELECT leaf_hash FROM batch_leaf WHERE {IN_FIRST} ORDER BY leaf_index")
    tree = Tree(leaves)
    seeded.attack(
        f"UPDATE batch_tile SET tile_hash = x'{tree.tiles()[1].hex()}' WHERE {IN_FIRST} AND tile_index = 1",
        f"UPDATE batch SET root = x'{tree.root.hex()}' WHERE pk = 1",
    )
    report = fsck(seeded.engine, seeded.chain)
    assert places(report) == {(Code.BATCH_REWRITTEN, 0, None, None), (Code.BATCH_ALTERED, 0, None, None)}
    rewritten = next(f for f in report.audit.findings if f.code is Code.BATCH_REWRITTEN)
    assert rewritten.actual == tree.root.hex()
    assert rewritten.expected == seeded.chain.batches(org_id(SCHOOL))[0].root.hex()


def _columns(record: Record) -> str:
    names = ("record_digest", "signature_digest", "leaf_hash")
    return ", ".join(f"{name} = x'{value.hex()}'" for name, value in zip(names, leaf_of(record), strict=True))
