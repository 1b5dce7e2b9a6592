"""The relational view: it covers every member of every schema, and the published page is what it says."""

from __future__ import annotations

from pathlib import Path

from verifier_cli.relations import ENVELOPE_COLUMNS, relations, relations_of, snake_case
from verifier_cli.relations_page import page

PAGE = Path(__file__).parents[3] / "docs" / "relations.md"


def test_the_published_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


def test_an_array_of_objects_is_a_table_of_its_own() -> None:
    days = relations()["activity_days"]
    assert days.schema == "activity"
    assert days.arrays == (("days",),)
    assert [(column.name, column.type) for column in days.columns] == [
        ("record", "VARCHAR"),
        ("ordinal", "BIGINT"),
        ("date", "DATE"),
        ("start", "VARCHAR"),
        ("end", "VARCHAR"),
        ("break_minutes", "BIGINT"),
    ]


def test_an_array_within_an_element_knows_its_parent() -> None:
    values = relations()["credential_achievement_result_description_allowed_value"]
    assert values.names == ("record", "parent", "ordinal", "value")
    assert values.arrays == (("achievement", "resultDescription"), ("allowedValue",))


def test_a_types_own_table_begins_with_the_envelope() -> None:
    own = relations_of("evaluation")[0]
    assert own.columns[: len(ENVELOPE_COLUMNS)] == ENVELOPE_COLUMNS
    assert own.members[0].name == "kind"


def test_objects_are_flattened_into_columns() -> None:
    names = relations()["enrolment"].names
    assert {"programme_code", "programme_name_zh", "programme_name_en"} <= set(names)


def test_names_are_turned_into_snake_case() -> None:
    assert [snake_case(name) for name in ("id", "independentFrom", "digestMultibase")] == [
        "id",
        "independent_from",
        "digest_multibase",
    ]


def test_no_column_stands_twice_in_a_relation() -> None:
    for relation in relations().values():
        assert len(set(relation.names)) == len(relation.names)
