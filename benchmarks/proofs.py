"""Size of what a proof file carries beside the record, and gas shared among the records of a batch."""

from __future__ import annotations

import hashlib

from benchmarks.gas import table
from benchmarks.model import Figure, Goal, Scale
from tests.support.records import complete_record, record_bytes
from verifier_cli.merkle import MAX_LEAVES, Tree
from verifier_cli.proof_file import Anchor, ProofFile

TITLE = "Proof bytes beside the record, and gas per record"
SIZES = (1, 1_000, 100_000)
GOAL_BYTES = Goal("at_most", 1_200)  # issue 1, must show 8
GOAL_GAS_1024 = Goal("at_most", 90)  # comparison with peers
GOAL_GAS_MAX = Goal("at_most", 0.1)
ALONE = "anchor: later"
TOGETHER = "anchor: later, each of 10 organisations in one transaction"


def run(scale: Scale) -> list[Figure]:
    """Write proof files for batches of each size; share out the gas of the committed table."""
    record = record_bytes(complete_record("credential.1"))
    figures = [Figure("record with two proofs", len(record), "B")]
    for size in SIZES[: scale.pick(2, 3, 3)]:
        goal = GOAL_BYTES if size == max(SIZES) else None
        figures.append(Figure(f"batch of {size:,}: beside the record", _beside(record, size), "B", goal))
    gas = table()
    for count in (1, 1_024, MAX_LEAVES):
        figures += [
            Figure(f"gas per record, batch of {count:,}", round(gas[ALONE] / count, 3), "gas", _max(count)),
            Figure(
                f"gas per record, batch of {count:,}, ten organisations in a transaction",
                round(gas[TOGETHER] / count, 3),
                "gas",
                GOAL_GAS_1024 if count == 1_024 else _max(count),
            ),
        ]
    return figures


def _max(count: int) -> Goal | None:
    return GOAL_GAS_MAX if count == MAX_LEAVES else None


def _beside(record: bytes, size: int) -> int:
    """Bytes that the proof file has more than the record: the longest of any leaf, with its txHash."""
    tree = Tree(hashlib.sha256(number.to_bytes(8)).digest() for number in range(size))
    longest = tree.path(0)  # no leaf has more siblings than the first
    anchor = Anchor(
        chain_id=(1 << 32) - 1,
        registry="0x" + "ff" * 20,
        sequence=10**6,
        leaf_index=size - 1,
        path=tuple(longest),
        tx_hash="0x" + "ff" * 32,
    )
    return len(ProofFile.write(record, anchor)) - len(record)
