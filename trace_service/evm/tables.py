"""Signed EVM transactions: stored before they are sent, so that the same bytes can be sent again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel, UniqueConstraint

from trace_service.database import UtcDateTime


class EvmTransaction(SQLModel, table=True):
    """One signed transaction. A replacement has the same sender and nonce and another hash."""

    __tablename__ = "evm_transaction"
    __table_args__ = (UniqueConstraint("sender", "nonce", "hash"),)

    pk: int | None = Field(default=None, primary_key=True)
    chain_id: int = Field(sa_type=BigInteger)  # ours have up to 13 digits
    sender: bytes
    nonce: int
    hash: bytes = Field(unique=True)
    raw: bytes
    purpose: str = Field(max_length=20)  # anchor | status | fill
    max_fee_per_gas: str  # decimal text: wei may exceed 64 bits
    max_priority_fee_per_gas: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    block_number: int | None = None
    block_hash: bytes | None = None
    succeeded: bool | None = None
    gas_used: int | None = None
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # mined in a final block
    abandoned_at: datetime | None = Field(
        default=None, sa_type=UtcDateTime
    )  # its nonce went to another transaction


class TransactionBatch(SQLModel, table=True):
    """Which batches a transaction carries."""

    __tablename__ = "transaction_batch"

    transaction_pk: int = Field(foreign_key="evm_transaction.pk", primary_key=True)
    batch_pk: int = Field(foreign_key="batch.pk", primary_key=True, index=True)
