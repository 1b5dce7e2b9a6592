"""Titles, descriptions and names of values, and what is shown and written with them."""

from __future__ import annotations

import pytest

from docs import generate_types
from tests.verifier.formats.examples import (
    EXAMPLES,
    example,
    members,
)
from verifier_cli.contents import describe
from verifier_cli.kinds import TYPES
from verifier_cli.schema import ENVELOPE, SCHEMAS, schema_json
from verifier_cli.schema_words import resolved, shown_members
from verifier_cli.subject_rules import described_rules


@pytest.mark.parametrize("name", [*SCHEMAS, ENVELOPE])
def test_every_member_has_title_and_description_in_both_languages(name: str) -> None:
    schema = schema_json(name)
    if name == ENVELOPE:
        found = [
            entry for key, node in schema["$defs"].items() for entry in [(key, node), *members(node, key)]
        ]
    else:
        found = [("", schema), *members(schema)]
    for path, child in found:
        node = resolved(child)
        if "const" in node:
            continue
        for word in ("title", "description"):
            assert node[word] != node[f"{word}Zh"], path
        if "enum" in node:
            assert list(node["valueTitles"]) == list(node["valueTitlesZh"]) == node["enum"], path


@pytest.mark.parametrize(("name", "index"), EXAMPLES)
def test_contents_say_something_in_both_languages(name: str, index: int) -> None:
    document = example(name, index)
    english, chinese = (describe(name, document, language) for language in ("en", "zh"))
    assert english.title != chinese.title
    assert len(english.members) == len(chinese.members) >= 3
    assert not any("{" in text or "[" in text for _, text in (*english.members, *chinese.members))


def test_measures_are_shown_as_people_write_them() -> None:
    subject = example("agreement.1", 1)["credentialSubject"]
    english, chinese = (
        dict(shown_members("agreement.1", subject, language, ("feePerHourFen", "payRules", "ended")))
        for language in ("en", "zh")
    )
    assert english == {
        "Fee per class hour": "CNY 240.00",
        "Rule": "Skill level senior, Uplift 40 %",
        "Ended": "On 2026-06-30, shallow participation, 企业参与不足。",
    }
    assert chinese == {
        "课时费": "240.00 元",
        "规则": "技能等级 高级工，上浮 40 %",
        "终止": "日期 2026-06-30，参与不深入，企业参与不足。",
    }


def test_a_report_shows_its_values_line_by_line() -> None:
    reports = [e for e in schema_json("decision.1")["examples"] if e["credentialSubject"]["kind"] == "report"]
    lines = describe("decision.1", reports[0], "en").members
    assert ("Report - Records used", "41873") in lines
    assert ("Report - Input root", "0x" + "1f" * 32) in lines
    values = [text for label, text in lines if label == "Value"]
    assert values[0].startswith("I7, value, Value 0.9231, Numerator 2400, Denominator 2600")
    assert values[1] == "I8, too few persons"


def test_the_reference_is_what_the_schemas_say() -> None:
    assert generate_types.FILE.read_text(encoding="utf-8") == generate_types.reference()
    for name in TYPES:
        assert len(described_rules(name)) > 10
