"""The gas table that the contract tests measure to the unit, beside the goals of protocol section 5."""

from __future__ import annotations

import json

from benchmarks.model import Figure, Goal, Scale
from tests.contracts import test_gas

TITLE = "Gas of each operation"


def table() -> dict[str, int]:
    """Gas by operation: the committed snapshot, which a test holds against the contracts."""
    found: dict[str, int] = json.loads(test_gas.TABLE.read_text("utf-8"))
    return found


def run(_scale: Scale) -> list[Figure]:
    """The table with its goals."""
    goals = {name: Goal("at_most", value) for name, value in test_gas.GOALS.items()}
    return [Figure(name, value, "gas", goals.get(name)) for name, value in table().items()]
