"""Children of the demo: commands that end, and processes that run until the demo stops them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from demo.stage import DemoError

BIN = Path(sys.executable).parent
READY_SECONDS = 60.0
STOP_SECONDS = 30.0
COMMAND_SECONDS = 600.0


def run(
    *arguments: str | Path, passphrase: str | None = None, codes: tuple[int, ...] = (0,)
) -> subprocess.CompletedProcess[str]:
    """Run a command of ours to its end; raises `DemoError` where its exit code is none of ``codes``."""
    command = [str(BIN / str(arguments[0])), *map(str, arguments[1:])]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env=environment(passphrase),
        timeout=COMMAND_SECONDS,
        check=False,
    )
    if done.returncode not in codes:
        shown = " ".join(map(str, arguments))
        raise DemoError(
            f"`{shown}` ended with {done.returncode}: {done.stderr.strip() or done.stdout.strip()}"
        )
    return done


def environment(passphrase: str | None) -> dict[str, str]:
    """What a command of ours is started with."""
    # Each organisation's process gets its own passphrase and nobody else's.
    values = {name: value for name, value in os.environ.items() if not name.startswith("TRACE_")}
    if passphrase is not None:
        values["TRACE_PASSPHRASE"] = passphrase
    return values


class Processes:
    """Long-running children; leaving the block ends the last started first."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: list[tuple[str, subprocess.Popen[bytes], IO[bytes]]] = []

    def __enter__(self) -> Processes:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, name: str, *arguments: str | Path, passphrase: str) -> subprocess.Popen[bytes]:
        """Start a command of ours; what it says goes to ``<name>.log``."""
        log = (self._logs / f"{name}.log").open("ab")
        command = [str(BIN / str(arguments[0])), *map(str, arguments[1:])]
        # A session of its own: Ctrl-C reaches the demo alone, which then stops its children in order.
        child = subprocess.Popen(
            command, stdout=log, stderr=log, env=environment(passphrase), start_new_session=True
        )
        self._running.append((name, child, log))
        return child

    def wait_ready(self, name: str, ready_file: Path) -> dict[str, Any]:
        """Wait for the file that a service writes once it answers, and return what it says."""
        child = next(child for running, child, _ in self._running if running == name)
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end:
            if ready_file.exists():
                facts: dict[str, Any] = json.loads(ready_file.read_text("utf-8"))
                return facts
            if child.poll() is not None:
                break
            time.sleep(0.05)
        log = (self._logs / f"{name}.log").read_text("utf-8", "replace").strip().splitlines()
        raise DemoError(f"{name} is not ready: {log[-1] if log else 'it said nothing'}")

    def pids(self) -> dict[str, int]:
        """Process ids of the children by name."""
        return {name: child.pid for name, child, _ in self._running}

    def check(self) -> None:
        """Raise `DemoError` if a child has ended by itself."""
        for name, child, _ in self._running:
            if child.poll() is not None:
                raise DemoError(f"{name} ended with {child.returncode}; see {self._logs / name}.log")

    def stop(self) -> None:
        """End every child, the newest first."""
        while self._running:
            _, child, log = self._running.pop()
            child.terminate()
            try:
                child.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            log.close()
