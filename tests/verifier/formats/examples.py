"""The examples of the schemas, place by place, for tests that run over all of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from verifier_cli.schema import SCHEMAS, schema_json
from verifier_cli.schema_words import resolved

SUBJECT = "$.credentialSubject"
EXAMPLES = [(name, index) for name in SCHEMAS for index in range(len(schema_json(name)["examples"]))]


def example(name: str, index: int) -> dict[str, Any]:
    document: dict[str, Any] = schema_json(name)["examples"][index]
    return document


def subject_schema(name: str) -> dict[str, Any]:
    node: dict[str, Any] = schema_json(name)["properties"]["credentialSubject"]
    return node


class Place(NamedTuple):
    """A value in an example, and the schema node that it has to fit."""

    path: str
    node: dict[str, Any]
    value: Any


def places(node: dict[str, Any], value: Any, path: str) -> Iterator[Place]:
    node = resolved(node)
    yield Place(path, node, value)
    if isinstance(value, dict):
        for name, member in value.items():
            yield from places(node["properties"][name], member, f"{path}.{name}")
    elif isinstance(value, list) and "items" in node:
        for index, item in enumerate(value):
            yield from places(node["items"], item, f"{path}[{index}]")


def subject_places(name: str, index: int) -> list[Place]:
    return list(places(subject_schema(name), example(name, index)["credentialSubject"], SUBJECT))


def members(node: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every member and item of a schema, lists as `[]`."""
    node = resolved(node)
    for name, member in node.get("properties", {}).items():
        yield f"{path}.{name}", member
        yield from members(member, f"{path}.{name}")
    if "items" in node:
        yield f"{path}[]", node["items"]
        yield from members(node["items"], f"{path}[]")
