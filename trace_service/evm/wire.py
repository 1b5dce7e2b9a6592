"""Signed transactions as bytes: making them, and reading back what they ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from eth_account.signers.local import LocalAccount
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from eth_utils.address import to_checksum_address
from hexbytes import HexBytes

from trace_service.evm.fees import Fees


@dataclass(frozen=True)
class Call:
    """What a signed transaction asks for. ``to`` None creates a contract."""

    to: str | None
    data: bytes
    gas: int


def sign(
    account: LocalAccount, chain_id: int, nonce: int, call: Call, offer: Fees, value: int = 0
) -> tuple[bytes, bytes]:
    """An EIP-1559 transaction signed by ``account``: its bytes and its hash (deterministic, RFC 6979)."""
    transaction: dict[str, Any] = {
        "type": 2,
        "chainId": chain_id,
        "nonce": nonce,
        "value": value,
        "data": call.data,
        "gas": call.gas,
        "maxFeePerGas": offer.cap,
        "maxPriorityFeePerGas": offer.tip,
    }
    if call.to is not None:
        transaction["to"] = to_checksum_address(call.to)
    signed = account.sign_transaction(transaction)
    return bytes(signed.raw_transaction), bytes(signed.hash)


def unpack(raw: bytes) -> Call:
    """The call inside signed bytes."""
    members = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
    to = bytes(members["to"])
    return Call("0x" + to.hex() if to else None, bytes(members["data"]), int(members["gas"]))


def gas_of(raw: bytes) -> int:
    """The gas limit of signed bytes."""
    return unpack(raw).gas


def fees_of(row: Any) -> Fees:
    """The fees of a stored transaction."""
    return Fees(cap=int(row.max_fee_per_gas), tip=int(row.max_priority_fee_per_gas))
