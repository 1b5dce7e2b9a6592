"""Every route, whoever adds it: keys, scopes, things of others, bodies that are too large or no JSON."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

import httpx
import orjson
import pytest

from tests.service.security.conftest import TITLE, nothing
from tests.service.security.shapes import MULTIPART, ROUTES, UNDESCRIBED, Ids, Shape
from tests.support.service import FIRM, OPERATOR, OTHER, SCHOOL, Service
from trace_service.database import write
from trace_service.organisations.queries import organisation_pk
from trace_service.security import SCOPES, create_key

Route = tuple[str, str]
PROBLEM_JSON = "application/problem+json"


def _named(routes: list[Route]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("route", routes, ids=[" ".join(route) for route in routes])


PUBLIC = [route for route, shape in ROUTES.items() if shape.scope is None]
KEYED = [route for route, shape in ROUTES.items() if shape.scope is not None]
WITH_BODY = [route for route, shape in ROUTES.items() if shape.body is not None]
TENANT = [route for route in KEYED if ROUTES[route].scope != "admin"]


def call(
    service: Service, route: Route, ids: Ids, key: str | None, content: bytes | None = None
) -> httpx.Response:
    """Call a route with these names, and with ``content`` in the place of the body that conforms."""
    method, path = route
    shape = ROUTES[route]
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    if content is None and shape.body is not None:
        content = orjson.dumps(shape.body(ids))
    if content is not None:
        headers["Content-Type"] = shape.media
    with service.client() as client:
        return client.request(
            method, ids.path(path), headers=headers, content=content, params=dict(shape.query(ids))
        )


def problem(answer: httpx.Response) -> dict[str, Any]:
    """The problem details of a refusal, which name no key and nothing but what RFC 9457 and we have."""
    assert answer.headers["content-type"] == PROBLEM_JSON, answer.text
    found: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "code"} <= found.keys()
    assert found["status"] == answer.status_code
    assert found["type"].endswith(found["code"])
    assert "tsk_" not in answer.text.replace("tsk_...", "")
    assert "Traceback" not in answer.text
    return found


def owner_of(shape: Shape) -> str:
    """Whoever may do it."""
    return OPERATOR if shape.scope == "admin" else FIRM


def test_somebody_thought_about_every_route(served: Service) -> None:
    described = {
        (method.upper(), path)
        for path, operations in served.app().openapi()["paths"].items()
        for method in operations
    }
    assert described == set(ROUTES)
    others = {route.path for route in served.app().routes if hasattr(route, "path")}
    assert others == UNDESCRIBED


def test_every_public_route_says_why() -> None:
    assert [route for route in PUBLIC if not ROUTES[route].why] == []
    assert len(PUBLIC) == 10


@_named(PUBLIC)
def test_public_routes_want_no_key(served: Service, route: Route) -> None:
    assert call(served, route, nothing(), None).status_code not in (401, 403)


@_named(KEYED)
@pytest.mark.parametrize(
    "key", [None, "tsk_0123456789_" + "0" * 64, "x"], ids=["none", "unknown", "nonsense"]
)
def test_others_want_a_key(served: Service, route: Route, key: str | None) -> None:
    answer = call(served, route, nothing(), key)
    assert (answer.status_code, problem(answer)["code"]) == (401, "key.required")


@_named(KEYED)
def test_a_key_without_the_scope_does_not_do(served: Service, route: Route) -> None:
    scope = ROUTES[route].scope
    with write(served.engine) as connection:
        others = frozenset(SCOPES) - {scope}
        key = create_key(connection, organisation_pk(connection, owner_of(ROUTES[route])), others)
    answer = call(served, route, nothing(), key)
    assert (answer.status_code, problem(answer)["code"]) == (403, "key.scope_missing")


@_named(TENANT)
@pytest.mark.parametrize("what", ["complete", "draft", "standard"])
def test_things_of_others_are_like_things_that_are_not_there(
    served: Service, theirs: dict[str, Ids], route: Route, what: str
) -> None:
    key, absent = served.api_keys[OTHER], nothing()
    foreign = call(served, route, theirs[what], key)
    unknown = call(served, route, absent, key)
    assert foreign.status_code < 500
    if what != "standard" or not ROUTES[route].linking:
        assert foreign.status_code == unknown.status_code
        assert _neutral(foreign, theirs[what]) == _neutral(unknown, absent)
    told = _neutral(foreign, theirs[what])
    for each in theirs.values():
        for secret in (each.record, each.digest, each.person, each.credential, TITLE):
            assert secret not in told
    if "{" in route[1]:
        assert foreign.status_code == 404


@_named([route for route in TENANT if "/{record_id}" in route[1]])
def test_the_same_things_are_there_for_their_own(
    served: Service, theirs: dict[str, Ids], route: Route
) -> None:
    answer = call(served, route, theirs["draft"], served.api_keys[SCHOOL])
    assert answer.status_code != 404


@_named([route for route in ROUTES if route[0] != "GET"])
def test_bodies_are_bounded(served: Service, route: Route) -> None:
    shape = ROUTES[route]
    content = _padded(shape.media, shape.limit)
    answer = call(served, route, nothing(), served.api_keys[owner_of(shape)], content)
    assert (answer.status_code, problem(answer)["code"]) == (413, "request.too_large")


@_named([route for route in WITH_BODY if not ROUTES[route].lenient])
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'"x"', b"\xff", b"{} {}", b'{"a":1,"a":1}'])
def test_what_is_no_such_json_is_refused(
    served: Service, theirs: dict[str, Ids], route: Route, content: bytes
) -> None:
    answer = call(served, route, theirs["draft"], served.api_keys[owner_of(ROUTES[route])], content)
    found = problem(answer)
    assert answer.status_code in (400, 422)
    assert found["path"].startswith("$")


@_named([route for route in WITH_BODY if not ROUTES[route].lenient])
def test_unknown_members_are_refused(served: Service, theirs: dict[str, Ids], route: Route) -> None:
    shape = ROUTES[route]
    assert shape.body is not None
    body = {**shape.body(theirs["draft"]), "surprise": 1}
    answer = call(served, route, theirs["draft"], served.api_keys[owner_of(shape)], orjson.dumps(body))
    found = problem(answer)
    assert (answer.status_code, found["path"]) == (422, "$.surprise")


def _padded(media: str, length: int) -> bytes:
    """A body of this type with more than ``length`` bytes."""
    if media == MULTIPART:
        head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        return head + b"x" * length + b"\r\n--x--\r\n"
    return b'{"x":"' + b"x" * length + b'"}'


def _content(answer: httpx.Response) -> str:
    """What an answer says; a workbook says what its parts say."""
    if not answer.content.startswith(b"PK"):
        return answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as parts:
        return "".join(parts.read(name).decode() for name in parts.namelist())


def _neutral(answer: httpx.Response, ids: Ids) -> str:
    """What an answer says, without the names that were asked for and what differs from call to call."""
    text = _content(answer)
    for at, name in enumerate((ids.record, ids.digest, ids.person, ids.credential, ids.job, ids.community)):
        text = text.replace(name, f"<{at}>")
    return re.sub(r'"numbers":\[[^]]*\]|\d{4}-\d\d-\d\dT[\d:.]+Z?', "", text)
