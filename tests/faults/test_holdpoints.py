"""Hold points: who is stopped, and who goes on."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from trace_service.holdpoints import hold


class HeldError(Exception):
    """Stands for blocking for ever."""


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    def held(_seconds: float) -> None:
        raise HeldError

    monkeypatch.setattr(time, "sleep", held)


def test_nobody_is_held_unless_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hold("a.point")
    monkeypatch.setenv("TRACE_HOLD_DIR", str(tmp_path))
    monkeypatch.setenv("TRACE_HOLD_AT", "another.point")
    hold("a.point")
    assert list(tmp_path.iterdir()) == []


def test_everybody_is_held_at_a_point_in_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TRACE_HOLD_AT", "a.point")
    monkeypatch.setenv("TRACE_HOLD_FILE", str(tmp_path / "mark"))
    for _ in range(2):
        with pytest.raises(HeldError):
            hold("a.point")
        assert (tmp_path / "mark").exists()


def test_one_is_held_for_each_file_in_the_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TRACE_HOLD_DIR", str(tmp_path))
    (tmp_path / "a.point").touch()
    hold("another.point")
    with pytest.raises(HeldError):
        hold("a.point")
    hold("a.point")
    assert [path.name for path in tmp_path.iterdir()] == [f"a.point.{os.getpid()}"]
