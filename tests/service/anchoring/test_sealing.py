"""What goes into a batch, and what does not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support.nodes import anvil_node
from tests.support.records import FIRM, SCHOOL, make_key
from tests.support.world import World, make_world, settle
from trace_service import database
from trace_service.anchoring import outbox, queries, sealing
from trace_service.anchoring.proofs import ProofFiles, Trees
from trace_service.anchoring.reconcile import ChainAhead, check_not_behind
from trace_service.anchoring.release import Trouble, release
from trace_service.anchoring.sealing import SealingConflictError, is_due, seal
from trace_service.database import utc_now
from trace_service.evm.client import Client
from trace_service.evm.registry import Authority
from verifier_cli.did import org_id
from verifier_cli.encoding import format_time
from verifier_cli.kinds import Role, role_mask
from verifier_cli.merkle import Tree, leaf_hash, root_from_path
from verifier_cli.proof_file import ProofFile
from verifier_cli.record import Record
from verifier_cli.signature import signature_digest

pytestmark = pytest.mark.node


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with anvil_node() as node:
        yield make_world(node, tmp_path)


def test_leaves_tiles_and_root_are_those_of_the_verifier(world: World) -> None:
    records = [world.add_record("activity.1") for _ in range(5)]
    sealed = world.seal()
    leaves = [leaf_hash(record.digest, signature_digest(record.proofs)) for record in records]
    with database.read(world.engine) as connection:
        batch = connection.execute(sa.select(queries.BATCH)).one()
        tiles = connection.execute(sa.select(queries.TILE.c.tile_hash)).scalars().all()
        assert queries.leaf_hashes(connection, batch.pk) == leaves
    assert sealed.count == 5
    assert batch.root == Tree(leaves).root
    assert tiles == Tree(leaves).tiles(256)
    assert batch.kinds == 1 << 5


def test_a_proof_file_leads_to_the_root(world: World) -> None:
    records = [world.add_record("activity.1") for _ in range(5)]
    world.seal()
    settle(world.anchoring())
    files = ProofFiles(world.chain, Trees(max_leaves=1))
    with database.read(world.engine) as connection:
        batch = connection.execute(sa.select(queries.BATCH)).one()
        for index, record in enumerate(records):
            place = queries.place_of(connection, record.id)
            assert place is not None
            found = ProofFile.parse(files.write(connection, place))
            assert found.anchor.leaf_index == index
            assert found.anchor.tx_hash == "0x" + batch.transaction_hash.hex()
            assert Record.from_document(found.record).digest == record.digest
            leaf = leaf_hash(record.digest, signature_digest(found.record["proof"]))
            assert root_from_path(leaf, index, 5, found.anchor.path) == batch.root


def test_a_record_signed_later_than_chain_time_waits(world: World) -> None:
    later = format_time(world.authority.chain_time() + 100)
    world.add_record(created=later)
    world.add_record()
    sealed = world.seal()
    assert (sealed.count, sealed.early) == (1, 1)
    assert world.seal().batch_pk is None


def test_a_record_whose_signer_lost_its_key_is_held_back_with_the_reason(world: World) -> None:
    world.add_record("activity.1")
    world.add_record("party.1", issuer=SCHOOL)
    world.admin().end_key(org_id(SCHOOL), make_key(SCHOOL).public)
    sealed = world.seal(FIRM)
    assert (sealed.count, sealed.held) == (0, 1)
    with database.read(world.engine) as connection:
        held = connection.execute(sa.select(queries.HELD)).one()
        assert (held.signer_did, held.reason) == (SCHOOL, "key_ended")
        assert outbox.waiting_since(connection, world.pks[FIRM], utc_now()) is None
        later = utc_now() + timedelta(hours=1)
        assert outbox.waiting_since(connection, world.pks[FIRM], later) is not None


@pytest.mark.parametrize(("kind", "held"), [("award", 0), ("skill_level", 1)])
def test_an_issuers_role_is_judged_by_the_kind_inside_the_record(world: World, kind: str, held: int) -> None:
    """A firm may award, but give no skill certificate: anchored, that would hold up its whole batch."""
    other = "did:web:second-firm.example"
    world.enrol(other, role_mask(Role.LEADER))
    level = {} if kind == "skill_level" else {"level": None, "result": None}
    world.add_record(
        "credential.1", issuer=FIRM, countersigners=[(other, "enterprise")], subject={"kind": kind, **level}
    )
    sealed = world.seal(FIRM)
    assert (sealed.count, sealed.held) == (1 - held, held)
    with database.read(world.engine) as connection:
        reasons = [(row.signer_did, row.reason) for row in connection.execute(sa.select(queries.HELD))]
    assert reasons == [(FIRM, "role_not_held")] * held


def test_sealing_is_due_by_count_by_interval_or_on_demand(world: World) -> None:
    pk, now, hour = world.pks[FIRM], utc_now(), timedelta(hours=1)
    world.add_record()
    world.add_record()
    with database.write(world.engine) as connection:
        assert not is_due(connection, pk, now, 3, hour)
        assert is_due(connection, pk, now, 2, hour)
        assert is_due(connection, pk, now + hour * 2, 3, hour)
        outbox.demand(connection, pk, now)
        outbox.demand(connection, pk, now)
        assert is_due(connection, pk, now, 3, hour)
    world.seal()
    with database.read(world.engine) as connection:
        assert not outbox.any_demand(connection)
        assert not is_due(connection, pk, now + hour * 2, 1, hour)


def test_a_sealer_that_comes_second_writes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another sealer takes the records between the look at the outbox and the write."""
    world.add_record()
    root = Tree

    def overtaken(leaves: Iterable[bytes]) -> Tree:
        monkeypatch.setattr(sealing, "Tree", root)
        assert world.seal().count == 1
        return root(leaves)

    monkeypatch.setattr(sealing, "Tree", overtaken)
    with pytest.raises(SealingConflictError):
        world.seal()
    with database.read(world.engine) as connection:
        assert len(connection.execute(sa.select(queries.BATCH)).all()) == 1
        assert len(connection.execute(sa.select(queries.LEAF)).all()) == 1
        assert connection.execute(sa.select(queries.OUTBOX)).all() == []


def test_a_batch_takes_at_most_the_limit_in_order(world: World) -> None:
    records = [world.add_record() for _ in range(3)]
    seal(world.engine, world.pks[FIRM], world.authority, utc_now(), limit=2)
    assert world.seal().count == 1
    with database.read(world.engine) as connection:
        order = queries.LEAF.c.batch_pk, queries.LEAF.c.leaf_index
        digests = connection.execute(sa.select(queries.LEAF.c.record_digest).order_by(*order)).scalars().all()
    assert digests == [record.digest for record in records]


def test_sealed_leaves_cannot_be_changed(world: World) -> None:
    world.add_record()
    world.seal()
    for statement in (queries.LEAF.delete(), queries.TILE.update().values(tile_hash=bytes(32))):
        with pytest.raises(sa.exc.DatabaseError), database.write(world.engine) as connection:
            connection.execute(statement)


def test_a_database_older_than_the_chain_stops_its_organisation(world: World) -> None:
    with database.read(world.engine) as connection:
        organisation = next(o for o in queries.organisations(connection) if o.did == FIRM)
    check_not_behind(world.engine, world.client, world.chain, organisation)
    world.add_record()
    world.seal()
    settle(world.anchoring())
    with database.write(world.engine) as connection:
        connection.execute(queries.BATCH.update().values(sequence=-1))
    with pytest.raises(ChainAhead) as caught:
        check_not_behind(world.engine, world.client, world.chain, organisation)
    assert (caught.value.did, caught.value.on_chain, caught.value.here) == (FIRM, 1, 0)


def test_a_batch_with_an_altered_record_is_not_released(world: World) -> None:
    for _ in range(3):
        world.add_record()
    world.seal()
    settle(world.anchoring())
    with database.write(world.engine) as connection:
        row = connection.execute(sa.select(queries.RECORD).limit(1)).one()
        altered = row.document.replace(b"2026-07-01", b"2026-07-02")
        one = queries.RECORD.update().where(queries.RECORD.c.pk == row.pk)
        connection.execute(one.values(document=altered))
    assert release(world.engine, ProofFiles(world.chain), lambda _file: None, world.authority) == 0
    with database.write(world.engine) as connection:
        connection.execute(one.values(document=row.document))
        connection.execute(queries.BATCH.update().values(retry_at=None))
    assert release(world.engine, ProofFiles(world.chain), lambda _file: None, world.authority) == 1


@pytest.mark.parametrize("trouble", [Trouble("could_not_read", certain=False), Trouble("root", own=False)])
def test_a_batch_in_doubt_is_not_released(world: World, trouble: Trouble) -> None:
    world.add_record()
    world.seal()
    settle(world.anchoring())
    assert release(world.engine, ProofFiles(world.chain), lambda _file: trouble, world.authority) == 0
    with database.read(world.engine) as connection:
        assert connection.execute(sa.select(queries.BATCH.c.checked_at)).scalar() is None
        assert connection.execute(sa.select(queries.WITHHELD)).all() == []


def test_a_record_that_does_not_verify_is_withheld_alone(world: World) -> None:
    """One bad record among those looked at makes all of them be looked at."""
    bad = [world.add_record() for _ in range(5)][::2][:2]

    def verifier(proof_file: bytes) -> Trouble | None:
        bad_one = ProofFile.parse(proof_file).record["id"] in {record.id for record in bad}
        return Trouble("signature") if bad_one else None

    world.seal()
    settle(world.anchoring())
    assert release(world.engine, ProofFiles(world.chain), verifier, world.authority) == 1
    assert _withheld(world) == {record.id: (None, "signature") for record in bad}


def test_a_record_whose_signer_lost_its_accreditation_after_sealing_is_withheld_alone(world: World) -> None:
    other = "did:web:second-school.example"
    world.enrol(other, role_mask(Role.SCHOOL))
    lost = [
        world.add_record("activity.1", countersigners=[(other, "school")]),
        world.add_record("activity.1", countersigners=[(other, "school")]),
    ]
    for _ in range(9):
        world.add_record("activity.1")
    assert world.seal().held == 0
    world.admin().end_accreditation(org_id(other))
    settle(world.anchoring())
    assert release(world.engine, ProofFiles(world.chain), lambda _file: None, world.authority) == 1
    assert _withheld(world) == {record.id: (other, "not_accredited") for record in lost}
    with database.write(world.engine) as connection:
        batch = connection.execute(sa.select(queries.BATCH)).one()
        assert batch.checked_at is not None
        assert queries.reopen(connection, world.pks[FIRM], 0) == 1
    assert _withheld(world) == {}


def test_a_chain_that_is_away_withholds_nothing(world: World) -> None:
    world.add_record()
    world.seal()
    settle(world.anchoring())
    nowhere = Authority(Client("http://127.0.0.1:9"), world.chain, cache_seconds=0.0)
    assert release(world.engine, ProofFiles(world.chain), lambda _file: None, nowhere) == 0
    assert _withheld(world) == {}


def _withheld(world: World) -> dict[str, tuple[str | None, str]]:
    query = sa.select(queries.RECORD.c.id, queries.WITHHELD.c.signer_did, queries.WITHHELD.c.reason).join(
        queries.WITHHELD, queries.WITHHELD.c.record_pk == queries.RECORD.c.pk
    )
    with database.read(world.engine) as connection:
        return {row.id: (row.signer_did, row.reason) for row in connection.execute(query)}
