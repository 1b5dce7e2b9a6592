"""A community seen at the end of one academic year: what the oracle counts from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from samples.community import Community, Entry
from samples.community.plan import YEARS

__all__ = ["Subject", "Year", "share"]

Subject = dict[str, Any]


@dataclass
class Year:
    """A community seen at the end of one academic year."""

    community: Community
    index: int

    def holds(self, day: str) -> bool:
        """Whether a date lies in the year."""
        return f"{YEARS[self.index]}-09-01" <= day < self.end

    @property
    def end(self) -> str:
        """The day after the last."""
        return f"{YEARS[self.index] + 1}-09-01"

    def all(self, schema: str, kind: str | None = None) -> Iterator[Entry]:
        """Entries of a type and kind, of any year, that were never revoked."""
        for entry in self.community.entries:
            if entry.schema == f"{schema}.1" and entry.revoked_on is None:  # noqa: SIM102
                if kind is None or entry.subject.get("kind") == kind:
                    yield entry

    def signed(self, schema: str, kind: str | None = None) -> Iterator[Entry]:
        """Those that were signed in the year."""
        return (entry for entry in self.all(schema, kind) if self.holds(entry.valid_from[:10]))

    @cached_property
    def enrolments(self) -> dict[str, Subject]:
        """Trainee -> the last enrolment record of the year."""
        return {
            entry.subject["id"]: dict(entry.subject)
            for entry in self.all("enrolment")
            if self.holds(entry.subject["from"])
        }

    @cached_property
    def graduates(self) -> set[str]:
        """Persons who completed."""
        return {who for who, subject in self.enrolments.items() if subject["status"] == "completed"}

    @cached_property
    def cohort(self) -> Year | None:
        """The year that ended when this one began: its graduates are judged now."""
        return Year(self.community, self.index - 1) if self.index else None

    def outcomes(self, kind: str) -> list[Subject]:
        """Of the graduates of the cohort before, known by the end of this year."""
        of = set() if self.cohort is None else self.cohort.graduates
        found = [entry.subject for entry in self.all("outcome", kind) if entry.subject["id"] in of]
        return [dict(subject) for subject in found if subject["asOf"] < self.end]

    @cached_property
    def last_attempts(self) -> dict[tuple[str, str], bool]:
        """(trainee, item) -> whether the firm passed it the last time."""
        found = {}
        for entry in sorted(self.signed("evaluation", "practice"), key=lambda one: one.valid_from):
            for item in entry.subject["items"]:
                if item["by"] == "enterprise" and entry.subject["id"] in self.enrolments:
                    found[entry.subject["id"], item["item"]] = item["pass"]
        return found


def share(parts: list[bool]) -> Fraction:
    """How many of all."""
    return Fraction(sum(parts), len(parts))
