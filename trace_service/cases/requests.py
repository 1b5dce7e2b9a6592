"""Request bodies of cases."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from trace_service.records.requests import MAX_COUNTERSIGNERS, CountersignerBody

MAX_ID = 64
MAX_CODE = 64
MAX_RECORDS = 100  # of one case: a class and the days around it
MAX_CASE = 56  # of the 64 characters of a code; the steps append to it
MAX_TITLE = 200
MAX_BASIS = 2_000
CASE_FORM = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"


def _day(value: object) -> object:
    return date.fromisoformat(value) if isinstance(value, str) else value


Day = Annotated[date, BeforeValidator(_day)]
RecordId = Annotated[str, Field(max_length=MAX_ID)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=True)


class TitleBody(_Body):
    """A title in one or both languages."""

    zh: str = Field(min_length=1, max_length=MAX_TITLE)
    en: str | None = Field(default=None, min_length=1, max_length=MAX_TITLE)


class IndicatorBody(_Body):
    """A low value of a report."""

    report: RecordId
    code: str = Field(max_length=MAX_CODE)


class PeriodBody(_Body):
    """Days to run a rule over: from a day until before another, in a community or in one's own records.

    The community is its name, or the digest or record id of one agreement where several claim it.
    """

    since: Day = Field(alias="from")
    until: Day = Field(alias="to")
    community: RecordId | None = None


class ExceptionBody(PeriodBody):
    """Rows of a rule: the records of them that the case is about."""

    code: str = Field(max_length=MAX_CODE)
    records: list[RecordId] = Field(min_length=1, max_length=MAX_RECORDS)


class StepBody(_Body):
    """What every step has. The caller issues the record."""

    title: TitleBody | None = None
    basis: str | None = Field(default=None, min_length=1, max_length=MAX_BASIS)
    countersigners: list[CountersignerBody] = Field(default=[], max_length=MAX_COUNTERSIGNERS)


class OpenBody(StepBody):
    """Open a case: a diagnosis of a low indicator, or of exceptions. The value is read, not given."""

    indicator: IndicatorBody | None = None
    exception: ExceptionBody | None = None
    case: str | None = Field(default=None, min_length=1, max_length=MAX_CASE, pattern=CASE_FORM)


class ImproveBody(StepBody):
    """What is changed. It answers the diagnosis."""

    category: Literal["content", "method", "management", "support"]


class VerifyBody(StepBody):
    """Show the effect: in a later report, or by the rule run again. It answers an improvement, the last one
    where none is named."""

    report: RecordId | None = None
    period: PeriodBody | None = None
    improvement: RecordId | None = None
