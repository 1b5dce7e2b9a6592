"""All record types, from their schemas: examples, required and unknown members, generated documents."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.verifier.formats.changes import REMOVE, changed, paths
from tests.verifier.formats.examples import (
    EXAMPLES,
    SUBJECT,
    example,
    members,
    subject_places,
    subject_schema,
)
from verifier_cli import rules
from verifier_cli.canonical import canonical
from verifier_cli.contents import describe
from verifier_cli.errors import SchemaError
from verifier_cli.kinds import TYPES, Kind
from verifier_cli.record import Record
from verifier_cli.schema import SCHEMAS, schema_json, validate

# ----- examples -----


def test_there_is_a_schema_for_every_kind() -> None:
    assert [entry.kind for entry in TYPES.values()] == list(Kind)
    assert tuple(f"{name}.1" for name in TYPES) == SCHEMAS


@pytest.mark.parametrize(("name", "index"), EXAMPLES)
def test_examples_are_records(name: str, index: int) -> None:
    document = example(name, index)
    record = Record.from_document(document)
    again = Record.parse(record.canonical)
    assert (again.digest, again.document) == (record.digest, document)
    assert (record.schema, record.kind) == (name, TYPES[name.partition(".")[0]].kind)
    assert document["type"] == rules.type_of(name)


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_member_is_in_some_example(name: str) -> None:
    shown = set()
    for index in range(len(schema_json(name)["examples"])):
        for place in subject_places(name, index):
            path = place.path.removeprefix(SUBJECT)
            shown.add("".join("[]" if part.isdigit() else part for part in split(path)))
    label_and_text = ("zh", "en")
    missing = [
        path
        for path, _ in members(subject_schema(name))
        if path not in shown and not path.endswith(label_and_text)
    ]
    assert missing == []
    assert len(schema_json(name)["examples"]) >= 2


def split(path: str) -> list[str]:
    return path.replace("[", "\0").replace("]", "\0").split("\0")


@pytest.mark.parametrize("name", SCHEMAS)
def test_some_example_is_minimal(name: str) -> None:
    optional = [
        set(example(name, index)["credentialSubject"]) - set(subject_schema(name)["required"])
        for index in range(len(schema_json(name)["examples"]))
    ]
    # Without survey, an evaluation needs evaluators and items; the rest of the types has nothing to choose.
    assert min(map(len, optional)) <= (2 if name == "evaluation.1" else 0)


# ----- required and unknown members -----

REQUIRED = [
    (name, index, f"{place.path}.{member}", place.path)
    for name, index in EXAMPLES
    for place in subject_places(name, index)
    if isinstance(place.value, dict)
    for member in place.node.get("required", ())
]
OBJECTS = [
    (name, index, place.path)
    for name, index in EXAMPLES
    for place in subject_places(name, index)
    if isinstance(place.value, dict)
]


@pytest.mark.parametrize(("name", "index", "member", "holder"), REQUIRED)
def test_required_members_of_the_subject(name: str, index: int, member: str, holder: str) -> None:
    with pytest.raises(SchemaError) as error:
        validate(changed(example(name, index), member, REMOVE))
    assert error.value.path == holder
    assert member.rpartition(".")[2] in error.value.reason


@pytest.mark.parametrize(("name", "index", "holder"), OBJECTS)
def test_unknown_members_of_the_subject(name: str, index: int, holder: str) -> None:
    with pytest.raises(SchemaError) as error:
        validate(changed(example(name, index), f"{holder}.surplus", 1))
    assert error.value.path == holder
    assert "surplus" in error.value.reason


CONDITIONAL = [
    (name, index, member)
    for name, index in EXAMPLES
    for rule in subject_schema(name).get("allOf", ())
    if "properties" in rule["if"]
    for key, value in rule["if"]["properties"].items()
    if example(name, index)["credentialSubject"][key] == value["const"]
    for member in rule["then"]["required"]
]


@pytest.mark.parametrize(("name", "index", "member"), CONDITIONAL)
def test_members_that_a_kind_requires(name: str, index: int, member: str) -> None:
    with pytest.raises(SchemaError) as error:
        validate(changed(example(name, index), f"{SUBJECT}.{member}", REMOVE))
    assert error.value.path == SUBJECT
    assert member in error.value.reason


def test_every_condition_is_met_by_an_example() -> None:
    conditions = {
        (name, member)
        for name in SCHEMAS
        for rule in subject_schema(name).get("allOf", ())
        if "properties" in rule["if"]
        for member in rule["then"]["required"]
    }
    shown = {(name, member) for name, _, member in CONDITIONAL}
    assert shown == conditions


# ----- generated documents -----


def _values(node: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that fit a scalar node, and some that do not."""
    if "enum" in node:
        return st.sampled_from([*node["enum"], "other"])
    if node.get("type") == "boolean":
        return st.booleans()
    if node.get("type") in ("integer", "number"):
        low, high = node.get("minimum", 0), node["maximum"]
        return st.sampled_from([low, high, low - 1, high + 1]) | st.integers(low, min(high, low + 20_000))
    if node.get("format") == "date":
        return st.dates().map(lambda day: day.isoformat())
    if "pattern" in node:
        return st.from_regex(node["pattern"], fullmatch=True).filter(lambda text: len(text) < 300)
    return st.text("字aÅ \n", max_size=node["maxLength"] + 1 if node["maxLength"] < 250 else 50)


@st.composite
def _documents(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """An example in which a few scalars have other values, fitting or not, and some members are left out."""
    index = draw(st.integers(0, len(schema_json(name)["examples"]) - 1))
    document = copy.deepcopy(example(name, index))
    scalars = [
        place
        for place in subject_places(name, index)
        if not isinstance(place.value, dict | list) and "const" not in place.node
    ]
    for place in draw(st.lists(st.sampled_from(scalars), max_size=3)):
        document = changed(document, place.path, draw(_values(place.node)))
    optional = sorted(set(document["credentialSubject"]) - set(subject_schema(name)["required"]))
    for member in draw(st.lists(st.sampled_from(optional), max_size=2, unique=True)) if optional else ():
        del document["credentialSubject"][member]
    return document


@pytest.mark.parametrize("name", SCHEMAS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_generated_documents_round_trip_or_name_what_is_wrong(name: str, data: st.DataObject) -> None:
    document = data.draw(_documents(name))
    try:
        validate(document)
    except SchemaError as error:
        at = error.path.removeprefix("$")
        known = {path.removeprefix("$") for path in paths(document)} | {""}
        # The member at fault is there, or (something else is missing beside it) the one that holds it is.
        assert at in known or at.rpartition(".")[0] in known
        return
    record = Record.from_document(document)
    assert Record.parse(canonical(record.document)).digest == record.digest
    assert describe(name, record.document, "en").title
