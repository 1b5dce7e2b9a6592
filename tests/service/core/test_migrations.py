"""The schema's versions, and what the database itself refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from trace_service.database import make_engine, read, utc_now, write
from trace_service.migrate import SchemaVersionError, check_version, configuration, upgrade
from trace_service.tables import metadata


@pytest.fixture
def engine(tmp_path: Path) -> sa.Engine:
    made = make_engine(f"sqlite:///{tmp_path / 'skilltrace.db'}")
    upgrade(made)
    return made


def test_migration_and_metadata_agree(engine: sa.Engine) -> None:
    with read(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_indices_are_partial_in_the_same_way(engine: sa.Engine) -> None:
    """Alembic's comparison does not look at the condition of an index."""
    with read(engine) as connection:
        inspector = sa.inspect(connection)
        for table in metadata.sorted_tables:
            expected = {str(i.name): str(i.dialect_options["sqlite"]["where"]) for i in table.indexes}
            found = {
                str(index["name"]): str(index.get("dialect_options", {}).get("sqlite_where"))
                for index in inspector.get_indexes(table.name)
            }
            assert found == expected


def test_upgrade_twice_changes_nothing(engine: sa.Engine) -> None:
    upgrade(engine)
    check_version(engine)


def test_downgrade_removes_every_table(engine: sa.Engine) -> None:
    config = configuration()
    with write(engine) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert sa.inspect(engine).get_table_names() == ["alembic_version"]


def test_database_of_no_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SchemaVersionError) as caught:
        check_version(make_engine(f"sqlite:///{tmp_path / 'empty.db'}"))
    assert caught.value.found is None


def _seal_one(engine: sa.Engine) -> None:
    tables = metadata.tables
    now = utc_now()
    with write(engine) as connection:
        connection.execute(
            tables["organisation"]
            .insert()
            .values(pk=1, did="d", org_id=b"o", name_zh="n", name_en="", created_at=now)
        )
        connection.execute(
            tables["batch"]
            .insert()
            .values(
                pk=1,
                organisation_pk=1,
                sequence=0,
                root=b"r",
                count=1,
                kinds=1,
                format=1,
                newest_proof=0,
                sealed_at=now,
            )
        )
        connection.execute(
            tables["record"]
            .insert()
            .values(
                pk=1,
                id="r",
                organisation_pk=1,
                proposer_pk=1,
                schema_name="s",
                kind=1,
                subkind="",
                revision=1,
                status_number=0,
                digest=b"d",
                document=b"{}",
                created_at=now,
            )
        )
        connection.execute(
            tables["batch_leaf"]
            .insert()
            .values(
                batch_pk=1,
                leaf_index=0,
                record_pk=1,
                record_digest=b"d",
                signature_digest=b"s",
                leaf_hash=b"l",
            )
        )
        connection.execute(tables["batch_tile"].insert().values(batch_pk=1, tile_index=0, tile_hash=b"t"))


@pytest.mark.parametrize("table", ["batch_leaf", "batch_tile"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET batch_pk = batch_pk", "DELETE FROM {}"])
def test_sealed_rows_cannot_be_changed(engine: sa.Engine, table: str, statement: str) -> None:
    _seal_one(engine)
    with pytest.raises(sa.exc.IntegrityError), write(engine) as connection:
        connection.execute(sa.text(statement.format(table)))
    with read(engine) as connection:
        assert (
            connection.execute(sa.select(sa.func.count()).select_from(metadata.tables[table])).scalar() == 1
        )
