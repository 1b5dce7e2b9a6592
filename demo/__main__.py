"""Run the demo: ``python -m demo [--detach]``. Ends with 0 only if every step was as it should be."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import threading
from datetime import datetime
from pathlib import Path

from demo.cohort import issue
from demo.community import Community, set_up
from demo.employer import audit_everything, verify_everything
from demo.gate import show_gate
from demo.processes import Processes
from demo.reporting import recompute, report
from demo.stage import DemoError, Stage

HOME = Path(__file__).parent.parent / "var" / "demo"


def main() -> int:
    """Run every step; return the exit code."""
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("--detach", action="store_true", help="stop everything at the end and exit")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    home = HOME / datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    (home / "logs").mkdir(parents=True, mode=0o700)
    stage = Stage()
    try:
        with Processes(home / "logs") as processes:
            community = _perform(home, processes, stage)
            if not options.detach:
                _stay(community, processes, stage)
    except DemoError as error:
        stage.fail(f"{error}\nLogs are in {home / 'logs'}")
        return 1
    except KeyboardInterrupt:
        return 130
    if options.detach:
        shutil.rmtree(home)
    return 0


def _perform(home: Path, processes: Processes, stage: Stage) -> Community:
    community = set_up(home, processes, stage)
    cohort = issue(community, processes, stage)
    withdrawn = verify_everything(community, cohort, processes, stage)
    show_gate(community, processes, withdrawn, stage)
    file = report(community, processes, stage)
    recompute(community, file, audit_everything(community, stage), stage)
    stage.close()
    return community


def _stay(community: Community, processes: Processes, stage: Stage) -> None:
    stage.console.print(
        f"\nThe service keeps running at [bold]{community.url}[/] (its API: {community.url}/docs).\n"
        f"Everything it made is in {community.home}. Press Ctrl-C to stop it."
    )
    pause = threading.Event()
    try:
        while not pause.wait(1.0):
            processes.check()
    except KeyboardInterrupt:
        stage.console.print("\nStopping.")


if __name__ == "__main__":
    sys.exit(main())
