"""Take a field or a rule away, and see that the row's test fails: `python -m tests.papers.mutations`.

A field is taken away from every record at once: its column becomes null, an array empty. A rule is taken
away by judging documents without it: without the rules between members that speak of its path, and with the
schema of that member accepting anything.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import jsonschema_rs

from tests.papers.asking import DisagreementError, ask
from tests.papers.rows import Check, Row, rows
from tests.papers.stage import loaded
from verifier_cli.errors import SchemaError
from verifier_cli.indicators.sandbox import Sandbox, quoted
from verifier_cli.relations import Relation, relations_of
from verifier_cli.rules import check_rules, schema_of
from verifier_cli.schema import ENVELOPE, schema_json, validate


class Mutant(NamedTuple):
    """One thing taken away: a schema path's column, or the rule behind a refusal."""

    name: str
    refusal: Check | None = None


def mutants(row: Row) -> list[Mutant]:
    """Everything that the row's test must notice."""
    refusals = [check for check in row.checks if check.form == "refusal"]
    return [
        *(Mutant(field) for field in row.fields),
        *(Mutant(f"the rule at {check.data['path']}", check) for check in refusals),
    ]


def survivors(row: Row, sandbox: Sandbox) -> list[str]:
    """What can be taken away without the row's test failing; there should be nothing."""
    return [mutant.name for mutant in mutants(row) if not _noticed(mutant, row, sandbox)]


def _noticed(mutant: Mutant, row: Row, sandbox: Sandbox) -> bool:
    if mutant.refusal is not None:
        return _fails(mutant.refusal, sandbox, _without_the_rule(mutant.refusal))
    with _without_the_field(mutant.name, sandbox):
        return any(_fails(check, sandbox, validate) for check in row.checks if check.form != "refusal")


def _fails(check: Check, sandbox: Sandbox, validator: Callable[[Any], None]) -> bool:
    try:
        ask(check, sandbox, validator=validator)
    except DisagreementError:
        return True
    return False


@contextmanager
def _without_the_field(field: str, sandbox: Sandbox) -> Iterator[None]:
    relation, column = column_of(field)
    sandbox.connection.execute("BEGIN")
    try:
        if column is None:
            sandbox.connection.execute(f"DELETE FROM {quoted(relation.name)}")
        else:
            sandbox.connection.execute(f"UPDATE {quoted(relation.name)} SET {quoted(column)} = NULL")
        yield
    finally:
        sandbox.connection.execute("ROLLBACK")


def column_of(field: str) -> tuple[Relation, str | None]:
    """The relation and column that a schema path became; no column for an array itself."""
    schema, _, rest = field.partition(".")
    arrays, names = [], []
    for step in rest.split("."):
        names.append(step.removesuffix("[]"))
        if step.endswith("[]"):
            arrays.append(tuple(names))
            names = []
    for relation in relations_of(schema):
        if relation.arrays == tuple(arrays):
            if not names:
                return relation, None
            if not arrays and names == ["id"]:
                return relation, "subject"
            for column in relation.members:
                if column.path == tuple(names):
                    return relation, column.name
    raise LookupError(f"{field} is no column: name the member of an object, and arrays with []")


def _without_the_rule(check: Check) -> Callable[[Any], None]:
    """A judge that lacks what speaks of the refusal's path, and has everything else."""
    path = check.data["path"]

    def judge(document: dict[str, Any]) -> None:
        name, _ = schema_of(document)
        if _refused(document, schema_json(name)) and _refused(document, _relaxed(schema_json(name), path)):
            raise SchemaError(path, "refused elsewhere in the schema")
        try:
            check_rules(document, name)
        except SchemaError as error:
            if error.path != path:
                raise

    return judge


def _refused(document: dict[str, Any], schema: dict[str, Any]) -> bool:
    envelope = schema_json(ENVELOPE)
    registry = jsonschema_rs.Registry([(envelope["$id"], envelope)])
    validator = jsonschema_rs.Draft202012Validator(
        schema, registry=registry, offline=True, validate_formats=True
    )
    return not validator.is_valid(document)


def _relaxed(schema: dict[str, Any], path: str) -> dict[str, Any]:
    """The schema with the member at `path` accepting anything and not required."""
    *outer, last = [step for step in path.replace("[", ".").split(".")[1:] if not step.endswith("]")]
    here = schema
    for step in outer:
        node = _followed(here["properties"][step])
        if "items" in node:
            node = {**node, "items": _followed(node["items"])}
        here["properties"][step] = node
        here = node.get("items", node)
        here["properties"] = dict(here["properties"])
    here["properties"][last] = {}
    here["required"] = [name for name in here.get("required", ()) if name != last]
    return schema


def _followed(node: dict[str, Any]) -> dict[str, Any]:
    """The node without its `$ref`, ready to be changed."""
    if "$ref" not in node:
        return node
    definition: dict[str, Any] = schema_json(ENVELOPE)["$defs"][node["$ref"].rpartition("/")[2]]
    return _followed(definition)


def main() -> int:
    """Print every mutant that survives and the counts; 1 if there is one."""
    parser = argparse.ArgumentParser(prog="tests.papers.mutations", description=__doc__)
    parser.add_argument("--rows", default="1-104", help="from-to")
    first, _, last = parser.parse_args().rows.partition("-")
    made = 0
    alive: list[str] = []
    with loaded() as sandbox:
        for row in rows():
            if int(first) <= row.number <= int(last or first):
                made += len(mutants(row))
                alive += [f"row {row.number}: {name}" for name in survivors(row, sandbox)]
    print("\n".join(alive))
    print(f"{made} mutants, {made - len(alive)} noticed, {len(alive)} not")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
