"""The definitions of this release: each is a valid record, says what it reads, and runs on nothing."""

from __future__ import annotations

import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.records import complete_record
from tests.verifier.indicators.helpers import tables
from verifier_cli.indicators.definition import FOLDER, Definition, in_order, shipped
from verifier_cli.indicators.engine import closure, run
from verifier_cli.indicators.errors import DefinitionError
from verifier_cli.indicators.page import page
from verifier_cli.indicators.sandbox import BASELINE, MEMBER, RESULT, WITHDRAWN
from verifier_cli.relations import relations

PAGE = Path(__file__).parents[3] / "docs" / "indicators.md"
ENGINE = {MEMBER.name, RESULT.name, BASELINE.name, WITHDRAWN.name}
NAMED = (*(f"I{number}" for number in range(1, 9)), "CRI", "COMPOSITE", "COMPOSITE_AHP", "BSC", "MATURITY")


def test_every_file_is_a_definition() -> None:
    assert sorted(shipped()) == sorted(path.stem for path in FOLDER.glob("*.toml"))


@pytest.mark.parametrize("code", NAMED)
def test_what_the_domain_document_names_is_there(code: str) -> None:
    assert shipped()[code].form == "indicator"


@pytest.mark.parametrize("code", shipped())
def test_a_definition_is_a_valid_record(code: str) -> None:
    subject = {"kind": "definition", "code": code, "definition": shipped()[code].to_subject()}
    other = {"stage": None, "criteria": None, "votes": None, "basis": None}
    record = complete_record("decision.1", subject={**subject, **other}, name=code)
    assert Definition.of_subject(record.document["credentialSubject"]["definition"]) == shipped()[code]


@pytest.mark.parametrize("code", shipped())
def test_its_sources_exist_and_come_before_it(code: str) -> None:
    before = list(shipped())[: list(shipped()).index(code)]
    known = {*relations(), *ENGINE, *(name for name in before if shipped()[name].form == "view")}
    assert set(shipped()[code].sources) <= known


@pytest.mark.parametrize("code", shipped())
def test_it_reads_everything_that_it_names(code: str) -> None:
    sql = shipped()[code].sql
    assert [source for source in shipped()[code].sources if source not in sql] == []


def test_views_and_indicators_are_told_apart_by_their_names() -> None:
    for definition in shipped().values():
        assert definition.code.islower() == (definition.form != "indicator"), definition.code


def test_titles_are_in_both_languages() -> None:
    for definition in shipped().values():
        assert set(definition.title) == {"zh", "en"}


def test_a_score_has_both_ends() -> None:
    for definition in shipped().values():
        if definition.form == "exception":
            continue  # its target is a threshold
        assert (definition.base is None) == (definition.target is None), definition.code
        assert definition.base is None or definition.base != definition.target


def test_every_definition_runs_over_no_record_at_all() -> None:
    with tables() as sandbox:
        outcome = run(sandbox, shipped().values())
    states = {value.state for value in outcome.values.values()}
    assert states <= {"no_data", "missing_input", "value"}
    people = [code for code, value in outcome.values.items() if value.state == "value"]
    assert people == ["MATURITY"]  # no level is reached


def definition(code: str, *sources: str, form: str = "view", **more: Any) -> Definition:
    return Definition(code, "1", form, {"zh": code}, "SELECT 1", sources, **more)


def test_the_order_does_not_depend_on_the_order_given() -> None:
    given = list(shipped().values())
    random.Random(7).shuffle(given)
    assert in_order(given) == tuple(shipped().values())


def test_a_circle_is_refused() -> None:
    with pytest.raises(DefinitionError) as refused:
        in_order([definition("a", "b"), definition("b", "a")])
    assert (refused.value.code, refused.value.path) == ("a", "$.sources")


def test_what_reads_results_comes_last() -> None:
    found = in_order([definition("A", "result"), definition("Z"), definition("m")])
    assert [item.code for item in found] == ["Z", "m", "A"]


def test_a_closure_has_what_is_read_and_no_more() -> None:
    codes = [item.code for item in closure(shipped(), ["I7"])]
    assert codes == ["co_signed", "evaluated", "trainee", "last_attempt", "I7"]


def test_an_unknown_definition_is_refused() -> None:
    with pytest.raises(DefinitionError):
        closure(shipped(), ["NO_SUCH"])


GOOD = {
    "code": "X",
    "version": "1",
    "form": "indicator",
    "title": {"zh": "某"},
    "sql": "SELECT 1",
    "sources": ["activity"],
    "finisher": "ratio",
}


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"form": "program"}, "$.form"),
        ({"finisher": "eval"}, "$.finisher"),
        ({"base": "many"}, "$.base"),
        ({"sql": None}, "$.sql"),
    ],
)
def test_what_this_release_does_not_know_is_refused(change: dict[str, Any], path: str) -> None:
    given = {name: value for name, value in {**GOOD, **change}.items() if value is not None}
    with pytest.raises(DefinitionError) as refused:
        Definition.of_subject(given)
    assert refused.value.path == path


def test_numbers_of_a_definition_are_decimals() -> None:
    assert Definition.of_subject({**GOOD, "base": "0.47", "target": "0.81"}).base == Decimal("0.47")


def test_the_published_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()
