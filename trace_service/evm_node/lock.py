"""One process per data directory."""

import fcntl
import os
from pathlib import Path

from trace_service.evm_node.errors import StoreLocked

LOCK_NAME = "lock"


class DirectoryLock:
    """An advisory lock held by an open file, so the kernel frees it however the process ends.

    Raises StoreLocked when another process holds it.
    """

    def __init__(self, data_dir: Path) -> None:
        path = data_dir / LOCK_NAME
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._fd, 20, 0).decode("ascii", "replace").strip()
            os.close(self._fd)
            raise StoreLocked(data_dir, int(holder) if holder.isdecimal() else None) from None
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Give the directory back."""
        os.close(self._fd)
