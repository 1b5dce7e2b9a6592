"""A record: the signed document, its canonical bytes, its digest, and what other steps read (protocol 2)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from verifier_cli.canonical import canonical, canonical_parsed
from verifier_cli.did import did_web_host, org_id
from verifier_cli.encoding import parse_digest_multibase, parse_time
from verifier_cli.errors import SchemaError
from verifier_cli.kinds import Kind
from verifier_cli.profile import MAX_SIZE, parse, parse_own
from verifier_cli.rules import LIST_LENGTH, STATUS_ID, context_of, issuer_roles, schema_of, subkind_of
from verifier_cli.schema import validate
from verifier_cli.signature import is_native

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Countersigner", "Link", "Record", "StatusId", "context_for", "record_digest", "status_entry"]


class Countersigner(NamedTuple):
    """Who signs beside the issuer, and as what."""

    id: str
    role: str


class Link(NamedTuple):
    """A reference to another record: its id, its record_digest (32 bytes), the relation, items meant."""

    id: str
    digest: bytes
    rel: str
    items: tuple[str, ...]


class StatusId(NamedTuple):
    """Where a record's status bits are: chain, anchor registry (0x, lower case), organisation, number."""

    chain_id: int
    registry: str
    org_id: bytes
    number: int


@dataclass(frozen=True, slots=True)
class Record:
    """One valid record. Its document must not be changed: digest and canonical bytes were taken from it."""

    document: dict[str, Any]
    """The record without `proof`."""
    proofs: tuple[dict[str, Any], ...]
    """All proofs, as given; empty for a draft."""
    canonical: bytes
    """JCS of `document`."""
    digest: bytes
    """record_digest: SHA-256 of `canonical`."""
    schema: str
    """Name and version of the schema, e.g. `activity.1`."""
    kind: Kind

    @classmethod
    def parse(cls, data: bytes, *, max_size: int = MAX_SIZE) -> Record:
        """A record from its bytes, with or without proofs: profile, schema and rules, not signatures.

        Raises ProfileError, SchemaError, or UnknownSchemaError for a type or version newer than this.
        """
        return cls.from_value(parse(data, max_size=max_size))

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Record:
        """A record from a Python document, for issuing. Raises as `parse` does.

        The canonical bytes are parsed back, so what is signed is what any reader will parse.
        """
        return cls.from_canonical(canonical(document))

    @classmethod
    def from_canonical(cls, text: bytes) -> Record:
        """A record from bytes that `canonical` wrote in this process, never from bytes that were read.

        Raises as `parse` does.
        """
        value = parse_own(text)
        validate(value)
        if "proof" not in value:
            return cls._of(value, (), text)
        proofs = value.pop("proof")
        return cls._of(value, proofs, canonical_parsed(value))

    @classmethod
    def from_value(cls, value: Any) -> Record:
        """A record from what `profile.parse` returned; takes the value over. Raises SchemaError."""
        validate(value)
        proofs = value.pop("proof", ())
        return cls._of(value, proofs, canonical_parsed(value))

    @classmethod
    def _of(cls, value: Any, proofs: Iterable[dict[str, Any]], text: bytes) -> Record:
        name, kind = schema_of(value)
        return cls(value, tuple(proofs), text, hashlib.sha256(text).digest(), name, kind)

    @property
    def id(self) -> str:
        """`urn:uuid:` of the record."""
        return str(self.document["id"])

    @property
    def subkind(self) -> str:
        """The `kind` inside the subject (practice, exam, ...), of a credit entry its `op`; empty without."""
        return subkind_of(self.document["credentialSubject"])

    @property
    def issuer(self) -> str:
        """DID of the issuer."""
        return str(self.document["issuer"]["id"])

    @property
    def countersigners(self) -> tuple[Countersigner, ...]:
        """Who must sign beside the issuer, in the document's order."""
        entries = self.document.get("countersigners", ())
        return tuple(Countersigner(entry["id"], entry["role"]) for entry in entries)

    @property
    def signers(self) -> tuple[str, ...]:
        """DIDs of the signer set, issuer first."""
        return (self.issuer, *(entry["id"] for entry in self.document.get("countersigners", ())))

    @property
    def issuer_roles(self) -> tuple[str, ...]:
        """Roles of which the issuer must hold one, given who countersigns (protocol 2.5)."""
        return issuer_roles(self.document, self.schema)

    @property
    def links(self) -> tuple[Link, ...]:
        """Records that this one builds on."""
        return tuple(
            Link(
                entry["id"],
                parse_digest_multibase(entry["digestMultibase"]),
                entry["rel"],
                tuple(entry.get("item", ())),
            )
            for entry in self.document.get("relatedResource", ())
        )

    @property
    def status(self) -> StatusId:
        """Address of the status bits."""
        match = STATUS_ID.fullmatch(self.document["credentialStatus"]["id"])
        assert match is not None
        return StatusId(int(match[1]), match[2], bytes.fromhex(match[3][2:]), int(match[4]))

    @property
    def valid_from(self) -> int:
        """Epoch seconds of `validFrom`."""
        return parse_time(self.document["validFrom"])

    @property
    def valid_until(self) -> int | None:
        """Epoch seconds of `validUntil`, None when the record does not expire."""
        until = self.document.get("validUntil")
        return None if until is None else parse_time(until)

    @property
    def native_proofs(self) -> tuple[dict[str, Any], ...]:
        """Proofs of our suite: signed set and leaf are made of these."""
        return tuple(filter(is_native, self.proofs))

    @property
    def foreign_proofs(self) -> tuple[dict[str, Any], ...]:
        """Proofs of other suites: never checked, never shown as signatures."""
        return tuple(proof for proof in self.proofs if not is_native(proof))


def context_for(schema: str) -> list[str]:
    """The constant `@context` of a schema version such as `activity.1`; a fresh list. Raises SchemaError."""
    return list(context_of(schema))


def record_digest(document: dict[str, Any]) -> bytes:
    """SHA-256(JCS(document without proof)): the identity that links use (protocol 4)."""
    if "proof" in document:
        document = {name: member for name, member in document.items() if name != "proof"}
    return hashlib.sha256(canonical(document)).digest()


def status_entry(did: str, chain_id: int, registry: str, number: int) -> dict[str, Any]:
    """The `credentialStatus` of a record (protocol 2.6).

    `did` is the issuer's did:web, `registry` the AnchorRegistry's address in any case, `number` the status
    number. Raises DataError or SchemaError.
    """
    status_id = f"urn:skilltrace:status:eip155:{chain_id}:{registry.lower()}:0x{org_id(did).hex()}:{number}"
    if not STATUS_ID.fullmatch(status_id):
        raise SchemaError("$.credentialStatus.id", "chain id, registry or number out of form")
    return {
        "id": status_id,
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": str(number % LIST_LENGTH),
        "statusListCredential": f"https://{did_web_host(did)}/status/{number // LIST_LENGTH}",
    }
