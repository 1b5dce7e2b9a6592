"""JSON-RPC: one POST for a whole batch of calls (see `wire` for what bounds the exchange).

Every trouble is CouldNotRead: the reasons of `wire`, and rpc_error where the node itself reports an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson

from verifier_cli.errors import CouldNotRead
from verifier_cli.trust import node_address
from verifier_cli.wire import CONNECT_SECONDS, TOTAL_SECONDS, HttpConnection

__all__ = ["MAX_ANSWER", "Call", "Endpoint", "eth_call", "header_call", "hex_bytes", "hex_int"]

MAX_ANSWER: Final = 4 << 20
"""The answers to one question with two full block headers of 5,000 transactions are under 1 MiB."""

Call = tuple[str, list[Any]]
"""Method and parameters of one call of a batch."""


class Endpoint:
    """One JSON-RPC endpoint, for one thread at a time."""

    def __init__(
        self, url: str, *, connect_seconds: float = CONNECT_SECONDS, total_seconds: float = TOTAL_SECONDS
    ) -> None:
        self._http = HttpConnection(url, connect_seconds=connect_seconds, total_seconds=total_seconds)
        self.host = self._http.host
        self.address = node_address(url)

    @property
    def requests(self) -> int:
        """HTTP requests put on the wire so far."""
        return self._http.requests

    def close(self) -> None:
        """Give the connection back; the next batch opens a new one."""
        self._http.close()

    def batch(self, calls: Sequence[Call], *, limit: int = MAX_ANSWER) -> list[Any]:
        """Send all calls as one JSON-RPC batch in one POST and return their results in order.

        A call that the node refused has a CouldNotRead ("rpc_error") in its place, not raised, so that the
        caller can first see whether it talks to the right chain at all.

        Raises:
            CouldNotRead: with one of the reason codes named above; `detail` says which call or why.
        """
        body = orjson.dumps(
            [
                {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
                for number, (method, params) in enumerate(calls)
            ]
        )
        return _results(calls, self._http.exchange("POST", self._http.target, body, limit))


def _results(calls: Sequence[Call], data: bytes) -> list[Any]:
    try:
        answers = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise CouldNotRead("garbled", "the answer is not JSON") from None
    if isinstance(answers, dict):
        raise CouldNotRead("rpc_error", f"the batch was refused: {_message(answers)}")
    if not isinstance(answers, list) or len(answers) != len(calls):
        raise CouldNotRead("garbled", "the answer does not match the batch")
    found: dict[int, Any] = {}
    for answer in answers:
        number = answer.get("id") if isinstance(answer, dict) else None
        if type(number) is not int or not 0 <= number < len(calls) or number in found:
            raise CouldNotRead("garbled", "an answer without a matching call")
        refused = CouldNotRead("rpc_error", f"{calls[number][0]}: {_message(answer)}")
        found[number] = answer.get("result", refused)
    return [found[number] for number in range(len(calls))]


def _message(answer: dict[str, Any]) -> str:
    error = answer.get("error")
    text = error.get("message") if isinstance(error, dict) else None
    return text[:200] if isinstance(text, str) else "no reason given"


def hex_bytes(value: Any, size: int | None = None) -> bytes:
    """Bytes of a 0x string, of exactly `size` bytes when given; CouldNotRead "garbled" otherwise."""
    if isinstance(value, str) and value[:2] == "0x":
        try:
            data = bytes.fromhex(value[2:])
        except ValueError:
            data = None
        if data is not None and 2 * len(data) == len(value) - 2 and size in (None, len(data)):
            return data
    raise CouldNotRead("garbled", "a value is not hexadecimal data of the right size")


def hex_int(value: Any) -> int:
    """Unsigned integer of a 0x quantity, below 2^64; CouldNotRead "garbled" otherwise."""
    if isinstance(value, str) and value[:2] == "0x" and 2 < len(value) <= 18 and value[2:].isalnum():
        try:
            return int(value, 16)
        except ValueError:
            pass
    raise CouldNotRead("garbled", "a value is not a hexadecimal number")


def eth_call(to: bytes, data: bytes, block: str | dict[str, Any]) -> Call:
    """An `eth_call` of contract `to` at a block tag, number (0x) or EIP-1898 object."""
    return "eth_call", [{"to": "0x" + to.hex(), "data": "0x" + data.hex()}, block]


def header_call(block: str) -> Call:
    """The header of a block by tag or number; its transactions come as hashes only."""
    return "eth_getBlockByNumber", [block, False]
