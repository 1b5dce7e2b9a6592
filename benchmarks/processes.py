"""CPU seconds and memory of processes, from /proc."""

from __future__ import annotations

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of one process so far, its ended children included."""
    # The name in parentheses may hold spaces; what follows its end does not.
    values = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
    return sum(int(value) for value in values[11:15]) / TICKS


def peak_mib(pid: int | str = "self") -> float:
    """Largest memory of a process so far (VmHWM), in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines():
        if line.startswith("VmHWM:"):
            return round(int(line.split()[1]) / 1024, 1)
    raise OSError(f"no VmHWM for process {pid}")


def children(pid: int) -> list[int]:
    """Process ids of the children that a process has now."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    return [int(child) for child in listed]
