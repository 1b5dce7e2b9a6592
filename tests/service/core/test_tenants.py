"""Another tenant's things are not there: every route, with every id that a path can carry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from fastapi import FastAPI

from tests.support.service import FIRM, OTHER, SCHOOL, Service, activity

PUBLIC = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/v1/organisations"),
    ("GET", "/v1/organisations/{did}/record-keys"),
    ("GET", "/v1/schemas/{name}.json"),
}
CORE = {"health", "organisations", "records", "signing"}  # tags; other domains have tenant tests of their own


@dataclass(frozen=True)
class Route:
    """One method of one path."""

    method: str
    path: str


def routes_of(app: FastAPI) -> Iterator[Route]:
    """Every route of the core, as the API description has it."""
    for path, operations in app.openapi()["paths"].items():
        for method, operation in operations.items():
            if CORE.intersection(operation["tags"]):
                yield Route(method.upper(), path)


@pytest.fixture
def theirs(served: Service) -> str:
    """A complete record of firm and school: its id."""
    with served.client(FIRM) as client:
        drafted = client.post("/v1/records", json=activity(externalRef="A-1")).json()
    for did in (FIRM, SCHOOL):
        served.sign(did, drafted["recordDigest"])
    record_id: str = drafted["id"]
    return record_id


def test_routes_are_found(service: Service) -> None:
    found = {(route.method, route.path) for route in routes_of(service.app())}
    assert found >= PUBLIC
    assert len({path for _method, path in found if "{record_id}" in path}) >= 3


def test_every_route_but_the_public_ones_wants_a_key(served: Service) -> None:
    for route in routes_of(served.app()):
        if (route.method, route.path) in PUBLIC:
            continue
        with served.client() as client:
            answer = client.request(
                route.method, route.path.replace("{record_id}", "x").replace("{prefix}", "x")
            )
        assert answer.status_code == 401, route


def test_another_tenants_record_is_not_there(served: Service, theirs: str) -> None:
    tried = 0
    for route in routes_of(served.app()):
        if "{record_id}" not in route.path:
            continue
        path = route.path.replace("{record_id}", theirs)
        with served.client(OTHER) as other, served.client(FIRM) as firm:
            answer = other.request(route.method, path, json={})
            own = firm.request(route.method, path, json={})
        assert (answer.status_code, answer.json()["code"]) == (404, "record.not_found"), route
        assert own.status_code != 404, route
        tried += 1
    assert tried >= 3


def test_unknown_and_foreign_ids_are_answered_alike(served: Service, theirs: str) -> None:
    with served.client(OTHER) as client:
        foreign = client.get(f"/v1/records/{theirs}")
        unknown = client.get("/v1/records/urn:uuid:00000000-0000-4000-8000-000000000000")
    assert (foreign.status_code, foreign.content) == (unknown.status_code, unknown.content)


def test_lists_show_a_stranger_nothing(served: Service, theirs: str) -> None:
    assert theirs
    with served.client(OTHER) as client:
        assert client.get("/v1/records").json()["items"] == []
        assert client.get("/v1/records", params={"external_ref": "A-1"}).json()["items"] == []
        assert client.get("/v1/signing/requests").json()["items"] == []
