"""The services of the core's tests, over PostgreSQL: tests imported here find these in their place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.postgresql import PostgresqlServer, make_template, migrated_database, postgresql_server
from tests.support.service import Service, make_service, running


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresqlServer]:
    """One server for all of them."""
    with postgresql_server() as running_server:
        yield running_server


@pytest.fixture(scope="session")
def template(server: PostgresqlServer) -> str:
    """A migrated database."""
    return make_template(server)


@pytest.fixture
def database_url(server: PostgresqlServer, template: str) -> Iterator[str]:
    """A migrated database of its own for a test."""
    with migrated_database(server, template) as url:
        yield url


@pytest.fixture
def service(tmp_path: Path, database_url: str) -> Iterator[Service]:
    """A service that is not served."""
    made = make_service(tmp_path, database_url)
    yield made
    made.engine.dispose()


@pytest.fixture
def served(service: Service) -> Iterator[Service]:
    """A service behind a real port."""
    with running(service):
        yield service
