"""Run one benchmark in a process of its own: ``python -m benchmarks.child NAME SCALE FILE``."""

from __future__ import annotations

import json
import os
import signal
import sys
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import floors
from benchmarks.model import Figure, Scale, stopwatch
from benchmarks.processes import peak_mib
from benchmarks.registry import BENCHES


def measure(name: str, scale: Scale) -> dict[str, Any]:
    """Floors, the benchmark, floors again; everything as the results file has it."""
    module = import_module(BENCHES[name].module)
    with TemporaryDirectory(prefix="bench-floor-") as folder:
        before = floors.measure(Path(folder))
        load = os.getloadavg()[0]
        with stopwatch() as watch:
            figures: list[Figure] = module.run(scale)
        peak = peak_mib()
        after = floors.measure(Path(folder))
    return {
        "name": name,
        "title": module.TITLE,
        "figures": [figure.json() for figure in figures],
        "floors": {key: round((before[key] + after[key]) / 2, 2) for key in before},
        "load_before": round(load, 2),
        "wall_seconds": round(watch.wall, 1),
        "peak_mib": peak,
        "error": None,
    }


def main() -> None:
    """Write the result to the file named on the command line."""
    # An exception, so that whatever the benchmark has started is stopped on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    name, scale, target = sys.argv[1:]
    Path(target).write_text(json.dumps(measure(name, Scale(scale)), ensure_ascii=False), "utf-8")


if __name__ == "__main__":
    main()
