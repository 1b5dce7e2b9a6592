"""JSON-RPC forms of blocks, transactions, receipts and logs (execution-apis schema).

The forms are made once, when a block is mined, and stored with it: a read is one SELECT.
"""

from dataclasses import dataclass
from typing import Any

import orjson
import rlp  # type: ignore[import-untyped]
from eth._utils.address import generate_contract_address

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mined transaction stands: block header, position, first log index, gas used before it."""

    header: Any
    position: int
    first_log: int
    gas_before: int


def encode(view: Any) -> bytes:
    """The stored bytes of a view."""
    return orjson.dumps(view)


def quantity(value: int) -> str:
    """A JSON-RPC quantity."""
    return hex(value)


def data(value: bytes) -> str:
    """JSON-RPC unformatted data."""
    return "0x" + value.hex()


def bloom(value: int) -> str:
    """A 2048-bit log filter."""
    return data(value.to_bytes(256, "big"))


def transaction_type(transaction: Any) -> int:
    """EIP-2718 type; 0 for a legacy transaction."""
    return transaction.type_id or 0


def effective_gas_price(transaction: Any, base_fee: int) -> int:
    """Wei per gas that the sender pays in a block with this base fee."""
    price: int = min(transaction.max_fee_per_gas, transaction.max_priority_fee_per_gas + base_fee)
    return price


def transaction(transaction: Any, place: Place | None) -> Json:
    """A transaction; `place` is None while it is pending."""
    kind = transaction_type(transaction)
    header = place.header if place else None
    view: Json = {
        "type": quantity(kind),
        "hash": data(transaction.hash),
        "nonce": quantity(transaction.nonce),
        "from": data(transaction.sender),
        "to": data(transaction.to) if transaction.to else None,
        "value": quantity(transaction.value),
        "gas": quantity(transaction.gas),
        "input": data(transaction.data),
        "r": quantity(transaction.r),
        "s": quantity(transaction.s),
        "blockHash": data(header.hash) if header else None,
        "blockNumber": quantity(header.block_number) if header else None,
        "transactionIndex": quantity(place.position) if place else None,
    }
    return view | _fees(transaction, kind, header)


def _fees(transaction: Any, kind: int, header: Any) -> Json:
    """The members that depend on the transaction's type."""
    if kind == 0:
        legacy = {"v": quantity(transaction.v), "chainId": quantity((transaction.v - 35) // 2)}
        return legacy | {"gasPrice": quantity(transaction.gas_price)}
    view = {
        "v": quantity(transaction.y_parity),
        "yParity": quantity(transaction.y_parity),
        "chainId": quantity(transaction.chain_id),
        "accessList": [
            {"address": data(address), "storageKeys": [data(key.to_bytes(32, "big")) for key in keys]}
            for address, keys in transaction.access_list
        ],
    }
    if kind == 1:
        return view | {"gasPrice": quantity(transaction.gas_price)}
    shown = (
        effective_gas_price(transaction, header.base_fee_per_gas) if header else transaction.max_fee_per_gas
    )
    return view | {
        "gasPrice": quantity(shown),
        "maxFeePerGas": quantity(transaction.max_fee_per_gas),
        "maxPriorityFeePerGas": quantity(transaction.max_priority_fee_per_gas),
    }


def receipt(transaction: Any, receipt: Any, place: Place) -> Json:
    """A transaction receipt with its logs."""
    header = place.header
    where: Json = {
        "blockHash": data(header.hash),
        "blockNumber": quantity(header.block_number),
        "transactionHash": data(transaction.hash),
        "transactionIndex": quantity(place.position),
    }
    created = None if transaction.to else generate_contract_address(transaction.sender, transaction.nonce)
    return where | {
        "type": quantity(transaction_type(transaction)),
        "from": data(transaction.sender),
        "to": data(transaction.to) if transaction.to else None,
        "contractAddress": data(created) if created else None,
        "status": quantity(int.from_bytes(receipt.state_root, "big")),
        "cumulativeGasUsed": quantity(receipt.gas_used),
        "gasUsed": quantity(receipt.gas_used - place.gas_before),
        "effectiveGasPrice": quantity(effective_gas_price(transaction, header.base_fee_per_gas)),
        "logsBloom": bloom(receipt.bloom),
        "logs": [
            where
            | {
                "address": data(log.address),
                "topics": [data(topic.to_bytes(32, "big")) for topic in log.topics],
                "data": data(log.data),
                "logIndex": quantity(place.first_log + offset),
                "blockTimestamp": quantity(header.timestamp),
                "removed": False,
            }
            for offset, log in enumerate(receipt.logs)
        ],
    }


def header(header: Any) -> Json:
    """The header members of a block."""
    return {
        "number": quantity(header.block_number),
        "hash": data(header.hash),
        "parentHash": data(header.parent_hash),
        "sha3Uncles": data(header.uncles_hash),
        "miner": data(header.coinbase),
        "stateRoot": data(header.state_root),
        "transactionsRoot": data(header.transaction_root),
        "receiptsRoot": data(header.receipt_root),
        "logsBloom": bloom(header.bloom),
        "difficulty": quantity(header.difficulty),
        "gasLimit": quantity(header.gas_limit),
        "gasUsed": quantity(header.gas_used),
        "timestamp": quantity(header.timestamp),
        "extraData": data(header.extra_data),
        "mixHash": data(header.mix_hash),
        "nonce": data(header.nonce),
        "baseFeePerGas": quantity(header.base_fee_per_gas),
        "withdrawalsRoot": data(header.withdrawals_root),
        "blobGasUsed": quantity(header.blob_gas_used),
        "excessBlobGas": quantity(header.excess_blob_gas),
        "parentBeaconBlockRoot": data(header.parent_beacon_block_root),
        "requestsHash": data(header.requests_hash),
    }


def block(block: Any) -> Json:
    """A mined block with the hashes of its transactions."""
    return header(block.header) | {
        "size": quantity(len(rlp.encode(block))),
        "uncles": [],
        "withdrawals": [],
        "transactions": [data(item.hash) for item in block.transactions],
    }


def pending_block(template: Any, transactions: list[Any]) -> Json:
    """The block that would come next: what mining alone decides is null."""
    return header(template) | {
        "hash": None,
        "nonce": None,
        "logsBloom": None,
        "stateRoot": None,
        "size": quantity(0),
        "uncles": [],
        "withdrawals": [],
        "transactions": [data(item.hash) for item in transactions],
    }
