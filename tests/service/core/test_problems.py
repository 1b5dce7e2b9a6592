"""One error shape at the edge, whatever went wrong, and nothing in it that should not leave."""

from __future__ import annotations

import sqlite3

import pytest
from fastapi import FastAPI
from sqlalchemy.exc import OperationalError

from tests.support.service import FIRM, Service, running
from trace_service.problems import CONTENT_TYPE, Problem, from_data_error
from verifier_cli.errors import ProfileError, SchemaError, SignatureError, UnknownSchemaError


def test_absent_members_are_left_out() -> None:
    assert Problem(404, "record.not_found", "No such record").body() == {
        "type": "urn:skilltrace:problem:record.not_found",
        "title": "No such record",
        "status": 404,
        "code": "record.not_found",
    }


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ProfileError("$.a", "r"), "record.profile"),
        (SchemaError("$.a", "r"), "record.schema"),
        (UnknownSchemaError("$.a", "r"), "record.unknown_schema"),
        (SignatureError("$.a", "r"), "record.signature"),
    ],
)
def test_bad_data_names_its_family_and_place(error: ProfileError, code: str) -> None:
    problem = from_data_error(error, prefix="$.document")
    assert (problem.status, problem.code, problem.path, problem.detail) == (422, code, "$.document.a", "r")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "route.not_found"),
        ("PUT", "/v1/records", 405, "route.method"),
        ("POST", "/v1/status-numbers", 422, "request.invalid"),
    ],
)
def test_framework_errors_have_the_same_shape(
    served: Service, method: str, path: str, status: int, code: str
) -> None:
    with served.client(FIRM) as client:
        answer = client.request(method, path, json={})
    assert answer.headers["content-type"] == CONTENT_TYPE
    assert (answer.status_code, answer.json()["status"], answer.json()["code"]) == (status, status, code)


def test_defects_and_a_busy_database_say_nothing_of_what_was_sent(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def defect() -> None:
        raise ValueError("SECRET of the caller")

    def busy() -> None:
        raise OperationalError("INSERT SECRET", {}, sqlite3.OperationalError("database is locked"))

    made = Service.app

    def app(self: Service) -> FastAPI:
        built = made(self)
        built.add_api_route("/defect", defect)
        built.add_api_route("/busy", busy)
        return built

    monkeypatch.setattr(Service, "app", app)
    with running(service), service.client() as client:
        answers = [client.get("/defect"), client.get("/busy")]
    assert [(a.status_code, a.json()["code"]) for a in answers] == [(500, "internal"), (503, "database.busy")]
    assert answers[1].headers["retry-after"]
    assert all("SECRET" not in answer.text for answer in answers)
    assert any(r.levelname == "ERROR" and "ValueError at defect" in r.getMessage() for r in caplog.records)
    assert "SECRET" not in caplog.text
