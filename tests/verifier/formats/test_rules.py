"""Rules between members: status, signers, links, and the arithmetic of subjects (protocol 2.4-2.6)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.records import (
    CHAIN_ID,
    EVALUATOR,
    FIRM,
    REGISTRY,
    SCHOOL,
    link,
    make_key,
    make_uuid,
    sample_document,
)
from tests.verifier.formats.changes import changed
from verifier_cli import rules
from verifier_cli.did import org_id
from verifier_cli.errors import SchemaError
from verifier_cli.kinds import (
    ORGANISATION_ROLES,
    PERSON_ROLES,
    SIGNER_ROLES,
    Kind,
    Role,
    kind_mask,
    role_mask,
)
from verifier_cli.record import Record, status_entry
from verifier_cli.schema import ENVELOPE, SCHEMAS, schema_json, validate

SUBJECT = "$.credentialSubject"
STATUS = "$.credentialStatus"
PERSON = f"did:key:{make_key('person').multikey}"


def _status_id(**changes: Any) -> str:
    parts = {
        "chain": CHAIN_ID,
        "registry": REGISTRY,
        "org": "0x" + org_id(SCHOOL).hex(),
        "number": 7,
        **changes,
    }
    return "urn:skilltrace:status:eip155:{chain}:{registry}:{org}:{number}".format(**parts)


STATUS_CASES: dict[str, tuple[str, Any, str]] = {
    "organisation of another": ("id", _status_id(org="0x" + org_id(FIRM).hex()), "id"),
    "other number": ("id", _status_id(number=8), "statusListIndex"),
    "number on the next list": ("id", _status_id(number=7 + 131072), "statusListCredential"),
    "leading zero": ("id", _status_id(number="07"), "id"),
    "number of 14 digits": ("id", _status_id(number="1" * 14), "id"),
    "registry upper case": ("id", _status_id(registry=REGISTRY.upper()), "id"),
    "chain zero": ("id", _status_id(chain=0), "id"),
    "organisation without 0x": ("id", _status_id(org=org_id(SCHOOL).hex()), "id"),
    "index of another": ("statusListIndex", "8", "statusListIndex"),
    "host of another": ("statusListCredential", "https://firm.example/status/0", "statusListCredential"),
    "list of another": ("statusListCredential", "https://school.example/status/1", "statusListCredential"),
}


@pytest.mark.parametrize("case", STATUS_CASES)
def test_status_must_agree(case: str) -> None:
    member, value, path = STATUS_CASES[case]
    with pytest.raises(SchemaError) as error:
        validate(changed(sample_document("party.1"), f"{STATUS}.{member}", value))
    assert error.value.path == f"{STATUS}.{path}"


@pytest.mark.parametrize("number", [0, 255, 256, 131071, 131072, 9_999_999_999_999])
def test_status_entry(number: int) -> None:
    document = sample_document("evaluation.1", issuer=EVALUATOR, number=number)
    record = Record.from_document(document)
    assert record.status == (CHAIN_ID, REGISTRY, org_id(EVALUATOR), number)
    entry = record.document["credentialStatus"]
    assert entry["statusListCredential"] == f"https://evaluator.example:8443/status/{number // 2**17}"
    assert entry["statusListIndex"] == str(number % 2**17)


def test_status_entry_lowers_the_registry() -> None:
    assert status_entry(SCHOOL, 1, "0x" + "AB" * 20, 0)["id"].split(":")[5] == "0x" + "ab" * 20


@pytest.mark.parametrize(
    "arguments",
    [
        (SCHOOL, 0, REGISTRY, 1),
        (SCHOOL, 1, "0x12", 1),
        (SCHOOL, 1, REGISTRY, -1),
        (SCHOOL, 1, REGISTRY, 10**13),
    ],
)
def test_status_entry_refuses(arguments: tuple[str, int, str, int]) -> None:
    with pytest.raises(SchemaError):
        status_entry(*arguments)


# issuer, countersigners, subject changes -> roles of which the issuer must hold one (empty: refused)
SIGNERS: dict[str, tuple[str, str, list[tuple[str, str]], dict[str, Any], tuple[str, ...]]] = {
    "activity by a firm": ("activity.1", FIRM, [(SCHOOL, "school")], {}, ("enterprise",)),
    "activity by a school": ("activity.1", SCHOOL, [(FIRM, "enterprise")], {}, ("school",)),
    "activity alone": ("activity.1", FIRM, [], {}, ()),
    "activity with an auditor": ("activity.1", FIRM, [(EVALUATOR, "auditor")], {}, ()),
    "activity with a trainee alone": ("activity.1", FIRM, [(PERSON, "trainee")], {}, ()),
    "activity with school and trainee": (
        "activity.1",
        FIRM,
        [(PERSON, "trainee"), (SCHOOL, "school")],
        {},
        ("enterprise",),
    ),
    "enrolment by a school": ("enrolment.1", SCHOOL, [(FIRM, "enterprise")], {}, ("school",)),
    "enrolment alone": ("enrolment.1", SCHOOL, [], {}, ()),
    "evaluation with a school": (
        "evaluation.1",
        FIRM,
        [(SCHOOL, "school")],
        {},
        ("enterprise", "evaluator"),
    ),
    "evaluation with a firm": ("evaluation.1", SCHOOL, [(FIRM, "enterprise")], {}, ("school",)),
    "evaluation alone": ("evaluation.1", EVALUATOR, [], {}, ()),
    "skill level with a firm": (
        "credential.1",
        SCHOOL,
        [(FIRM, "enterprise")],
        {},
        ("school", "evaluator"),
    ),
    "skill level by a firm": ("credential.1", FIRM, [(SCHOOL, "school")], {}, ()),
    "credit by a firm": (
        "credential.1",
        FIRM,
        [(SCHOOL, "school")],
        {"kind": "practice_credit", "creditsEarned": 6, "creditKind": "enterprise"},
        ("enterprise",),
    ),
    "award alone": ("credential.1", FIRM, [], {"kind": "award"}, ("school", "evaluator", "enterprise")),
    "standard alone": ("standard.1", SCHOOL, [], {}, ("school", "enterprise", "evaluator", "regulator")),
}


@pytest.mark.parametrize("case", SIGNERS)
def test_signer_combinations(case: str) -> None:
    name, issuer, countersigners, subject, expected = SIGNERS[case]
    document = sample_document(name, issuer=issuer, countersigners=countersigners, subject=subject)
    if expected:
        assert Record.from_document(document).issuer_roles == expected
        return
    with pytest.raises(SchemaError) as error:
        validate(document)
    assert error.value.path == "$.countersigners"


BAD_SIGNERS: dict[str, tuple[list[tuple[str, str]], str]] = {
    "issuer again": ([(SCHOOL, "school"), (FIRM, "enterprise")], "$.countersigners[1].id"),
    "twice": ([(SCHOOL, "school"), (SCHOOL, "auditor")], "$.countersigners[1].id"),
    "person as school": ([(PERSON, "school")], "$.countersigners[0].id"),
    "organisation as trainee": ([(SCHOOL, "school"), (EVALUATOR, "trainee")], "$.countersigners[1].id"),
    "did:web spelled differently": ([("did:web:School.example", "school")], "$.countersigners[0].id"),
}


@pytest.mark.parametrize("case", BAD_SIGNERS)
def test_countersigners_refused(case: str) -> None:
    countersigners, path = BAD_SIGNERS[case]
    with pytest.raises(SchemaError) as error:
        validate(sample_document("activity.1", countersigners=countersigners))
    assert error.value.path == path


def test_issuer_is_spelled_as_the_registry_hashes_it() -> None:
    with pytest.raises(SchemaError) as error:
        validate(changed(sample_document("party.1"), "$.issuer.id", "did:web:school.example%3a80"))
    assert error.value.path == "$.issuer.id"


TARGET = sample_document("enrolment.1", name="target")
LINKS: dict[str, tuple[list[dict[str, Any]], str]] = {
    "relation of another type": ([link(TARGET, "evaluates")], "$.relatedResource[0].rel"),
    "linked twice": (
        [link(TARGET, "performedUnder"), link(TARGET, "performedUnder")],
        "$.relatedResource[1].id",
    ),
    "itself": (
        [{**link(TARGET, "supersedes"), "id": make_uuid("activity.1 a")}],
        "$.relatedResource[0].id",
    ),
    "digest of another function": (
        [{**link(TARGET, "performedUnder"), "digestMultibase": "u" + "A" * 46}],
        "$.relatedResource[0].digestMultibase",
    ),
    "fragment in the id": (
        [{**link(TARGET, "performedUnder"), "id": TARGET["id"] + "#a"}],
        "$.relatedResource[0].id",
    ),
    "items twice": ([link(TARGET, "performedUnder", "E1", "E1")], "$.relatedResource[0].item"),
}


@pytest.mark.parametrize("case", LINKS)
def test_links_refused(case: str) -> None:
    links, path = LINKS[case]
    with pytest.raises(SchemaError) as error:
        validate(sample_document("activity.1", links=links))
    assert error.value.path == path


ARITHMETIC: dict[str, tuple[str, str, Any, str]] = {
    "break as long as the day": ("activity.1", "days[0].breakMinutes", 540, "days[0].breakMinutes"),
    "break as long as the night": ("activity.1", "days[1].breakMinutes", 480, "days[1].breakMinutes"),
    "more errors than operations": ("activity.1", "opErrors", 121, "opErrors"),
    "score above the maximum": ("evaluation.1", "items[1].score", 100.5, "items[1].score"),
    "enrolment ends before": ("enrolment.1", "to", "2024-09-01", "to"),
    "level of no standard": ("standard.1", "items[0].level", "advanced", "items[0].level"),
    "item code twice": ("standard.1", "items[1].code", "E1", "items[1].code"),
    "level code twice": ("standard.1", "levels[1].code", "elementary", "levels[1].code"),
    "result not described": (
        "credential.1",
        "result[0].resultDescription",
        "urn:uuid:x",
        "result[0].resultDescription",
    ),
}


@pytest.mark.parametrize("case", ARITHMETIC)
def test_arithmetic(case: str) -> None:
    name, path, value, at = ARITHMETIC[case]
    with pytest.raises(SchemaError) as error:
        validate(changed(sample_document(name), f"{SUBJECT}.{path}", value))
    assert error.value.path == f"{SUBJECT}.{at}"


@pytest.mark.parametrize(("minutes", "day"), [(539, 0), (479, 1)])
def test_longest_break(minutes: int, day: int) -> None:
    validate(changed(sample_document("activity.1"), f"{SUBJECT}.days[{day}].breakMinutes", minutes))


def test_equal_times_are_a_whole_day() -> None:
    day = {"date": "2026-03-02", "start": "08:00", "end": "08:00", "breakMinutes": 1439}
    validate(sample_document("activity.1", subject={"days": [day]}))


@pytest.mark.parametrize("until", ["2026-07-01T00:00:00Z", "2020-01-01T00:00:00Z"])
def test_valid_until_is_later(until: str) -> None:
    with pytest.raises(SchemaError) as error:
        validate(sample_document("party.1", validUntil=until))
    assert error.value.path == "$.validUntil"


def test_data_files_name_what_exists() -> None:
    types = {name.partition(".")[0] for name in SCHEMAS}
    for name in SCHEMAS:
        targets = rules.link_targets(name)
        assert targets["supersedes"] == [name.partition(".")[0]]
        assert {target for row in targets.values() for target in row} <= types
        for rows in rules._signers()[name].values():
            assert rows
            assert {row.issuer for row in rows} <= set(SIGNER_ROLES)
            assert {role for row in rows for role in row.countersigners} <= set(SIGNER_ROLES)


def test_roles_of_signers_are_those_of_the_schema() -> None:
    entry = schema_json(ENVELOPE)["$defs"]["countersigners"]["items"]
    assert set(entry["properties"]["role"]["enum"]) == ORGANISATION_ROLES | PERSON_ROLES


def test_bits() -> None:
    assert kind_mask(Kind.PARTY, Kind.CREDENTIAL, Kind.PARTY) == 0b1000_0001
    assert role_mask(Role.LEADER, Role.MEMBER) == SIGNER_ROLES["enterprise"] == 0b1100
    assert [int(kind) for kind in Kind] == list(range(12))
    assert [int(role) for role in Role] == list(range(7))
