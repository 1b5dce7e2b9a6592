"""The schema files themselves, and what they refuse (protocol 2.2)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from referencing import Registry, Resource

from tests.support.records import PARTIES, SCHOOL, complete_document, sample_document
from tests.verifier.formats.changes import REMOVE, changed, paths
from verifier_cli.errors import MisuseError, SchemaError, UnknownSchemaError
from verifier_cli.record import context_for
from verifier_cli.schema import ENVELOPE, SCHEMAS, schema_json, validate

SUBJECT = "$.credentialSubject"


def _reference_validator(name: str) -> jsonschema.Draft202012Validator:
    """The slow, widely used validator on the same file."""
    envelope = schema_json(ENVELOPE)
    registry: Registry[Any] = Registry().with_resource(envelope["$id"], Resource.from_contents(envelope))
    checker = jsonschema.FormatChecker(["date"])
    checker.checks("date-time", raises=ValueError)(datetime.fromisoformat)
    return jsonschema.Draft202012Validator(schema_json(name), registry=registry, format_checker=checker)


def test_samples_cover_every_schema() -> None:
    assert set(PARTIES) == set(SCHEMAS)


@pytest.mark.parametrize("name", SCHEMAS)
def test_samples_are_valid(name: str) -> None:
    document = sample_document(name)
    validate(document)
    validate(complete_document(document))
    _reference_validator(name).validate(document)
    assert document["@context"] == context_for(name) == schema_json(name)["properties"]["@context"]["const"]


@pytest.mark.parametrize("name", SCHEMAS)
def test_examples_are_the_samples(name: str) -> None:
    assert schema_json(name)["examples"][0] == sample_document(name)


@pytest.mark.parametrize("name", [*SCHEMAS, ENVELOPE])
def test_files_are_closed_bounded_and_titled(name: str) -> None:
    schema = schema_json(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    type_name, _, version = name.partition(".")
    assert schema["$id"] == f"urn:skilltrace:schema:{type_name}:{version}"
    schema.pop("examples", None)
    for path, node in _schemas(schema, "$"):
        if node.get("type") == "object" and not path.endswith(".proofs.items"):
            assert node["additionalProperties"] is False, path
        if node.get("type") == "array":
            assert node["maxItems"] <= 256, path
        if node.get("type") == "string" and "enum" not in node:
            assert "maxLength" in node or _is_bounded(node["pattern"]), path
        if "title" in node:
            assert node["titleZh"] != node["title"], path
        assert ("description" in node) == ("descriptionZh" in node), path
    subject = schema.get("properties", {}).get("credentialSubject", {})
    for member, node in subject.get("properties", {}).items():
        assert {"title", "const", "$ref"} & set(node), member


def _is_bounded(pattern: str) -> bool:
    return not any(sign in pattern for sign in ("*", "+")) and pattern[0] == "^" and pattern[-1] == "$"


def _schemas(node: Any, path: str) -> list[tuple[str, dict[str, Any]]]:
    """Every schema inside a schema."""
    out = [(path, node)]
    for word in ("properties", "$defs"):
        for name, member in node.get(word, {}).items():
            out += _schemas(member, f"{path}.{word}.{name}")
    if "items" in node:
        out += _schemas(node["items"], f"{path}.items")
    return out


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_foreign_member_is_refused(name: str) -> None:
    document = sample_document(name)
    places = ["$", *(path for path in paths(document) if not path.startswith("$.@context"))]
    refused = 0
    for place in places:
        target = f"{place}.surplus"
        try:
            other = changed(document, target, 1)
        except TypeError:  # no object there
            continue
        with pytest.raises(SchemaError):
            validate(other)
        refused += 1
    assert refused >= 5


@pytest.mark.parametrize("name", SCHEMAS)
@pytest.mark.parametrize(
    "member",
    ["@context", "id", "type", "issuer", "validFrom", "credentialSubject", "credentialStatus", "salt"],
)
def test_required_members(name: str, member: str) -> None:
    with pytest.raises(SchemaError) as error:
        validate(changed(sample_document(name), f"$.{member}", REMOVE))
    assert error.value.path == "$"


@pytest.mark.parametrize("name", SCHEMAS)
def test_null_is_nowhere_allowed(name: str) -> None:
    document = sample_document(name)
    for path in paths(document):
        with pytest.raises(SchemaError):
            validate(changed(document, path, None))


REFUSED: dict[str, tuple[str, str, Any]] = {
    "context appended": ("party.1", "$.@context", [*context_for("party.1"), "https://example.org/x"]),
    "context of another type": ("party.1", "$.@context", context_for("credential.1")),
    "context reordered": ("credential.1", "$.@context", context_for("credential.1")[::-1]),
    "id of version 1": ("party.1", "$.id", "urn:uuid:6a1dfe7e-8dd5-1e3f-9f2c-0c2a3a0f0000"),
    "id upper case": ("party.1", "$.id", "urn:uuid:6A1DFE7E-8DD5-4E3F-9F2C-0C2A3A0F0000"),
    "type of another record": ("party.1", "$.type", ["VerifiableCredential", "Standard"]),
    "type order": ("party.1", "$.type", ["Party", "VerifiableCredential"]),
    "time with offset": ("party.1", "$.validFrom", "2026-07-01T00:00:00+08:00"),
    "no such day": ("party.1", "$.validFrom", "2026-02-30T00:00:00Z"),
    "salt too short": ("party.1", "$.salt", "A" * 21),
    "salt with unused bits": ("party.1", "$.salt", "A" * 21 + "B"),
    "status purpose": ("party.1", "$.credentialStatus.statusPurpose", "suspension"),
    "proof no array": ("party.1", "$.proof", {"type": "DataIntegrityProof"}),
    "proofs empty": ("party.1", "$.proof", []),
    "33 proofs": ("party.1", "$.proof", [{"type": "x"}] * 33),
    "countersigners empty": ("activity.1", "$.countersigners", []),
    "17 countersigners": ("activity.1", "$.countersigners", [{"id": SCHOOL, "role": "school"}] * 17),
    "person as name": ("activity.1", f"{SUBJECT}.id", "张三"),
    "level 9": ("credential.1", f"{SUBJECT}.level", "9"),
    "level as number": ("credential.1", f"{SUBJECT}.level", 3),
    "skill level without level": ("credential.1", f"{SUBJECT}.level", REMOVE),
    "credit without credits": ("credential.1", f"{SUBJECT}.kind", "practice_credit"),
    "result value as number": ("credential.1", f"{SUBJECT}.result[0].value", 88),
    "identity card": ("credential.1", f"{SUBJECT}.identifier[0].identityType", "nationalIdentityNumber"),
    "name of 201": ("credential.1", f"{SUBJECT}.identifier[0].identityHash", "张" * 201),
    "clock of 24:00": ("activity.1", f"{SUBJECT}.days[0].end", "24:00"),
    "negative break": ("activity.1", f"{SUBJECT}.days[0].breakMinutes", -1),
    "break of half a minute": ("activity.1", f"{SUBJECT}.days[0].breakMinutes", 0.5),
    "no day": ("activity.1", f"{SUBJECT}.days", []),
    "month 13": ("activity.1", f"{SUBJECT}.days[0].date", "2026-13-01"),
    "Arabic digits": ("activity.1", f"{SUBJECT}.days[0].date", "٢٠٢٦-03-02"),
    "flag as text": ("activity.1", f"{SUBJECT}.realProject", "yes"),
    "stage 5": ("enrolment.1", f"{SUBJECT}.stage", 5),
    "mentor's firm upper case URL": ("enrolment.1", f"{SUBJECT}.mentors[0].org", "https://firm.example"),
    "score as text": ("evaluation.1", f"{SUBJECT}.items[0].score", "88"),
    "maximum of zero": ("evaluation.1", f"{SUBJECT}.items[0].max", 0),
    "code with space": ("standard.1", f"{SUBJECT}.items[0].code", "E 1"),
    "text without Chinese": ("standard.1", f"{SUBJECT}.items[0].text", {"en": "Only English"}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    name, path, value = REFUSED[case]
    document = changed(sample_document(name), path, value)
    with pytest.raises(SchemaError) as error:
        validate(document)
    assert error.value.path.startswith("$")
    assert not isinstance(error.value, UnknownSchemaError)
    assert not _reference_validator(name).is_valid(document)


def test_lengths_at_the_limit() -> None:
    validate(changed(sample_document("credential.1"), f"{SUBJECT}.identifier[0].identityHash", "𠮷" * 200))


def test_errors_carry_no_personal_data() -> None:
    document = changed(
        sample_document("credential.1"), f"{SUBJECT}.identifier[0].identityHash", "张三丰" * 100
    )
    with pytest.raises(SchemaError) as error:
        validate(document)
    assert error.value.path == f"{SUBJECT}.identifier[0].identityHash"
    assert "张" not in str(error.value)


@pytest.mark.parametrize(
    "schema_id",
    ["urn:skilltrace:schema:activity:2", "urn:skilltrace:schema:outcome:2", "urn:skilltrace:schema:x:99"],
)
def test_unknown_versions_are_told_apart(schema_id: str) -> None:
    with pytest.raises(UnknownSchemaError) as error:
        validate(changed(sample_document("activity.1"), "$.credentialSchema.id", schema_id))
    assert error.value.path == "$.credentialSchema.id"


@pytest.mark.parametrize(
    "schema_id", ["", "urn:skilltrace:schema:activity:01", "urn:other:activity:1", None, 1, []]
)
def test_malformed_schema_ids(schema_id: Any) -> None:
    with pytest.raises(SchemaError) as error:
        validate(changed(sample_document("activity.1"), "$.credentialSchema.id", schema_id))
    assert type(error.value) is SchemaError


@pytest.mark.parametrize("value", [None, [], "x", 1, {}, {"credentialSchema": []}])
def test_no_document(value: Any) -> None:
    with pytest.raises(SchemaError) as error:
        validate(value)
    assert type(error.value) is SchemaError


def test_unknown_file() -> None:
    with pytest.raises(MisuseError):
        schema_json("../pyproject")
    with pytest.raises(UnknownSchemaError):
        context_for("activity.2")
