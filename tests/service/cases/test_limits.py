"""No more runs of definitions at once than a machine bears."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.service.cases.watched import PERIOD, Watched, watched
from tests.service.indicators.anchored import COMMUNITY
from tests.support.records import FIRM, SCHOOL
from tests.support.service import running
from trace_service.indicators.limits import RETRY_SECONDS, Runs
from trace_service.problems import Problem

ASKED = {**PERIOD, "community": COMMUNITY}
CASE = {"exception": {**ASKED, "code": "hours_over_8", "records": ["urn:uuid:x"]}}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with watched(tmp_path_factory.mktemp("busy")) as made:
        yield made


def test_the_next_run_is_refused_and_not_queued() -> None:
    runs = Runs(1)
    with runs.one(), pytest.raises(Problem) as refused, runs.one():
        pass
    assert (refused.value.status, refused.value.code) == (503, "indicators.busy")
    with runs.one():
        pass


@pytest.mark.parametrize(
    ("method", "path", "given"),
    [
        ("GET", "/v1/indicators/values", {"params": ASKED}),
        ("POST", "/v1/indicators/reports", {"json": ASKED}),
        ("GET", "/v1/exceptions", {"params": ASKED}),
        ("POST", "/v1/cases", {"json": CASE}),
    ],
)
def test_every_route_that_runs_definitions_shares_the_places(
    world: Watched, monkeypatch: pytest.MonkeyPatch, method: str, path: str, given: dict[str, object]
) -> None:
    class Full(Runs):
        def __init__(self) -> None:
            super().__init__(1)
            self.held = self.one()
            self.held.__enter__()

    monkeypatch.setattr("trace_service.indicators.limits.Runs", Full)
    with running(replace(world.service)) as other, other.client(SCHOOL) as client:
        answer = client.request(method, path, **given)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["code"]) == (503, "indicators.busy")
    assert answer.headers["Retry-After"] == str(RETRY_SECONDS)
    assert answer.json()["fix"]


def test_a_place_is_given_back_after_a_run_and_after_a_refusal(
    world: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trace_service.indicators.limits.Runs", lambda: Runs(1))
    with running(replace(world.service)) as other, other.client(FIRM) as client:
        for community, status in ((COMMUNITY, 200), ("urn:uuid:unknown", 404)) * 2:
            asked = {**ASKED, "community": community}
            assert client.get("/v1/exceptions", params=asked).status_code == status
