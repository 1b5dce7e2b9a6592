"""Who cites whom, the wrong way round: a record's own document says what it cites."""

from __future__ import annotations

from sqlmodel import Field, SQLModel


class RecordLink(SQLModel, table=True):
    """``record_pk`` links the record with the digest ``target_digest``, which need not be known here.

    Ancestors are read from the documents themselves, so that no table can say otherwise; this one finds
    descendants, and is one row in one tree for each link.
    """

    __tablename__ = "record_link"
    __table_args__ = {"sqlite_with_rowid": False}

    target_digest: bytes = Field(primary_key=True)
    record_pk: int = Field(foreign_key="record.pk", primary_key=True)
