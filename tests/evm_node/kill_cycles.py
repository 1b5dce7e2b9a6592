"""Kill -9 cycles of the embedded chain: `python -m tests.evm_node.kill_cycles --cycles 50`.

Each cycle: a client sends transactions as fast as they are acknowledged; the node is killed, at a random
moment or held at a named point between two effects; it starts again; every acknowledged transaction must be
on the chain once, and what was on the chain before must be there unchanged.
"""

import argparse
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount

from tests.evm_node.client import sign
from tests.support.nodes import EmbeddedNode, embedded_node, post, rpc

# None is a random moment; the others are where hold() stands in the node.
POINTS = (None, "evm_node.after_accept", "evm_node.before_commit", "evm_node.after_commit")
SETTLE_SECONDS = 60
MAX_RANDOM_SECONDS = 1.2  # more than one block, so that kills fall into mining too


class ChainLostSomethingError(Exception):
    """What a cycle found wrong; `facts` are the values."""

    def __init__(self, what: str, *facts: Any) -> None:
        super().__init__(f"{what}: {facts}")
        self.facts = facts


@dataclass
class Run:
    """What the cycles have seen so far."""

    acknowledged: list[str] = field(default_factory=list)
    unanswered: int = 0
    cycles: int = 0
    blocks: list[str] = field(default_factory=list)


class Sender(threading.Thread):
    """Sends transfers, one after another, until the node is gone."""

    def __init__(self, node: EmbeddedNode, account: LocalAccount, run: Run) -> None:
        super().__init__(daemon=True)
        self._node, self._account, self._run = node, account, run
        self._nonce = int(rpc(node.url, "eth_getTransactionCount", account.address, "pending"), 16)

    def run(self) -> None:
        """Record a hash only when the node has answered."""
        while True:
            raw = "0x" + sign(self._account, self._node.chain_id, nonce=self._nonce, gas=21_000).hex()
            request = {"jsonrpc": "2.0", "id": 1, "method": "eth_sendRawTransaction", "params": [raw]}
            try:
                answer = post(self._node.url, request)
            except OSError:
                self._run.unanswered += 1
                return
            self._run.acknowledged.append(answer["result"])
            self._nonce += 1


@contextmanager
def _held_at(point: str | None, flag: Path) -> Iterator[None]:
    """Processes started inside block at `point` and touch `flag` there."""
    if point is None:
        yield
        return
    os.environ |= {"TRACE_HOLD_AT": point, "TRACE_HOLD_FILE": str(flag)}
    try:
        yield
    finally:
        del os.environ["TRACE_HOLD_AT"], os.environ["TRACE_HOLD_FILE"]


def cycle(node: EmbeddedNode, account: LocalAccount, run: Run, rng: random.Random, point: str | None) -> None:
    """Kill the running node under load at `point`, restart it, and check. Raises ChainLostSomethingError."""
    flag = node.data_dir / "held"
    flag.unlink(missing_ok=True)
    if point is not None:
        node.stop()
        with _held_at(point, flag):
            node.start()
    sender = Sender(node, account, run)
    sender.start()
    if point is None:
        time.sleep(rng.uniform(0, MAX_RANDOM_SECONDS))
    else:
        _wait_for(flag)
    node.kill()
    sender.join()
    node.start()
    run.cycles += 1
    check(node.url, account.address, run)


def _wait_for(flag: Path) -> None:
    deadline = time.monotonic() + SETTLE_SECONDS
    while not flag.exists():
        if time.monotonic() > deadline:
            raise ChainLostSomethingError("the node never reached the point", flag)
        time.sleep(0.01)


def check(url: str, sender: str, run: Run) -> None:
    """Every acknowledged transaction is on the chain exactly once, and the chain only grew."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while rpc(url, "eth_getBlockTransactionCountByNumber", "pending") != "0x0":
        if time.monotonic() > deadline:
            raise ChainLostSomethingError("waiting transactions are not mined")
        time.sleep(0.05)
    head = int(rpc(url, "eth_blockNumber"), 16)
    blocks = [rpc(url, "eth_getBlockByNumber", hex(number), False) for number in range(head + 1)]
    for parent, child in pairwise(blocks):
        if child["parentHash"] != parent["hash"] or int(child["timestamp"], 16) <= int(
            parent["timestamp"], 16
        ):
            raise ChainLostSomethingError("the chain is broken", child["number"])
    hashes = [block["hash"] for block in blocks]
    if hashes[: len(run.blocks)] != run.blocks:
        raise ChainLostSomethingError("a block known before is gone or changed", len(run.blocks))
    run.blocks = hashes
    mined = [item for block in blocks for item in block["transactions"]]
    if len(mined) != len(set(mined)):
        raise ChainLostSomethingError("a transaction is on the chain twice")
    lost = set(run.acknowledged) - set(mined)
    if lost:
        raise ChainLostSomethingError("acknowledged transactions are lost", sorted(lost))
    for transaction_hash in run.acknowledged[-3:]:
        if rpc(url, "eth_getTransactionReceipt", transaction_hash)["status"] != "0x1":
            raise ChainLostSomethingError("a transfer failed", transaction_hash)
    nonce = int(rpc(url, "eth_getTransactionCount", sender, "latest"), 16)
    if nonce != len(mined):
        raise ChainLostSomethingError("state and blocks disagree", nonce, len(mined))


def run_cycles(data_dir: Path, cycles: int, seed: int) -> Run:
    """`cycles` kills of one chain, through all points in turn."""
    rng, run = random.Random(seed), Run()
    with embedded_node(data_dir) as node:
        account: LocalAccount = Account.from_key(node.funded_key)
        for number in range(cycles):
            cycle(node, account, run, rng, POINTS[number % len(POINTS)])
    return run


def main() -> int:
    """Run the cycles and print the counted verdict."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cycles", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kill-cycles-") as scratch:
        run = run_cycles(Path(scratch) / "chain", options.cycles, options.seed)
    print(
        f"{run.cycles} kills, {len(run.acknowledged)} acknowledged transactions, 0 lost, 0 double, "
        f"{len(run.blocks)} blocks in one line, {run.unanswered} requests cut off"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
