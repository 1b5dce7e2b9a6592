"""JSON Schemas of the record types, and validation of a document against its own (protocol 2.2-2.6).

The files in `schemas/` are the only definition of the types: validation, forms and documents come from them.
A validator is compiled when its type is first met (about 1 ms), because a command usually meets one or two.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson

from verifier_cli.errors import MisuseError, SchemaError
from verifier_cli.rules import SCHEMA_FOLDER, SCHEMAS, check_rules, schema_of

if TYPE_CHECKING:
    import jsonschema_rs

__all__ = ["ENVELOPE", "SCHEMAS", "schema_json", "validate"]

ENVELOPE = "envelope.1"
"""Definitions that the record schemas share."""


def schema_json(name: str) -> dict[str, Any]:
    """The JSON Schema `name` (`activity.1`, `envelope.1`) as a fresh dict. Raises MisuseError if unknown."""
    if name not in (*SCHEMAS, ENVELOPE):
        raise MisuseError(f"no schema {name}")
    schema: dict[str, Any] = orjson.loads((SCHEMA_FOLDER / f"{name}.json").read_bytes())
    return schema


@lru_cache(maxsize=len(SCHEMAS))
def _validator(name: str) -> jsonschema_rs.Validator:
    import jsonschema_rs

    envelope = schema_json(ENVELOPE)
    return jsonschema_rs.Draft202012Validator(
        schema_json(name),
        registry=jsonschema_rs.Registry([(envelope["$id"], envelope)]),
        pattern_options=jsonschema_rs.RegexOptions(),  # linear time, whatever the input
        validate_formats=True,
        mask="value",  # messages must not carry personal data
        offline=True,
    )


def validate(document: Any) -> None:
    """Check a document, with or without `proof`, against its schema and the rules between members.

    Proofs are only counted here. Raises SchemaError (JSON path, reason), UnknownSchemaError for a type or
    version that this library does not know.
    """
    if not isinstance(document, dict):
        raise SchemaError("$", "not an object")
    name, _ = schema_of(document)
    validator = _validator(name)
    if not validator.is_valid(document):
        error = next(iter(validator.iter_errors(document)))
        raise SchemaError(_json_path(error.instance_path), error.message)
    check_rules(document, name)


def _json_path(steps: list[str | int]) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
