"""Services for attacks on them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.service import Service, make_service, running


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Service]:
    """A service behind a real port."""
    with running(make_service(tmp_path)) as service:
        yield service
