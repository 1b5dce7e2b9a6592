"""The gate over HTTP: a dry run before anything is issued."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, model_validator

from trace_service.database import read
from trace_service.gate.drafts import as_json
from trace_service.gate.dryrun import MAX_TRAINEES, DryRun, Question, Result, run
from trace_service.localtime import today
from trace_service.openapi import answers
from trace_service.security import Caller, Context, caller, context

router = APIRouter(prefix="/v1/gate", tags=["gate"])

Shared = Annotated[Context, Depends(context)]
Reader = Annotated[Caller, Depends(caller("read"))]

_TRAINEE = "urn:uuid:5a8c2f57-36f7-4c0e-9a37-9d7f1c0f7f20"


class DryRunBody(BaseModel):
    """Which gate to try, and for whom: ``trainees``, or ``all`` that the caller has enrolled.

    ``standard`` is the id of the Standard's record. ``level`` is that of the credential, "1" to "8".
    ``after`` is ``next`` of the page before.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"standard": _TRAINEE, "all": True, "level": "4"}]},
    )

    standard: str = Field(max_length=64)
    trainees: list[Annotated[str, Field(max_length=255)]] = Field(default=[], max_length=MAX_TRAINEES)
    every: bool = Field(default=False, alias="all")
    level: str | None = Field(default=None, pattern="^[1-8]$")
    after: str = Field(default="", max_length=255)

    @model_validator(mode="after")
    def _one_of_them(self) -> DryRunBody:
        if bool(self.trainees) == self.every:
            raise ValueError("give either trainees or all")
        return self


_EXAMPLE = {
    "items": [
        {
            "trainee": _TRAINEE,
            "number": "2024080131",
            "passes": False,
            "missing": [
                {
                    "code": "practice_minutes",
                    "needed": 14_400,
                    "found": 12_000,
                    "unit": "minutes",
                    "about": ["2025-2026"],
                }
            ],
            "overridden": {},
        }
    ],
    "counts": {"practice_minutes": 1},
    "unknown": [],
    "next": None,
}


@router.post("/dry-run", summary="Who would pass, and what the others lack", responses=answers(s200=_EXAMPLE))
def dry_run(shared: Shared, who: Reader, body: DryRunBody) -> dict[str, Any]:
    """Name every missing requirement of each trainee; nothing is drafted.

    What a decision lets pass is shown with the decision's record. Of people whom the caller has not enrolled
    nothing is told: they are ``unknown``.
    """
    question = Question(body.standard, today(), body.level)
    with read(shared.engine) as connection:
        found = run(
            connection, who.did, question, trainees=None if body.every else body.trainees, after=body.after
        )
    return answer(found)


def answer(found: DryRun) -> dict[str, Any]:
    """A dry run as JSON."""
    return {
        "items": [_item(result) for result in found.results],
        "counts": dict(sorted(found.counts.items())),
        "unknown": found.unknown,
        "next": found.last,
    }


def _item(result: Result) -> dict[str, Any]:
    return {
        "trainee": result.trainee,
        "number": result.number,
        "passes": not result.missing,
        "missing": [as_json(missing) for missing in result.missing],
        "overridden": result.overridden,
    }
