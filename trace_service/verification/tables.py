"""How long public verifications took: an operational log, beside signed reports and never in one."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from trace_service.database import UtcDateTime


class VerificationTime(SQLModel, table=True):
    """One verification: when, how long, how it ended. Not of which record: who looks at whom is no log of
    ours."""

    __tablename__ = "verification_time"

    pk: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime, index=True)
    milliseconds: int
    verdict: str = Field(max_length=24)
