"""JSON-RPC over HTTP: one POST for a whole batch of calls, on a connection that is kept open.

The node at the other end may be slow, broken or hostile, so time and size are bounded for the whole exchange,
nothing is followed (no redirect, no URL out of an answer), and every trouble is CouldNotRead with a reason:
unresolved, refused, reset, timeout, http_status, too_large, garbled, rpc_error.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from verifier_cli.errors import CouldNotRead

__all__ = ["MAX_ANSWER", "Call", "Endpoint", "eth_call", "header_call", "hex_bytes", "hex_int"]

CONNECT_SECONDS: Final = 3.0
"""A node that does not accept a connection within three seconds will not answer a person in time either."""

TOTAL_SECONDS: Final = 10.0
"""From the first byte sent to the last byte read, however slowly the node drips."""

MAX_ANSWER: Final = 4 << 20
"""Five answers with two full block headers of 5,000 transactions are under 1 MiB."""

CHUNK: Final = 1 << 16

Call = tuple[str, list[Any]]
"""Method and parameters of one call of a batch."""


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


class _TimedSocket:
    """The part of a socket that http.client uses, with one deadline for a whole exchange."""

    def __init__(self, sock: socket.socket, clock: Callable[[], float]) -> None:
        self.sock = sock
        self.deadline = 0.0
        self._clock = clock

    def arm(self) -> None:
        left = self.deadline - self._clock()
        if left <= 0:
            raise TimeoutError("the answer took too long")
        self.sock.settimeout(left)

    def sendall(self, data: bytes) -> None:
        self.arm()
        self.sock.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedRaw(self), CHUNK)

    def close(self) -> None:
        self.sock.close()


class Endpoint:
    """One JSON-RPC endpoint. Not safe for use by two threads at once; the connection is opened when needed.

    `requests` counts the HTTP requests that were put on the wire.
    """

    def __init__(
        self, url: str, *, connect_seconds: float = CONNECT_SECONDS, total_seconds: float = TOTAL_SECONDS
    ) -> None:
        parts = urlsplit(url)
        self.url = url
        self.requests = 0
        self._secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._secure else 80)
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._connect_seconds = connect_seconds
        self._total_seconds = total_seconds
        self._connection: http.client.HTTPConnection | None = None
        self._socket: _TimedSocket | None = None

    @property
    def host(self) -> str:
        """Host and port, for messages."""
        return f"{self._host}:{self._port}"

    def close(self) -> None:
        """Give the connection back; the next batch opens a new one."""
        if self._connection is not None:
            self._connection.close()
        self._connection = self._socket = None

    def batch(self, calls: Sequence[Call], *, limit: int = MAX_ANSWER) -> list[Any]:
        """Send all calls as one JSON-RPC batch in one POST and return their results in order.

        A call that the node refused has a CouldNotRead ("rpc_error") in its place, not raised, so that the
        caller can first see whether it talks to the right chain at all.

        Raises:
            CouldNotRead: with one of the reason codes named above; `detail` says which call or why.
        """
        body = orjson.dumps(
            [
                {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
                for number, (method, params) in enumerate(calls)
            ]
        )
        return _results(calls, self._post(body, limit))

    def _post(self, body: bytes, limit: int) -> bytes:
        deadline = time.monotonic() + self._total_seconds
        reused = self._connection is not None
        try:
            return self._exchange(body, limit, deadline)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            self.close()
            # A kept connection may have been closed by the node while idle: ask once more on a new one.
            # The calls only read, so asking twice is harmless.
            if not reused:
                raise CouldNotRead("reset", "the connection was closed without an answer") from None
        except CouldNotRead:
            self.close()
            raise
        except Exception as error:
            self.close()
            raise _trouble(error) from None
        return self._post(body, limit)

    def _exchange(self, body: bytes, limit: int, deadline: float) -> bytes:
        connection = self._open()
        assert self._socket is not None
        self._socket.deadline = deadline
        self.requests += 1
        connection.request("POST", self._target, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        if response.status != 200:
            raise CouldNotRead("http_status", f"HTTP status {response.status}")
        return _read_all(response, limit)

    def _open(self) -> http.client.HTTPConnection:
        if self._connection is None:
            sock = socket.create_connection((self._host, self._port), self._connect_seconds)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._secure:
                import ssl

                sock = ssl.create_default_context().wrap_socket(sock, server_hostname=self._host)
            timed = _TimedSocket(sock, time.monotonic)
            connection = http.client.HTTPConnection(self._host, self._port)
            connection.auto_open = 0
            connection.sock = timed
            self._connection, self._socket = connection, timed
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


def _results(calls: Sequence[Call], data: bytes) -> list[Any]:
    try:
        answers = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise CouldNotRead("garbled", "the answer is not JSON") from None
    if isinstance(answers, dict):
        raise CouldNotRead("rpc_error", f"the batch was refused: {_message(answers)}")
    if not isinstance(answers, list) or len(answers) != len(calls):
        raise CouldNotRead("garbled", "the answer does not match the batch")
    found: dict[int, Any] = {}
    for answer in answers:
        number = answer.get("id") if isinstance(answer, dict) else None
        if type(number) is not int or not 0 <= number < len(calls) or number in found:
            raise CouldNotRead("garbled", "an answer without a matching call")
        refused = CouldNotRead("rpc_error", f"{calls[number][0]}: {_message(answer)}")
        found[number] = answer.get("result", refused)
    return [found[number] for number in range(len(calls))]


def _message(answer: dict[str, Any]) -> str:
    error = answer.get("error")
    text = error.get("message") if isinstance(error, dict) else None
    return text[:200] if isinstance(text, str) else "no reason given"


def hex_bytes(value: Any, size: int | None = None) -> bytes:
    """Bytes of a 0x string, of exactly `size` bytes when given; CouldNotRead "garbled" otherwise."""
    if isinstance(value, str) and value[:2] == "0x":
        try:
            data = bytes.fromhex(value[2:])
        except ValueError:
            data = None
        if data is not None and 2 * len(data) == len(value) - 2 and size in (None, len(data)):
            return data
    raise CouldNotRead("garbled", "a value is not hexadecimal data of the right size")


def hex_int(value: Any) -> int:
    """Unsigned integer of a 0x quantity, below 2^64; CouldNotRead "garbled" otherwise."""
    if isinstance(value, str) and value[:2] == "0x" and 2 < len(value) <= 18 and value[2:].isalnum():
        try:
            return int(value, 16)
        except ValueError:
            pass
    raise CouldNotRead("garbled", "a value is not a hexadecimal number")


def eth_call(to: bytes, data: bytes, block: str | dict[str, Any]) -> Call:
    """An `eth_call` of contract `to` at a block tag, number (0x) or EIP-1898 object."""
    return "eth_call", [{"to": "0x" + to.hex(), "data": "0x" + data.hex()}, block]


def header_call(block: str) -> Call:
    """The header of a block by tag or number; its transactions come as hashes only."""
    return "eth_getBlockByNumber", [block, False]
