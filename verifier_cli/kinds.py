"""Kinds of records and roles of parties, with the bits they have on chain (protocol 2.3)."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

__all__ = [
    "ORGANISATION_ROLES",
    "PERSON_ROLES",
    "SIGNER_ROLES",
    "TYPES",
    "Kind",
    "RecordType",
    "Role",
    "kind_mask",
    "role_mask",
]


class Kind(IntEnum):
    """Bit of a record type in `kinds` of accreditations and batches; 12 to 23 are reserved."""

    PARTY = 0
    AGREEMENT = 1
    STANDARD = 2
    DEMAND = 3
    ENROLMENT = 4
    ACTIVITY = 5
    EVALUATION = 6
    CREDENTIAL = 7
    CREDIT_ENTRY = 8
    OUTCOME = 9
    RESOURCE = 10
    DECISION = 11


class RecordType(NamedTuple):
    """What belongs to one record type: its bit, and the second entry of a record's `type`."""

    kind: Kind
    vc_type: str


# Name of the type in schema ids -> the rest, in the order of the bits.
TYPES: dict[str, RecordType] = {
    "party": RecordType(Kind.PARTY, "Party"),
    "agreement": RecordType(Kind.AGREEMENT, "Agreement"),
    "standard": RecordType(Kind.STANDARD, "Standard"),
    "demand": RecordType(Kind.DEMAND, "Demand"),
    "enrolment": RecordType(Kind.ENROLMENT, "Enrolment"),
    "activity": RecordType(Kind.ACTIVITY, "Activity"),
    "evaluation": RecordType(Kind.EVALUATION, "Evaluation"),
    "credential": RecordType(Kind.CREDENTIAL, "OpenBadgeCredential"),
    "creditentry": RecordType(Kind.CREDIT_ENTRY, "CreditEntry"),
    "outcome": RecordType(Kind.OUTCOME, "Outcome"),
    "resource": RecordType(Kind.RESOURCE, "Resource"),
    "decision": RecordType(Kind.DECISION, "Decision"),
}


class Role(IntEnum):
    """Bit of a role in an accreditation's `roles`."""

    REGULATOR = 0
    SCHOOL = 1
    LEADER = 2
    MEMBER = 3
    EVALUATOR = 4
    AUDITOR = 5
    OPERATOR = 6


def role_mask(*roles: Role) -> int:
    """The `roles` word of an accreditation that grants these roles."""
    return sum(1 << role for role in set(roles))


def kind_mask(*kinds: Kind) -> int:
    """The `kinds` word of an accreditation or a batch that covers these kinds."""
    return sum(1 << kind for kind in set(kinds))


# What a record calls a signer's role -> registry bits, any one of which the signer must hold. An enterprise
# is the leader or a member of a chain.
SIGNER_ROLES: dict[str, int] = {
    "school": role_mask(Role.SCHOOL),
    "enterprise": role_mask(Role.LEADER, Role.MEMBER),
    "evaluator": role_mask(Role.EVALUATOR),
    "regulator": role_mask(Role.REGULATOR),
    "auditor": role_mask(Role.AUDITOR),
    "operator": role_mask(Role.OPERATOR),
}
ORGANISATION_ROLES: frozenset[str] = frozenset(SIGNER_ROLES)
# A person signs with a did:key and never stands for an organisation (protocol 2.5).
PERSON_ROLES: frozenset[str] = frozenset({"trainee", "mentor", "teacher"})
