"""The HTTP edge: who may speak, how much, and how connections are kept."""

import contextlib
import http.client
import json
import socket

import pytest

from tests.support.nodes import EmbeddedNode
from trace_service.evm_node.server import HOST, MAX_BODY_BYTES, listen

JSON = {"Content-Type": "application/json"}
BODY = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"}).encode()


def connect(node: EmbeddedNode) -> http.client.HTTPConnection:
    """A new connection to the node."""
    return http.client.HTTPConnection(node.url.removeprefix("http://"), timeout=30)


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("POST", JSON, 200),
        ("POST", {"Content-Type": "Application/JSON; charset=utf-8"}, 200),
        ("POST", JSON | {"Host": "localhost:1"}, 200),
        ("POST", JSON | {"Host": "localhost"}, 200),
        ("POST", JSON | {"Host": "evil.example"}, 403),
        ("POST", JSON | {"Host": "127.0.0.1.evil.example:80"}, 403),
        ("POST", {"Content-Type": "text/plain"}, 415),
        ("POST", {}, 415),
        ("GET", JSON, 405),
        ("OPTIONS", JSON, 405),
        ("PUT", JSON, 405),
    ],
)
def test_who_may_speak(embedded: EmbeddedNode, method: str, headers: dict[str, str], status: int) -> None:
    connection = connect(embedded)
    connection.request(method, "/", BODY, headers)
    response = connection.getresponse()
    assert response.status == status
    assert "access-control-allow-origin" not in response.headers
    connection.close()


def test_connection_serves_many_requests(embedded: EmbeddedNode) -> None:
    connection = connect(embedded)
    connection.connect()
    local_port = connection.sock.getsockname()[1]
    for _ in range(20):
        connection.request("POST", "/", BODY, JSON)
        answer = json.loads(connection.getresponse().read())
        assert answer["result"] == hex(embedded.chain_id)
    assert connection.sock.getsockname()[1] == local_port
    connection.close()


def test_pipelined_requests_are_answered_in_order(embedded: EmbeddedNode) -> None:
    host, port = embedded.url.removeprefix("http://").split(":")
    head = (
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    )
    bodies = [BODY.replace(b'"id": 1', b'"id": %d' % number) for number in range(5)]
    with socket.create_connection((host, int(port)), 30) as connection:
        connection.sendall(b"".join(head % len(body) + body for body in bodies))
        received = b""
        while received.count(b'"result"') < 5:
            received += connection.recv(65536)
    places = [received.index(b'"id":%d' % number) for number in range(5)]
    assert places == sorted(places)


@pytest.mark.parametrize(("size", "status"), [(MAX_BODY_BYTES, 200), (MAX_BODY_BYTES + 1, 413)])
def test_largest_body_and_one_more(embedded: EmbeddedNode, size: int, status: int) -> None:
    connection = connect(embedded)
    try:
        connection.request("POST", "/", BODY.ljust(size), JSON)
    except (BrokenPipeError, ConnectionResetError):
        assert status == 413  # it had answered and closed before all was sent
    assert connection.getresponse().status == status
    connection.close()


def test_chunked_body_is_limited_too(embedded: EmbeddedNode) -> None:
    connection = connect(embedded)
    connection.request(
        "POST", "/", (BODY[i : i + 7] for i in range(0, len(BODY), 7)), JSON, encode_chunked=True
    )
    assert connection.getresponse().status == 200
    connection.close()
    too_much = (b" " * 65536 for _ in range(MAX_BODY_BYTES // 65536 + 2))
    connection = connect(embedded)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.request("POST", "/", too_much, JSON, encode_chunked=True)
    assert connection.getresponse().status == 413
    connection.close()


def test_garbage_and_half_requests_do_no_harm(embedded: EmbeddedNode) -> None:
    host, port = embedded.url.removeprefix("http://").split(":")
    for rubbish in (b"\x16\x03\x01" * 50, b"POST / HTTP/1.1\r\nContent-Length: 999\r\n\r\n{", b"A" * 100_000):
        with socket.create_connection((host, int(port)), 30) as raw:
            raw.sendall(rubbish)
    connection = connect(embedded)
    connection.request("POST", "/", BODY, JSON)
    assert connection.getresponse().status == 200
    connection.close()


def test_listens_on_loopback_without_delay() -> None:
    with listen(0) as listener:
        assert listener.getsockname()[0] == HOST == "127.0.0.1"
        assert listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
