"""From complete records to proof files, with the batches in PostgreSQL: the tests of sealing and more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.service.anchoring.test_sealing import *  # noqa: F403
from tests.support.nodes import anvil_node
from tests.support.world import World, make_world, settle
from trace_service import database
from trace_service.publication.checks import check_tables
from trace_service.records.queries import BATCH

pytestmark = pytest.mark.node


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[World]:
    """The world of those tests, over PostgreSQL."""
    with anvil_node() as node:
        made = make_world(node, tmp_path, database_url=database_url)
        yield made
        made.engine.dispose()


def test_batches_become_final_and_the_tables_agree(world: World) -> None:
    for _ in range(300):  # a full tile and a part of another
        world.add_record("activity.1")
    world.seal()
    settle(world.anchoring())
    with database.read(world.engine) as connection:
        batch = connection.execute(sa.select(BATCH)).one()
        differing = {finding.detail for finding in check_tables(connection)}
    assert differing <= {"record.subject"}  # which this world leaves out
    assert batch.count == 300
    assert batch.final_at is not None


@pytest.mark.parametrize("table", ["batch_leaf", "batch_tile"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET batch_pk = batch_pk", "DELETE FROM {}", "TRUNCATE {}"])
def test_sealed_rows_cannot_be_changed(world: World, table: str, statement: str) -> None:
    world.add_record("activity.1")
    world.seal()
    with pytest.raises(sa.exc.IntegrityError), database.write(world.engine) as connection:
        connection.execute(sa.text(statement.format(table)))
