"""The service is killed in the middle: a request is done or not, and the same request again ends it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.service.countersigning.support import get, inbox, post, propose, reject
from tests.service.countersigning.test_inbox import plain
from tests.support.service import FIRM, SCHOOL, Service

PATIENCE = 60.0  # seconds for a process that takes one or two on an idle machine


@contextmanager
def _process(service: Service, point: str) -> Iterator[tuple[str, Path, subprocess.Popen[bytes]]]:
    folder = service.settings.data_dir
    address, mark = folder / f"url-{point}", folder / f"mark-{point}"
    environment = {**os.environ, "TRACE_HOLD_AT": point, "TRACE_HOLD_FILE": str(mark)}
    command = [sys.executable, "-m", "tests.service.countersigning.process", str(folder), str(address)]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        _wait(lambda: address.exists() and address.read_text() != "", process)
        yield address.read_text(), mark, process
    finally:
        process.kill()
        process.wait()


def _wait(condition: Any, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.02)


def _killed_at(service: Service, point: str, did: str, path: str, body: Any) -> None:
    """Send a request to a process that is killed while it stands at ``point``."""
    headers = {"Authorization": f"Bearer {service.api_keys[did]}", "Idempotency-Key": "k-1"}
    with _process(service, point) as (url, mark, process):
        with (
            httpx.Client(base_url=url, headers=headers, timeout=2, trust_env=False) as client,
            pytest.raises(httpx.TransportError),
        ):
            client.post(path, json=body)
        _wait(mark.exists, process)


@pytest.mark.parametrize("point", ["revision.before_commit", "revision.after_commit"])
def test_revision(served: Service, point: str) -> None:
    drafted = propose(served, plain(externalRef="A-1"))
    reject(served, drafted["recordDigest"], "不在岗")
    path = f"/v1/records/{drafted['id']}/revisions"
    _killed_at(served, point, FIRM, path, {"comment": "已更正"})
    done = len(inbox(served))
    assert done == (0 if point == "revision.before_commit" else 1)
    answer = post(served, FIRM, path, {"comment": "已更正"}, 202, Idempotency_Key="k-1")
    assert [item["id"] for item in inbox(served)] == [answer["id"]]
    assert len(get(served, FIRM, f"/v1/records/{drafted['id']}/history")["items"]) == 2


@pytest.mark.parametrize("point", ["approvals.before_commit", "approvals.after_commit"])
def test_approval(served: Service, point: str) -> None:
    digest = propose(served)["recordDigest"]
    body = {"items": [{"digest": digest}]}
    _killed_at(served, point, SCHOOL, "/v1/signing/approvals", body)
    done = inbox(served)[0]["approvedAt"] is not None
    assert done == (point == "approvals.after_commit")
    (result,) = post(served, SCHOOL, "/v1/signing/approvals", body)["items"]
    assert result["result"] == ("already" if done else "approved")


def test_rejection(served: Service) -> None:
    digest = propose(served)["recordDigest"]
    body = {"items": [{"digest": digest, "comment": "不在岗"}]}
    _killed_at(served, "rejections.before_commit", SCHOOL, "/v1/signing/rejections", body)
    assert len(inbox(served)) == 1
    assert reject(served, digest, "不在岗") == "rejected"
    assert inbox(served) == []
