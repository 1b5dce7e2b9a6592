"""One served service for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

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
