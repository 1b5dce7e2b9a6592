"""Results for people: one table, and the floors beside it."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

_BOUNDS = {"at_least": ">=", "at_most": "<=", "exactly": "="}


def show(results: dict[str, Any], console: Console) -> None:
    """Print everything that was measured."""
    machine = results["machine"]
    console.print(
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB, "
        f"Python {machine['python']}, load {machine['load'][0]} at the start",
        highlight=False,
    )
    table = Table(show_lines=False)
    table.add_column("benchmark")
    for name in ("value", "unit", "goal", "met"):
        table.add_column(name, justify="right")
    for bench in results["benchmarks"]:
        table.add_section()
        table.add_row(f"[bold]{escape(bench['title'])}[/]", "", "", "", "")
        if bench["error"] is not None:
            table.add_row(f"  [red]{escape(bench['error'])}[/]", "", "", "", "")
            continue
        for figure in bench["figures"]:
            table.add_row("  " + escape(figure["name"]), *cells(figure))
    console.print(table)
    console.print(_floors(results["benchmarks"]))
    _close(results, console)


def cells(figure: dict[str, Any]) -> tuple[str, str, str, str]:
    """Value, unit, goal and whether it is met, as text."""
    goal = figure["goal"]
    met = {None: "", True: "[green]yes[/]", False: "[red]NO[/]"}[figure["met"]]
    wanted = "" if goal is None else f"{_BOUNDS[goal['bound']]} {number(goal['value'])}"
    return number(figure["value"]), figure["unit"], wanted, met


def number(value: float | str) -> str:
    """A value as it is read best: thousands apart, no needless digits."""
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, int) else f"{value:,.10g}"


def _floors(benches: list[dict[str, Any]]) -> Table:
    """A column for each floor, in microseconds; a row for each benchmark's own process."""
    done = [bench for bench in benches if bench["error"] is None]
    names = list(done[0]["floors"]) if done else []
    table = Table(
        title="Floors in microseconds, measured before and after each benchmark", title_justify="left"
    )
    table.add_column("process")
    for name in (*names, "load before", "peak MiB", "seconds"):
        table.add_column(name.removesuffix("_us").replace("_", " "), justify="right")
    for bench in done:
        own = (bench["load_before"], bench["peak_mib"], bench["wall_seconds"])
        table.add_row(bench["name"], *(number(v) for v in (*bench["floors"].values(), *own)))
    return table


def _close(results: dict[str, Any], console: Console) -> None:
    verdicts = [f["met"] for bench in results["benchmarks"] for f in bench.get("figures", ())]
    goals = [met for met in verdicts if met is not None]
    console.print(f"{sum(goals)} of {len(goals)} goals met", highlight=False)
