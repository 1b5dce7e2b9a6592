"""Limits at the limit and one past it, and many clients at once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import pytest
from eth_account import Account

from tests.evm_node.client import PROBE, Client, sign
from tests.support.nodes import EmbeddedNode, embedded_node, rpc
from trace_service.evm_node import jsonrpc, methods
from trace_service.evm_node.chain import write_genesis
from trace_service.evm_node.errors import RpcError, StoreUnavailable
from trace_service.evm_node.node import Node

CHAIN_ID = 99
NOW = 1_800_000_000
ACCOUNT = Account.create()
LOG_TWICE = "0x60006000a060006000a000"  # LOG0, LOG0, STOP
SENDERS, EACH = 8, 10


@pytest.fixture
def node(chain_dir: Path) -> Iterator[Node]:
    """A node in this process."""
    chain_dir.mkdir()
    write_genesis(chain_dir, CHAIN_ID, {bytes.fromhex(ACCOUNT.address[2:]): 10**24}, lambda: NOW)
    opened = Node(chain_dir, CHAIN_ID, clock=lambda: NOW + 10)
    yield opened
    opened.close()


def ask(node: Node, method: str, *params: Any) -> Any:
    """The response object of one call."""
    body = node.handle(orjson.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}))
    assert body is not None
    return orjson.loads(body)


@pytest.mark.parametrize(("limit", "code"), [(2, None), (1, -32005)])
def test_most_logs_of_one_answer(
    node: Node, monkeypatch: pytest.MonkeyPatch, limit: int, code: int | None
) -> None:
    raw = sign(ACCOUNT, CHAIN_ID, nonce=0, to=None, data=LOG_TWICE)
    assert "result" in ask(node, "eth_sendRawTransaction", "0x" + raw.hex())
    node.advance()
    monkeypatch.setattr(methods, "MAX_LOGS", limit)
    answer = ask(node, "eth_getLogs", {"fromBlock": "0x0"})
    if code is None:
        assert [log["logIndex"] for log in answer["result"]] == ["0x0", "0x1"]
        assert [log["topics"] for log in answer["result"]] == [[], []]
    else:
        assert answer["error"]["code"] == code


def test_largest_answer_of_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    request = {"jsonrpc": "2.0", "id": 1, "method": "m"}
    monkeypatch.setattr(jsonrpc, "MAX_RESPONSE_BYTES", 150)
    silent = {"jsonrpc": "2.0", "method": "m"}
    body = jsonrpc.handle(orjson.dumps([request, request, request, silent]), lambda *_: "x" * 100)
    assert body is not None
    answers = orjson.loads(body)
    assert ["result" in answer for answer in answers] == [True, True, False]
    assert answers[2]["error"]["code"] == -32005


@pytest.mark.parametrize(
    ("raised", "code"),
    [(RpcError(5, "own"), 5), (StoreUnavailable("SQLITE_FULL"), -32000), (KeyError("x"), -32603)],
)
def test_whatever_a_method_raises_is_answered(raised: Exception, code: int) -> None:
    def method(*_: object) -> object:
        raise raised

    body = jsonrpc.handle(b'{"jsonrpc":"2.0","id":1,"method":"m"}', method)
    assert body is not None
    assert orjson.loads(body)["error"]["code"] == code


@pytest.mark.parametrize("percentiles", [["x"], [-1], [101], {}, [1] * 101])
def test_nonsense_percentiles(node: Node, percentiles: Any) -> None:
    assert ask(node, "eth_feeHistory", "0x1", "latest", percentiles)["error"]["code"] == -32602


@pytest.mark.parametrize(("count", "good"), [("0x400", True), ("0x401", False), (5, True), (True, False)])
def test_blocks_of_a_fee_history(node: Node, count: Any, good: bool) -> None:
    answer = ask(node, "eth_feeHistory", count, "latest")
    assert ("result" in answer) == good
    if good:
        assert answer["result"]["oldestBlock"] == "0x0"
        assert "reward" not in answer["result"]


def test_priced_calls_need_the_money(node: Node) -> None:
    price = {"maxFeePerGas": hex(3 * 10**9), "maxPriorityFeePerGas": "0x1", "gas": hex(100_000)}
    call = {"data": "0x3a60005260206000f3"}  # returns GASPRICE
    rich = call | price | {"from": ACCOUNT.address}
    assert int(ask(node, "eth_call", rich, "latest")["result"], 16) == 10**9 + 1
    assert int(ask(node, "eth_call", call, "latest")["result"], 16) == 0
    assert ask(node, "eth_call", call | price, "latest")["error"]["code"] == -32000
    cheap = rich | {"maxFeePerGas": "0x1"}
    assert ask(node, "eth_call", cheap, "latest")["error"]["code"] == -32000
    both = rich | {"gasPrice": "0x1"}
    assert ask(node, "eth_call", both, "latest")["error"]["code"] == -32602


def test_calls_change_nothing(node: Node) -> None:
    create = {"from": ACCOUNT.address, "data": PROBE["bytecode"] + "00" * 32}
    assert len(ask(node, "eth_call", create)["result"]) > 1000
    before = ask(node, "eth_getTransactionCount", ACCOUNT.address)["result"]
    for _ in range(3):
        ask(node, "eth_call", create | {"value": "0x1"})
        ask(node, "eth_estimateGas", {"from": ACCOUNT.address, "to": "0x" + "33" * 20, "value": "0x5"})
    assert ask(node, "eth_getTransactionCount", ACCOUNT.address)["result"] == before
    assert ask(node, "eth_getBalance", "0x" + "33" * 20)["result"] == "0x0"
    assert node.chain.store.kv.staged == {}


def test_many_senders_at_once(chain_dir: Path) -> None:
    accounts = [Account.create() for _ in range(SENDERS)]
    with embedded_node(chain_dir, balances={account.address: 10**20 for account in accounts}) as node:
        with ThreadPoolExecutor(SENDERS) as threads:
            hashes = [item for sent in threads.map(lambda a: _send_all(node, a), accounts) for item in sent]
        client = Client(node)
        receipts = [client.web3.eth.wait_for_transaction_receipt(item, 60, 0.05) for item in hashes]
    places = {(receipt["blockNumber"], receipt["transactionIndex"]) for receipt in receipts}
    assert len(places) == len(receipts) == SENDERS * EACH


def _send_all(node: EmbeddedNode, account: Any) -> list[Any]:
    raws = [sign(account, node.chain_id, nonce=nonce, gas=21_000) for nonce in range(EACH)]
    return [rpc(node.url, "eth_sendRawTransaction", "0x" + raw.hex()) for raw in raws]
