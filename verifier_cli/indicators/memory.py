"""A bound on what the SQL of strangers can make this process take.

DuckDB keeps its own buffers within its limit, but not the texts and lists that a single expression makes: a
few nested `replace` come to gigabytes. The operating system refuses those.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

__all__ = ["ADDRESS_MIB", "bounded_memory"]

ADDRESS_MIB: Final = 4096
"""Of addresses, beyond those in use: sixteen times DuckDB's buffers; much is only reserved."""

_MIB: Final = 1 << 20
_STATM: Final = Path("/proc/self/statm")
_one = threading.Lock()
"""The limit is the process's: two at a time would restore each other's."""


@contextmanager
def bounded_memory(mib: int = ADDRESS_MIB) -> Iterator[None]:
    """Allocations beyond `mib` fail inside (MemoryError, or DuckDB's own error).

    Only Linux says how much is in use and keeps such a limit; elsewhere nothing is bounded.
    """
    if sys.platform != "linux":
        yield
        return
    import resource

    with _one:
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        used = int(_STATM.read_text().split()[0]) * resource.getpagesize()
        wanted = used + mib * _MIB
        limits = [item for item in (soft, hard, wanted) if item != resource.RLIM_INFINITY]
        resource.setrlimit(resource.RLIMIT_AS, (min(limits), hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
