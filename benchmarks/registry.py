"""Which benchmarks there are, in the order in which they run and are shown."""

from __future__ import annotations

from typing import NamedTuple


class Bench(NamedTuple):
    """``module`` has TITLE and run(scale); ``seconds`` ends a run that hangs."""

    module: str
    seconds: float


BENCHES = {
    "bulk": Bench("benchmarks.bulk", 180),
    "api": Bench("benchmarks.api", 120),
    "anchoring": Bench("benchmarks.anchoring", 120),
    "verification": Bench("benchmarks.verification", 240),
    "lineage": Bench("benchmarks.lineage", 120),
    "audit": Bench("benchmarks.audit", 480),
    "merkle": Bench("benchmarks.merkle", 120),
    "proofs": Bench("benchmarks.proofs", 120),
    "gas": Bench("benchmarks.gas", 60),
    "indicators": Bench("benchmarks.indicators", 300),
    "cohort": Bench("benchmarks.cohort", 300),
    "community": Bench("benchmarks.community", 900),
}
