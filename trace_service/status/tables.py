"""Requested changes of record status, and their way onto the chain."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from trace_service.database import UtcDateTime


class StatusChange(SQLModel, table=True):
    """One bit of one record: plane 0 revoked, 1 suspended, 2 superseded (protocol sections 2.6 and 5)."""

    __tablename__ = "status_change"

    pk: int | None = Field(default=None, primary_key=True)
    id: str = Field(unique=True, max_length=36)
    organisation_pk: int = Field(foreign_key="organisation.pk", index=True)
    record_pk: int = Field(foreign_key="record.pk", index=True)
    plane: int
    on: bool
    reason: int
    note: str = Field(default="", max_length=500)
    requested_at: datetime = Field(sa_type=UtcDateTime)
    transaction_pk: int | None = Field(default=None, foreign_key="evm_transaction.pk", index=True)
    effective_at: int | None = Field(default=None, sa_type=BigInteger)  # chain time, epoch seconds
    refused: str | None = None  # why the chain refused it
    final_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
