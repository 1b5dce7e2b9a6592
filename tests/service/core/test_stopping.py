"""A signal that comes while the main thread is inside the very event."""

from __future__ import annotations

import subprocess
import sys

import pytest

_CODE = """
import os, signal, sys
from trace_service.stopping import stop_on_signals

stopping = stop_on_signals()
with stopping._cond:  # as inside `stopping.wait`, between two instructions
    os.kill(os.getpid(), getattr(signal, sys.argv[1]))
sys.exit(0 if stopping.wait(20) else 3)
"""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_stops_whatever_the_main_thread_holds(name: str) -> None:
    assert subprocess.run([sys.executable, "-c", _CODE, name], timeout=60, check=False).returncode == 0
