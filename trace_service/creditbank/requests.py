"""Request bodies of the credit bank. What a record may contain is its schema's business; amounts are integers
of hundredths of a credit, dates days of Asia/Shanghai."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from trace_service.records.requests import MAX_COUNTERSIGNERS, MAX_REF, CountersignerBody

MAX_AMOUNT = 10_000_000  # of the schema: 100,000 credits
MAX_DID = 255


def _day(value: object) -> object:
    return date.fromisoformat(value) if isinstance(value, str) else value


Day = Annotated[date, BeforeValidator(_day)]
Amount = Annotated[int, Field(ge=1, le=MAX_AMOUNT, description="hundredths of a credit", examples=[150])]
CreditKind = Literal["enterprise", "school", "certificate", "converted"]
Did = Annotated[str, Field(max_length=MAX_DID)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=True)


class RecordRef(_Body):
    """A record by its id; of one that the caller does not sign, by its digestMultibase too."""

    id: str = Field(max_length=64)
    digest: str | None = Field(default=None, alias="digestMultibase")


class RuleRef(_Body):
    """A conversion rule of the agreement."""

    code: str = Field(max_length=64)
    version: str = Field(max_length=64)


class PeriodBody(_Body):
    """From a day until before another."""

    since: Day = Field(alias="from")
    until: Day = Field(alias="to")


class EntryBody(_Body):
    """What every entry has. The bank issues the record; a caller that is not the bank countersigns it."""

    bank: Did | None = Field(default=None, description="the caller where it is left out")
    role: str = Field(default="school", description="role of a caller that is not the bank")
    on: Day | None = Field(default=None, description="today where it is left out")
    countersigners: list[CountersignerBody] = Field(default=[], max_length=MAX_COUNTERSIGNERS)
    external_ref: str | None = Field(default=None, alias="externalRef", min_length=1, max_length=MAX_REF)


class DepositBody(EntryBody):
    """Deposit what a credential gives; its issuer is added to the countersigners."""

    credential: RecordRef


class _Taking(EntryBody):
    holder: Did
    credit_kind: CreditKind = Field(alias="creditKind")
    amount: Amount


class RedeemBody(_Taking):
    """Redeem credits for a course."""

    course: str = Field(max_length=64)


class TransferBody(_Taking):
    """Transfer credits to another bank, which countersigns in ``toRole``."""

    to: Did
    to_role: str = Field(default="school", alias="toRole")


class ExpireBody(EntryBody):
    """Expire what has lapsed by the day: all of it where no amount is given."""

    holder: Did
    credit_kind: CreditKind = Field(alias="creditKind")
    amount: Amount | None = None


class ConvertBody(EntryBody):
    """Convert credits by a rule; ``exact`` refuses an amount that does not come out even."""

    holder: Did
    amount: Amount
    rule: RuleRef
    agreement: RecordRef
    exact: bool = False


class StatementBody(EntryBody):
    """State a holder's balances at the end of a period; signed by two organisations at least."""

    holder: Did
    period: PeriodBody
