"""What other steps read from a record (protocol 2 and 4)."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import subprocess
import sys
from typing import Any

import pytest

from tests.support.records import (
    CREATED,
    FIRM,
    PARTIES,
    SCHOOL,
    complete_document,
    complete_record,
    link,
    record_bytes,
    sample_document,
)
from verifier_cli.canonical import canonical
from verifier_cli.encoding import digest_multibase, parse_time
from verifier_cli.errors import MisuseError, ProfileError, SchemaError
from verifier_cli.kinds import Kind
from verifier_cli.profile import MAX_SIZE
from verifier_cli.record import Countersigner, Link, Record, record_digest

KINDS = {
    "party.1": (Kind.PARTY, "organisation"),
    "standard.1": (Kind.STANDARD, "skill_standard"),
    "enrolment.1": (Kind.ENROLMENT, ""),
    "activity.1": (Kind.ACTIVITY, "practice"),
    "evaluation.1": (Kind.EVALUATION, "practice"),
    "credential.1": (Kind.CREDENTIAL, "skill_level"),
}


@pytest.mark.parametrize("name", KINDS)
def test_fields(name: str) -> None:
    document = sample_document(name)
    record = Record.parse(canonical(complete_document(document)))
    issuer, countersigners = PARTIES[name]
    assert (record.kind, record.subkind) == KINDS[name]
    assert record.schema == name
    assert record.document == document
    assert record.canonical == canonical(document)
    assert record.digest == hashlib.sha256(record.canonical).digest()
    assert record.id == document["id"]
    assert record.issuer == issuer
    assert record.countersigners == tuple(Countersigner(*entry) for entry in countersigners)
    assert record.signers == (issuer, *(did for did, _ in countersigners))
    assert len(record.proofs) == len(record.signers)
    assert record.valid_from == parse_time(document["validFrom"])
    assert record.valid_until is None
    assert record.links == ()


def test_links_and_validity() -> None:
    target = sample_document("standard.1")
    record = complete_record(
        "credential.1", links=[link(target, "awards", "intermediate")], validUntil="2036-07-01T00:00:00Z"
    )
    assert record.links == (Link(target["id"], record_digest(target), "awards", ("intermediate",)),)
    assert record.valid_until == parse_time("2036-07-01T00:00:00Z")


@pytest.mark.parametrize("name", KINDS)
def test_digest_does_not_depend_on_layout(name: str) -> None:
    document = complete_document(sample_document(name))
    reordered = dict(reversed(document.items()))
    spaced = json.dumps(reordered, indent=2, ensure_ascii=True).encode()
    assert Record.parse(spaced) == Record.parse(canonical(document))
    assert record_digest(reordered) == Record.parse(spaced).digest


def test_from_document_equals_parse() -> None:
    document = sample_document("evaluation.1")
    document["credentialSubject"]["items"][1]["max"] = 100.0
    record = Record.from_document(document)
    assert record == Record.parse(record.canonical)
    assert b'"max":100,' in record.canonical
    assert record.proofs == ()


def test_from_document_keeps_no_reference() -> None:
    document = sample_document("activity.1")
    record = Record.from_document(document)
    document["credentialSubject"]["project"] = "changed later"
    assert record_digest(record.document) == record.digest


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", object(), 2**53])
def test_from_document_refuses_what_is_outside_the_profile(value: Any) -> None:
    document = sample_document("evaluation.1")
    document["credentialSubject"]["items"][0]["score"] = value
    with pytest.raises((ProfileError, SchemaError, MisuseError)):
        Record.from_document(document)


def test_records_are_frozen() -> None:
    record = complete_record("party.1")
    with pytest.raises(dataclasses.FrozenInstanceError):
        record.digest = bytes(32)  # type: ignore[misc]
    assert not hasattr(record, "__dict__")


def test_size_limit() -> None:
    data = record_bytes(complete_record("party.1"))
    padded = data + b" " * (MAX_SIZE - len(data))
    assert Record.parse(padded) == Record.parse(data)
    with pytest.raises(ProfileError):
        Record.parse(padded + b" ")
    assert Record.parse(padded + b" ", max_size=MAX_SIZE + 1)


def test_digest_multibase_of_a_link() -> None:
    target = sample_document("enrolment.1")
    assert link(target, "performedUnder")["digestMultibase"] == digest_multibase(record_digest(target))


def test_samples_differ_by_name() -> None:
    first, second = (complete_record("activity.1", name=name) for name in "ab")
    assert first.digest != second.digest
    assert first.document["salt"] != second.document["salt"]
    assert first.id != second.id
    assert {SCHOOL, FIRM} == set(first.signers)
    assert first.proofs[0]["created"] == CREATED


HEAVY = (
    r"web3|sqlalchemy|sqlmodel|fastapi|httpx|eth_abi|pydantic|jsonschema|jsonschema_rs|typer|rich|asyncio"
    r"|importlib\.metadata"
)


def test_the_library_loads_little() -> None:
    """Importing records loads no heavy package, and not even the schema engine before it is needed."""
    code = "import sys, verifier_cli.record, verifier_cli.merkle; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = done.stdout.split()
    assert "verifier_cli.record" in modules
    assert [module for module in modules if re.match(rf"({HEAVY})(\.|$)", module)] == []
