"""JSON-RPC to one node: web3's HTTP provider with everything clever turned off.

No retries (web3 repeats ``eth_sendRawTransaction`` by itself; we decide by the locally computed hash), no
CCIP-Read (we issue plain ``eth_call`` requests, so no contract can send us to a URL), named timeouts, and
two kinds of error: unknown outcome and refusal.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trace_service.evm.abi import codec, decode_error
from trace_service.evm.errors import ChainRefused, ChainUnavailable

if TYPE_CHECKING:
    from web3 import HTTPProvider

CONNECT_TIMEOUT = 3.0  # seconds: a node that does not accept by then is down
READ_TIMEOUT = 20.0  # seconds: an eth_call or a mined block on a busy embedded node takes less than one
NO_METHOD = -32601  # JSON-RPC: the node does not know the method
ZERO_HASH = bytes(32)

BlockId = int | str


@dataclass(frozen=True)
class Block:
    """A block header, as much as we need. ``timestamp`` in epoch seconds, ``base_fee`` in wei."""

    number: int
    hash: bytes
    timestamp: int
    base_fee: int


@dataclass(frozen=True)
class Log:
    """One event of a transaction."""

    address: str
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True)
class TxReceipt:
    """Outcome of a mined transaction."""

    hash: bytes
    block_number: int
    block_hash: bytes
    succeeded: bool
    gas_used: int
    logs: tuple[Log, ...]
    contract: str | None


def _provider(url: str) -> HTTPProvider:
    """Import web3 late (it takes a second) and undo its recursion limit of 100,000.

    With that limit one request of a hundred thousand brackets overflows the C stack in ``json.loads``.
    """
    limit = sys.getrecursionlimit()
    from web3 import HTTPProvider

    sys.setrecursionlimit(limit)
    provider = HTTPProvider(
        url, request_kwargs={"timeout": (CONNECT_TIMEOUT, READ_TIMEOUT)}, exception_retry_configuration=None
    )
    provider.global_ccip_read_enabled = False
    return provider


class Client:
    """Typed calls to one node. Every method raises `ChainUnavailable` or `ChainRefused`; nothing is
    retried.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._provider: HTTPProvider | None = None

    def request(self, method: str, *parameters: Any) -> Any:
        """One JSON-RPC request; returns ``result``."""
        if self._provider is None:
            self._provider = _provider(self.url)
        try:
            response: Any = self._provider.make_request(method, list(parameters))
        except OSError as error:  # requests' exceptions are OSErrors: refused, reset, timed out, HTTP status
            raise ChainUnavailable(method, type(error).__name__, str(error)[:300]) from None
        except Exception as error:  # whatever a garbled answer provokes in the decoder
            raise ChainUnavailable(method, "garbled", f"{type(error).__name__}: {error}"[:300]) from None
        if not isinstance(response, dict) or ("result" not in response and "error" not in response):
            raise ChainUnavailable(method, "garbled", "neither result nor error in the answer")
        if response.get("error") is not None:
            raise _refusal(method, response["error"])
        return response["result"]

    # ----- reading -----
    def chain_id(self) -> int:
        """The node's chain id."""
        return self._integer("eth_chainId")

    def block(self, block: BlockId = "latest") -> Block | None:
        """A header by number or tag; None when the node has no such block."""
        found = self.request("eth_getBlockByNumber", _block_id(block), False)
        if found is None:
            return None
        try:
            return Block(
                number=int(found["number"], 16) if found["number"] else 0,
                hash=_data(found["hash"]) if found["hash"] else ZERO_HASH,
                timestamp=int(found["timestamp"], 16),
                base_fee=int(found.get("baseFeePerGas") or "0x0", 16),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ChainUnavailable("eth_getBlockByNumber", "garbled", str(error)) from None

    def latest(self) -> Block:
        """The head."""
        found = self.block("latest")
        if found is None:
            raise ChainUnavailable("eth_getBlockByNumber", "no_head", "the node has no latest block")
        return found

    def nonce(self, address: str, block: BlockId = "latest") -> int:
        """Transactions of ``address`` up to ``block`` ("pending" counts the pool)."""
        return self._integer("eth_getTransactionCount", address, _block_id(block))

    def balance(self, address: str) -> int:
        """Wei of ``address``."""
        return self._integer("eth_getBalance", address, "latest")

    def code(self, address: str) -> bytes:
        """Code at ``address``; empty when there is none."""
        return self._bytes("eth_getCode", address, "latest")

    def call_raw(self, to: str, data: bytes, block: BlockId = "latest", sender: str | None = None) -> bytes:
        """``eth_call``; a revert raises `ChainRefused` with the decoded custom error."""
        transaction = {"to": to, "data": "0x" + data.hex()}
        if sender is not None:
            transaction["from"] = sender
        return self._bytes("eth_call", transaction, _block_id(block))

    def call(self, contract: str, to: str, function: str, *arguments: Any, block: BlockId = "latest") -> Any:
        """Call a view of ``contract`` (its artifact's name) at address ``to``; returns the decoded result."""
        data = self.call_raw(to, codec(contract).call(function, *arguments), block)
        try:
            return codec(contract).result(function, data)
        except Exception as error:
            raise ChainUnavailable("eth_call", "garbled", f"{function}: {error}"[:300]) from None

    def transaction_known(self, tx_hash: bytes) -> bool:
        """Whether the node has the transaction, mined or in its pool."""
        return self.request("eth_getTransactionByHash", "0x" + tx_hash.hex()) is not None

    def tx_receipt(self, tx_hash: bytes) -> TxReceipt | None:
        """The receipt, or None while the transaction is not mined (or no longer is)."""
        found = self.request("eth_getTransactionReceipt", "0x" + tx_hash.hex())
        if found is None or found.get("blockNumber") is None:
            return None
        try:
            return TxReceipt(
                hash=_data(found["transactionHash"]),
                block_number=int(found["blockNumber"], 16),
                block_hash=_data(found["blockHash"]),
                succeeded=int(found["status"], 16) == 1,
                gas_used=int(found["gasUsed"], 16),
                logs=tuple(_log(entry) for entry in found["logs"]),
                contract=found.get("contractAddress"),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ChainUnavailable("eth_getTransactionReceipt", "garbled", str(error)) from None

    # ----- writing -----
    def estimate_gas(self, sender: str, to: str | None, data: bytes) -> int:
        """Gas that the transaction would take at the head; a revert raises `ChainRefused`."""
        transaction = {"from": sender, "data": "0x" + data.hex()}
        if to is not None:
            transaction["to"] = to
        return self._integer("eth_estimateGas", transaction)

    def priority_fee(self, default: int) -> int:
        """The tip that the node suggests, or ``default`` where it suggests none."""
        try:
            return self._integer("eth_maxPriorityFeePerGas")
        except ChainRefused as error:
            if error.code == NO_METHOD:
                return default
            raise

    def send_raw(self, raw: bytes) -> None:
        """Give signed bytes to the node. The returned hash is ignored: only the local one decides."""
        self.request("eth_sendRawTransaction", "0x" + raw.hex())

    def _integer(self, method: str, *parameters: Any) -> int:
        value = self.request(method, *parameters)
        try:
            return int(value, 16)
        except (TypeError, ValueError):
            raise ChainUnavailable(method, "garbled", f"not a quantity: {value!r}"[:300]) from None

    def _bytes(self, method: str, *parameters: Any) -> bytes:
        value = self.request(method, *parameters)
        try:
            return _data(value)
        except (AttributeError, TypeError, ValueError):
            raise ChainUnavailable(method, "garbled", f"not data: {value!r}"[:300]) from None


def _block_id(block: BlockId) -> str:
    return hex(block) if isinstance(block, int) else block


def _data(value: Any) -> bytes:
    return bytes.fromhex(value.removeprefix("0x"))


def _log(entry: Any) -> Log:
    return Log(entry["address"].lower(), tuple(_data(t) for t in entry["topics"]), _data(entry["data"]))


def _refusal(method: str, error: Any) -> ChainRefused:
    if not isinstance(error, dict):
        return ChainRefused(method, 0, str(error)[:300])
    data = error.get("data")
    if isinstance(data, dict):  # some nodes nest it
        data = data.get("data")
    try:
        revert = _data(data) if isinstance(data, str) else b""
    except ValueError:
        revert = b""
    name, arguments = decode_error(revert)
    code = error.get("code")
    message = str(error.get("message", ""))[:300]
    return ChainRefused(method, code if isinstance(code, int) else 0, message, revert, name, arguments)
