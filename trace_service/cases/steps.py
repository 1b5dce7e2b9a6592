"""One step of a case as a draft: what every decision of a case has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from trace_service.cases.queries import DECISION
from trace_service.cases.requests import StepBody
from trace_service.records.compose import Draft, DraftLink, new_id
from verifier_cli.encoding import format_time
from verifier_cli.indicators.definition import shipped
from verifier_cli.indicators.times import day_of

__all__ = ["Author", "Step"]

_STEPS: Final[Mapping[str, tuple[str, str]]] = {
    "diagnosis": ("诊断", "Diagnosis"),
    "improvement": ("改进", "Improvement"),
    "verification": ("验证", "Verification"),
}


@dataclass(frozen=True, slots=True)
class Author:
    """Who drafts (a DID), and when (epoch seconds)."""

    did: str
    now: int

    @property
    def today(self) -> date:
        """The day in Shanghai."""
        return day_of(self.now)


@dataclass(frozen=True, slots=True)
class Step:
    """Of a case with the name ``token`` about an indicator or rule ``about``; ``code`` is the step's own."""

    author: Author
    kind: str
    token: str
    code: str
    about: str
    body: StepBody

    def draft(self, result: str, links: Iterable[DraftLink], more: Mapping[str, Any]) -> Draft:
        """The draft, with ``more`` members of the subject."""
        subject: dict[str, Any] = {
            "id": new_id(),
            "type": ["Decision"],
            "kind": self.kind,
            "code": self.code,
            "title": self._title(),
            "body": self.author.did,
            "on": self.author.today.isoformat(),
            "result": result,
            "case": self.token,
            **more,
        }
        if self.body.basis is not None:
            subject["basis"] = self.body.basis
        signers: Sequence[tuple[str, str]] = [(each.id, each.role) for each in self.body.countersigners]
        return Draft(
            DECISION,
            self.author.did,
            subject,
            format_time(self.author.now),
            links=tuple(links),
            countersigners=tuple(signers),
            id=new_id(),
        )

    def _title(self) -> dict[str, str]:
        if self.body.title is not None:
            return self.body.title.model_dump(exclude_none=True)
        zh, en = _STEPS[self.kind]
        definition = shipped().get(self.about)
        titles = {"zh": self.about, "en": self.about} if definition is None else definition.title
        return {"zh": f"{zh}：{titles['zh']}", "en": f"{en}: {titles.get('en', self.about)}"}
