"""Send one transaction and wait for it: for people's commands, where nobody but the caller needs to
remember it.

The relayer's transactions go through `trace_service.evm.sender` instead, which survives a crash.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from eth_account.signers.local import LocalAccount

from trace_service.evm import fees
from trace_service.evm.client import Client, TxReceipt
from trace_service.evm.errors import ChainRefused, ChainUnavailable
from trace_service.evm.wire import Call, sign

GAS_MARGIN_PERCENT = 120  # of the estimate: state may change between estimate and block
GAS_TOGETHER = 600_000  # several times the dearest change of the registry
WAIT_SECONDS = 120.0  # ten blocks of a public chain
POLL_SECONDS = 0.05


def transact(client: Client, account: LocalAccount, to: str | None, data: bytes, value: int = 0) -> TxReceipt:
    """Sign, send and wait until mined; ``value`` in wei. A revert raises `ChainRefused` with the decoded
    custom error.

    A lost acknowledgement does not matter: the receipt is looked up by the locally computed hash.
    """
    gas = client.estimate_gas(account.address, to, data) * GAS_MARGIN_PERCENT // 100
    offer = fees.market(client)
    nonce = client.nonce(account.address, "pending")
    raw, tx_hash = sign(account, client.chain_id(), nonce, Call(to, data, gas), offer, value)
    try:
        client.send_raw(raw)
    except ChainUnavailable:
        if not client.transaction_known(tx_hash):
            raise
    return _wait(client, tx_hash)


def transact_all(client: Client, account: LocalAccount, to: str, calls: Sequence[bytes]) -> None:
    """Send several calls in order, then wait for all. The first one that reverts raises `ChainRefused`.

    Gas cannot be estimated for a call that rests on the one before, so each gets `GAS_TOGETHER`.
    """
    offer, chain_id = fees.market(client), client.chain_id()
    first = client.nonce(account.address, "pending")
    hashes = []
    for at, data in enumerate(calls):
        raw, tx_hash = sign(account, chain_id, first + at, Call(to, data, GAS_TOGETHER), offer)
        client.send_raw(raw)
        hashes.append(tx_hash)
    for data, tx_hash in zip(calls, hashes, strict=True):
        try:
            _wait(client, tx_hash)
        except ChainRefused:
            client.call_raw(to, data, sender=account.address)  # raises with the contract's own error
            raise


def _wait(client: Client, tx_hash: bytes) -> TxReceipt:
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        found = client.tx_receipt(tx_hash)
        if found is not None:
            if not found.succeeded:
                raise ChainRefused("eth_sendRawTransaction", 3, f"0x{tx_hash.hex()} was mined and reverted")
            return found
        time.sleep(POLL_SECONDS)
    raise ChainUnavailable("eth_getTransactionReceipt", "not_mined", f"0x{tx_hash.hex()} still waits")
