"""Answers remembered by idempotency key: the same request twice gets the same answer."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from trace_service.database import UtcDateTime


class IdempotentAnswer(SQLModel, table=True):
    """Written in the same transaction as the effect it remembers."""

    __tablename__ = "idempotent_answer"

    organisation_pk: int = Field(foreign_key="organisation.pk", primary_key=True)
    key: str = Field(primary_key=True, max_length=128)
    request_sha256: bytes
    status: int
    body: bytes
    created_at: datetime = Field(sa_type=UtcDateTime)
