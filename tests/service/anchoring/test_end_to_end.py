"""Seal, authorise, send, look up, final: on the embedded chain and on anvil."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support.nodes import anvil_node, embedded_node
from tests.support.records import FIRM, SCHOOL
from tests.support.world import World, make_world, settle
from trace_service import database
from trace_service.anchoring import queries
from trace_service.evm.queries import TX
from verifier_cli.did import org_id


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
