"""A credit bank on SQLite and on PostgreSQL: every test runs on both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service.creditbank.bank import Bank, make_bank
from tests.support.postgresql import PostgresqlServer, make_template, migrated_database, postgresql_server
from tests.support.service import Service, make_service, running


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


@pytest.fixture
def service(tmp_path: Path, database_url: str | None) -> Iterator[Service]:
    """A service that is not served."""
    made = make_service(tmp_path, database_url)
    yield made
    made.engine.dispose()


@pytest.fixture
def bank(service: Service) -> Bank:
    """The bank of that service."""
    return make_bank(service)


@pytest.fixture
def served_bank(bank: Bank) -> Iterator[Bank]:
    """The bank behind a real port."""
    with running(bank.service):
        yield bank
