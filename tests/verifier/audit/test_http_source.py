"""A service that answers an audit badly: each answer is a typed error, never a hang or a traceback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import orjson
import pytest

from tests.support.records import SCHOOL
from verifier_cli.audit import SourceError
from verifier_cli.audit.http_source import MAX_PAGE_BYTES, HttpSource
from verifier_cli.errors import CouldNotRead
from verifier_cli.leaf_list import MAX_LINE, LeafListError


class Bad:
    """A server that gives one answer to everything. ``length`` may promise more than is sent."""

    def __init__(self) -> None:
        self.status = 200
        self.body = b"{}"
        self.length: int | None = None
        self.chunked = False
        self.paths: list[str] = []
        self.keys: list[str | None] = []
        bad = self

        class Handler(BaseHTTPRequestHandler):
            """Answers as told."""

            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                """Any path."""
                bad.paths.append(self.path)
                bad.keys.append(self.headers.get("Authorization"))
                self.send_response(bad.status)
                if bad.chunked:
                    self.send_header("Transfer-Encoding", "chunked")
                else:
                    length = len(bad.body) if bad.length is None else bad.length
                    self.send_header("Content-Length", str(length))
                self.end_headers()
                self.wfile.write(bad.body)
                self.close_connection = True

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def bad() -> Iterator[Bad]:
    """A running one."""
    made = Bad()
    thread = threading.Thread(target=made.server.serve_forever, daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"items":7}',
        b'{"items":[7]}',
        b'{"items":[{"did":"did:web:Upper.example"}],"next":null}',
        b'{"items":[{}],"next":null}',
        b'{"items":[],"next":7}',
        b'{"items":[],"next":"?x=1&y"}',
    ],
)
def test_a_bad_listing_ends_the_audit(bad: Bad, body: bytes) -> None:
    bad.body = body
    with pytest.raises(SourceError):
        HttpSource(bad.url).organisations()


@pytest.mark.parametrize("items", [[{"sequence": -1}], [{"sequence": "0"}], [{"sequence": True}], [{}]])
def test_a_sequence_is_a_number(bad: Bad, items: list[object]) -> None:
    bad.body = orjson.dumps({"items": items, "next": None})
    with pytest.raises(SourceError):
        HttpSource(bad.url).sequences(SCHOOL)


def test_a_page_is_bounded(bad: Bad) -> None:
    bad.body = b" " * (MAX_PAGE_BYTES + 1)
    with pytest.raises(SourceError):
        HttpSource(bad.url).organisations()


def test_an_answer_that_breaks_off_is_no_list(bad: Bad) -> None:
    bad.body, bad.length = b'{"items":[]', 1000
    with pytest.raises(CouldNotRead) as caught:
        HttpSource(bad.url).organisations()
    assert caught.value.reason == "service_unreadable"
    bad.body = b'{"type":"x"}\n{"tile":0,'
    with pytest.raises(CouldNotRead):
        list(HttpSource(bad.url).leaves(SCHOOL, 0))


@pytest.mark.parametrize("chunked", [False, True])
def test_a_list_that_breaks_off_between_two_lines_is_trouble(bad: Bad, chunked: bool) -> None:
    bad.chunked, bad.length = chunked, 1000
    bad.body = b"4\r\none\n\r\n" if chunked else b"one\n"
    lines = HttpSource(bad.url).leaves(SCHOOL, 0)
    assert next(lines) == b"one\n"
    with pytest.raises(CouldNotRead):
        next(lines)


def test_a_line_without_its_end_is_trouble(bad: Bad) -> None:
    bad.body = b"one\ntwo"
    lines = HttpSource(bad.url).leaves(SCHOOL, 0)
    assert next(lines) == b"one\n"
    with pytest.raises(CouldNotRead):
        next(lines)


def test_a_line_is_bounded(bad: Bad) -> None:
    bad.body = b"x" * (MAX_LINE + 1) + b"\n"
    with pytest.raises(LeafListError):
        list(HttpSource(bad.url).leaves(SCHOOL, 0))


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_is_not_given_is_withheld(bad: Bad, status: int) -> None:
    bad.status = status
    assert list(HttpSource(bad.url, "tsk_key").records(SCHOOL, 0)) == []
    assert bad.keys == ["Bearer tsk_key"]


def test_a_server_in_trouble_says_nothing_about_records(bad: Bad) -> None:
    bad.status = 500
    with pytest.raises(CouldNotRead):
        list(HttpSource(bad.url).records(SCHOOL, 0))
    with pytest.raises(CouldNotRead):
        HttpSource(bad.url).organisations()


def test_a_service_without_public_lists_is_no_source(bad: Bad) -> None:
    bad.status = 404
    with pytest.raises(SourceError):
        HttpSource(bad.url).organisations()


def test_nobody_there_is_trouble() -> None:
    with pytest.raises(CouldNotRead):
        HttpSource("http://127.0.0.1:9").organisations()


def test_a_path_of_the_base_is_kept(bad: Bad) -> None:
    bad.body = b'{"items":[],"next":null}'
    assert HttpSource(bad.url + "/trace/").organisations() == []
    assert bad.paths == ["/trace/v1/public/organisations"]
