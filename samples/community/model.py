"""Records of an invented community as plain values, and their way into signed documents' form.

Everything is named by a reference of ours ("ACT-24-ZQ-JX-03-w07"); record ids, persons and things follow from
the reference and the seed alone, so tests can name a record before it is built. Nothing here is signed.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from samples.community.organisations import BY_DID
from verifier_cli.canonical import canonical
from verifier_cli.encoding import b64url_encode, digest_multibase
from verifier_cli.kinds import Kind
from verifier_cli.record import Record, context_for, status_entry

__all__ = [
    "CHAIN_ID",
    "REGISTRY",
    "SEED",
    "Community",
    "Entry",
    "LinkTo",
    "RefError",
    "document",
    "person",
    "record_id",
    "thing",
    "to_records",
]

SEED = "skilltrace-community-1"
CHAIN_ID = 20261
REGISTRY = "0x" + "c0" * 20  # of no contract: the community is given to tests and engines, not anchored here
_TYPES = {
    "party": ("Party", Kind.PARTY),
    "agreement": ("Agreement", Kind.AGREEMENT),
    "standard": ("Standard", Kind.STANDARD),
    "demand": ("Demand", Kind.DEMAND),
    "enrolment": ("Enrolment", Kind.ENROLMENT),
    "activity": ("Activity", Kind.ACTIVITY),
    "evaluation": ("Evaluation", Kind.EVALUATION),
    "credential": ("OpenBadgeCredential", Kind.CREDENTIAL),
    "creditentry": ("CreditEntry", Kind.CREDIT_ENTRY),
    "outcome": ("Outcome", Kind.OUTCOME),
    "resource": ("Resource", Kind.RESOURCE),
    "decision": ("Decision", Kind.DECISION),
}


class RefError(ValueError):
    """A reference used twice, or a link to one that does not stand before it; `ref` names it."""

    def __init__(self, ref: str, reason: str) -> None:
        super().__init__(f"{ref}: {reason}")
        self.ref = ref
        self.reason = reason


@dataclass(frozen=True, slots=True)
class LinkTo:
    """A link to an earlier entry: its reference, the relation, the items meant."""

    ref: str
    rel: str
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of the community."""

    ref: str
    """External reference, unique in the community."""
    schema: str
    """`activity.1`, ..."""
    issuer: str
    """DID of an organisation of `organisations`."""
    countersigners: tuple[tuple[str, str], ...]
    """(DID, role) of who signs beside the issuer."""
    subject: Mapping[str, Any]
    """`credentialSubject`; its `type` may be left out."""
    valid_from: str
    """YYYY-MM-DDTHH:MM:SSZ."""
    links: tuple[LinkTo, ...] = ()
    revision: int = 1
    """Which version of the same thing this is; the former one is linked with `supersedes`."""
    revoked_on: str | None = None
    """Local date on which the record was revoked, None if it never was."""
    valid_until: str | None = None
    """YYYY-MM-DDTHH:MM:SSZ, None when the record does not expire."""


class Community:
    """Entries in an order in which everything linked stands first."""

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale
        self._entries: dict[str, Entry] = {}

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All entries, in the order of adding."""
        return tuple(self._entries.values())

    def add(self, *entries: Entry) -> None:
        """Take entries up. Raises RefError for a reference used twice and for a link that leads nowhere."""
        for entry in entries:
            if entry.ref in self._entries:
                raise RefError(entry.ref, "used twice")
            for link in entry.links:
                if link.ref not in self._entries:
                    raise RefError(link.ref, f"linked from {entry.ref} before it is there")
            self._entries[entry.ref] = entry

    def __contains__(self, ref: str) -> bool:
        return ref in self._entries

    def __getitem__(self, ref: str) -> Entry:
        return self._entries[ref]

    def __len__(self) -> int:
        return len(self._entries)

    def counts(self) -> dict[str, int]:
        """Schema -> number of entries."""
        return dict(sorted(Counter(entry.schema for entry in self._entries.values()).items()))

    def revoked_by(self, day: str) -> frozenset[str]:
        """References of entries revoked on or before a local date."""
        return frozenset(
            entry.ref
            for entry in self._entries.values()
            if entry.revoked_on is not None and entry.revoked_on <= day
        )

    @staticmethod
    def person(ref: str) -> str:
        """The `urn:uuid:` of a person."""
        return person(ref)

    @staticmethod
    def thing(ref: str) -> str:
        """The `urn:uuid:` of a thing that stays the same over versions, such as a standard."""
        return thing(ref)

    @staticmethod
    def record_id(ref: str) -> str:
        """The record id of an entry."""
        return record_id(ref)


def record_id(ref: str) -> str:
    """`urn:uuid:` of the record with this reference; not a promise that there is one."""
    return _urn("record", ref)


@lru_cache(maxsize=1 << 14)
def person(ref: str) -> str:
    """`urn:uuid:` of the person with this reference."""
    return _urn("person", ref)


@lru_cache(maxsize=1 << 12)
def thing(ref: str) -> str:
    """`urn:uuid:` of the thing with this reference."""
    return _urn("thing", ref)


def _urn(space: str, ref: str) -> str:
    text = bytearray(_digest(space, ref)[:16])
    text[6] = 0x40 | text[6] & 0x0F  # version 4
    text[8] = 0x80 | text[8] & 0x3F  # variant of RFC 9562
    digits = text.hex()
    return f"urn:uuid:{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _digest(space: str, ref: str) -> bytes:
    return hashlib.sha256(f"{SEED}/{space}/{ref}".encode()).digest()


def document(
    entry: Entry,
    number: int,
    links: list[dict[str, Any]],
    *,
    chain_id: int = CHAIN_ID,
    registry: str = REGISTRY,
) -> dict[str, Any]:
    """The unsigned document of an entry.

    `number` is its status number at the issuer, `links` the `relatedResource` with digests.
    """
    schema, version = entry.schema.split(".")
    type_name = _TYPES[schema][0]
    subject_type = "AchievementSubject" if schema == "credential" else type_name
    found: dict[str, Any] = {
        "@context": context_for(entry.schema),
        "id": record_id(entry.ref),
        "type": ["VerifiableCredential", type_name],
        "issuer": {"id": entry.issuer, "type": ["Profile"], "name": BY_DID[entry.issuer].zh},
        "validFrom": entry.valid_from,
        "credentialSubject": {"type": [subject_type], **entry.subject},
        "credentialStatus": status_entry(entry.issuer, chain_id, registry, number),
        "credentialSchema": {"id": f"urn:skilltrace:schema:{schema}:{version}", "type": "JsonSchema"},
        "salt": b64url_encode(_digest("salt", entry.ref)[:16]),
    }
    if entry.valid_until is not None:
        found["validUntil"] = entry.valid_until
    if entry.countersigners:
        found["countersigners"] = [{"id": did, "role": role} for did, role in entry.countersigners]
    if links:
        found["relatedResource"] = links
    return found


def to_records(
    community: Community, *, check: bool = True, chain_id: int = CHAIN_ID, registry: str = REGISTRY
) -> Iterator[Record]:
    """The records of all entries, in their order, without proofs.

    With `check` each document goes through profile, schema and rules, as before a signature; an invalid one
    raises DataError. Without, bytes and digests are the same and come several times faster.
    """
    digests: dict[str, str] = {}
    numbers: Counter[str] = Counter()
    for entry in community.entries:
        links = [_link(link, digests) for link in entry.links]
        made = document(entry, numbers[entry.issuer], links, chain_id=chain_id, registry=registry)
        numbers[entry.issuer] += 1
        record = Record.from_document(made) if check else _unchecked(made, entry.schema)
        digests[entry.ref] = digest_multibase(record.digest)
        yield record


def _link(link: LinkTo, digests: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": record_id(link.ref),
        "digestMultibase": digests[link.ref],
        "rel": link.rel,
    }
    if link.items:
        found["item"] = list(link.items)
    return found


def _unchecked(made: dict[str, Any], schema: str) -> Record:
    text = canonical(made)
    return Record(made, (), text, hashlib.sha256(text).digest(), schema, _TYPES[schema.split(".")[0]][1])
