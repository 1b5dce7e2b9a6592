"""Body limits and the nesting guard, at each limit and one past it."""

from __future__ import annotations

import sys
import time

import orjson
import pytest

from tests.support.service import FIRM, Service, activity
from trace_service.limits import (
    MAX_BODY,
    MAX_BULK_BODY,
    MAX_JSON_DEPTH,
    MAX_UPLOAD_BODY,
    body_limit,
    json_depth,
)
from trace_service.recursion import RECURSION_LIMIT, guard_recursion


@pytest.mark.parametrize(
    ("text", "depth"),
    [
        (b"", 0),
        (b"1", 0),
        (b"[]", 1),
        (b'{"a":[{}]}', 3),
        (b'"[[["', 0),
        (b'["\\"[[", []]', 2),
        (b'["\\\\", [[]]]', 3),
        (b'["unfinished [[[', 1),
        (b'["' + b"\\", 1),
        (b"[" * 100_000, 100_000),
        (b"]]]][", 0),
    ],
)
def test_depth_counts_brackets_outside_strings(text: bytes, depth: int) -> None:
    assert json_depth(text) == depth


def test_depth_of_hostile_quotes_is_linear() -> None:
    def seconds(size: int) -> float:
        started = time.process_time()
        json_depth(b'"' + b'\\"' * size)
        return time.process_time() - started

    # Sixteen times the input: a quadratic scan would take 256 times as long, and many minutes.
    assert seconds(1_600_000) < max(seconds(100_000), 0.001) * 100


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/v1/records", MAX_BODY),
        ("/v1/signing/proofs", MAX_BULK_BODY),
        ("/v1/imports", MAX_BODY),
        ("/v1/verify", MAX_BODY),
        ("/anything", MAX_BODY),
    ],
)
def test_body_limit_by_path(path: str, limit: int) -> None:
    assert body_limit(path) == limit


def test_only_an_upload_may_be_large() -> None:
    assert body_limit("/v1/imports", upload=True) == MAX_UPLOAD_BODY
    assert body_limit("/v1/records", upload=True) == MAX_BODY


def test_body_at_the_limit_and_one_past_it(served: Service) -> None:
    with served.client(FIRM) as client:
        at = client.post("/v1/records", content=b" " * MAX_BODY)
        past = client.post("/v1/records", content=b" " * (MAX_BODY + 1))
    assert at.json()["code"] == "record.profile"
    assert (past.status_code, past.json()["code"]) == (413, "request.too_large")


def test_chunked_body_is_bounded_without_a_length(served: Service) -> None:
    with served.client(FIRM) as client:
        answer = client.post("/v1/records", content=(b" " * 65_536 for _ in range(5)))
    assert (answer.status_code, answer.json()["code"]) == (413, "request.too_large")


def test_depth_at_the_limit_and_one_past_it(served: Service) -> None:
    with served.client(FIRM) as client:
        at = client.post("/v1/records", content=b"[" * MAX_JSON_DEPTH + b"]" * MAX_JSON_DEPTH)
        past = client.post("/v1/records", content=b"[" * (MAX_JSON_DEPTH + 1))
    assert at.json()["code"] == "record.profile"
    assert (past.status_code, past.json()["code"]) == (400, "request.too_deep")


@pytest.mark.parametrize(
    "path", ["/v1/records", "/v1/signing/proofs", "/v1/organisations", "/v1/status-numbers"]
)
@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_deep_nesting_does_not_end_the_process(served: Service, path: str, opening: bytes) -> None:
    sys.setrecursionlimit(100_000)  # what importing web3 does
    try:
        with served.client(FIRM) as client:
            answer = client.post(path, content=opening * 40_000, headers={"Content-Type": "application/json"})
            assert (answer.status_code, answer.json()["code"]) == (400, "request.too_deep")
            assert client.get("/healthz").status_code == 200
    finally:
        guard_recursion()


def test_the_application_sets_the_recursion_limit_back(service: Service) -> None:
    sys.setrecursionlimit(100_000)
    service.app()
    assert sys.getrecursionlimit() == RECURSION_LIMIT


def test_request_log_has_no_body_no_query_no_key(served: Service, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with served.client(FIRM) as client:
        client.post("/v1/records", json=activity(externalRef="SECRET-REF"))
        client.get("/v1/records", params={"external_ref": "SECRET-REF"})
        client.get("/v1/no%0Asuch")
    lines: list[str] = []
    deadline = time.monotonic() + 10
    while len(lines) < 3:  # the line is written once the answer is out
        assert time.monotonic() < deadline
        lines = [r.getMessage() for r in caplog.records if r.name == "trace_service.requests"]
    assert lines[2].startswith("GET /v1/no?such 404")
    # Ours alone: client and server share this process. What the whole service writes, its own test reads.
    everything = "".join(r.getMessage() for r in caplog.records if r.name.startswith("trace_service"))
    assert "SECRET-REF" not in everything
    assert served.api_keys[FIRM] not in everything
    assert "温室" not in everything


def test_answers_carry_a_request_id(served: Service) -> None:
    with served.client() as client:
        ids = {client.get("/healthz").headers["x-request-id"] for _ in range(3)}
    assert len(ids) == 3


def test_orjson_refuses_what_the_guard_lets_through_only_if_it_is_json(served: Service) -> None:
    with served.client(FIRM) as client:
        answer = client.post("/v1/signing/proofs", content=orjson.dumps({"items": []})[:-1])
    assert (answer.status_code, answer.json()["code"]) == (400, "request.unreadable")
