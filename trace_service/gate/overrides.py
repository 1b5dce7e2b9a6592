"""Overrides: a Decision by the body that the Standard names lets a trainee pass what it says, no more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from trace_service.gate.facts import Missing
from trace_service.gate.gather import PASSED
from trace_service.gate.requirements import Requirements


@dataclass(frozen=True, slots=True)
class Override:
    """What one decision (``id`` of its record) lets pass; ``refused`` says why it does not hold."""

    id: str
    codes: frozenset[str]
    refused: str | None = None


def read_override(
    record_id: str, document: Mapping[str, Any], requirements: Requirements, trainee: str
) -> Override | None:
    """Return the override in a complete decision; None where it decides something else.

    It holds if its body is the one that the standard names and issued it, it was adopted, and it names this
    trainee and this standard.
    """
    subject = document["credentialSubject"]
    if subject["kind"] != "override" or "override" not in subject:
        return None
    given = subject["override"]
    reasons = {
        "body": requirements.override_by is None
        or not (subject["body"] == document["issuer"]["id"] == requirements.override_by),
        "result": subject["result"] not in PASSED,
        "trainee": given["trainee"] != trainee,
        "standard": given["standard"] != requirements.code,
    }
    refused = next((reason for reason, holds in reasons.items() if holds), None)
    return Override(record_id, frozenset(given["missing"]), refused)


def apply(missing: Iterable[Missing], overrides: Iterable[Override]) -> tuple[list[Missing], dict[str, str]]:
    """Return what is still missing, and each code that was let pass with the decision's record id.

    An override that does not hold is missing itself, with the reason, so that nobody wonders.
    """
    passes: dict[str, str] = {}
    void: list[Missing] = []
    for override in overrides:
        if override.refused is None:
            passes.update((code, override.id) for code in sorted(override.codes))
        else:
            void.append(Missing("override", 1, 0, "decisions", (override.refused,)))
    every = list(missing)
    used = {each.code: passes[each.code] for each in every if each.code in passes}
    left = [each for each in every if each.code not in passes]
    return ([*left, *void] if left else []), used
