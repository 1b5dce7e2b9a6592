"""Building blocks of the attack vectors on proof files and chain states (see `generate_chain_attacks`)."""

from __future__ import annotations

import json
from typing import Any

from tests.support import records as samples
from tests.vectors.generate_golden import GOLDEN
from tests.vectors.golden_chain import ANCHORED_AT, CHECKED_AT, REGULATOR
from verifier_cli.did import org_id

Vector = dict[str, Any]
Operation = tuple[str, str, Any]

ACTIVITY, CREDENTIAL = "activity", "credential"
SCHOOL, FIRM, TOP = (f"0x{org_id(did).hex()}" for did in (samples.SCHOOL, samples.FIRM, REGULATOR))
OTHER_REGISTRY = "0x" + "44" * 20
LATER, EARLIER = ANCHORED_AT + 1, ANCHORED_AT - 1
VALID, REMARKS, NOT_VALID, UNDECIDED = "VALID", "VALID_WITH_REMARKS", "NOT_VALID", "UNDECIDED"


def golden_json(name: str) -> Any:
    """A golden file."""
    return json.loads((GOLDEN / name).read_text(encoding="utf-8"))


def _patch(operations: tuple[Operation, ...]) -> list[dict[str, Any]]:
    return [
        {"op": op, "path": path} if op == "remove" else {"op": op, "path": path, "value": value}
        for op, path, value in operations
    ]


def make_vector(
    name: str, verdict: str, step: str, reason: str, *, base: str = ACTIVITY, **changes: Any
) -> Vector:
    """A vector on the golden proof file `base`; `changes` are `patch`, `state` and other members."""
    vector: Vector = {
        "name": name,
        "file": f"{base}.trace.json",
        "patch": _patch(changes.pop("patch", ())),
        "state": _patch(changes.pop("state", ())),
        "trust": "trust.toml",
        "checkedAt": CHECKED_AT,
        "verdict": verdict,
        "step": step,
        "reason": reason,
        "remarks": [],
    }
    return {**vector, **changes}


def refused_file(name: str, step: str, reason: str, *patch: Operation, base: str = ACTIVITY) -> Vector:
    """A patched proof file that is not valid."""
    return make_vector(name, NOT_VALID, step, reason, base=base, patch=patch)


def in_state(name: str, verdict: str, step: str, reason: str, *state: Operation, **changes: Any) -> Vector:
    """A golden proof file read against a patched state."""
    return make_vector(name, verdict, step, reason, state=state, **changes)
