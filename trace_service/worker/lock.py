"""One process per executor id: two with the same id would each recover the other's running workflows."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


class ExecutorBusyError(Exception):
    """Another process has this executor id. ``executor_id`` names it."""

    def __init__(self, executor_id: str) -> None:
        super().__init__(
            f"a worker with executor_id {executor_id} runs already on this data directory; stop it, or"
            " give this one another executor_id in service.toml"
        )
        self.executor_id = executor_id


class ExecutorNameError(Exception):
    """Not an executor id: letters, digits, dot, dash, underscore."""


@contextmanager
def executor_lock(data_dir: Path, executor_id: str) -> Iterator[None]:
    """Hold the lock of ``executor_id``; it ends with the process, however that ends. Raises
    `ExecutorBusyError`.
    """
    if not _NAME.fullmatch(executor_id):
        raise ExecutorNameError(f"{executor_id!r}: use up to 63 letters, digits, dots, dashes, underscores")
    handle = os.open(data_dir / f"worker-{executor_id}.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ExecutorBusyError(executor_id) from None
        yield
    finally:
        os.close(handle)
