"""Differences between a report and its recomputation, and which records make the difference.

A report has only the root over its inputs. Which record is missing follows from the leaves whose records do
not count here: the set is named with which the report's own root comes out.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from verifier_cli.indicators.gather import Left
from verifier_cli.indicators.report import Report, input_root

__all__ = ["Difference", "name_inputs"]

MAX_GUESSES: Final = 20_000
"""Sets of missing records that are tried against the report's root: a second of hashing for a thousand
inputs each. Beyond it the candidates are named without saying which of them."""

MAX_HASHED: Final = 20_000_000
"""Leaves hashed for all guesses together, about half a minute."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. `kind` is report, definition, community, input or value; `subject` names it (a code or
    a digest), `reason` is a code, `expected` is the report's."""

    kind: str
    subject: str
    reason: str
    expected: str = ""
    actual: str = ""
    detail: str = ""

    def to_json(self) -> dict[str, str]:
        """Only the members that say something."""
        members = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in members.items() if value}


def name_inputs(digests: list[str], left: Sequence[Left], report: Report) -> list[Difference]:
    """The records that make the difference: exactly those with which the report's root comes out, else all
    that could be among them."""
    kept = [item for item in left if item.digest and not item.by_its_issuer]
    stopped = [item for item in left if item.digest and item.by_its_issuer]
    for candidates in (kept, stopped):
        added = _guess([item.digest for item in candidates], digests, report)
        if added is not None:
            return [_left_difference(item, item.reason) for item in candidates if item.digest in added]
    removed = _guess(digests, digests, report)
    if removed is not None:
        return [Difference("input", digest, "not_in_report") for digest in sorted(removed)]
    rest = [item for item in left if not item.by_its_issuer]
    return [_left_difference(item, f"perhaps_{item.reason}") for item in rest]


def _guess(candidates: Sequence[str], digests: Sequence[str], report: Report) -> set[str] | None:
    """The candidates to add to the digests, or to take out of them, so that the report's root comes out."""
    wanted = report.input_count - len(digests)
    if wanted == 0 or (wanted < 0) != (candidates is digests) or abs(wanted) > len(candidates):
        return None
    guesses = math.comb(len(candidates), abs(wanted))
    if guesses > MAX_GUESSES or guesses * report.input_count > MAX_HASHED:
        return None
    present = set(digests)
    for guess in map(set, itertools.combinations(candidates, abs(wanted))):
        if f"0x{input_root(present ^ guess).hex()}" == report.input_root:
            return guess
    return None


def _left_difference(item: Left, reason: str) -> Difference:
    place = f"{item.organisation}, batch {item.sequence}"
    place += "" if item.leaf_index is None else f", leaf {item.leaf_index}"
    detail = " ".join(filter(None, (place, item.record_id, item.detail)))
    return Difference("input", item.digest, reason, detail=detail)
