"""Linked records from a place that the user named: what is asked there, and who sees the key."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.records import CHAIN_ID, REGISTRY, complete_record, link, record_bytes
from tests.verifier.verification.world import DEPLOYMENT
from verifier_cli.commands.verify import API_KEY, Options, Verifier
from verifier_cli.encoding import digest_multibase
from verifier_cli.errors import CouldNotRead, MisuseError
from verifier_cli.lineage import Found, Website
from verifier_cli.proof_file import Anchor, Carrier, ProofFile
from verifier_cli.record import Link, Record
from verifier_cli.trust import write_trust
from verifier_cli.wire import HttpStatusError

KEY = "trk_0123456789"


@dataclass
class Place:
    """A server that answers with what a test says, and keeps what it was asked."""

    url: str = ""
    status: int = 200
    body: bytes = b""
    location: str | None = None
    asked: list[tuple[str, str | None]] = field(default_factory=list)


def _serve(place: Place) -> http.server.HTTPServer:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            place.asked.append((self.path, self.headers.get("Authorization")))
            self.send_response(place.status)
            if place.location is not None:
                self.send_header("Location", place.location)
            self.send_header("Content-Length", str(len(place.body)))
            self.end_headers()
            self.wfile.write(place.body)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    place.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture
def places() -> Iterator[tuple[Place, Place]]:
    """The place that was named, and another one."""
    made = Place(), Place()
    servers = [_serve(place) for place in made]
    yield made
    for server in servers:
        server.shutdown()
        server.server_close()


WANTED = Link("urn:uuid:0", b"\x05" * 32, "evaluates", ())
NAME = digest_multibase(WANTED.digest)


@pytest.mark.parametrize("tail", ["", "/", "/v1/proof-files", "/v1/proof-files/"])
@pytest.mark.parametrize(("key", "header"), [(None, None), (KEY, f"Bearer {KEY}")])
def test_it_is_asked_for_the_digest_with_the_key(
    places: tuple[Place, Place], tail: str, key: str | None, header: str | None
) -> None:
    place, _ = places
    place.body = b"{}"
    found = Website(place.url + tail, key).find(WANTED)
    assert isinstance(found, Found)
    assert found.data == b"{}"
    assert KEY not in found.name
    assert place.asked == [(f"{tail.rstrip('/')}/{NAME}", header)]


def test_key_goes_nowhere_else_when_the_place_points_there(places: tuple[Place, Place]) -> None:
    place, other = places
    place.status, place.location = 302, f"{other.url}/{NAME}"
    with pytest.raises(HttpStatusError) as caught:
        Website(place.url, KEY).find(WANTED)
    assert caught.value.status == 302
    assert KEY not in str(caught.value)
    assert other.asked == []


@pytest.mark.parametrize(
    ("status", "reason"),
    [(401, "no_access"), (403, "no_access"), (409, "http_status"), (500, "http_status")],
)
def test_refusals_are_trouble_and_absence_is_not(
    places: tuple[Place, Place], status: int, reason: str
) -> None:
    place, _ = places
    place.status = status
    with pytest.raises(CouldNotRead) as caught:
        Website(place.url, KEY).find(WANTED)
    assert caught.value.reason == reason
    assert KEY not in str(caught.value)
    for absent in (404, 410):
        place.status = absent
        assert Website(place.url, KEY).find(WANTED) is None


# ----- the command -----


def _verifier(folder: Path, source: str) -> Verifier:
    (folder / "trust.toml").write_text(write_trust([DEPLOYMENT]), "utf-8")
    return Verifier(Options(trust=folder / "trust.toml", lineage=True, source=source), ())


def _proof_file(record: Record) -> bytes:
    return ProofFile.write(record_bytes(record), Anchor(CHAIN_ID, REGISTRY, 0, 0, ()))


@pytest.mark.parametrize("key", [None, "", KEY])
def test_key_is_taken_from_the_environment(
    places: tuple[Place, Place], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    place, _ = places
    place.status = 404
    monkeypatch.delenv(API_KEY, raising=False)
    if key is not None:
        monkeypatch.setenv(API_KEY, key)
    upper = complete_record("enrolment.1")
    record = complete_record("activity.1", links=[link(upper.document, "performedUnder")])
    _verifier(tmp_path, f"{place.url}/v1/proof-files")(Carrier("a", _proof_file(record)))
    wanted = f"/v1/proof-files/{digest_multibase(upper.digest)}"
    assert place.asked == [(wanted, f"Bearer {KEY}" if key else None)]


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "钥匙"])
def test_key_that_would_not_survive_a_header_is_misuse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv(API_KEY, key)
    with pytest.raises(MisuseError) as caught:
        _verifier(tmp_path, "http://127.0.0.1:9")
    assert key not in str(caught.value)
