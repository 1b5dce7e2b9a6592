"""Callers without a key who send too much, too slowly, or without end."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn

from tests.support.service import FIRM, START_SECONDS, Service, make_service
from trace_service import http_protocol, limits
from trace_service.http_protocol import MAX_HEAD, BoundedHttpProtocol
from trace_service.limits import MAX_BODY, MAX_BULK_BODY

SECONDS = 20.0
BOUNDARY = {"Content-Type": "multipart/form-data; boundary=x"}


@pytest.fixture
def bounded(tmp_path: Path) -> Iterator[Service]:
    """A service behind the protocol that `trace-service serve` uses."""
    service = make_service(tmp_path)
    config = uvicorn.Config(
        service.app(), port=0, access_log=False, log_config=None, http=BoundedHttpProtocol
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        assert thread.is_alive()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    service.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    yield service
    server.should_exit = True
    thread.join()
    service.engine.dispose()


@contextmanager
def connected(service: Service) -> Iterator[socket.socket]:
    """A bare connection."""
    port = int(service.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as connection:
        yield connection


def to_the_end(connection: socket.socket) -> bytes:
    """What the service says until it closes the connection."""
    said = b""
    try:
        while piece := connection.recv(65_536):
            said += piece
    except ConnectionResetError:
        pass  # closed with bytes of ours unread
    return said


@pytest.mark.parametrize(
    ("path", "headers"), [("/v1/signing/proofs", {}), ("/v1/imports", BOUNDARY), ("/v1/imports", {})]
)
@pytest.mark.parametrize("key", [None, "Bearer tsk_0123456789_" + "0" * 64, "Bearer nonsense", "Basic eDp5"])
def test_large_bodies_need_a_key(
    bounded: Service, path: str, headers: dict[str, str], key: str | None
) -> None:
    with bounded.client() as client:
        given = headers if key is None else headers | {"Authorization": key}
        answer = client.post(path, content=b"[]" * 2 * MAX_BODY, headers=given)
    code = "request.too_large" if path == "/v1/imports" and not headers else "key.required"
    assert answer.json()["code"] == code


def test_a_member_may_send_many_proofs(bounded: Service) -> None:
    with bounded.client(FIRM) as client:
        answer = client.post("/v1/signing/proofs", content=b" " * MAX_BULK_BODY)
    assert (answer.status_code, answer.json()["code"]) == (400, "request.unreadable")


def test_json_for_the_import_route_is_not_looked_through(bounded: Service) -> None:
    with bounded.client(FIRM) as client:
        answer = client.post(
            "/v1/imports", content=b"[]" * MAX_BODY, headers={"Content-Type": "application/json"}
        )
    assert (answer.status_code, answer.json()["code"]) == (413, "request.too_large")


def test_a_body_that_does_not_come(bounded: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BODY_SECONDS", 0.2)
    with connected(bounded) as connection:
        connection.sendall(b"POST /v1/verify HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        said = to_the_end(connection)
    assert said.startswith(b"HTTP/1.1 408 ")
    assert b"request.too_slow" in said


def test_a_client_that_leaves_is_no_failure_of_ours(
    bounded: Service, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    with connected(bounded) as connection:
        connection.sendall(b"POST /v1/verify HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    lines: list[str] = []
    deadline = time.monotonic() + SECONDS
    while not lines:
        assert time.monotonic() < deadline
        time.sleep(0.01)
        lines = [r.getMessage() for r in caplog.records if r.name == "trace_service.requests"]
    assert lines[0].startswith(f"POST /v1/verify {limits.CLIENT_GONE} ")


@pytest.mark.parametrize("piece", [b"X-A: b\r\n", b"X-Endless"])
def test_headers_without_end(bounded: Service, piece: bytes) -> None:
    sent = 0
    with connected(bounded) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        try:
            while sent < 64 * MAX_HEAD:
                connection.sendall(piece * 1_000)
                sent += len(piece) * 1_000
        except (BrokenPipeError, ConnectionResetError):
            pass
        said = to_the_end(connection)
    assert sent < 64 * MAX_HEAD or said.startswith(b"HTTP/1.1 431 ")
    assert b" 200 " not in said


@pytest.mark.parametrize("begun", [b"", b"GET /healthz HTTP/1.1\r\nX: "])
def test_a_head_that_does_not_come(bounded: Service, monkeypatch: pytest.MonkeyPatch, begun: bytes) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.2)
    with connected(bounded) as connection:
        connection.sendall(begun)
        assert to_the_end(connection) == b""


def test_kept_connections_serve_one_request_after_another(bounded: Service) -> None:
    with connected(bounded) as connection:
        head = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"a" * (MAX_HEAD // 2) + b"\r\n\r\n"
        for _ in range(4):
            connection.sendall(head)
            said = b""
            while b'"ok"' not in said:
                said += connection.recv(65_536)
            assert said.startswith(b"HTTP/1.1 200 ")
