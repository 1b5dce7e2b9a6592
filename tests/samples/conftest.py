"""The community at the scales that tests look at, built once."""

from __future__ import annotations

import pytest

from samples.community import Community, build


@pytest.fixture(scope="session")
def whole() -> Community:
    """Every trainee, without scenes: what the plan's numbers are about."""
    return build(with_scenes=False)


@pytest.fixture(scope="session")
def small() -> Community:
    """A few trainees, with every planted fact and every scene."""
    return build(scale=0.02)
