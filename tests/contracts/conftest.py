"""One settled chain for the whole directory; each test starts from it and is undone after."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contracts.harness import Chain
from tests.contracts.world import World


@pytest.fixture(scope="session")
def settled() -> World:
    """The cast on a chain of its own; use ``world``."""
    return World(Chain()).settle()


@pytest.fixture
def world(settled: World) -> Iterator[World]:
    """The settled cast, put back afterwards."""
    snapshot, taken = settled.chain.tester.take_snapshot(), settled.taken
    yield settled
    settled.taken = taken
    settled.chain.tester.revert_to_snapshot(snapshot)
