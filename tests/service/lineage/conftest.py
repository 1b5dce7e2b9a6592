"""The graph is read on SQLite and on PostgreSQL: every test of it runs on both."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.postgresql import PostgresqlServer, make_template, migrated_database, postgresql_server


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresqlServer]:
    """One PostgreSQL server for all tests."""
    with postgresql_server() as running_server:
        yield running_server


@pytest.fixture(scope="session")
def template(server: PostgresqlServer) -> str:
    """A migrated database."""
    return make_template(server)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """A migrated database of PostgreSQL, or None for a file of SQLite."""
    if request.param == "sqlite":
        yield None
        return
    server, template = (request.getfixturevalue(name) for name in ("server", "template"))
    with migrated_database(server, template) as url:
        yield url
