"""eth_feeHistory: what recent blocks charged."""

from typing import Any

import orjson

from trace_service.evm_node import params, views
from trace_service.evm_node.chain import DurableChain
from trace_service.evm_node.errors import invalid_params

MAX_BLOCKS = 1_024  # go-ethereum's limit
MAX_PERCENTILES = 100


def fee_history(chain: DurableChain, count: Any, newest: int, percentiles: Any) -> dict[str, Any]:
    """Base fees of up to `count` blocks ending with `newest` and of the one after, gas ratios, and tips.

    `rewards` are the effective tips in wei at the asked percentiles, weighted by gas used.
    """
    wanted = (
        count if isinstance(count, int) and not isinstance(count, bool) else params.quantity(count, "count")
    )
    if not 1 <= wanted <= MAX_BLOCKS:
        raise invalid_params(f"blockCount: 1 to {MAX_BLOCKS}")
    asked = _percentiles(percentiles)
    oldest = max(0, newest - wanted + 1)
    headers = [chain.header_by_number(number) for number in range(oldest, newest + 1)]
    following = chain.next_base_fee() if newest == chain.head.block_number else None
    if following is None:
        following = chain.header_by_number(newest + 1).base_fee_per_gas
    history: dict[str, Any] = {
        "oldestBlock": views.quantity(oldest),
        "baseFeePerGas": [
            *(views.quantity(item.base_fee_per_gas) for item in headers),
            views.quantity(following),
        ],
        "gasUsedRatio": [item.gas_used / item.gas_limit for item in headers],
        "baseFeePerBlobGas": [views.quantity(1)] * (len(headers) + 1),
        "blobGasUsedRatio": [0.0] * len(headers),
    }
    if asked is not None:
        history["reward"] = [_rewards(chain, header, asked) for header in headers]
    return history


def _percentiles(value: Any) -> list[float] | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) > MAX_PERCENTILES:
        raise invalid_params(f"rewardPercentiles: an array of at most {MAX_PERCENTILES}")
    asked = [float(item) for item in value if isinstance(item, int | float) and 0 <= item <= 100]
    if len(asked) != len(value) or asked != sorted(asked):
        raise invalid_params("rewardPercentiles: rising numbers from 0 to 100")
    return asked


def _rewards(chain: DurableChain, header: Any, percentiles: list[float]) -> list[str]:
    rows = chain.store.read("SELECT receipt FROM transactions WHERE block = ?", (header.block_number,))
    receipts = [orjson.loads(body) for (body,) in rows]
    tips = sorted(
        (int(item["effectiveGasPrice"], 16) - header.base_fee_per_gas, int(item["gasUsed"], 16))
        for item in receipts
    )
    rewards = []
    for percentile in percentiles:
        threshold, seen, reward = header.gas_used * percentile / 100, 0, 0
        for tip, gas in tips:
            seen += gas
            reward = tip
            if seen >= threshold:
                break
        rewards.append(views.quantity(reward))
    return rewards
