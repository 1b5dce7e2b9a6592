"""From complete records to proof files, with the batches in PostgreSQL: the tests of sealing and more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.service.anchoring.test_sealing import (
    test_a_batch_in_doubt_is_not_released,
    test_a_batch_takes_at_most_the_limit_in_order,
    test_a_batch_with_an_altered_record_is_not_released,
    test_a_chain_that_is_away_withholds_nothing,
    test_a_database_older_than_the_chain_stops_its_organisation,
    test_a_proof_file_leads_to_the_root,
    test_a_record_signed_later_than_chain_time_waits,
    test_a_record_that_does_not_verify_is_withheld_alone,
    test_a_record_whose_signer_lost_its_accreditation_after_sealing_is_withheld_alone,
    test_a_record_whose_signer_lost_its_key_is_held_back_with_the_reason,
    test_a_sealer_that_comes_second_writes_nothing,
    test_an_issuers_role_is_judged_by_the_kind_inside_the_record,
    test_leaves_tiles_and_root_are_those_of_the_verifier,
    test_sealed_leaves_cannot_be_changed,
    test_sealing_is_due_by_count_by_interval_or_on_demand,
)
from tests.support.nodes import anvil_node
from tests.support.world import World, make_world, settle
from trace_service import database
from trace_service.publication.checks import check_tables
from trace_service.records.queries import BATCH

__all__ = [
    "test_a_batch_in_doubt_is_not_released",
    "test_a_batch_takes_at_most_the_limit_in_order",
    "test_a_batch_with_an_altered_record_is_not_released",
    "test_a_chain_that_is_away_withholds_nothing",
    "test_a_database_older_than_the_chain_stops_its_organisation",
    "test_a_proof_file_leads_to_the_root",
    "test_a_record_signed_later_than_chain_time_waits",
    "test_a_record_that_does_not_verify_is_withheld_alone",
    "test_a_record_whose_signer_lost_its_accreditation_after_sealing_is_withheld_alone",
    "test_a_record_whose_signer_lost_its_key_is_held_back_with_the_reason",
    "test_a_sealer_that_comes_second_writes_nothing",
    "test_an_issuers_role_is_judged_by_the_kind_inside_the_record",
    "test_leaves_tiles_and_root_are_those_of_the_verifier",
    "test_sealed_leaves_cannot_be_changed",
    "test_sealing_is_due_by_count_by_interval_or_on_demand",
]

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
    assert batch._mapping["count"] == 300
    assert batch.final_at is not None


@pytest.mark.parametrize("table", ["batch_leaf", "batch_tile"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET batch_pk = batch_pk", "DELETE FROM {}", "TRUNCATE {}"])
def test_sealed_rows_cannot_be_changed(world: World, table: str, statement: str) -> None:
    world.add_record("activity.1")
    world.seal()
    with pytest.raises(sa.exc.IntegrityError), database.write(world.engine) as connection:
        connection.execute(sa.text(statement.format(table)))
