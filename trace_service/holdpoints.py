"""Named points where a crash test can stop the process.

A hold point only blocks: it changes no state and no result, so that the killer can aim at the moment between
two effects (design: reliability, section 7). Without the two environment variables it does nothing.
"""

from __future__ import annotations

import os
import time
from pathlib import Path


def hold(name: str) -> None:
    """Block for ever when ``TRACE_HOLD_AT`` equals ``name``, after creating ``TRACE_HOLD_FILE``."""
    if os.environ.get("TRACE_HOLD_AT") != name:
        return
    Path(os.environ["TRACE_HOLD_FILE"]).touch()
    while True:
        time.sleep(60)
