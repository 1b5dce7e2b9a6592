"""No body may do more than earn a JSON-RPC error, and the node lives on."""

import json
import os
from typing import Any

import pytest

from tests.evm_node.client import Client
from tests.support.nodes import EmbeddedNode, post, rpc
from trace_service.evm_node.jsonrpc import MAX_BATCH

ADDRESS = "0x" + "11" * 20
HASH = "0x" + "22" * 32
PARSE, REQUEST, METHOD, PARAMS = -32700, -32600, -32601, -32602


def call(method: Any, *params: Any) -> dict[str, Any]:
    """A request object."""
    return {"jsonrpc": "2.0", "id": 7, "method": method, "params": list(params)}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param(b"", PARSE, id="empty"),
        pytest.param(b"{", PARSE, id="cut short"),
        pytest.param(b"[" * 100_000, PARSE, id="100 KB of ["),
        pytest.param(b'{"a":' * 100_000, PARSE, id="deep objects"),
        pytest.param(b"[" * 1025 + b"]" * 1025, PARSE, id="one level too deep"),
        pytest.param(b"\xff\xfe", PARSE, id="not UTF-8"),
        pytest.param(b'{"jsonrpc":"2.0","id":1,"method":"\\ud800"}', PARSE, id="lone surrogate"),
        pytest.param(b"NaN", PARSE, id="NaN"),
        pytest.param(b"1", REQUEST, id="number"),
        pytest.param(b"null", REQUEST, id="null"),
        pytest.param(b'"x"', REQUEST, id="string"),
        pytest.param(b"[]", REQUEST, id="empty batch"),
        pytest.param(b"{}", REQUEST, id="empty object"),
        pytest.param({"jsonrpc": "1.0", "id": 1, "method": "eth_chainId"}, REQUEST, id="version 1.0"),
        pytest.param({"id": 1, "method": "eth_chainId"}, REQUEST, id="no version"),
        pytest.param({"jsonrpc": "2.0", "id": 1, "method": 5}, REQUEST, id="method is a number"),
        pytest.param({"jsonrpc": "2.0", "id": [], "method": "eth_chainId"}, REQUEST, id="id is an array"),
        pytest.param({"jsonrpc": "2.0", "id": True, "method": "eth_chainId"}, REQUEST, id="id is true"),
        pytest.param(call("eth_chainId") | {"params": {}}, PARAMS, id="named params"),
        pytest.param(call("eth_chainId") | {"params": "x"}, PARAMS, id="params is a string"),
        pytest.param(call("eth_unknown"), METHOD, id="unknown method"),
        pytest.param(call("__init__"), METHOD, id="python name"),
        pytest.param(call("call"), METHOD, id="inner name"),
        pytest.param(call("eth_chainId", 1), PARAMS, id="one parameter too many"),
        pytest.param(call("eth_getBalance"), PARAMS, id="parameter missing"),
        pytest.param(call("eth_getBalance", 5), PARAMS, id="address is a number"),
        pytest.param(call("eth_getBalance", ADDRESS[:-2]), PARAMS, id="short address"),
        pytest.param(call("eth_getBalance", "0x" + "zz" * 20), PARAMS, id="not hex"),
        pytest.param(call("eth_getBalance", ADDRESS, "newest"), PARAMS, id="unknown tag"),
        pytest.param(call("eth_getBalance", ADDRESS, "0x01"), PARAMS, id="leading zero"),
        pytest.param(call("eth_getBalance", ADDRESS, 1), PARAMS, id="block is a number"),
        pytest.param(call("eth_getBalance", ADDRESS, []), PARAMS, id="block is an array"),
        pytest.param(call("eth_getBalance", ADDRESS, {}), PARAMS, id="empty block object"),
        pytest.param(
            call("eth_getBalance", ADDRESS, {"blockHash": HASH, "blockNumber": "0x0"}), PARAMS, id="both"
        ),
        pytest.param(call("eth_getBalance", ADDRESS, {"blockHash": HASH}), -32000, id="unknown hash"),
        pytest.param(call("eth_getBalance", ADDRESS, "0x" + "f" * 64), -32000, id="huge block number"),
        pytest.param(call("eth_getBalance", ADDRESS, "0x" + "f" * 65), PARAMS, id="over 256 bits"),
        pytest.param(call("eth_getStorageAt", ADDRESS, "x", "latest"), PARAMS, id="bad slot"),
        pytest.param(call("eth_getBlockByNumber", "latest", "yes"), PARAMS, id="flag is a string"),
        pytest.param(call("eth_getBlockByHash", "latest", False), PARAMS, id="tag for a hash"),
        pytest.param(call("eth_sendRawTransaction", "zz"), PARAMS, id="raw is not hex"),
        pytest.param(call("eth_sendRawTransaction", "0x"), -32000, id="raw is empty"),
        pytest.param(call("eth_sendRawTransaction", "0xc0"), -32000, id="raw is an empty list"),
        pytest.param(call("eth_sendRawTransaction", "0x" + "c1" * 60_000), -32000, id="nested RLP"),
        pytest.param(call("eth_call", "x"), PARAMS, id="call is a string"),
        pytest.param(call("eth_call", {"too": ADDRESS}), PARAMS, id="unknown member"),
        pytest.param(call("eth_call", {"to": ADDRESS, "gas": "0x5207"}), -32000, id="too little gas"),
        pytest.param(call("eth_call", {"to": ADDRESS, "value": "0x1"}), -32000, id="value without funds"),
        pytest.param(call("eth_call", {"to": ADDRESS, "data": "0x1", "input": "0x"}), PARAMS, id="odd hex"),
        pytest.param(call("eth_call", {"to": ADDRESS, "accessList": [1]}), PARAMS, id="bad access list"),
        pytest.param(call("eth_call", {"data": "0xfe"}), -32000, id="invalid opcode"),
        pytest.param(call("eth_call", {"data": "0x60006000fd"}), 3, id="revert"),
        pytest.param(call("eth_call", {"data": "0x5b600056"}), -32000, id="endless loop"),
        pytest.param(call("eth_getLogs", []), PARAMS, id="filter is an array"),
        pytest.param(call("eth_getLogs", {"topics": [HASH] * 5}), PARAMS, id="five topics"),
        pytest.param(call("eth_getLogs", {"topics": [["x"]]}), PARAMS, id="topic is not hex"),
        pytest.param(call("eth_getLogs", {"address": [ADDRESS] * 101}), PARAMS, id="101 addresses"),
        pytest.param(call("eth_getLogs", {"blockHash": HASH}), -32000, id="logs of an unknown block"),
        pytest.param(call("eth_getLogs", {"blockHash": HASH, "toBlock": "0x1"}), PARAMS, id="hash and range"),
        pytest.param(
            call("eth_getLogs", {"fromBlock": "0x5", "toBlock": "0x1"}), PARAMS, id="backward range"
        ),
        pytest.param(call("eth_feeHistory", "0x0", "latest", []), PARAMS, id="no blocks"),
        pytest.param(call("eth_feeHistory", "0x1", "latest", [90, 10]), PARAMS, id="falling percentiles"),
        pytest.param(call("eth_feeHistory", "0x1", "0xffff", []), -32000, id="beyond the head"),
        pytest.param([call("eth_chainId")] * (MAX_BATCH + 1), -32005, id="batch too large"),
    ],
)
def test_error_and_the_node_lives(embedded: EmbeddedNode, body: Any, code: int) -> None:
    answer = post(embedded.url, body)
    assert answer["error"]["code"] == code
    assert answer["jsonrpc"] == "2.0"
    assert "result" not in answer
    assert embedded.process.is_alive()
    assert rpc(embedded.url, "eth_chainId") == hex(embedded.chain_id)


def test_random_bytes(embedded: EmbeddedNode) -> None:
    for size in (1, 10, 1_000, 100_000):
        assert post(embedded.url, os.urandom(size) + b"\x00")["error"]["code"] == PARSE
    assert rpc(embedded.url, "net_version") == str(embedded.chain_id)


def test_ids_come_back_as_they_were(embedded: EmbeddedNode) -> None:
    for identifier in ("a", 0, -1, 1.5, None):
        answer = post(embedded.url, {"jsonrpc": "2.0", "id": identifier, "method": "net_listening"})
        assert answer == {"jsonrpc": "2.0", "id": identifier, "result": True}


def test_notifications_get_no_answer(embedded: EmbeddedNode) -> None:
    notification = {"jsonrpc": "2.0", "method": "eth_chainId"}
    assert post(embedded.url, notification) is None
    assert post(embedded.url, [notification, notification]) is None
    assert post(embedded.url, {"jsonrpc": "2.0", "method": "eth_unknown"}) is None
    mixed = post(embedded.url, [notification, call("net_listening"), 5])
    assert [item.get("id") for item in mixed] == [7, None]


def test_largest_batch(embedded: EmbeddedNode) -> None:
    assert len(post(embedded.url, [call("eth_chainId")] * MAX_BATCH)) == MAX_BATCH


def test_extra_topic_positions_ask_for_longer_logs(embedded: EmbeddedNode) -> None:
    client = Client(embedded)
    probe = client.deploy_probe()
    receipt = client.transact(probe.functions.store(1, 2))
    span = {"fromBlock": hex(receipt["blockNumber"]), "topics": [None] * 3}
    assert len(rpc(embedded.url, "eth_getLogs", span)) == 1
    assert rpc(embedded.url, "eth_getLogs", span | {"topics": [None] * 4}) == []


def test_deep_and_endless_contracts_end_with_their_gas(embedded: EmbeddedNode) -> None:
    client = Client(embedded)
    probe = client.deploy_probe()
    depth = probe.functions.dive().call({"gas": 30_000_000})
    assert depth > 300
    receipt = client.transact(probe.functions.dive(), gas=30_000_000)
    assert receipt["status"] == 1
    burned = client.transact(probe.functions.burn(), gas=1_000_000)
    assert (burned["status"], burned["gasUsed"]) == (0, 1_000_000)
    assert embedded.process.is_alive()


def test_bodies_are_not_logged(embedded: EmbeddedNode) -> None:
    marker = "5ec4e7" * 8
    post(embedded.url, call("eth_sendRawTransaction", "0x" + marker))
    post(embedded.url, call(marker, marker))
    post(embedded.url, json.dumps({"id": marker}).encode())
    assert marker not in (embedded.data_dir / "node.log").read_text()
