"""The schema's versions on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from tests.service.core.test_migrations import (
    test_downgrade_removes_every_table,
    test_migration_and_metadata_agree,
    test_sealed_rows_cannot_be_changed,
    test_upgrade_twice_changes_nothing,
)
from tests.support.postgresql import PostgresqlServer
from trace_service.database import make_engine
from trace_service.migrate import upgrade
from trace_service.tables import metadata

__all__ = [
    "test_downgrade_removes_every_table",
    "test_migration_and_metadata_agree",
    "test_sealed_rows_cannot_be_changed",
    "test_upgrade_twice_changes_nothing",
]


@pytest.fixture
def engine(server: PostgresqlServer) -> Iterator[sa.Engine]:
    """An engine over a database at the newest version."""
    name = server.create_database()
    made = make_engine(server.url(name))
    upgrade(made)
    yield made
    made.dispose()
    server.drop_database(name)


def test_indices_are_partial_in_the_same_way(engine: sa.Engine) -> None:
    """Alembic's comparison does not look at the condition of an index."""
    inspector = sa.inspect(engine)
    partial = {
        str(index.name)
        for table in metadata.sorted_tables
        for index in table.indexes
        if index.dialect_options["postgresql"]["where"] is not None
    }
    found = {
        str(index["name"])
        for table in metadata.sorted_tables
        for index in inspector.get_indexes(table.name)
        if index.get("dialect_options", {}).get("postgresql_where")
    }
    assert found == partial


def test_a_chain_id_of_ours_fits(engine: sa.Engine) -> None:
    """SQLite's integers have 64 bits, whatever they are called; PostgreSQL's have not."""
    columns = {column["name"]: column["type"] for column in sa.inspect(engine).get_columns("evm_transaction")}
    assert isinstance(columns["chain_id"], sa.BigInteger)
