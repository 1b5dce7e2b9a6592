"""Who must sign a record of each type and kind, and what it may link."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.records import FIRM, make_uuid, sample_document
from tests.verifier.formats.examples import (
    EXAMPLES,
    example,
)
from verifier_cli import rules
from verifier_cli.encoding import digest_multibase
from verifier_cli.errors import SchemaError
from verifier_cli.kinds import TYPES
from verifier_cli.lineage import Maker, allowed
from verifier_cli.record import Link, Record
from verifier_cli.schema import ENVELOPE, SCHEMAS, schema_json, validate

RELATIONS: list[str] = schema_json(ENVELOPE)["$defs"]["links"]["items"]["properties"]["rel"]["enum"]

# ----- signers -----

COMBINATIONS = [
    (name, kind, row) for name in SCHEMAS for kind, rows in rules._signers()[name].items() for row in rows
]


def _subject_of_kind(name: str, kind: str) -> dict[str, Any]:
    """The subject of an example; where none is of the kind, it is called so."""
    others = set(rules._signers()[name])
    subjects = [example(schema, index)["credentialSubject"] for schema, index in EXAMPLES if schema == name]
    for subject in subjects:
        found = rules.subkind_of(subject)
        if found == kind or (kind == "*" and found not in others):
            return dict(subject)
    return {**subjects[0], "kind": kind}


def _with_signers(
    name: str, kind: str, row: rules.Combination, countersigners: frozenset[str]
) -> dict[str, Any]:
    """A document of the kind with just these signers, all of whose members they may speak for."""
    subject = _subject_of_kind(name, kind)
    entries = [(f"did:web:{role}.example", role) for role in sorted(countersigners)]
    signers = ["did:web:issuer.example", *(did for did, _ in entries)]
    for member in ("bank", "body"):
        if member in subject:
            subject[member] = signers[0]
    if "parties" in subject:
        subject["parties"] = [{"id": did, "role": "school"} for did in signers]
    document = sample_document(name, issuer=signers[0], countersigners=entries)
    return {**document, "credentialSubject": subject}


@pytest.mark.parametrize(("name", "kind", "row"), COMBINATIONS)
def test_every_combination_is_accepted_and_needs_its_countersigners(
    name: str, kind: str, row: rules.Combination
) -> None:
    record = Record.from_document(_with_signers(name, kind, row, row.countersigners))
    assert row.issuer in record.issuer_roles
    for role in row.countersigners:
        rest = row.countersigners - {role}
        alone = [other for other in rules.combinations(name, record.subkind) if other.countersigners <= rest]
        document = _with_signers(name, kind, row, rest)
        if alone:
            assert row.issuer not in Record.from_document(document).issuer_roles
            continue
        with pytest.raises(SchemaError) as error:
            validate(document)
        assert error.value.path == "$.countersigners"
        assert f"{role} (issued by" in error.value.reason
        assert error.value.reason.startswith(name.partition(".")[0])


def test_a_missing_signer_is_named_with_type_and_kind() -> None:
    with pytest.raises(SchemaError) as error:
        validate(sample_document("activity.1", countersigners=[]))
    assert error.value.path == "$.countersigners"
    assert error.value.reason == (
        "activity (practice) needs a countersigner with role school (issued by enterprise), "
        "or enterprise (issued by school)"
    )


def test_subkind_of_an_entry_is_its_operation() -> None:
    assert Record.from_document(example("creditentry.1", 1)).subkind == "convert"
    assert Record.from_document(example("enrolment.1", 0)).subkind == ""
    assert Record.from_document(example("enrolment.1", 1)).subkind == "apprenticeship"


# ----- links -----


@pytest.mark.parametrize("name", SCHEMAS)
@pytest.mark.parametrize("rel", RELATIONS)
def test_links(name: str, rel: str) -> None:
    targets = rules.link_targets(name)
    entry = {"id": make_uuid("target"), "digestMultibase": digest_multibase(b"\x07" * 32), "rel": rel}
    document = sample_document(name, links=[entry])
    link = Record.from_document(document).links[0] if rel in targets else Link("", b"", rel, ())
    if rel not in targets:
        with pytest.raises(SchemaError) as error:
            validate(document)
        assert error.value.path == "$.relatedResource[0].rel"
        assert all(known in error.value.reason for known in targets)
    for target in TYPES:
        fits = allowed(link, Maker(name, FIRM), Maker(f"{target}.1", FIRM))
        assert fits is (target in targets.get(rel, ()))


@pytest.mark.parametrize("name", SCHEMAS)
def test_links_of_the_examples_name_what_is_allowed(name: str) -> None:
    for index in range(len(schema_json(name)["examples"])):
        for link in Record.from_document(example(name, index)).links:
            assert link.rel in rules.link_targets(name)


def test_every_relation_is_used() -> None:
    assert {rel for name in SCHEMAS for rel in rules.link_targets(name)} == set(RELATIONS)
