"""Organisations, the people they train, and the keys that let their software in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel, UniqueConstraint

from trace_service.database import UtcDateTime


class Organisation(SQLModel, table=True):
    """An organisation known to this service. Its authority comes from the on-chain registry, never from
    here."""

    pk: int | None = Field(default=None, primary_key=True)
    did: str = Field(unique=True, max_length=255)
    org_id: bytes = Field(unique=True)
    name_zh: str = Field(max_length=200)
    name_en: str = Field(default="", max_length=200)
    next_status_number: int = Field(
        default=0, sa_type=BigInteger
    )  # numbers below it are reserved; a job reserves whole words of 256
    open_status_word: int | None = Field(
        default=None, sa_type=BigInteger
    )  # the word from which single records take their numbers
    created_at: datetime = Field(sa_type=UtcDateTime)


class RecordKey(SQLModel, table=True):
    """A public record key that this service has been told of. Only the on-chain registry gives it
    authority."""

    __tablename__ = "record_key"

    pk: int | None = Field(default=None, primary_key=True)
    organisation_pk: int = Field(foreign_key="organisation.pk", index=True)
    public_key: bytes = Field(unique=True)  # 32 bytes, Ed25519
    created_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ApiKey(SQLModel, table=True):
    """A member's API key: only its SHA-256 is stored. ``scopes`` is a space-separated list."""

    __tablename__ = "api_key"

    pk: int | None = Field(default=None, primary_key=True)
    organisation_pk: int = Field(foreign_key="organisation.pk", index=True)
    prefix: str = Field(unique=True, max_length=16)
    key_hash: bytes
    scopes: str
    label: str = Field(default="", max_length=100)
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Person(SQLModel, table=True):
    """A trainee or mentor under the number that the organisation uses for them; ``urn`` is what records
    name."""

    __table_args__ = (UniqueConstraint("organisation_pk", "external_ref"),)

    pk: int | None = Field(default=None, primary_key=True)
    organisation_pk: int = Field(foreign_key="organisation.pk")
    external_ref: str = Field(max_length=100)
    urn: str = Field(unique=True, max_length=64)
