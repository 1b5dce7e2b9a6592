"""Services for the tests of the core: one migrated database is copied for each."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.installation import Installation, make_installation
from tests.support.service import Service, make_service, running


@pytest.fixture
def service(tmp_path: Path) -> Service:
    """A service that is not served."""
    return make_service(tmp_path)


@pytest.fixture
def served(service: Service) -> Iterator[Service]:
    """A service behind a real port."""
    with running(service):
        yield service


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """One installation, of which each test gets a copy."""
    return make_installation(tmp_path_factory.mktemp("installation"))


@pytest.fixture
def installation(prepared: Installation, tmp_path: Path) -> Installation:
    """A copy that a test may break: service.toml names no path, so that it works where it is put."""
    shutil.copytree(prepared.home, tmp_path / "home")
    return Installation(tmp_path / "home")
