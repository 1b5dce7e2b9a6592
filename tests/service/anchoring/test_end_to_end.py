"""Seal, authorise, send, look up, final: on the embedded chain and on anvil."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support.nodes import anvil_node, embedded_node
from tests.support.records import FIRM, SCHOOL
from tests.support.world import World, make_world, settle
from trace_service import database
from trace_service.anchoring import queries, service
from trace_service.evm.queries import TX
from verifier_cli.did import org_id
from verifier_cli.kinds import Kind, Role, role_mask

PATIENCE = 30.0  # seconds until a batch is refused


@pytest.fixture(params=["embedded", "anvil"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    opened = anvil_node() if request.param == "anvil" else embedded_node(tmp_path / "chain")
    with opened as node:
        yield make_world(node, tmp_path)


def test_sealed_batches_of_two_organisations_become_final_in_one_transaction(world: World) -> None:
    for _ in range(5):
        world.add_record("activity.1")
    world.add_record("party.1")
    firm, school = world.seal(FIRM), world.seal(SCHOOL)
    assert (firm.count, school.count) == (5, 1)
    settle(world.anchoring())
    with database.read(world.engine) as connection:
        batches = connection.execute(sa.select(queries.BATCH)).all()
        transactions = connection.execute(sa.select(TX)).all()
    assert len(transactions) == 1
    assert transactions[0].settled_at is not None
    for batch in batches:
        did = FIRM if batch.organisation_pk == world.pks[FIRM] else SCHOOL
        found = world.client.call(
            "AnchorRegistry", world.chain.anchor_registry, "batchAt", org_id(did), batch.sequence
        )
        assert bytes(found["root"]) == batch.root
        assert found["anchoredAt"] == batch.anchored_at
        assert batch.final_at is not None
        assert batch.transaction_hash == transactions[0].hash


def test_a_backlog_of_one_organisation_goes_in_one_transaction(world: World) -> None:
    for _ in range(4):
        world.add_record("activity.1")
        world.seal(FIRM)
    world.add_record("party.1")
    world.seal(SCHOOL)
    settle(world.anchoring())
    assert _anchored(world) == [(FIRM, 0), (FIRM, 1), (FIRM, 2), (FIRM, 3), (SCHOOL, 0)]
    assert _transactions(world) == [5]


def test_a_backlog_is_divided_between_organisations_and_by_the_limit(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_BATCHES_PER_TRANSACTION", 2)
    for _ in range(3):
        world.add_record("activity.1")
        world.seal(FIRM)
    world.add_record("party.1")
    world.seal(SCHOOL)
    settle(world.anchoring())
    assert len(_anchored(world)) == 4
    assert sorted(_transactions(world)) == [1, 1, 2]


def test_a_refused_batch_stays_behind_with_those_after_it(world: World) -> None:
    for schema in ("activity.1", "party.1", "activity.1"):
        world.add_record(schema, issuer=FIRM)
        world.seal(FIRM)
    admin = world.admin()
    with admin.together():
        admin.end_accreditation(org_id(FIRM))
        admin.accredit(FIRM, kinds=1 << Kind.ACTIVITY, roles=role_mask(Role.MEMBER))
    anchoring = world.anchoring()
    end = time.monotonic() + PATIENCE
    while anchoring.advance().refused == 0 and time.monotonic() < end:
        time.sleep(0.02)
    assert _anchored(world) == [(FIRM, 0)]
    with database.read(world.engine) as connection:
        refused = connection.execute(
            sa.select(queries.BATCH.c.refused).order_by(queries.BATCH.c.sequence)
        ).scalars()
        assert list(refused) == [None, "KindsNotAccredited", None]
    assert _transactions(world) == [3]


def _anchored(world: World) -> list[tuple[str, int]]:
    """(organisation, sequence) of every batch that the registry has and the database marks so."""
    heads = {
        did: int(world.client.call("AnchorRegistry", world.chain.anchor_registry, "head", org_id(did)))
        for did in (FIRM, SCHOOL)
    }
    with database.read(world.engine) as connection:
        rows = connection.execute(
            sa.select(queries.BATCH.c.organisation_pk, queries.BATCH.c.sequence)
            .where(queries.BATCH.c.anchored_at.is_not(None))
            .order_by(queries.BATCH.c.organisation_pk, queries.BATCH.c.sequence)
        ).all()
    dids = {pk: did for did, pk in world.pks.items()}
    marked = sorted((dids[row.organisation_pk], row.sequence) for row in rows)
    assert marked == sorted((did, n) for did, head in heads.items() for n in range(head))
    return marked


def _transactions(world: World) -> list[int]:
    """How many batches each transaction carried."""
    with database.read(world.engine) as connection:
        counts = sa.select(sa.func.count()).select_from(queries.LINK).group_by(queries.LINK.c.transaction_pk)
        return list(connection.execute(counts).scalars())
