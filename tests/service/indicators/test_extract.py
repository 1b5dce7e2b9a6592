"""Two ways from records to rows, written independently: they must fill every relation alike."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trace_service.indicators import extract as columnar
from verifier_cli.canonical import canonical
from verifier_cli.indicators import extract
from verifier_cli.indicators.sandbox import Sandbox, open_sandbox, quoted
from verifier_cli.record import record_digest
from verifier_cli.relations import relations
from verifier_cli.rules import SCHEMAS
from verifier_cli.schema import schema_json

Document = Mapping[str, Any]


def examples() -> list[Document]:
    """Every example of every schema, without proofs."""
    found = [example for name in SCHEMAS for example in schema_json(name)["examples"]]
    return [{name: member for name, member in example.items() if name != "proof"} for example in found]


def contents(sandbox: Sandbox) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all relations, in an order of their own."""
    read = sandbox.connection.execute
    return {
        name: sorted(read(f"SELECT * FROM {quoted(name)}").fetchall(), key=repr)
        for name in sorted(relations())
    }


def by_python(documents: Iterable[Document]) -> dict[str, list[tuple[Any, ...]]]:
    with open_sandbox() as sandbox:
        extract.load(sandbox, ((record_digest(dict(item)).hex(), item) for item in documents))
        return contents(sandbox)


def by_columns(documents: Iterable[Document]) -> dict[str, list[tuple[Any, ...]]]:
    with open_sandbox() as sandbox:
        lines = (
            (
                item["credentialSchema"]["id"].split(":")[3],
                record_digest(dict(item)).hex(),
                canonical(dict(item)),
            )
            for item in documents
        )
        columnar.load(sandbox, lines)
        return contents(sandbox)


def test_both_ways_fill_every_relation_alike() -> None:
    ours, theirs = by_python(examples()), by_columns(examples())
    for name in relations():
        assert ours[name] == theirs[name], name


def test_the_examples_reach_every_relation() -> None:
    """Else the test above would compare empty tables."""
    empty = [name for name, rows in by_python(examples()).items() if not rows]
    assert empty == []


def _example(schema: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(schema_json(schema)["examples"][0]))
    found.pop("proof", None)
    return found


TEXTS = ["", "甲", 'a "quoted" \\ text', "line\nbreak", "\t", "𠀀", "NULL", "\\N", "null"]


@pytest.mark.parametrize("text", TEXTS)
def test_text_passes_unchanged(text: str) -> None:
    document = _example("activity.1")
    document["credentialSubject"]["project"] = text
    ours, theirs = by_python([document]), by_columns([document])
    assert ours == theirs
    place = relations()["activity"].names.index("project")
    assert ours["activity"][0][place] == text


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.floats(0, 10_000, allow_nan=False), min_size=20, max_size=20))
def test_numbers_are_rounded_alike(numbers: list[float]) -> None:
    document = _example("evaluation.1")
    items = document["credentialSubject"]["items"]
    document["credentialSubject"]["items"] = [
        {**items[0], "score": int(number) if number.is_integer() else number, "max": 10_000}
        for number in numbers
    ]
    assert by_python([document])["evaluation_items"] == by_columns([document])["evaluation_items"]


@pytest.mark.parametrize(
    ("number", "expected"), [(0.00005, "0.0001"), (0.00015, "0.0002"), (88.5, "88.5000"), (1e-7, "0.0000")]
)
def test_numbers_are_rounded_half_up(number: float, expected: str) -> None:
    document = _example("evaluation.1")
    document["credentialSubject"]["items"] = [{**document["credentialSubject"]["items"][0], "score": number}]
    place = relations()["evaluation_items"].names.index("score")
    for way in (by_python, by_columns):
        assert str(way([document])["evaluation_items"][0][place]) == expected


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-08-31T15:59:59Z", "2026-08-31"),
        ("2026-08-31T16:00:00Z", "2026-09-01"),
        ("2026-12-31T16:00:00Z", "2027-01-01"),
        ("2024-02-28T16:00:00Z", "2024-02-29"),
    ],
)
def test_days_are_those_of_shanghai(moment: str, day: str) -> None:
    document = _example("party.1")
    document["validFrom"] = moment
    place = relations()["party"].names.index("valid_on")
    for way in (by_python, by_columns):
        assert way([document])["party"][0][place].isoformat() == day
