"""One kept HTTP connection on which nothing can hold us or flood us.

Used for JSON-RPC and for fetching proof files from a place that the user named. The other end may be slow,
broken or hostile: time and size are bounded for the whole exchange, no redirect is followed, every trouble
is CouldNotRead with a reason: unresolved, refused, reset, timeout, http_status, too_large, garbled.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

from verifier_cli.errors import CouldNotRead

__all__ = ["HttpConnection", "HttpStatusError"]

CONNECT_SECONDS: Final = 3.0
"""A node that does not accept a connection within three seconds will not answer a person in time either."""

TOTAL_SECONDS: Final = 10.0
"""From the first byte sent to the last byte read, however slowly the node drips."""

CHUNK: Final = 1 << 16


class HttpStatusError(CouldNotRead):
    """An answer other than 200; `status` is the number."""

    def __init__(self, status: int) -> None:
        super().__init__("http_status", f"HTTP status {status}")
        self.status = status

    def __reduce__(self) -> tuple[type[HttpStatusError], tuple[int]]:  # type: ignore[override]
        return type(self), (self.status,)


class _TimedRaw(io.RawIOBase):
    """Receiving side of a socket whose every read only gets what is left of the deadline.

    A plain socket timeout starts anew with each byte, so a node could hold us for ever by dripping.
    """

    def __init__(self, owner: _TimedSocket) -> None:
        self._owner = owner

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._owner.arm()
        return self._owner.sock.recv_into(buffer)

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._owner.release()


class _TimedSocket:
    """The part of a socket that http.client uses, with one deadline for a whole exchange."""

    def __init__(self, sock: socket.socket, clock: Callable[[], float]) -> None:
        self.sock = sock
        self.deadline = 0.0
        self._clock = clock
        self._readers = 0
        self._closing = False

    def arm(self) -> None:
        left = self.deadline - self._clock()
        if left <= 0:
            raise TimeoutError("the answer took too long")
        self.sock.settimeout(left)

    def sendall(self, data: bytes) -> None:
        self.arm()
        self.sock.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        self._readers += 1
        return io.BufferedReader(_TimedRaw(self), CHUNK)

    def release(self) -> None:
        """A reader has finished."""
        self._readers -= 1
        self._close_if_unused()

    def close(self) -> None:
        """As with a real socket, an answer that is still being read keeps it open: http.client closes the
        connection before the body is read when the other end announced that it will."""
        self._closing = True
        self._close_if_unused()

    def _close_if_unused(self) -> None:
        if self._closing and self._readers <= 0:
            self.sock.close()


class HttpConnection:
    """Requests to one host, on a connection that is opened when needed and kept. For one thread at a time.

    `requests` counts the HTTP requests that were put on the wire.
    """

    def __init__(
        self, url: str, *, connect_seconds: float = CONNECT_SECONDS, total_seconds: float = TOTAL_SECONDS
    ) -> None:
        parts = urlsplit(url)
        self.requests = 0
        self.target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._secure else 80)
        self._connect_seconds = connect_seconds
        self._total_seconds = total_seconds
        self._connection: http.client.HTTPConnection | None = None
        self._socket: _TimedSocket | None = None

    @property
    def host(self) -> str:
        """Host and port, for messages: the paths of hosted nodes carry access tokens."""
        return f"{self._host}:{self._port}"

    def close(self) -> None:
        """Give the connection back; the next request opens a new one."""
        if self._connection is not None and self._socket is not None:
            self._connection.close()
            self._socket.sock.close()
        self._connection = self._socket = None

    def exchange(
        self, method: str, target: str, body: bytes | None, limit: int, *, bearer: str | None = None
    ) -> bytes:
        """Send a request without side effects and return the body of the 200 answer, at most `limit` bytes.

        `bearer` is a key for this host; since no redirect is followed, no other host ever sees it.

        Raises:
            CouldNotRead: with one of the reasons named above.
        """
        deadline = time.monotonic() + self._total_seconds
        reused = self._connection is not None
        try:
            return self._once(method, target, body, limit, deadline, bearer)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            self.close()
            # A kept connection may have been closed at the other end while idle: ask once more on a new one.
            # What we ask only reads, so asking twice is harmless.
            if not reused:
                raise CouldNotRead("reset", "the connection was closed without an answer") from None
        except CouldNotRead:
            self.close()
            raise
        except Exception as error:
            self.close()
            raise _trouble(error) from None
        return self.exchange(method, target, body, limit, bearer=bearer)

    def _once(
        self, method: str, target: str, body: bytes | None, limit: int, deadline: float, bearer: str | None
    ) -> bytes:
        connection = self._open()
        assert self._socket is not None
        self._socket.deadline = deadline
        self.requests += 1
        headers = {} if body is None else {"Content-Type": "application/json"}
        if bearer is not None:
            headers["Authorization"] = f"Bearer {bearer}"
        connection.request(method, target, body, headers)
        response = connection.getresponse()
        if response.status != 200:
            raise HttpStatusError(response.status)
        data = _read_all(response, limit)
        if response.will_close:
            self.close()
        return data

    def _open(self) -> http.client.HTTPConnection:
        if self._connection is None:
            sock = socket.create_connection((self._host, self._port), self._connect_seconds)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._secure:
                import ssl

                sock = ssl.create_default_context().wrap_socket(sock, server_hostname=self._host)
            self._socket = _TimedSocket(sock, time.monotonic)
            self._connection = http.client.HTTPConnection(self._host, self._port)
            self._connection.auto_open = 0
            self._connection.sock = self._socket
        return self._connection


def _read_all(response: http.client.HTTPResponse, limit: int) -> bytes:
    announced = response.length
    if announced is not None and announced > limit:
        raise CouldNotRead("too_large", f"an answer of {announced} bytes is announced, at most {limit}")
    data = response.read(limit + 1)
    if len(data) > limit:
        raise CouldNotRead("too_large", f"the answer is longer than {limit} bytes")
    if announced is not None and len(data) < announced:
        raise CouldNotRead("reset", f"the answer ended after {len(data)} of {announced} bytes")
    # A short body leaves the response open, and the connection unusable, until its end was seen.
    response.read(1)
    return data


def _trouble(error: Exception) -> CouldNotRead:
    """The reason code of anything that the network layers raise; nothing foreign leaves this module."""
    if isinstance(error, TimeoutError):
        return CouldNotRead("timeout", "no complete answer in time")
    if isinstance(error, ConnectionRefusedError):
        return CouldNotRead("refused", "the connection was refused")
    if isinstance(error, socket.gaierror):
        return CouldNotRead("unresolved", "the host name is not known")
    if isinstance(error, http.client.IncompleteRead):
        return CouldNotRead("reset", "the answer ended in the middle")
    if isinstance(error, http.client.HTTPException | ValueError):
        return CouldNotRead("garbled", f"not an HTTP answer ({type(error).__name__})")
    return CouldNotRead("reset", f"the connection broke ({type(error).__name__})")
