"""Every benchmark runs at a tiny size, in its own process, and says what the results file promises."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from benchmarks.__main__ import main, measure
from benchmarks.markdown import BEGIN, END, write
from benchmarks.model import Figure, Goal, Scale, latency, percentile
from benchmarks.registry import BENCHES, Bench
from benchmarks.table import show

FLOORS = {
    "ed25519_sign_us",
    "ed25519_verify_us",
    "sha256_2kb_us",
    "durable_insert_us",
    "bulk_insert_row_us",
}

DOES_NOT_DEPEND_ON_SPEED = ("B", "gas", "requests")


@pytest.mark.slow
@pytest.mark.parametrize("name", BENCHES)
def test_each_runs_and_has_its_shape(name: str, tmp_path: Path) -> None:
    target = tmp_path / "results" / "results.json"
    assert main(["--tiny", "--only", name, "--json", str(target)]) == 0
    results = json.loads(target.read_bytes())
    assert (results["version"], results["scale"]) == (1, "tiny")
    assert results["machine"]["cores"] > 0
    (bench,) = results["benchmarks"]
    assert (bench["name"], bench["error"]) == (name, None)
    assert set(bench["floors"]) == FLOORS
    assert all(value > 0 for value in bench["floors"].values())
    assert bench["peak_mib"] > 0
    _check_figures(bench["figures"])


def _check_figures(figures: list[dict[str, Any]]) -> None:
    names = [(figure["name"], figure["unit"]) for figure in figures]
    assert len(set(names)) == len(names) > 0
    for figure in figures:
        assert set(figure) == {"name", "value", "unit", "goal", "met"}
        assert isinstance(figure["value"], int | float)
        assert figure["value"] >= 0
        assert (figure["goal"] is None) == (figure["met"] is None)
        if figure["unit"] in DOES_NOT_DEPEND_ON_SPEED:
            assert figure["met"] is not False, figure


def test_a_benchmark_that_fails_is_an_error_and_not_a_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BENCHES, "gas", Bench("benchmarks.gas", 0.01))
    result = measure("gas", Scale.TINY)
    assert (result["name"], result["figures"]) == ("gas", [])
    assert "stopped" in result["error"]


@pytest.mark.slow
def test_a_benchmark_that_is_stopped_stops_its_nodes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setitem(BENCHES, "anchoring", Bench("benchmarks.anchoring", 8))
    result = measure("anchoring", Scale.FULL)
    assert "stopped" in result["error"]
    assert list(tmp_path.glob("bench-anchoring-*")) == []
    assert not [line for line in _commands() if str(tmp_path) in line]


def _commands() -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found.append(path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
    return found


@pytest.mark.parametrize(
    ("bound", "value", "met"),
    [
        ("at_least", 4.9, False),
        ("at_least", 5, True),
        ("at_most", 5, True),
        ("at_most", 5.1, False),
        ("exactly", 5, True),
        ("exactly", 4, False),
    ],
)
def test_goals(bound: Any, value: float, met: bool) -> None:
    assert Figure("a", value, "", Goal(bound, 5)).met is met


def test_percentiles() -> None:
    seconds = [number / 1000 for number in range(1, 101)]
    assert percentile(seconds, 0.99) == 0.1
    assert [figure.value for figure in latency("a", seconds)] == [50.5, 100.0]


def _results() -> dict[str, Any]:
    figure = Figure("slow thing", 12.5, "ms", Goal("at_most", 2)).json()
    bench: dict[str, Any] = {"name": "a", "title": "A", "figures": [figure], "error": None}
    bench |= {"floors": {"x_us": 1.0}, "load_before": 0.1, "peak_mib": 5.0, "wall_seconds": 1.0}
    machine = {"processor": "P", "cores": 2, "memory_gib": 8, "python": "3", "load": [0.0]}
    machine |= {"at": "2026-11-22T00:00:00+00:00", "openssl": "OpenSSL"}
    return {"machine": machine, "scale": "tiny", "benchmarks": [bench]}


def test_the_table_shows_an_unmet_goal() -> None:
    out = io.StringIO()
    show(_results(), Console(file=out, width=120))
    row = next(line for line in out.getvalue().splitlines() if "slow thing" in line)
    assert [cell.strip() for cell in row.strip("│").split("│")] == ["slow thing", "12.5", "ms", "<= 2", "NO"]
    assert "0 of 1 goals met" in out.getvalue()


def test_the_page_is_written_between_its_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", "utf-8")
    for _ in range(2):
        write(_results(), page)
    lines = page.read_text("utf-8").splitlines()
    assert (lines[0], lines[-1]) == ("before", "after")
    assert lines.count("| slow thing | 12.5 ms | <= 2 | **no** |") == 1
    assert "old" not in lines
