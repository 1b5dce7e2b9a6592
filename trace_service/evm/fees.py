"""Fees of EIP-1559 transactions, in wei."""

from __future__ import annotations

from dataclasses import dataclass

from trace_service.evm.client import Client

DEFAULT_TIP = 1_000_000_000  # 1 gwei, where the node suggests none (py-evm)
MAX_FEE_PER_GAS = 500_000_000_000  # 500 gwei: above it we wait and raise an alarm rather than pay
BUMP_NUMERATOR, BUMP_DENOMINATOR = 110, 100  # nodes replace only for at least 10 % more of both


@dataclass(frozen=True)
class Fees:
    """Fee cap and tip per gas."""

    cap: int
    tip: int


def market(client: Client) -> Fees:
    """What a new transaction should offer: the tip that the node suggests, and room for the base fee to
    double.
    """
    tip = min(client.priority_fee(DEFAULT_TIP), MAX_FEE_PER_GAS)
    return Fees(cap=min(2 * client.latest().base_fee + tip, MAX_FEE_PER_GAS), tip=tip)


def _bump(value: int) -> int:
    return -(-value * BUMP_NUMERATOR // BUMP_DENOMINATOR)  # rounded up


def replacement(old: Fees, now: Fees) -> Fees | None:
    """Fees that replace ``old``: both at least x1.10 and at least the market; None when that passes the
    limit.
    """
    cap, tip = max(_bump(old.cap), now.cap), max(_bump(old.tip), now.tip)
    return Fees(cap, tip) if cap <= MAX_FEE_PER_GAS else None
