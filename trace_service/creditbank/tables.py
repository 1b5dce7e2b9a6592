"""The ledger of the credit bank: accounts, operations, the journal and its postings.

Every amount is an integer of hundredths of a credit. Journal and postings are append-only (triggers in the
migration), and the database itself refuses an entry whose postings do not sum to zero within each bank and
kind of credit, a posting to a closed entry, and a balance below zero or below what is reserved.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint
from sqlmodel import Field, Index, SQLModel, UniqueConstraint, text

from trace_service.database import UtcDateTime

OPEN = "booked_at IS NULL AND released_at IS NULL"
HELD = "released_at IS NULL"


class CreditHolder(SQLModel, table=True):
    """One person with credits. Whoever changes anything of a holder locks this row first; ``head`` is the
    hash of the newest of his ``entries`` journal entries."""

    __tablename__ = "credit_holder"

    pk: int | None = Field(default=None, primary_key=True)
    holder: str = Field(unique=True, max_length=255)  # credentialSubject.id
    entries: int = 0
    head: bytes | None = None


class CreditAccount(SQLModel, table=True):
    """One account at one bank for one kind of credit.

    Holders' accounts keep their ``balance``, of which ``reserved`` is promised to open operations, and how
    many ``postings`` they have. System accounts (issued, redeemed, expired, in_transfer, converted) keep
    none: a row that every operation of a bank had to change would be a queue. Their balance is the sum of
    their postings.
    """

    __tablename__ = "credit_account"
    __table_args__ = (
        UniqueConstraint("bank", "role", "holder_pk", "credit_kind"),
        CheckConstraint("(role = 'holder') = (holder_pk <> 0)", name="credit_account_holder"),
        CheckConstraint("reserved >= 0 AND balance >= reserved", name="credit_account_covered"),
        CheckConstraint("role = 'holder' OR (balance = 0 AND postings = 0)", name="credit_account_system"),
    )

    pk: int | None = Field(default=None, primary_key=True)
    bank: str = Field(max_length=255)
    role: str = Field(max_length=12)
    holder_pk: int = 0  # 0 for system accounts: NULL would not be unique
    credit_kind: str = Field(max_length=12)
    balance: int = Field(default=0, sa_type=BigInteger)
    reserved: int = Field(default=0, sa_type=BigInteger)
    postings: int = 0


class CreditOperation(SQLModel, table=True):
    """What a CreditEntry record asks for, from its drafting on: reserved, then booked or released."""

    __tablename__ = "credit_operation"
    __table_args__ = (
        # One credential is deposited once anywhere in this installation; a released draft holds nothing.
        Index(
            "credit_deposit_once",
            "credential_digest",
            unique=True,
            sqlite_where=text(HELD),
            postgresql_where=text(HELD),
        ),
        Index("credit_open", "holder_pk", "pk", sqlite_where=text(OPEN), postgresql_where=text(OPEN)),
        Index("credit_by_holder", "holder_pk", "bank"),
        CheckConstraint("booked_at IS NULL OR released_at IS NULL", name="credit_operation_end"),
        CheckConstraint("amount >= 0", name="credit_operation_amount"),
    )

    pk: int | None = Field(default=None, primary_key=True)
    record_pk: int = Field(foreign_key="record.pk", unique=True)
    holder_pk: int = Field(foreign_key="credit_holder.pk")
    op: str = Field(max_length=12)
    bank: str = Field(max_length=255)
    credit_kind: str = Field(max_length=12)
    amount: int = Field(sa_type=BigInteger)
    on: date
    source_pk: int | None = Field(default=None, foreign_key="credit_account.pk")  # where it is reserved
    credential_digest: bytes | None = None  # deposit
    expires_on: date | None = None  # deposit: the first day on which its credits no longer count
    agreement_digest: bytes | None = None  # convert
    rule: str | None = Field(default=None, max_length=130)  # convert: code and version
    target_bank: str | None = Field(default=None, max_length=255)  # transfer
    target_kind: str | None = Field(default=None, max_length=12)  # convert
    target_amount: int | None = Field(default=None, sa_type=BigInteger)  # convert
    residue: int = Field(default=0, sa_type=BigInteger)  # convert: lost by rounding, in 1/denominator
    denominator: int = Field(default=1, sa_type=BigInteger)
    deferred: bool = False  # of an import: checked only once its record is complete
    refused: str | None = Field(default=None, max_length=60)  # why a deferred one cannot be booked yet
    reserved_at: datetime = Field(sa_type=UtcDateTime)
    booked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    released_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class CreditJournal(SQLModel, table=True):
    """One booked entry. ``entry_hash`` covers it, its postings and the holder's entry before it."""

    __tablename__ = "credit_journal"
    __table_args__ = (UniqueConstraint("holder_pk", "number"),)

    operation_pk: int = Field(
        foreign_key="credit_operation.pk", primary_key=True, sa_column_kwargs={"autoincrement": False}
    )
    holder_pk: int = Field(foreign_key="credit_holder.pk")
    number: int  # 1, 2, ... of this holder
    record_digest: bytes = Field(unique=True)
    booked_at: datetime = Field(sa_type=UtcDateTime)
    entry_hash: bytes


class CreditPosting(SQLModel, table=True):
    """One line of an entry: ``amount`` into (positive) or out of (negative) an account.

    ``sequence`` and ``balance_after`` are of holders' accounts; ``expires_on`` of credits that come in.
    """

    __tablename__ = "credit_posting"
    __table_args__ = (
        # Postings come before their entry, which closes them: the key is looked at when the commit comes.
        ForeignKeyConstraint(
            ["operation_pk"], ["credit_journal.operation_pk"], deferrable=True, initially="DEFERRED"
        ),
        UniqueConstraint("account_pk", "sequence"),
        CheckConstraint("amount <> 0", name="credit_posting_amount"),
        CheckConstraint("balance_after >= 0", name="credit_posting_balance"),
    )

    operation_pk: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    line: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    account_pk: int = Field(foreign_key="credit_account.pk")
    amount: int = Field(sa_type=BigInteger)
    expires_on: date | None = None
    sequence: int | None = None
    balance_after: int | None = Field(default=None, sa_type=BigInteger)
