"""Limits of public verification: nobody needs a key for it, so nobody may have it all."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from trace_service.problems import Problem

PER_SECOND = 10.0  # verifications of one address: a person needs one, a class behind one gateway a few
BURST = 50.0  # at once, after a pause: a page of certificates
MAX_ADDRESSES = 10_000  # buckets kept; the one unused longest goes first
MAX_AT_ONCE = 8  # verifications running together: each may wait for a node, and threads are few
RETRY_SECONDS = 1


class Buckets:
    """A token bucket per address. ``clock`` is monotonic seconds. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, address: str) -> None:
        """Take one token; raises `Problem` 429 where there is none."""
        now = self._clock()
        with self._lock:
            level, since = self._levels.pop(address, (BURST, now))
            level = min(BURST, level + (now - since) * PER_SECOND)
            self._levels[address] = (max(level - 1.0, 0.0) if level >= 1.0 else level, now)
            if len(self._levels) > MAX_ADDRESSES:
                self._levels.popitem(last=False)
        if level < 1.0:
            raise _too_many(429, "verification.rate", "Too many verifications from this address")


class Places:
    """At most ``MAX_AT_ONCE`` verifications run together; the next is refused, not queued."""

    def __init__(self, places: int = MAX_AT_ONCE) -> None:
        self._semaphore = threading.BoundedSemaphore(places)

    @contextmanager
    def one(self) -> Iterator[None]:
        """Hold a place; raises `Problem` 503 where all are taken."""
        if not self._semaphore.acquire(blocking=False):
            raise self.refusal()
        try:
            yield
        finally:
            self._semaphore.release()

    def refusal(self) -> Problem:
        """The answer where all are taken."""
        return _too_many(503, "verification.busy", "Too many verifications are running")


def _too_many(status: int, code: str, title: str) -> Problem:
    return Problem(
        status,
        code,
        title,
        fix="wait and send it again, or verify on your own machine with trace-verify",
        headers={"Retry-After": str(RETRY_SECONDS)},
    )
