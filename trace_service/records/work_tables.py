"""What surrounds a draft while it waits for signatures: deadline, approvals, reminders, revisions.

None of it is part of a record: it is the work of getting one signed, and stays in this service. The tables
are small beside `record`: a draft has a row in one of them only where somebody did or asked for something.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from trace_service.database import UtcDateTime


class RecordDeadline(SQLModel, table=True):
    """Until when a draft is to be signed, where its proposer named a time; else the setting decides."""

    __tablename__ = "record_deadline"

    record_pk: int = Field(foreign_key="record.pk", primary_key=True)
    sign_by: datetime = Field(sa_type=UtcDateTime)


class SigningApproval(SQLModel, table=True):
    """A person at ``signer_did`` lets its signer sign the record; ``key_prefix`` tells whose API key it
    was."""

    __tablename__ = "signing_approval"

    record_pk: int = Field(foreign_key="record.pk", primary_key=True)
    signer_did: str = Field(primary_key=True, max_length=255)
    key_prefix: str = Field(max_length=16)
    approved_at: datetime = Field(sa_type=UtcDateTime)


class SigningReminder(SQLModel, table=True):
    """One reminder of one signer; ``ordinal`` counts from 1 for each record and signer."""

    __tablename__ = "signing_reminder"

    record_pk: int = Field(foreign_key="record.pk", primary_key=True)
    signer_did: str = Field(primary_key=True, max_length=255)
    ordinal: int = Field(primary_key=True)
    reminded_by_pk: int = Field(foreign_key="organisation.pk")
    reminded_at: datetime = Field(sa_type=UtcDateTime)


class DraftRevision(SQLModel, table=True):
    """A draft that took the place of a rejected one. ``thread_pk`` is the first draft of the matter.

    ``kind`` is ``revision`` (the proposer corrected it) or ``contribution`` (a countersigner added its own
    part). A draft has at most one successor.
    """

    __tablename__ = "draft_revision"

    record_pk: int = Field(foreign_key="record.pk", primary_key=True)
    predecessor_pk: int = Field(foreign_key="record.pk", unique=True)
    thread_pk: int = Field(foreign_key="record.pk", index=True)
    author_pk: int = Field(foreign_key="organisation.pk")
    kind: str = Field(max_length=20)
    comment: str | None = Field(default=None, max_length=500)
    created_at: datetime = Field(sa_type=UtcDateTime)


class AwaitedContribution(SQLModel, table=True):
    """A countersigner whose own part a draft still lacks; nobody is asked to sign it until then."""

    __tablename__ = "awaited_contribution"

    record_pk: int = Field(foreign_key="record.pk", primary_key=True)
    signer_did: str = Field(primary_key=True, max_length=255)
