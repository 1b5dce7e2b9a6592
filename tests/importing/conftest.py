"""An installation for each test that stores something."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.importing.support import Installation, make_installation


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """A fresh installation with the sample's organisations."""
    return make_installation(tmp_path)
