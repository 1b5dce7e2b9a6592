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
from verifier_cli.kinds import ORGANISATION_ROLES, TYPES, Kind
from verifier_cli.subject_rules import check_subject

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
    "subkind_of",
    "type_of",
]

SCHEMA_FOLDER = Path(__file__).parent / "schemas"
SCHEMAS = tuple(f"{name}.1" for name in TYPES)
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
    return name, TYPES[match[1]].kind


def context_of(schema: str) -> list[str]:
    """The constant context of a schema version; not to be changed. Raises UnknownSchemaError."""
    try:
        return _CONTEXTS[schema]
    except KeyError:
        raise UnknownSchemaError(
            "$.credentialSchema.id", f"unknown record type or version {schema}"
        ) from None


def type_of(schema: str) -> list[str]:
    """The `type` of a record of this schema; a fresh list. Raises UnknownSchemaError."""
    context_of(schema)  # knows every schema
    return ["VerifiableCredential", TYPES[schema.partition(".")[0]].vc_type]


def subkind_of(subject: dict[str, Any]) -> str:
    """What the rules for signers go by: `kind`, of a credit entry `op`; empty where there is neither."""
    return str(subject.get("kind", subject.get("op", "")))


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
    rows = combinations(schema, subkind_of(document["credentialSubject"]))
    return tuple(dict.fromkeys(row.issuer for row in rows if row.countersigners <= present))


def check_rules(document: dict[str, Any], schema: str) -> None:
    """Every rule between members of a document that its JSON Schema accepts. Raises SchemaError."""
    issuer = document["issuer"]["id"]
    countersigners = document.get("countersigners", ())
    _at("$.issuer.id", check_did_web, issuer)
    _check_validity(document)
    _check_status(document["credentialStatus"], issuer)
    _check_countersigners(countersigners, issuer)
    if not issuer_roles(document, schema):
        raise SchemaError("$.countersigners", _missing_signers(document, schema))
    if "relatedResource" in document:
        _check_links(document, schema)
    signers = frozenset({issuer, *(entry["id"] for entry in countersigners)})
    check_subject(schema.partition(".")[0], document["credentialSubject"], signers)


def _missing_signers(document: dict[str, Any], schema: str) -> str:
    """Which countersigner's role is missing, for each role that the issuer may have."""
    present = {entry["role"] for entry in document.get("countersigners", ())}
    subkind = subkind_of(document["credentialSubject"])
    wanted: dict[str, list[str]] = {}
    for row in combinations(schema, subkind):
        wanted.setdefault(" and ".join(sorted(row.countersigners - present)), []).append(row.issuer)
    what = f"{schema.partition('.')[0]} ({subkind})" if subkind else schema.partition(".")[0]
    choices = (
        f"{roles} (issued by {' or '.join(dict.fromkeys(issuers))})" for roles, issuers in wanted.items()
    )
    return f"{what} needs a countersigner with role {', or '.join(choices)}"


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
            known = ", ".join(f"{rel} ({', '.join(targets)})" for rel, targets in allowed.items())
            raise SchemaError(f"{path}.rel", f"{schema.partition('.')[0]} has no such link; allowed: {known}")
        if link["id"] in seen:
            raise SchemaError(f"{path}.id", "linked twice, or the record itself")
        seen.add(link["id"])
        _at(f"{path}.digestMultibase", parse_digest_multibase, link["digestMultibase"])
