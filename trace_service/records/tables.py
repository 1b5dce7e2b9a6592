"""Records and the signatures they wait for.

A record's definition is its JSON Schema; the table holds the canonical bytes and the columns that are
searched. Each step of its life is a fact with a time of its own, never one overloaded flag (protocol section
6).
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import Field, Index, SQLModel, UniqueConstraint, text

from trace_service.database import UtcDateTime


class Record(SQLModel, table=True):
    """One record. ``document`` is the canonical form without proofs; ``digest`` its SHA-256
    (record_digest)."""

    __table_args__ = (
        UniqueConstraint("organisation_pk", "status_number"),
        # A rejected draft holds no reference: else one partner's draft could block it for ever.
        Index(
            "record_reference",
            "organisation_pk",
            "schema_name",
            "external_ref",
            "revision",
            unique=True,
            sqlite_where=text("rejected_at IS NULL"),
            postgresql_where=text("rejected_at IS NULL"),
        ),
    )

    pk: int | None = Field(default=None, primary_key=True)
    id: str = Field(unique=True, max_length=64)
    organisation_pk: int = Field(foreign_key="organisation.pk")  # the issuer
    proposer_pk: int = Field(foreign_key="organisation.pk")  # who drafted it: always a signer
    schema_name: str = Field(max_length=40)  # as in urn:skilltrace:schema:<schema_name>:<version>
    kind: int
    subkind: str = Field(
        default="", max_length=40
    )  # the kind inside the subject: it may decide who must sign
    subject: str | None = Field(default=None, index=True, max_length=255)
    external_ref: str | None = Field(default=None, max_length=200)
    revision: int = 1
    status_number: int = Field(sa_type=BigInteger)  # up to 13 digits
    digest: bytes = Field(unique=True)
    import_job_pk: int | None = Field(default=None, foreign_key="import_job.pk", index=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    completed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    anchor_by: datetime | None = Field(default=None, sa_type=UtcDateTime)  # the promise of the receipt
    rejected_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # a signer refused the draft
    rejected_by_pk: int | None = Field(default=None, foreign_key="organisation.pk")
    rejection: str | None = Field(default=None, max_length=500)  # why
    # Last: a long document fills pages of its own, which a reader of the columns before it never touches.
    document: bytes


class Outbox(SQLModel, table=True):
    """A complete record of an issuer that is in no batch yet.

    A row comes with the last signature and goes with the sealing, in the same transactions. The record's own
    row, of some kilobytes, is not written again for it.
    """

    __table_args__ = {"sqlite_with_rowid": False}

    organisation_pk: int = Field(foreign_key="organisation.pk", primary_key=True)
    record_pk: int = Field(foreign_key="record.pk", primary_key=True)


class RecordSignature(SQLModel, table=True):
    """One required signer of a record, and its proof once given. ``position`` 0 is the issuer."""

    __tablename__ = "record_signature"
    __table_args__ = (
        # The inbox of a signer: what still waits for it.
        Index(
            "signature_inbox",
            "signer_did",
            "record_pk",
            sqlite_where=text("proof IS NULL"),
            postgresql_where=text("proof IS NULL"),
        ),
        # Everything that an organisation has a part in: its list of records.
        Index("signature_signer", "signer_did", "record_pk"),
        {"sqlite_with_rowid": False},
    )

    record_pk: int = Field(foreign_key="record.pk", primary_key=True)
    position: int = Field(primary_key=True)
    signer_did: str = Field(max_length=255)
    role: str = Field(max_length=20)
    proof: bytes | None = None  # canonical JSON of the eddsa-jcs-2022 proof
    verification_method: str | None = Field(default=None, max_length=400)
    proof_created: int | None = Field(default=None, sa_type=BigInteger)  # epoch seconds, from the proof
    signed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
