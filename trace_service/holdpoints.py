"""Named points where a crash test can stop the process.

A hold point only blocks: it changes no state and no result, so that the killer can aim at the moment between
two effects (design: reliability, section 7). Without one of the environment variables it does nothing.
"""

from __future__ import annotations

import os
import time
from pathlib import Path


def hold(name: str) -> None:
    """Block for ever where somebody aims at ``name``.

    With ``TRACE_HOLD_AT`` equal to ``name``, whoever comes by creates the file ``TRACE_HOLD_FILE`` and stops.
    With ``TRACE_HOLD_DIR`` a running process can be aimed at: of those that come by once the file ``name``
    is in that folder, one renames it to ``name.<its process id>`` and stops; the others go on.
    """
    folder = os.environ.get("TRACE_HOLD_DIR")
    if os.environ.get("TRACE_HOLD_AT") == name:
        Path(os.environ["TRACE_HOLD_FILE"]).touch()
    elif folder is None or not _first(Path(folder, name)):
        return
    while True:
        time.sleep(60)


def _first(target: Path) -> bool:
    """Whether this process is the one that the file stops; the rename can succeed but once."""
    try:
        target.rename(target.with_name(f"{target.name}.{os.getpid()}"))
    except FileNotFoundError:
        return False
    return True
