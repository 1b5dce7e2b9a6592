"""Calls that nobody pays for end by the clock; transactions never do."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from eth_account import Account

from tests.evm_node.client import PROBE, sign
from trace_service.evm_node import execution, reading
from trace_service.evm_node.chain import write_genesis
from trace_service.evm_node.node import Node
from trace_service.evm_node.reading import BODY_SECONDS, CALL_SECONDS, PRECOMPILE_GAS, Stopwatch

CHAIN_ID = 99
NOW = 1_800_000_000
ACCOUNT = Account.create()
LOOP = "0x5b600056"  # JUMPDEST, PUSH1 0, JUMP
SMALL_STEPS = 1 / 64  # seconds that pass between two looks at the clock
ABORTED = {"code": -32000, "message": f"execution aborted (timeout = {CALL_SECONDS:g}s)"}
BLAKE = "0x" + "00" * 19 + "09"


@pytest.fixture
def node(chain_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Node]:
    """A node whose stopwatch counts looks at it instead of seconds, so that no test depends on speed."""
    ticks = itertools.count()
    monkeypatch.setattr(execution, "Stopwatch", lambda: Stopwatch(lambda: next(ticks) * SMALL_STEPS))
    chain_dir.mkdir()
    write_genesis(chain_dir, CHAIN_ID, {bytes.fromhex(ACCOUNT.address[2:]): 10**24}, lambda: NOW)
    moments = itertools.count(NOW + 10)
    opened = Node(chain_dir, CHAIN_ID, clock=lambda: next(moments))
    yield opened
    opened.close()


def ask(node: Node, *requests: tuple[str, Any]) -> list[dict[str, Any]]:
    """The responses to one batch of (method, call object)."""
    batch = [
        {"jsonrpc": "2.0", "id": number, "method": method, "params": [call]}
        for number, (method, call) in enumerate(requests)
    ]
    body = node.handle(orjson.dumps(batch))
    assert body is not None
    answers: list[dict[str, Any]] = orjson.loads(body)
    return answers


@pytest.mark.parametrize("method", ["eth_call", "eth_estimateGas"])
def test_an_endless_call_is_aborted_and_leaves_no_trace(node: Node, method: str) -> None:
    (answer,) = ask(node, (method, {"data": LOOP}))
    assert answer["error"] == ABORTED
    (after,) = ask(node, ("eth_call", {"data": "0x60016000526001601ff3"}))
    assert after["result"] == "0x01"


def test_a_call_within_a_call_is_aborted(node: Node) -> None:
    """The caller's own code cannot catch it, as it could catch a failed call."""
    raw = sign(ACCOUNT, CHAIN_ID, nonce=0, to=None, data=PROBE["bytecode"] + "00" * 32, gas=2_000_000)
    (sent,) = ask(node, ("eth_sendRawTransaction", "0x" + raw.hex()))
    node.advance()
    (receipt,) = ask(node, ("eth_getTransactionReceipt", sent["result"]))
    address = receipt["result"]["contractAddress"][2:]
    # Calls burn() of the probe with all gas, then returns normally whatever came of it.
    burn = "44df8e70"
    outer = f"0x63{burn}600052600080600460" + "1c" + "6000" + f"73{address}5af100"
    (answer,) = ask(node, ("eth_call", {"data": outer}))
    assert answer["error"] == ABORTED


def test_the_calls_of_a_batch_have_their_time_together(node: Node) -> None:
    count = int(BODY_SECONDS / CALL_SECONDS) + 3
    answers = ask(node, *[("eth_call", {"data": LOOP})] * count)
    assert [answer["error"]["code"] for answer in answers] == [-32000] * count
    assert answers[0]["error"] == ABORTED
    whole = {"code": -32000, "message": f"execution aborted (timeout = {BODY_SECONDS:g}s)"}
    assert answers[-1]["error"] == answers[-2]["error"] == whole
    (after,) = ask(node, ("eth_call", {"data": "0x00"}))
    assert after["result"] == "0x"


@pytest.mark.parametrize(("rounds", "aborted"), [(PRECOMPILE_GAS, False), (PRECOMPILE_GAS + 1, True)])
def test_a_precompile_runs_in_one_piece_and_is_bounded(
    node: Node, monkeypatch: pytest.MonkeyPatch, rounds: int, aborted: bool
) -> None:
    """BLAKE2b's compression costs one gas a round; the limit is lowered so that the test is quick."""
    monkeypatch.setattr(reading, "PRECOMPILE_GAS", 100)
    data = "0x" + (rounds - PRECOMPILE_GAS + 100).to_bytes(4, "big").hex() + "01" * 208 + "01"
    (answer,) = ask(node, ("eth_call", {"to": BLAKE, "data": data}))
    assert answer.get("error") == (ABORTED if aborted else None)


def test_a_transaction_runs_to_the_end_of_its_gas(node: Node) -> None:
    gas = 300_000  # beyond the looks at the clock that a call has
    raw = sign(ACCOUNT, CHAIN_ID, nonce=0, to=None, data=LOOP, gas=gas)
    (sent,) = ask(node, ("eth_sendRawTransaction", "0x" + raw.hex()))
    (call,) = ask(node, ("eth_call", {"data": LOOP, "gas": hex(gas)}))
    assert call["error"] == ABORTED
    node.advance()
    (receipt,) = ask(node, ("eth_getTransactionReceipt", sent["result"]))
    assert int(receipt["result"]["gasUsed"], 16) == gas
    assert receipt["result"]["status"] == "0x0"
