"""The schema's versions: `upgrade` brings a database to the newest one."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Engine

from trace_service.database import read, write

SCRIPTS = "trace_service:migrations"


class SchemaVersionError(Exception):
    """The database is not at the version that this program needs; ``found`` and ``needed`` are revisions."""

    def __init__(self, found: str | None, needed: str) -> None:
        super().__init__(
            f"database at version {found or 'none'}, needed {needed}; run `trace-service init` or upgrade"
        )
        self.found = found
        self.needed = needed


def configuration() -> Config:
    """Return Alembic's configuration; the engine is handed over by `upgrade`."""
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    return config


def upgrade(engine: Engine) -> None:
    """Bring the database to the newest version, in one transaction."""
    config = configuration()
    with write(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def check_version(engine: Engine) -> None:
    """Raise `SchemaVersionError` unless the database is at the newest version."""
    needed = ScriptDirectory.from_config(configuration()).get_current_head()
    assert needed is not None
    with read(engine) as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    if found != needed:
        raise SchemaVersionError(found, needed)
