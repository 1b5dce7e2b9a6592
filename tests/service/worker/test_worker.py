"""The worker process: it finds its work, one process per executor id, and refuses what does not fit."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.crash import finish, log_of, reconcile, wait_until, worker
from tests.support.nodes import anvil_node
from tests.support.records import FIRM
from tests.support.world import World, make_installation
from trace_service import database
from trace_service.config import Settings
from trace_service.imports.options import ImportOptions
from trace_service.imports.service import UploadedFile, submit
from trace_service.status import queries as status_queries
from trace_service.status.service import Request, request_changes
from trace_service.worker.lock import ExecutorBusyError, ExecutorNameError, executor_lock
from trace_service.worker.loop import EXIT_ORPHAN

pytestmark = pytest.mark.node


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[tuple[World, Settings]]:
    with anvil_node() as node:
        yield make_installation(node, tmp_path, seal_interval=0)


def test_records_and_status_changes_reach_the_chain(installation: tuple[World, Settings]) -> None:
    world, settings = installation
    record = world.add_record("activity.1")
    with database.write(world.engine) as connection:
        request_changes(connection, world.pks[FIRM], [Request(record.id, "suspend")])
    finish(world, settings)
    assert reconcile(world) == [], log_of(settings)
    with database.read(world.engine) as connection:
        assert not status_queries.open_changes(connection)


def test_a_second_worker_with_the_same_executor_id_is_refused(
    installation: tuple[World, Settings],
) -> None:
    _world, settings = installation
    with executor_lock(settings.data_dir, settings.executor_id), worker(settings) as process:
        assert process.wait(60) != 0
    assert "ExecutorBusyError" in log_of(settings)


def test_the_lock_is_per_executor_and_ends_with_its_holder(tmp_path: Path) -> None:
    with executor_lock(tmp_path, "a"):
        with executor_lock(tmp_path, "b"):
            pass
        with pytest.raises(ExecutorBusyError) as caught, executor_lock(tmp_path, "a"):
            pass
        assert caught.value.executor_id == "a"
    with executor_lock(tmp_path, "a"):
        pass


@pytest.mark.parametrize("name", ["", "../x", "a b", "-x"])
def test_executor_ids_are_file_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(ExecutorNameError), executor_lock(tmp_path, name):
        pass


def test_a_chain_that_is_not_ours_is_refused(installation: tuple[World, Settings]) -> None:
    _world, settings = installation
    path = settings.data_dir / "service.toml"
    path.write_text(path.read_text().replace("chain_id = 730118", "chain_id = 1"))
    with worker(settings) as process:
        assert process.wait(60) != 0
    assert "ChainMismatch" in log_of(settings)


def test_it_ends_with_the_process_that_holds_its_standard_input(
    installation: tuple[World, Settings],
) -> None:
    _world, settings = installation
    with worker(settings, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(60) == 0


def test_a_worker_that_waits_for_the_chain_can_be_stopped(installation: tuple[World, Settings]) -> None:
    world, settings = installation
    world.node.kill()
    with worker(settings) as process:
        wait_until(lambda: "the chain is away" in log_of(settings), process, "the worker to miss the chain")
        process.terminate()
        assert process.wait(60) == 0


def test_a_worker_that_waits_for_the_chain_ends_with_its_service(
    installation: tuple[World, Settings],
) -> None:
    world, settings = installation
    world.node.kill()
    with worker(settings, stdin=subprocess.PIPE) as process:
        wait_until(lambda: "the chain is away" in log_of(settings), process, "the worker to miss the chain")
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(60) == 0
    with executor_lock(settings.data_dir, settings.executor_id):
        pass  # free for the worker of the next service


@pytest.mark.faults
@pytest.mark.parametrize("point", ["import.before_commit", "anchor.before_send"])
def test_it_ends_in_order_in_the_middle_of_a_step(installation: tuple[World, Settings], point: str) -> None:
    world, settings = installation
    world.add_record("activity.1")
    submit(world.engine, settings, world.pks[FIRM], UploadedFile("a.csv", b"no table"), ImportOptions())
    held = settings.data_dir / "held"
    hold = {"TRACE_HOLD_AT": point, "TRACE_HOLD_FILE": str(held)}
    with worker(settings, stdin=subprocess.PIPE, **hold) as process:
        wait_until(held.exists, process, "the step to begin")
        process.terminate()
        assert process.wait(60) == 0
    assert [word for word in ("Traceback", "Fatal", "Exception") if word in log_of(settings)] == []
    finish(world, settings)
    assert reconcile(world) == [], log_of(settings)


@pytest.mark.faults
def test_a_step_that_does_not_end_does_not_keep_a_worker_without_service(
    installation: tuple[World, Settings],
) -> None:
    world, settings = installation
    world.add_record("activity.1")
    held = settings.data_dir / "held"
    hold = {"TRACE_HOLD_AT": "anchor.before_send", "TRACE_HOLD_FILE": str(held)}
    with worker(settings, stdin=subprocess.PIPE, **hold) as process:
        wait_until(held.exists, process, "the step to begin")
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(60) == EXIT_ORPHAN
    finish(world, settings)
    assert reconcile(world) == [], log_of(settings)
