"""kill -9 of a real worker at each point between acknowledgement and release: every record anchored once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.crash import finish, kill_at, log_of, reconcile
from tests.support.nodes import anvil_node, embedded_node
from tests.support.records import SCHOOL
from tests.support.world import World, make_installation
from trace_service.config import Settings

POINTS = (
    "seal.before_commit",
    "seal.after_commit",
    "anchor.after_authorise",
    "anchor.before_send",
    "anchor.after_send",
    "anchor.after_receipt",
    "anchor.before_mark",
)

pytestmark = [pytest.mark.faults, pytest.mark.node]


@pytest.fixture
def installation(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[World, Settings]]:
    with ExitStack() as stack:
        if getattr(request, "param", "anvil") == "embedded":
            node = stack.enter_context(embedded_node(tmp_path / "chain"))
        else:
            node = stack.enter_context(anvil_node())  # type: ignore[assignment]
        yield make_installation(node, tmp_path, seal_interval=0)


def fill(world: World) -> None:
    for _ in range(3):
        world.add_record("activity.1")
    world.add_record("party.1", issuer=SCHOOL)


@pytest.mark.parametrize("point", POINTS)
def test_killed_once_and_anchored_once(installation: tuple[World, Settings], point: str) -> None:
    world, settings = installation
    fill(world)
    kill_at(point, settings)
    finish(world, settings)
    assert reconcile(world) == [], log_of(settings)


@pytest.mark.parametrize("installation", ["embedded"], indirect=True)
def test_killed_at_every_point_in_turn_on_the_embedded_chain(installation: tuple[World, Settings]) -> None:
    world, settings = installation
    for point in POINTS:
        fill(world)
        kill_at(point, settings)
    finish(world, settings)
    assert reconcile(world) == [], log_of(settings)


def test_a_build_that_sends_before_it_stores_is_found_out(installation: tuple[World, Settings]) -> None:
    world, settings = installation
    fill(world)
    kill_at("anchor.after_send", settings, module="tests.support.broken_worker")
    finish(world, settings, module="tests.support.broken_worker")
    assert any("are on file" in finding for finding in reconcile(world))
