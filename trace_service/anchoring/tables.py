"""Sealed batches, their leaves, and the organisations' authorisations to anchor them.

Leaves and tiles are stored apart from the records they cover, and can be neither changed nor deleted
(triggers in the migration): an altered record, leaf or tile can be told from the others (protocol section
10).
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel, UniqueConstraint

from trace_service.database import UtcDateTime


class Batch(SQLModel, table=True):
    """One Merkle batch of one organisation. ``sealed_at`` is ours, ``anchored_at`` the chain's (epoch
    seconds).
    """

    __table_args__ = (UniqueConstraint("organisation_pk", "sequence"),)

    pk: int | None = Field(default=None, primary_key=True)
    organisation_pk: int = Field(foreign_key="organisation.pk")
    sequence: int
    root: bytes
    count: int
    kinds: int
    format: int
    # Epoch seconds of the newest `created`: anchored only once chain time has reached it.
    newest_proof: int = Field(sa_type=BigInteger)
    sealed_at: datetime = Field(sa_type=UtcDateTime)
    anchored_at: int | None = Field(default=None, sa_type=BigInteger)
    block_number: int | None = None
    block_hash: bytes | None = None
    transaction_hash: bytes | None = None
    final_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    checked_at: datetime | None = Field(
        default=None, sa_type=UtcDateTime
    )  # proof files verified before release
    refused: str | None = Field(default=None, max_length=200)  # the contract's reason, while it refuses
    retry_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # when to ask the contract again


class BatchLeaf(SQLModel, table=True):
    """One leaf: immutable from the moment of sealing."""

    __tablename__ = "batch_leaf"
    __table_args__ = {"sqlite_with_rowid": False}

    batch_pk: int = Field(foreign_key="batch.pk", primary_key=True)
    leaf_index: int = Field(primary_key=True)
    record_pk: int = Field(foreign_key="record.pk", unique=True)
    record_digest: bytes
    signature_digest: bytes
    leaf_hash: bytes


class BatchTile(SQLModel, table=True):
    """Merkle root over up to 256 consecutive leaves."""

    __tablename__ = "batch_tile"
    __table_args__ = {"sqlite_with_rowid": False}

    batch_pk: int = Field(foreign_key="batch.pk", primary_key=True)
    tile_index: int = Field(primary_key=True)
    tile_hash: bytes


class AnchorAuthorisation(SQLModel, table=True):
    """An EIP-712 AnchorBatch signature: kept and published, so that it outlives the chain."""

    __tablename__ = "anchor_authorisation"

    pk: int | None = Field(default=None, primary_key=True)
    batch_pk: int = Field(foreign_key="batch.pk", index=True)
    account: bytes
    deadline: int = Field(sa_type=BigInteger)
    signature: bytes
    created_at: datetime = Field(sa_type=UtcDateTime)


class SealDemand(SQLModel, table=True):
    """Somebody asked to seal now what waits, whatever count and interval say. Gone once it is sealed."""

    __tablename__ = "seal_demand"

    organisation_pk: int = Field(foreign_key="organisation.pk", primary_key=True)
    requested_at: datetime = Field(sa_type=UtcDateTime)


class HeldRecord(SQLModel, table=True):
    """A complete record that sealing passed over.

    Either ``signer_did`` has no authority for it at present, or it is the issuer of a credential whose gate
    is closed (reason ``gate_missing``). ``noticed_at`` is the first time for this reason.
    """

    __tablename__ = "held_record"

    record_pk: int = Field(foreign_key="record.pk", primary_key=True)
    signer_did: str = Field(max_length=255)
    reason: str = Field(max_length=60)
    noticed_at: datetime = Field(sa_type=UtcDateTime)
    retry_at: datetime = Field(sa_type=UtcDateTime)


class WithheldRecord(SQLModel, table=True):
    """An anchored record whose proof file is not given out, because nobody would accept it.

    For good, unless its batch is anchored anew: then it is judged at the new time.
    """

    __tablename__ = "withheld_record"

    record_pk: int = Field(foreign_key="record.pk", primary_key=True)
    signer_did: str | None = Field(default=None, max_length=255)  # who has no authority, where that is why
    reason: str = Field(max_length=60)
    noticed_at: datetime = Field(sa_type=UtcDateTime)
