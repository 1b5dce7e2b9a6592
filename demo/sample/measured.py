"""Commands run to their end, with what they took."""

from __future__ import annotations

import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from demo.processes import BIN, COMMAND_SECONDS, environment
from demo.stage import DemoError

LOOK_SECONDS = 0.02  # between looks at the memory of a command, which is gone with its end


@dataclass(frozen=True)
class Measured:
    """A command that ended: what it printed, its exit code, wall seconds from start to end, and the peak
    memory of its main process in MiB."""

    output: str
    messages: str
    code: int
    seconds: float
    mib: float


def measure(*arguments: str | Path, passphrase: str | None = None, codes: tuple[int, ...] = (0,)) -> Measured:
    """Run a command of ours; raises `DemoError` where its exit code is none of ``codes``."""
    command = [str(BIN / str(arguments[0])), *map(str, arguments[1:])]
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as messages:
        begun = time.monotonic()
        with subprocess.Popen(command, stdout=output, stderr=messages, env=environment(passphrase)) as child:
            mib = 0.0
            while child.poll() is None:
                # Not `ru_maxrss`: a child's begins with what its parent held.
                mib = max(mib, _peak_mib(child.pid))
                time.sleep(LOOK_SECONDS)
                if time.monotonic() - begun > COMMAND_SECONDS:
                    child.kill()
        seconds = time.monotonic() - begun
        output.seek(0)
        messages.seek(0)
        done = Measured(output.read(), messages.read(), child.returncode, seconds, mib)
    if done.code not in codes:
        shown = " ".join(map(str, arguments))
        raise DemoError(f"`{shown}` ended with {done.code}: {done.messages.strip() or done.output.strip()}")
    return done


def _peak_mib(pid: int) -> float:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0
