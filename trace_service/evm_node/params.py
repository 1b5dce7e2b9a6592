"""Reading JSON-RPC parameters. Everything raises RpcError -32602 on what is not as the method wants it."""

import re
from dataclasses import dataclass
from typing import Any

from trace_service.evm_node.errors import invalid_params
from trace_service.evm_node.execution import Message

MAX_QUANTITY_DIGITS = 64  # 256 bits
MAX_FILTER_ALTERNATIVES = 100  # addresses, or topics of one position: keeps the SQL small
MAX_TOPICS = 4
_QUANTITY = re.compile(r"0x(0|[1-9a-fA-F][0-9a-fA-F]*)")
_DATA = re.compile(r"0x([0-9a-fA-F]{2})*")
TAGS = ("latest", "finalized", "safe", "pending", "earliest")
FEE_MEMBERS = {"gas", "gasPrice", "maxFeePerGas", "maxPriorityFeePerGas"}
CALL_MEMBERS = FEE_MEMBERS | {
    "from",
    "to",
    "value",
    "data",
    "input",
    "nonce",
    "chainId",
    "accessList",
    "type",
}


@dataclass(frozen=True, slots=True)
class BlockRef:
    """One of: a tag, a number, or a hash (EIP-1898)."""

    tag: str | None = None
    number: int | None = None
    hash: bytes | None = None


@dataclass(frozen=True, slots=True)
class LogFilter:
    """A log query: two ends or one block hash; alternatives of None match everything."""

    first: BlockRef
    last: BlockRef
    addresses: tuple[bytes, ...] | None
    topics: tuple[tuple[bytes, ...] | None, ...]


def quantity(value: Any, name: str) -> int:
    """A hex quantity of at most 256 bits without leading zeros."""
    if not isinstance(value, str) or len(value) > MAX_QUANTITY_DIGITS + 2 or not _QUANTITY.fullmatch(value):
        raise invalid_params(f"{name}: expected a hex quantity such as 0x1f")
    return int(value, 16)


def data(value: Any, name: str, size: int | None = None) -> bytes:
    """0x-prefixed bytes, of `size` bytes if given."""
    if not isinstance(value, str) or not _DATA.fullmatch(value):
        raise invalid_params(f"{name}: expected 0x-prefixed hex bytes")
    raw = bytes.fromhex(value[2:])
    if size is not None and len(raw) != size:
        raise invalid_params(f"{name}: expected {size} bytes, got {len(raw)}")
    return raw


def address(value: Any, name: str = "address") -> bytes:
    """A 20-byte address."""
    return data(value, name, 20)


def flag(value: Any, name: str) -> bool:
    """A boolean."""
    if not isinstance(value, bool):
        raise invalid_params(f"{name}: expected true or false")
    return value


def block_ref(value: Any, name: str = "block") -> BlockRef:
    """A tag, a number, or an EIP-1898 object. None means latest."""
    if value is None:
        return BlockRef(tag="latest")
    if isinstance(value, dict):
        return _block_object(value, name)
    if value in TAGS:
        return BlockRef(tag=value)
    return BlockRef(number=quantity(value, name))


def _block_object(value: dict[str, Any], name: str) -> BlockRef:
    if not set(value) <= {"blockHash", "blockNumber", "requireCanonical"}:
        raise invalid_params(f"{name}: unknown member")
    # Every block this chain has ever stored is canonical, so requireCanonical changes nothing.
    flag(value.get("requireCanonical", False), f"{name}.requireCanonical")
    if ("blockHash" in value) == ("blockNumber" in value):
        raise invalid_params(f"{name}: exactly one of blockHash and blockNumber")
    if "blockHash" in value:
        return BlockRef(hash=data(value["blockHash"], f"{name}.blockHash", 32))
    return BlockRef(number=quantity(value["blockNumber"], f"{name}.blockNumber"))


def message(value: Any) -> Message:
    """The call object of eth_call and eth_estimateGas."""
    if not isinstance(value, dict):
        raise invalid_params("call: expected an object")
    unknown = set(value) - CALL_MEMBERS
    if unknown:
        raise invalid_params(f"call: unknown member {min(unknown)}")
    given = {key: item for key, item in value.items() if item is not None}
    if "gasPrice" in given and ("maxFeePerGas" in given or "maxPriorityFeePerGas" in given):
        raise invalid_params("both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified")
    tip = quantity(given.get("maxPriorityFeePerGas", given.get("gasPrice", "0x0")), "maxPriorityFeePerGas")
    cap = given.get("gasPrice", given.get("maxFeePerGas"))
    fee_cap = None if cap is None else quantity(cap, "maxFeePerGas")
    return Message(
        sender=address(given["from"], "from") if "from" in given else bytes(20),
        to=address(given["to"], "to") if "to" in given else b"",
        value=quantity(given.get("value", "0x0"), "value"),
        data=_call_data(given),
        gas=quantity(given["gas"], "gas") if "gas" in given else None,
        # A price of zero means a free call, as in go-ethereum.
        fee_cap=fee_cap or None,
        tip=tip if fee_cap else 0,
        access_list=_access_list(given.get("accessList", [])),
    )


def _call_data(given: dict[str, Any]) -> bytes:
    chosen = data(given.get("input", given.get("data", "0x")), "input")
    if "input" in given and "data" in given and data(given["data"], "data") != chosen:
        raise invalid_params("both data and input are set and not equal")
    return chosen


def _access_list(value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise invalid_params("accessList: expected an array")
    entries = []
    for entry in value:
        if not isinstance(entry, dict) or not isinstance(entry.get("storageKeys"), list):
            raise invalid_params("accessList: expected objects with address and storageKeys")
        keys = tuple(int.from_bytes(data(key, "storageKeys", 32), "big") for key in entry["storageKeys"])
        entries.append((address(entry.get("address"), "accessList.address"), keys))
    return tuple(entries)


def log_filter(value: Any) -> LogFilter:
    """The filter object of eth_getLogs."""
    if not isinstance(value, dict):
        raise invalid_params("filter: expected an object")
    if value.get("blockHash") is not None:
        if value.get("fromBlock") is not None or value.get("toBlock") is not None:
            raise invalid_params("cannot specify both blockHash and fromBlock/toBlock")
        first = last = BlockRef(hash=data(value["blockHash"], "blockHash", 32))
    else:
        first = block_ref(value.get("fromBlock"), "fromBlock")
        last = block_ref(value.get("toBlock"), "toBlock")
    return LogFilter(first, last, _addresses(value.get("address")), _topics(value.get("topics")))


def _addresses(value: Any) -> tuple[bytes, ...] | None:
    if value is None:
        return None
    items = value if isinstance(value, list) else [value]
    if len(items) > MAX_FILTER_ALTERNATIVES:
        raise invalid_params(f"address: at most {MAX_FILTER_ALTERNATIVES}")
    return tuple(address(item) for item in items) or None


def _topics(value: Any) -> tuple[tuple[bytes, ...] | None, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > MAX_TOPICS:
        raise invalid_params(f"topics: expected an array of at most {MAX_TOPICS}")
    positions: list[tuple[bytes, ...] | None] = []
    for position in value:
        items = position if isinstance(position, list) else [position]
        if len(items) > MAX_FILTER_ALTERNATIVES:
            raise invalid_params(f"topics: at most {MAX_FILTER_ALTERNATIVES} alternatives")
        wanted = tuple(data(item, "topic", 32) for item in items if item is not None)
        positions.append(wanted if wanted and len(wanted) == len(items) else None)
    return tuple(positions)
