"""HTTP/1.1 with a bounded head: uvicorn's fast protocol reads request lines and headers without end.

A head is bounded in size and in time, so that nobody without a key fills memory or holds connections. What
comes after the head is `trace_service.limits`' business.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD = 32 * 1024  # bytes of request line and headers; ours have about 300, cookies of a gateway a few KB
HEAD_SECONDS = 15.0  # from connection or first byte to the end of the headers
MAX_CONNECTIONS = 512  # below the usual limit of 1,024 open files, database and children included

_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class BoundedHttpProtocol(HttpToolsProtocol):
    """One connection. A head beyond its bounds is answered with 431, or not at all where it is too slow."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._head: int | None = (
            0  # bytes of the unfinished head; None while a body or an answer is under way
        )
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Pass on what belongs to a head within bounds; the parser itself holds unfinished headers."""
        if self._head is not None and self._head > MAX_HEAD:
            return  # the refusal is on its way
        before = self._head
        super().data_received(data)
        if before is None or self._head is None:
            return
        self._head += len(data)
        if self._head > MAX_HEAD and not self.transport.is_closing():
            self.transport.write(_TOO_LARGE)
            self.transport.close()

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        if self._head is None:
            self._head = 0
            self._wait()

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._head = None
        self._stop_waiting()
        super().on_headers_complete()

    def _wait(self) -> None:
        self._timer = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
