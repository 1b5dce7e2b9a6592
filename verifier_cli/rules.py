"""Rules that bind members of a record to each other: what JSON Schema cannot say (protocol 2.2, 2.5, 2.6).

What is allowed is data beside the schemas: `signers.json` (who must sign), `links.json` (what may be linked).
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from verifier_cli.did import check_did_web, did_key_public, did_web_host, org_id
from verifier_cli.encoding import parse_digest_multibase, parse_time
from verifier_cli.errors import DataError, SchemaError, UnknownSchemaError
from verifier_cli.kinds import ORGANISATION_ROLES, Kind

__all__ = [
    "LIST_LENGTH",
    "SCHEMAS",
    "SCHEMA_FOLDER",
    "STATUS_ID",
    "Combination",
    "check_rules",
    "combinations",
    "context_of",
    "depends_on_kind",
    "issuer_roles",
    "link_targets",
    "schema_of",
]

SCHEMA_FOLDER = Path(__file__).parent / "schemas"
SCHEMAS = ("party.1", "standard.1", "enrolment.1", "activity.1", "evaluation.1", "credential.1")
_KINDS = {
    "party": Kind.PARTY,
    "standard": Kind.STANDARD,
    "enrolment": Kind.ENROLMENT,
    "activity": Kind.ACTIVITY,
    "evaluation": Kind.EVALUATION,
    "credential": Kind.CREDENTIAL,
}
# Contexts are URLs alone: other implementations of the suite compare them with the proof's copy by identity,
# so an inline object would fail there. The last maps our own terms, without a fetch for who ships VCDM 2.0.
_VCDM = "https://www.w3.org/ns/credentials/v2"
_OPEN_BADGES = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
_OTHER_TERMS = "https://www.w3.org/ns/credentials/undefined-terms/v2"
_CONTEXTS = {
    name: [_VCDM, _OPEN_BADGES, _OTHER_TERMS] if name == "credential.1" else [_VCDM, _OTHER_TERMS]
    for name in SCHEMAS
}
_SCHEMA_ID = re.compile(r"urn:skilltrace:schema:([a-z]{1,32}):([1-9][0-9]{0,5})")
STATUS_ID = re.compile(
    r"urn:skilltrace:status:eip155:([1-9][0-9]{0,15}):(0x[0-9a-f]{40}):(0x[0-9a-f]{64}):(0|[1-9][0-9]{0,12})"
)
LIST_LENGTH = 1 << 17  # entries of one status list view (protocol 2.6)


class Combination(NamedTuple):
    """One allowed set of signers: the issuer's role and the organisational roles among the countersigners."""

    issuer: str
    countersigners: frozenset[str]


def schema_of(document: dict[str, Any]) -> tuple[str, Kind]:
    """Schema name (`activity.1`) and kind of a document. Raises SchemaError, UnknownSchemaError."""
    schema = document.get("credentialSchema")
    schema_id = schema.get("id") if isinstance(schema, dict) else None
    match = _SCHEMA_ID.fullmatch(schema_id) if isinstance(schema_id, str) else None
    if match is None:
        raise SchemaError("$.credentialSchema.id", "not urn:skilltrace:schema:<type>:<version>")
    name = f"{match[1]}.{match[2]}"
    if name not in SCHEMAS:
        raise UnknownSchemaError("$.credentialSchema.id", f"unknown record type or version {name}")
    return name, _KINDS[match[1]]


def context_of(schema: str) -> list[str]:
    """The constant context of a schema version; not to be changed. Raises UnknownSchemaError."""
    try:
        return _CONTEXTS[schema]
    except KeyError:
        raise UnknownSchemaError(
            "$.credentialSchema.id", f"unknown record type or version {schema}"
        ) from None


@lru_cache(maxsize=1)
def _signers() -> dict[str, dict[str, list[Combination]]]:
    data = orjson.loads((SCHEMA_FOLDER / "signers.json").read_bytes())
    return {
        schema: {
            kind: [Combination(row["issuer"], frozenset(row["countersigners"])) for row in rows]
            for kind, rows in kinds.items()
        }
        for schema, kinds in data["combinations"].items()
    }


@lru_cache(maxsize=1)
def _links() -> dict[str, dict[str, list[str]]]:
    data: dict[str, dict[str, list[str]]] = orjson.loads((SCHEMA_FOLDER / "links.json").read_bytes())["links"]
    return data


def combinations(schema: str, subkind: str) -> list[Combination]:
    """Allowed signer sets of a schema and kind; the entry `*` stands for every kind not named."""
    kinds = _signers()[schema]
    return kinds.get(subkind) or kinds.get("*", [])


def depends_on_kind(schema: str) -> bool:
    """Whether who must sign depends on the `kind` inside the subject."""
    return len(_signers()[schema]) > 1


def link_targets(schema: str) -> dict[str, list[str]]:
    """Relations a record of this schema may use -> record types (`enrolment`) that they may name."""
    return _links()[schema]


def issuer_roles(document: dict[str, Any], schema: str) -> tuple[str, ...]:
    """Roles of which the issuer must hold one, given the countersigners' roles; empty if no set fits."""
    present = {entry["role"] for entry in document.get("countersigners", ())}
    rows = combinations(schema, document["credentialSubject"].get("kind", ""))
    return tuple(dict.fromkeys(row.issuer for row in rows if row.countersigners <= present))


def check_rules(document: dict[str, Any], schema: str) -> None:
    """Every rule between members of a document that its JSON Schema accepts. Raises SchemaError."""
    issuer = document["issuer"]["id"]
    _at("$.issuer.id", check_did_web, issuer)
    _check_validity(document)
    _check_status(document["credentialStatus"], issuer)
    _check_countersigners(document.get("countersigners", ()), issuer)
    if not issuer_roles(document, schema):
        raise SchemaError("$.countersigners", "no allowed set of signers for this type and kind")
    if "relatedResource" in document:
        _check_links(document, schema)
    check = _SUBJECT_RULES.get(schema)
    if check is not None:
        check(document["credentialSubject"])


def _at(path: str, check: Any, text: str) -> Any:
    try:
        return check(text)
    except DataError as error:
        raise SchemaError(path, error.reason) from None


def _check_validity(document: dict[str, Any]) -> None:
    valid_from = _at("$.validFrom", parse_time, document["validFrom"])
    if "validUntil" in document and _at("$.validUntil", parse_time, document["validUntil"]) <= valid_from:
        raise SchemaError("$.validUntil", "not after validFrom")


def _check_status(status: dict[str, Any], issuer: str) -> None:
    match = STATUS_ID.fullmatch(status["id"])
    assert match is not None  # the schema has the same pattern
    if match[3] != "0x" + org_id(issuer).hex():
        raise SchemaError("$.credentialStatus.id", "organisation is not the issuer")
    page, index = divmod(int(match[4]), LIST_LENGTH)
    if status["statusListIndex"] != str(index):
        raise SchemaError("$.credentialStatus.statusListIndex", "does not agree with the id")
    if status["statusListCredential"] != f"https://{did_web_host(issuer)}/status/{page}":
        raise SchemaError("$.credentialStatus.statusListCredential", "does not agree with id and issuer")


def _check_countersigners(entries: Any, issuer: str) -> None:
    seen = {issuer}
    for index, entry in enumerate(entries):
        path = f"$.countersigners[{index}]"
        did, role = entry["id"], entry["role"]
        if did in seen:
            raise SchemaError(f"{path}.id", "signs twice")
        seen.add(did)
        if role in ORGANISATION_ROLES:
            _at(f"{path}.id", check_did_web, did)
        else:  # the schema names no other roles than these and the persons'
            _at(f"{path}.id", did_key_public, did)


def _check_links(document: dict[str, Any], schema: str) -> None:
    allowed = link_targets(schema)
    seen = {document["id"]}
    for index, link in enumerate(document["relatedResource"]):
        path = f"$.relatedResource[{index}]"
        if link["rel"] not in allowed:
            raise SchemaError(f"{path}.rel", f"a {schema} record has no such link")
        if link["id"] in seen:
            raise SchemaError(f"{path}.id", "linked twice, or the record itself")
        seen.add(link["id"])
        _at(f"{path}.digestMultibase", parse_digest_multibase, link["digestMultibase"])


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def _check_activity(subject: dict[str, Any]) -> None:
    for index, day in enumerate(subject["days"]):
        # An end at or before the start lies on the next day; equal times are a full day.
        span = (_minutes(day["end"]) - _minutes(day["start"])) % 1440 or 1440
        if day["breakMinutes"] >= span:
            raise SchemaError(f"$.credentialSubject.days[{index}].breakMinutes", "as long as the day itself")
    if subject.get("opErrors", 0) > subject.get("ops", 0):
        raise SchemaError("$.credentialSubject.opErrors", "more errors than operations")


def _check_evaluation(subject: dict[str, Any]) -> None:
    for index, item in enumerate(subject["items"]):
        if item["score"] > item["max"]:
            raise SchemaError(f"$.credentialSubject.items[{index}].score", "above the maximum")


def _check_enrolment(subject: dict[str, Any]) -> None:
    if subject["to"] <= subject["from"]:
        raise SchemaError("$.credentialSubject.to", "not after from")


def _check_standard(subject: dict[str, Any]) -> None:
    levels = {level["code"] for level in subject["levels"]}
    if len(levels) != len(subject["levels"]):
        raise SchemaError("$.credentialSubject.levels", "a code is given twice")
    items = {item["code"] for item in subject["items"]}
    if len(items) != len(subject["items"]):
        raise SchemaError("$.credentialSubject.items", "a code is given twice")
    for index, item in enumerate(subject["items"]):
        if "level" in item and item["level"] not in levels:
            raise SchemaError(f"$.credentialSubject.items[{index}].level", "no level of this standard")


def _check_credential(subject: dict[str, Any]) -> None:
    descriptions = {entry["id"] for entry in subject["achievement"].get("resultDescription", ())}
    for index, result in enumerate(subject.get("result", ())):
        if result.get("resultDescription", "") not in descriptions:
            raise SchemaError(f"$.credentialSubject.result[{index}].resultDescription", "not described")


_SUBJECT_RULES = {
    "activity.1": _check_activity,
    "evaluation.1": _check_evaluation,
    "enrolment.1": _check_enrolment,
    "standard.1": _check_standard,
    "credential.1": _check_credential,
}
