"""Credentials validate against the official Open Badges 3.0 schema, with and without proofs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from tests.support.corpora import corpus, count
from tests.support.records import complete_document, make_uuid, sample_document
from tests.verifier.formats.changes import REMOVE, changed
from verifier_cli.record import Record
from verifier_cli.schema import schema_json, validate

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.corpora

ACHIEVEMENT = make_uuid("achievement")
CREDIT: dict[str, Any] = {
    "kind": "practice_credit",
    "level": None,
    "creditsEarned": 6,
    "creditKind": "enterprise",
    "result": [{"type": ["Result"], "resultDescription": f"{ACHIEVEMENT}#score", "value": "88.5"}],
    "achievement": {
        "id": ACHIEVEMENT,
        "type": ["Achievement"],
        "achievementType": "Fieldwork",
        "name": "Enterprise practice",
        "description": "企业实践",
        "criteria": {"narrative": "Forty hours a credit."},
        "creditsAvailable": 6,
        "resultDescription": [
            {
                "id": f"{ACHIEVEMENT}#score",
                "type": ["ResultDescription"],
                "name": "Score",
                "resultType": "RawScore",
                "valueMin": "0",
                "valueMax": "100",
            }
        ],
        "alignment": [
            {
                "type": ["Alignment"],
                "targetName": "Sensor Network Application Development",
                "targetUrl": make_uuid("sensor network standard"),
                "targetFramework": "1+X",
                "targetType": "CFItem",
                "targetCode": "SNAD",
            }
        ],
    },
}
KINDS: dict[str, dict[str, Any]] = {
    "skill_level": {},
    "practice_credit": CREDIT,
    "award": {"kind": "award", "level": None, "result": None},
}
EXAMPLES: list[dict[str, Any]] = schema_json("credential.1")["examples"]


@pytest.fixture(scope="module")
def official() -> jsonschema.Draft201909Validator:
    path = corpus("openbadges") / "ob_v3p0_achievementcredential_schema.json"
    return jsonschema.Draft201909Validator(json.loads(path.read_text(encoding="utf-8")))


def _credential(kind: str) -> dict[str, Any]:
    return complete_document(sample_document("credential.1", subject=KINDS[kind], number=131_072))


@pytest.mark.parametrize("kind", KINDS)
def test_official_schema(
    kind: str,
    official: jsonschema.Draft201909Validator,
    record_property: Callable[[str, object], None],
) -> None:
    credential = _credential(kind)
    assert Record.from_document(credential).subkind == kind
    unsigned = {name: value for name, value in credential.items() if name != "proof"}
    errors = [
        error.message for document in (credential, unsigned) for error in official.iter_errors(document)
    ]
    count(record_property, f"Open Badges 3.0 schema, {kind}", 2, len(errors))
    assert errors == []


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda entry: entry["credentialSubject"]["kind"])
def test_an_example_of_each_kind_fits_the_official_schema(
    example: dict[str, Any],
    official: jsonschema.Draft201909Validator,
    record_property: Callable[[str, object], None],
) -> None:
    errors = [
        error.message
        for document in (example, complete_document(example))
        for error in official.iter_errors(document)
    ]
    count(record_property, "Open Badges 3.0 schema, examples", 2, len(errors))
    assert errors == []


def test_there_is_an_example_of_each_kind() -> None:
    kinds = schema_json("credential.1")["properties"]["credentialSubject"]["properties"]["kind"]["enum"]
    assert {entry["credentialSubject"]["kind"] for entry in EXAMPLES} == set(kinds)


def test_recognised_equivalents_are_alignments(official: jsonschema.Draft201909Validator) -> None:
    (recognised,) = [e for e in EXAMPLES if "alignment" in e["credentialSubject"]["achievement"]]
    assert "recognisedUnder" in [link["rel"] for link in recognised["relatedResource"]]
    (equivalent,) = recognised["credentialSubject"]["achievement"]["alignment"]
    assert (equivalent["targetFramework"], equivalent["targetCode"]) == ("EQF", "4")
    bad = changed(recognised, "$.credentialSubject.achievement.alignment[0].targetUrl", REMOVE)
    assert not official.is_valid(bad)


REQUIRED = ("$.issuer", "$.validFrom", "$.credentialSubject.achievement.criteria", "$.credentialSubject.type")


@pytest.mark.parametrize("path", REQUIRED)
def test_the_official_schema_is_really_applied(path: str, official: jsonschema.Draft201909Validator) -> None:
    credential = changed(_credential("skill_level"), path, REMOVE)
    assert not official.is_valid(credential)


def test_status_must_be_one_object(official: jsonschema.Draft201909Validator) -> None:
    credential = _credential("award")
    assert not official.is_valid({**credential, "credentialStatus": [credential["credentialStatus"]]})
    validate(credential)
