"""A proxy before a real node that breaks things on purpose and counts what passes.

::

    with FaultProxy(node.url) as proxy:
        proxy.fault = Fault.GARBLED
        ...                                  # talk to proxy.url
        assert proxy.requests == 1

Transport faults are made on the socket itself; `rewrite_request` and `rewrite_answer` get the parsed JSON for
lies that a working node could tell.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
import urllib.request
from collections.abc import Callable
from enum import Enum
from types import TracebackType
from typing import Any

DRIP_SECONDS = 0.05
_CHUNK = 1 << 16


class Fault(Enum):
    """What happens to an answer."""

    NONE = "forwarded as it is"
    REFUSED = "nobody listens"
    RESET = "the connection is reset once the request was read"
    CLOSED = "the connection is closed without an answer"
    SLOW = "one byte at a time"
    SLOW_HEADERS = "one header byte at a time"
    GARBLED = "bytes of the body are inverted"
    NOT_HTTP = "something that is no HTTP"
    HALF = "half of the answer, then the end"
    BLACK_HOLE = "the request is read, and nothing ever comes"
    ERROR_500 = "HTTP status 500"
    REDIRECT = "HTTP status 302 to the node itself"
    HUGE = "an endless body"
    ONCE = "forwarded as it is, after which the connection is closed"
    HUGE_ANNOUNCED = "a body announced as one gigabyte"


class FaultProxy:
    """Forwards JSON-RPC over HTTP to `target`; counts `requests` (HTTP) and `connections`."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.fault = Fault.NONE
        self.rewrite_request: Callable[[Any], Any] = lambda value: value
        self.rewrite_answer: Callable[[Any, Any], Any] = lambda _, answer: answer
        self.requests = 0
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._port = self._listener.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> FaultProxy:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening and cut every connection."""
        self._listener.close()
        with self._lock:
            for connection in self._open:
                connection.close()

    def refuse(self) -> None:
        """From now on nobody listens at the address."""
        self.fault = Fault.REFUSED
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def drop_connections(self) -> None:
        """Close every idle connection, as nodes do after a while."""
        with self._lock:
            for connection in self._open:
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with self._lock:
                self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection:
                while (body := _read_request(connection)) is not None:
                    self.requests += 1
                    if not self._answer(connection, body):
                        return
        except OSError:
            return
        finally:
            with self._lock:
                self._open.discard(connection)

    def _answer(self, connection: socket.socket, body: bytes) -> bool:
        """Answer one request; False when the connection is over."""
        fault = self.fault
        if fault is Fault.RESET:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        if fault is Fault.CLOSED:
            return False
        if fault is Fault.BLACK_HOLE:
            connection.recv(1)
            return False
        if fault is Fault.NOT_HTTP:
            connection.sendall(b"220 mail.example ESMTP\r\n")
            return False
        if fault is Fault.HUGE:
            connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            while True:
                connection.sendall(b" " * _CHUNK)
        if fault is Fault.HUGE_ANNOUNCED:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
            return False
        if fault is Fault.ERROR_500:
            connection.sendall(_response(b"{}", "500 Internal Server Error"))
            return True
        if fault is Fault.REDIRECT:
            connection.sendall(_response(b"", f"302 Found\r\nLocation: {self.target}"))
            return True
        return self._send(connection, fault, self._forward(body))

    def _send(self, connection: socket.socket, fault: Fault, body: bytes) -> bool:
        answer = _response(body)
        start = len(answer) - len(body)
        if fault is Fault.GARBLED:
            connection.sendall(answer[:start] + bytes(byte ^ 0xFF for byte in body))
        elif fault is Fault.ONCE:
            connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + body)
            return False
        elif fault is Fault.HALF:
            connection.sendall(answer[: start + len(body) // 2])
            return False
        elif fault in (Fault.SLOW, Fault.SLOW_HEADERS):
            whole = start if fault is Fault.SLOW else 0
            connection.sendall(answer[:whole])
            for byte in answer[whole:]:
                connection.sendall(bytes([byte]))
                time.sleep(DRIP_SECONDS)
        else:
            connection.sendall(answer)
        return True

    def _forward(self, body: bytes) -> bytes:
        calls = self.rewrite_request(json.loads(body))
        raw = json.dumps(calls).encode()
        request = urllib.request.Request(self.target, raw, {"Content-Type": "application/json"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
            answers = json.loads(response.read())
        return json.dumps(self.rewrite_answer(calls, answers)).encode()


def _response(body: bytes, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def _read_request(connection: socket.socket) -> bytes | None:
    """The body of the next HTTP request, None when the client has gone."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(_CHUNK)
        if not part:
            return None
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    headers = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    length = int(headers.get(b"content-length", b"0"))
    while len(body) < length:
        part = connection.recv(_CHUNK)
        if not part:
            return None
        body += part
    return body
