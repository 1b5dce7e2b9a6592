"""The API description: complete, pointing at what exists, and its examples work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.support.service import FIRM, SCHOOL, Service
from trace_service.records import examples


def _refs(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for name, member in value.items():
            if name == "$ref" and isinstance(member, str):
                yield member
            else:
                yield from _refs(member)
    elif isinstance(value, list):
        for member in value:
            yield from _refs(member)


def _description(served: Service) -> dict[str, Any]:
    with served.client() as client:
        answer = client.get("/openapi.json")
    assert answer.status_code == 200
    description: dict[str, Any] = answer.json()
    return description


def test_every_reference_leads_somewhere(served: Service) -> None:
    description = _description(served)
    references = set(_refs(description))
    assert "/v1/schemas/activity.1.json" in references
    with served.client() as client:
        for reference in references:
            if reference.startswith("#/"):
                place: Any = description
                for step in reference[2:].split("/"):
                    place = place[step]
            else:
                assert client.get(reference).json()["title"]


def test_every_operation_describes_problems_and_itself(served: Service) -> None:
    for path, operations in _description(served)["paths"].items():
        for method, operation in operations.items():
            assert "application/problem+json" in operation["responses"]["default"]["content"], (method, path)
            assert operation["summary"], (method, path)


def test_example_of_a_draft_works(served: Service) -> None:
    body = _description(served)["paths"]["/v1/records"]["post"]["requestBody"]["content"]["application/json"]
    assert body["example"] == examples.DRAFT
    with served.client(FIRM) as client:
        drafted = client.post("/v1/records", json=body["example"])
        assert drafted.status_code == 202
        assert set(drafted.json()) == set(examples.DRAFTED)
    served.sign(FIRM, drafted.json()["recordDigest"])
    assert set(served.sign(SCHOOL, drafted.json()["recordDigest"])["receipt"]) == set(examples.RECEIPT)


def test_docs_page_and_unknown_schema(served: Service) -> None:
    with served.client() as client:
        assert "text/html" in client.get("/docs").headers["content-type"]
        answer = client.get("/v1/schemas/poem.1.json")
    assert (answer.status_code, answer.json()["code"]) == (404, "schema.not_found")
