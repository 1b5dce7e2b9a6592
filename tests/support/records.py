"""Valid records for tests, made from nothing but the verification library and fixed seeds.

Every value is deterministic: the same arguments give the same bytes, so digests may be compared between runs.
"""

from __future__ import annotations

import hashlib
import uuid
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from verifier_cli.canonical import canonical
from verifier_cli.encoding import b64url_encode, digest_multibase, multikey
from verifier_cli.record import Record, context_for, record_digest, status_entry
from verifier_cli.rules import type_of
from verifier_cli.schema import schema_json
from verifier_cli.signature import complete_proof, proof_options, signing_input

SCHOOL = "did:web:school.example"
FIRM = "did:web:firm.example:plant-2"
EVALUATOR = "did:web:evaluator.example%3A8443"
CHAIN_ID = 20261
REGISTRY = "0x00000000000000000000000000000000000a11ce"
CREATED = "2026-07-02T08:00:00Z"
VALID_FROM = "2026-07-01T00:00:00Z"
ORGANISATION_NAMES = {SCHOOL: "Zhaoqing Demo College", FIRM: "吉祥通信第二工厂", EVALUATOR: "Demo Evaluator"}
# issuer and countersigner of each sample, as signers.json wants them
PARTIES: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "party.1": (SCHOOL, []),
    "standard.1": (SCHOOL, []),
    "enrolment.1": (SCHOOL, [(FIRM, "enterprise")]),
    "activity.1": (FIRM, [(SCHOOL, "school")]),
    "evaluation.1": (FIRM, [(SCHOOL, "school")]),
    "credential.1": (SCHOOL, [(FIRM, "enterprise")]),
    "agreement.1": (SCHOOL, [(FIRM, "enterprise")]),
    "demand.1": (FIRM, []),
    "creditentry.1": (SCHOOL, []),
    "outcome.1": (FIRM, [(SCHOOL, "school")]),
    "resource.1": (FIRM, []),
    "decision.1": (SCHOOL, []),
}


class Key(NamedTuple):
    """An Ed25519 record key."""

    private: Ed25519PrivateKey
    public: bytes
    multikey: str


def make_key(seed: str | int) -> Key:
    """The key whose 32-byte seed is SHA-256 of the text of `seed`."""
    private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"key {seed}".encode()).digest())
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return Key(private, public, multikey(public))


def make_uuid(name: str) -> str:
    """A version 4 UUID as URN, determined by `name`."""
    return f"urn:uuid:{uuid.UUID(bytes=hashlib.sha256(name.encode()).digest()[:16], version=4)}"


def make_salt(name: str) -> str:
    """16 bytes as base64url, determined by `name`."""
    return b64url_encode(hashlib.sha256(f"salt {name}".encode()).digest()[:16])


def link(target: dict[str, Any], rel: str, *items: str) -> dict[str, Any]:
    """A `relatedResource` entry that names another document."""
    entry: dict[str, Any] = {
        "id": target["id"],
        "digestMultibase": digest_multibase(record_digest(target)),
        "rel": rel,
    }
    return {**entry, "item": list(items)} if items else entry


def sample_document(
    schema: str,
    *,
    name: str = "a",
    number: int = 7,
    issuer: str | None = None,
    countersigners: list[tuple[str, str]] | None = None,
    links: list[dict[str, Any]] | None = None,
    chain_id: int = CHAIN_ID,
    registry: str = REGISTRY,
    subject: dict[str, Any] | None = None,
    **members: Any,
) -> dict[str, Any]:
    """A valid document without proof of `schema` (`activity.1`).

    `name` makes it different from others, `number` is its status number, `subject` changes members of the
    subject (None removes one), `members` those of the document. Issuer and countersigners: see PARTIES.
    """
    default_issuer, default_countersigners = PARTIES[schema]
    issuer = issuer or default_issuer
    signers = default_countersigners if countersigners is None else countersigners
    type_name = schema.partition(".")[0]
    document: dict[str, Any] = {
        "@context": context_for(schema),
        "id": make_uuid(f"{schema} {name}"),
        "type": type_of(schema),
        "issuer": {"id": issuer, "type": ["Profile"], "name": ORGANISATION_NAMES.get(issuer, "Other")},
        "validFrom": VALID_FROM,
        "credentialSubject": _without_none({**_subject(schema, name), **(subject or {})}),
        "credentialStatus": status_entry(issuer, chain_id, registry, number),
        "credentialSchema": {"id": f"urn:skilltrace:schema:{type_name}:1", "type": "JsonSchema"},
        "salt": make_salt(f"{schema} {name}"),
    }
    if links:
        document["relatedResource"] = links
    if signers:
        document["countersigners"] = [{"id": did, "role": role} for did, role in signers]
    return _without_none({**document, **members})


def _subject(schema: str, name: str) -> dict[str, Any]:
    """The sample's subject; of the types that stand in no vector it is the first example of the schema."""
    if schema in _SUBJECTS:
        return _SUBJECTS[schema](name)
    subject: dict[str, Any] = schema_json(schema)["examples"][0]["credentialSubject"]
    return subject


def _without_none(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def sign(
    document: dict[str, Any], did: str, private_key: Ed25519PrivateKey, created: str = CREATED
) -> dict[str, Any]:
    """One native proof of `did` on a document (its proofs, if any, are not signed)."""
    public = private_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    options = proof_options(did, public, created, document["@context"])
    return complete_proof(options, private_key.sign(signing_input(record_digest(document), options)))


def signer_key(did: str) -> Key:
    """The record key that samples use for a party: its seed is the DID."""
    return make_key(did)


def complete_document(document: dict[str, Any], created: str = CREATED) -> dict[str, Any]:
    """The document with the proofs of issuer and countersigners, each with `signer_key` of its DID."""
    signers = [document["issuer"]["id"], *(entry["id"] for entry in document.get("countersigners", ()))]
    return {**document, "proof": [sign(document, did, signer_key(did).private, created) for did in signers]}


def complete_record(schema: str, *, created: str = CREATED, **changes: Any) -> Record:
    """A signed record of `schema`; `changes` as for `sample_document`."""
    return Record.parse(canonical(complete_document(sample_document(schema, **changes), created)))


def record_bytes(record: Record) -> bytes:
    """The record with its proofs as bytes, as a proof file carries it."""
    return canonical({**record.document, "proof": list(record.proofs)})


def _party(name: str) -> dict[str, Any]:
    return {
        "id": SCHOOL,
        "type": ["Party"],
        "kind": "organisation",
        "name": {"zh": "肇庆示范学院", "en": "Zhaoqing Demo College"},
        "roles": ["school"],
        "registerNumber": "12440000MB2D000000",
    }


def _standard(name: str) -> dict[str, Any]:
    return {
        "id": make_uuid("sensor network standard"),
        "type": ["Standard"],
        "kind": "skill_standard",
        "code": "SNAD",
        "version": "2026.2",
        "name": {"zh": "传感网应用开发", "en": "Sensor Network Application Development"},
        "effective": "2026-03-01",
        "levels": [
            {"code": "elementary", "level": "2", "name": {"zh": "初级", "en": "Elementary"}},
            {"code": "intermediate", "level": "3", "name": {"zh": "中级", "en": "Intermediate"}},
        ],
        "items": [
            {
                "code": "E1",
                "level": "elementary",
                "text": {"zh": "能采集并校准传感器数据", "en": "Collects and calibrates sensor readings"},
                "content": {"zh": "温湿度采集", "en": "Temperature and humidity"},
                "minutes": 960,
                "technical": True,
                "origin": "firm",
            },
            {"code": "I1", "level": "intermediate", "text": {"zh": "能组建无线网络"}, "technical": True},
        ],
        "requirements": {"practiceMinutes": 14400, "enterpriseShareBp": 3000, "credits": 600},
    }


def _enrolment(name: str) -> dict[str, Any]:
    return {
        "id": make_uuid(f"person {name}"),
        "type": ["Enrolment"],
        "programme": {"code": "IOT-2024", "name": {"zh": "物联网应用技术", "en": "Internet of Things"}},
        "cohort": "2024-1",
        "from": "2024-09-01",
        "to": "2027-07-01",
        "status": "active",
        "stage": 3,
        "identity": "quasi_employee",
        "studentNumber": "2024080131",
        "requiredCredits": 120,
        "mentors": [{"id": make_uuid("mentor 1"), "org": FIRM, "from": "2025-09-01"}],
        "contract": True,
        "insurance": True,
    }


def _activity(name: str) -> dict[str, Any]:
    return {
        "id": make_uuid(f"person {name}"),
        "type": ["Activity"],
        "role": "trainee",
        "kind": "practice",
        "project": "Gateway commissioning line 3",
        "days": [
            {"date": "2026-03-02", "start": "08:30", "end": "17:30", "breakMinutes": 60},
            {"date": "2026-03-03", "start": "20:00", "end": "04:00", "breakMinutes": 45},
        ],
        "week": 1,
        "realProject": True,
        "realEquipment": True,
        "realStandard": False,
        "equipment": [{"code": "GW-07", "session": "2026-03-02-A", "minutes": 180}],
        "ops": 120,
        "opErrors": 2,
        "coaches": [{"id": make_uuid("mentor 1"), "org": FIRM, "role": "mentor"}],
    }


def _evaluation(name: str) -> dict[str, Any]:
    return {
        "id": make_uuid(f"person {name}"),
        "type": ["Evaluation"],
        "kind": "practice",
        "phase": "outcome",
        "evaluators": [
            {"id": make_uuid("mentor 1"), "org": FIRM, "role": "enterprise"},
            {"id": make_uuid("teacher 1"), "org": SCHOOL, "role": "school"},
        ],
        "items": [
            {"item": "E1", "score": 88.5, "max": 100, "pass": True, "by": "enterprise"},
            {"item": "E1", "score": 91, "max": 100, "pass": True, "by": "school"},
        ],
        "independentFrom": "2026-06-20",
        "comment": "接线规范，能独立排查网关掉线。",
    }


def _credential(name: str) -> dict[str, Any]:
    achievement = make_uuid("achievement sensor network")
    level = f"{achievement}#level-3"
    return {
        "id": make_uuid(f"person {name}"),
        "type": ["AchievementSubject"],
        "kind": "skill_level",
        "identifier": [
            {
                "type": "IdentityObject",
                "identityHash": "阿依古丽·买买提",
                "identityType": "name",
                "hashed": False,
            }
        ],
        "achievement": {
            "id": achievement,
            "type": ["Achievement"],
            "achievementType": "Certificate",
            "name": "Sensor Network Application Development, intermediate",
            "description": "传感网应用开发职业技能等级证书（中级）",
            "criteria": {
                "narrative": "240 hours of practice and a pass in every technical item of the standard."
            },
            "resultDescription": [
                {
                    "id": f"{achievement}#result",
                    "type": ["ResultDescription"],
                    "name": "Level",
                    "resultType": "RubricCriterionLevel",
                    "rubricCriterionLevel": [
                        {"id": level, "type": ["RubricCriterionLevel"], "name": "Intermediate", "level": "3"}
                    ],
                }
            ],
        },
        "result": [
            {"type": ["Result"], "resultDescription": f"{achievement}#result", "achievedLevel": level}
        ],
        "level": "3",
        "activityStartDate": "2025-09-01T00:00:00Z",
        "activityEndDate": "2026-06-30T00:00:00Z",
    }


_SUBJECTS = {
    "party.1": _party,
    "standard.1": _standard,
    "enrolment.1": _enrolment,
    "activity.1": _activity,
    "evaluation.1": _evaluation,
    "credential.1": _credential,
}
