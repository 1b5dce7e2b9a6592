"""When a block counts as final (protocol section 9, step 6): the node's `finalized` tag, or an age."""

from __future__ import annotations

from dataclasses import dataclass

from trace_service.config import ChainSettings
from trace_service.evm.client import Block, Client
from trace_service.evm.errors import ChainUnavailable


@dataclass(frozen=True)
class View:
    """The chain at one moment. ``final_number`` is the finalized block; None where age decides."""

    latest: Block
    final_number: int | None
    settle_seconds: int

    def is_final(self, number: int, timestamp: int) -> bool:
        """Whether the canonical block ``number`` with that timestamp is final."""
        if self.final_number is not None:
            return number <= self.final_number
        return self.latest.timestamp - timestamp >= self.settle_seconds


def view(client: Client, chain: ChainSettings) -> View:
    """Read the head, and the finalized block where the settings name that tag."""
    latest = client.latest()
    if chain.finality != "finalized":
        return View(latest, None, chain.settle_seconds)
    final = client.block("finalized")
    if final is None:
        raise ChainUnavailable("eth_getBlockByNumber", "no_finalized", "the node has no finalized block yet")
    return View(latest, final.number, 0)
