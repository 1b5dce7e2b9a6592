"""What the API knows of the chain: refreshed beside the requests, never within one.

A slow or dead node must not slow an acknowledgement. The door therefore looks at the last thing that was
read; the registry itself is asked again at sealing, and by every verifier.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from sqlalchemy.engine import Connection

from trace_service.organisations.authority import KnownKeys
from verifier_cli.did import org_id

if TYPE_CHECKING:
    from trace_service.evm.registry import Authority

REFRESH_SECONDS = 3.0
MAX_KEYS = 10_000  # keys watched; organisations have a handful each

_log = logging.getLogger(__name__)


class ChainView:
    """Chain time and key windows as of the last refresh; a clock and an `AuthorityCheck` for the
    application."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority
        self._known = KnownKeys()
        self._windows: dict[tuple[bytes, bytes], str | None] = {}  # why a key is not good; None: it is
        self._wanted: set[tuple[bytes, bytes]] = set()
        self._offset = 0.0  # chain time less this machine's
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="chain-view", daemon=True)

    def start(self) -> None:
        """Begin to refresh."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        self._thread.join(REFRESH_SECONDS)

    def clock(self) -> int:
        """Chain time in epoch seconds: as last read, carried on by this machine's clock."""
        return int(time.time() + self._offset)

    def may_sign(self, connection: Connection, did: str, public_key: bytes) -> bool:
        """Whether the key is on the organisation's list and not known to be ended or compromised on chain."""
        if not self._known.may_sign(connection, did, public_key):
            return False
        key = (org_id(did), public_key)
        if len(self._wanted) < MAX_KEYS:
            self._wanted.add(key)
        # A key that was never read yet, or is not in the registry yet, may still be there in time for
        # sealing.
        return self._windows.get(key) not in ("ended", "compromised")

    def refresh(self) -> None:
        """Read chain time and every watched key once. Raises what the chain client raises."""
        now = self._authority.chain_time()
        self._offset = now - time.time()
        for org, public_key in list(self._wanted):
            self._windows[org, public_key] = self._authority.key(org, public_key).trouble_at(now)

    def _run(self) -> None:
        from trace_service.evm.errors import ChainError

        quiet, pause = True, 0.0
        while not self._stop.wait(pause):
            pause = REFRESH_SECONDS
            try:
                self.refresh()
                quiet = True
            except ChainError as error:
                if quiet:
                    _log.warning("chain not readable: %s; going on with what was read before", error)
                quiet = False
