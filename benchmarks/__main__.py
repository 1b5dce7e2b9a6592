"""Run the benchmarks: ``python -m benchmarks [--full] [--only NAME ...] [--json FILE]``.

Each runs in a process of its own. Ends with 0 if all of them ran, whether or not their goals are met.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console

from benchmarks.machine import facts
from benchmarks.model import Scale
from benchmarks.registry import BENCHES
from benchmarks.table import show

RESULTS = Path(__file__).parent / "results" / "latest.json"
FORMAT = 1  # of the results file
STOP_SECONDS = 60.0  # for a child that was told to stop: services end their own children in order


def main(arguments: list[str] | None = None) -> int:
    """Measure, write, print; return the exit code."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--full", action="store_true", help="the large sizes too")
    parser.add_argument("--tiny", action="store_true", help="only show that everything runs")
    parser.add_argument("--only", action="append", choices=BENCHES, help="this one; may be repeated")
    parser.add_argument("--json", type=Path, default=RESULTS, help="where the results go (%(default)s)")
    options = parser.parse_args(arguments)
    scale = Scale.TINY if options.tiny else Scale.FULL if options.full else Scale.NORMAL
    console = Console()
    results: dict[str, Any] = {"version": FORMAT, "scale": scale.value, "machine": facts(), "benchmarks": []}
    for name in options.only or BENCHES:
        with console.status(f"{name} …"):
            results["benchmarks"].append(measure(name, scale))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n", "utf-8")
    show(results, console)
    console.print(f"written to {options.json}", highlight=False)
    return 1 if any(bench["error"] is not None for bench in results["benchmarks"]) else 0


def measure(name: str, scale: Scale) -> dict[str, Any]:
    """The result of one benchmark, run in a child; what went wrong is its ``error``."""
    with TemporaryDirectory(prefix="bench-result-") as folder:
        target, log = Path(folder) / "result.json", Path(folder) / "log.txt"
        command = [sys.executable, "-m", "benchmarks.child", name, scale.value, str(target)]
        # Into a file, not a pipe: a pipe would stay open as long as anything that the child started.
        with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as child:
            try:
                child.wait(BENCHES[name].seconds)
            except subprocess.TimeoutExpired as error:
                _stop(child)
                return _failed(name, f"stopped after {error.timeout:.0f} s")
        if child.returncode != 0:
            lines = log.read_text("utf-8", "replace").strip().splitlines()
            return _failed(name, lines[-1] if lines else f"ended with {child.returncode}")
        result: dict[str, Any] = json.loads(target.read_bytes())
        return result


def _stop(child: subprocess.Popen[bytes]) -> None:
    """Let the child stop the nodes and services that it started; end it by force only if it does not."""
    child.terminate()
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()


def _failed(name: str, error: str) -> dict[str, Any]:
    return {"name": name, "title": name, "figures": [], "error": error}


if __name__ == "__main__":
    sys.exit(main())
