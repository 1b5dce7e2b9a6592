"""The same request twice gets the same answer; another request under the same key does not."""

from __future__ import annotations

import threading

import httpx
import pytest
import sqlalchemy as sa

from tests.support.service import FIRM, SCHOOL, Service, activity, party
from trace_service.database import read
from trace_service.records.queries import RECORD


def _post(service: Service, did: str, body: object, key: str | None) -> httpx.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    with service.client(did) as client:
        return client.post("/v1/records", json=body, headers=headers)


def _records(service: Service) -> int:
    with read(service.engine) as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(RECORD)).scalar_one())


def test_same_key_same_answer(served: Service) -> None:
    body = activity()
    first, second = (_post(served, FIRM, body, "k-1") for _ in range(2))
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert first.headers["location"] == second.headers["location"]
    assert _records(served) == 1


def test_without_a_key_each_request_counts(served: Service) -> None:
    body = activity()
    first, second = (_post(served, FIRM, body, None).json()["id"] for _ in range(2))
    assert first != second
    assert _records(served) == 2


def test_same_key_other_body(served: Service) -> None:
    _post(served, FIRM, activity(), "k-1")
    answer = _post(served, FIRM, activity(), "k-1")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency.reused")
    assert _records(served) == 1


def test_keys_are_each_organisations_own(served: Service) -> None:
    ours, theirs = _post(served, FIRM, party(), "k-1"), _post(served, SCHOOL, party(), "k-1")
    assert ours.status_code == theirs.status_code == 202
    assert ours.json()["id"] != theirs.json()["id"]


def test_a_refused_request_leaves_its_key_free(served: Service) -> None:
    assert _post(served, FIRM, {"schema": "party.1"}, "k-1").status_code == 422
    assert _post(served, FIRM, party(), "k-1").status_code == 202


def test_answer_is_remembered_as_it_was(served: Service) -> None:
    body = activity()
    drafted = _post(served, FIRM, body, "k-1")
    for did in (FIRM, SCHOOL):
        served.sign(did, drafted.json()["recordDigest"])
    assert _post(served, FIRM, body, "k-1").content == drafted.content


@pytest.mark.parametrize(
    ("key", "status"), [("x", 202), ("x" * 128, 202), ("x" * 129, 422), ("a b", 422), ("", 422)]
)
def test_form_of_a_key(served: Service, key: str, status: int) -> None:
    answer = _post(served, FIRM, party(), key)
    assert answer.status_code == status
    assert status == 202 or answer.json()["code"] == "idempotency.key_form"


def test_same_key_at_the_same_time(served: Service) -> None:
    body = activity()
    answers: list[httpx.Response] = []
    threads = [
        threading.Thread(target=lambda: answers.append(_post(served, FIRM, body, "k-1"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    assert _records(served) == 1


def test_answers_hold_no_content_of_the_record(served: Service) -> None:
    _post(served, FIRM, activity(), "k-1")
    with read(served.engine) as connection:
        body = connection.execute(sa.text("SELECT body FROM idempotent_answer")).scalar_one()
        document = connection.execute(sa.select(RECORD.c.document)).scalar_one()
    assert b"salt" in document
    assert b"salt" not in body
    assert "温室".encode() not in body
