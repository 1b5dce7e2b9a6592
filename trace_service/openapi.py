"""The API description: problem details everywhere, request bodies that refer to the record schemas.

A record's only definition is its JSON Schema file; the description points at it and repeats nothing.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from verifier_cli.rules import SCHEMAS

PROBLEM_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "stable: software may depend on it"},
        "detail": {"type": "string"},
        "path": {"type": "string", "description": "JSON path or parameter at fault"},
        "fix": {"type": "string"},
    },
    "example": {
        "type": "urn:skilltrace:problem:record.schema",
        "title": "The record does not conform",
        "status": 422,
        "code": "record.schema",
        "path": "$.credentialSubject.days[0].end",
        "fix": "correct the value at this path and send the request again",
    },
}


def record_schemas() -> dict[str, Any]:
    """Return the schema of "some record": one of the files that this service serves."""
    return {"oneOf": [{"$ref": f"/v1/schemas/{name}.json"} for name in SCHEMAS]}


def body_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return the schema of a body that a route reads itself; its parts are kept for the description."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    _parts.update(schema.pop("$defs", {}))
    return schema


_parts: dict[str, Any] = {}


def json_body(schema: dict[str, Any], example: Any) -> dict[str, Any]:
    """Return ``openapi_extra`` for a route that reads its body itself."""
    content = {"application/json": {"schema": schema, "example": example}}
    return {"requestBody": {"required": True, "content": content}}


def answers(**examples: Any) -> dict[int | str, dict[str, Any]]:
    """Return ``responses`` of a route: ``answers(s200={...})`` gives an example to each success status."""
    found: dict[int | str, dict[str, Any]] = {
        int(name[1:]): {"description": "Success", "content": {"application/json": {"example": example}}}
        for name, example in examples.items()
    }
    return found


def describe(app: FastAPI) -> None:
    """Make ``app`` describe its errors as problem details."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _with_problems(
                get_openapi(
                    title=app.title, version=app.version, description=app.description, routes=app.routes
                )
            )
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _with_problems(document: dict[str, Any]) -> dict[str, Any]:
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas |= {"Problem": PROBLEM_SCHEMA, **_parts}
    answer = {
        "description": "Problem details (RFC 9457)",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = answer
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    return document
