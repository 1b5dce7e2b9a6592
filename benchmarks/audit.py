"""Audit speed beside the floors of the same run; what is measured is in `benchmarks.bench_audit`."""

from __future__ import annotations

from benchmarks import bench_audit
from benchmarks.model import Figure, Goal, Scale

TITLE = "Audit with every signature verified, and of leaves alone"
GOAL_SHARE = Goal("at_least", 0.6)  # issue 1, must show 6
GOAL_CORES = Goal("at_least", 1.7)
GOAL_LEAVES = Goal("at_least", 100_000)


def run(scale: Scale) -> list[Figure]:
    """Audit an export of certificates with two signatures each."""
    found = bench_audit.run(scale.pick(300, 10_000, bench_audit.RECORDS))
    one, two, leaves = found["one_core"], found["two_cores"], found["leaves_only"]
    # Starting two processes weighs more than a tiny audit: ratios of one would mean nothing.
    tiny = scale is Scale.TINY
    return [
        Figure("records", found["records"]),
        Figure("signatures a record", found["signatures_per_record"]),
        Figure("one core", one["records_per_s"], "records/s"),
        Figure("one core", one["signatures_per_s"], "signatures/s"),
        Figure("one core, share of the Ed25519 floor", found["share_of_floor"], "", GOAL_SHARE),
        Figure("two cores", two["records_per_s"], "records/s"),
        Figure("two cores over one", found["two_cores_over_one"], "x", None if tiny else GOAL_CORES),
        Figure("leaves only, one core", leaves["leaves_per_s"], "leaves/s", None if tiny else GOAL_LEAVES),
        Figure("peak memory, process", found["peak_mib"], "MiB"),
        Figure("peak memory, each worker", found["peak_mib_worker"], "MiB"),
    ]
