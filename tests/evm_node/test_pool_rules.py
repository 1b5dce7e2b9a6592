"""What eth_sendRawTransaction accepts, refuses, replaces; what a pending transaction looks like."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from eth_account import Account

from tests.evm_node.client import Client, sign
from tests.support.nodes import FUNDS, EmbeddedNode, post, rpc
from trace_service.evm_node.chain import write_genesis
from trace_service.evm_node.errors import RpcError
from trace_service.evm_node.node import Node
from trace_service.evm_node.pool import MAX_POOLED_PER_SENDER, MAX_TRANSACTION_BYTES

CHAIN_ID = 99
ACCOUNT = Account.create()
SENDER = bytes.fromhex(ACCOUNT.address[2:])
NOW = 1_800_000_000


@pytest.fixture
def node(chain_dir: Path) -> Iterator[Node]:
    """A node in this process that mines only when told to."""
    chain_dir.mkdir()
    write_genesis(chain_dir, CHAIN_ID, {SENDER: FUNDS}, lambda: NOW)
    opened = Node(chain_dir, CHAIN_ID, clock=lambda: NOW + 10)
    yield opened
    opened.close()


def add(node: Node, raw: bytes) -> bytes:
    """Offer a transaction to the pool."""
    return node.pool.add(raw, node._methods._executor.state_at(node.chain.head))


def transfer(nonce: int = 0, **members: object) -> bytes:
    """A transfer of ACCOUNT."""
    return sign(ACCOUNT, CHAIN_ID, **({"nonce": nonce, "gas": 21_000} | members))


# Signed before EIP-155: v is 28, so no chain id is part of what was signed.
UNPROTECTED = bytes.fromhex(
    "f8638084ee6b280082520894111111111111111111111111111111111111111101801ca03efd7b29e364361ba1083e29b37a84ca"
    "d5278539c11bbf0d389d8489f7bac672a031646d0ce6407e453abd467613a56521c836991352485000e4b07f26f2c59897"
)
BLOB_TYPE, DELEGATION_TYPE = b"\x03\xc0", b"\x04\xc0"


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        pytest.param(transfer(1), "nonce too high", id="nonce gap"),
        pytest.param(transfer(gas=20_999), "intrinsic gas too low", id="intrinsic gas"),
        pytest.param(transfer(gas=30_000, data=b"\x01" * 500), "floor data gas", id="calldata floor"),
        pytest.param(transfer(gas=30_000_001), "exceeds block gas limit", id="block gas"),
        pytest.param(transfer(value=FUNDS), "insufficient funds", id="funds"),
        pytest.param(transfer(maxFeePerGas=1), "max priority fee per gas higher", id="tip over cap"),
        pytest.param(
            transfer(maxFeePerGas=1, maxPriorityFeePerGas=1), "transaction underpriced", id="under base fee"
        ),
        pytest.param(transfer(chainId=1), "invalid chain id", id="another chain"),
        pytest.param(
            transfer(type=None, maxFeePerGas=None, maxPriorityFeePerGas=None, gasPrice=2 * 10**9, chainId=1),
            "invalid chain id",
            id="legacy for another chain",
        ),
        pytest.param(UNPROTECTED, "only replay-protected", id="unprotected"),
        pytest.param(BLOB_TYPE, "transaction type not supported", id="blob"),
        pytest.param(DELEGATION_TYPE, "transaction type not supported", id="delegation"),
        pytest.param(b"", "empty transaction", id="empty"),
        pytest.param(b"\x02", "rlp", id="type only"),
        pytest.param(b"\xc0", "rlp", id="empty list"),
        pytest.param(transfer()[:-1], "rlp", id="cut short"),
        pytest.param(transfer() + b"\x00", "rlp", id="bytes after the end"),
        pytest.param(b"\x02" + b"\xff" * MAX_TRANSACTION_BYTES, "oversized data", id="too large"),
    ],
)
def test_refused(node: Node, raw: bytes, said: str) -> None:
    with pytest.raises(RpcError) as caught:
        add(node, raw)
    assert caught.value.code == -32000
    assert said in caught.value.message  # wallets and libraries match these words of go-ethereum
    assert len(node.pool) == 0


def test_altered_signature_is_refused_or_someone_elses(node: Node) -> None:
    raw = bytearray(transfer())
    raw[-1] ^= 1
    with pytest.raises(RpcError) as caught:
        add(node, bytes(raw))
    assert caught.value.code == -32000


def test_largest_initcode_and_one_more(node: Node) -> None:
    largest = {"to": None, "gas": 3_000_000, "data": bytes(49_152)}
    add(node, transfer(0, **largest))
    with pytest.raises(RpcError) as caught:
        add(node, transfer(1, **(largest | {"data": bytes(49_153)})))
    assert "max initcode size exceeded" in caught.value.message


def test_same_transaction_twice(node: Node) -> None:
    add(node, transfer())
    with pytest.raises(RpcError) as caught:
        add(node, transfer())
    assert caught.value.message == "already known"
    node.advance()
    with pytest.raises(RpcError) as caught:
        add(node, transfer())
    assert "nonce too low" in caught.value.message


@pytest.mark.parametrize(("percent", "accepted"), [(109, False), (110, True)])
def test_replacement_needs_ten_percent_more(node: Node, percent: int, accepted: bool) -> None:
    fees = {"maxFeePerGas": 4 * 10**9, "maxPriorityFeePerGas": 10**9}
    first = add(node, transfer(**fees))
    second = transfer(**{name: fee * percent // 100 for name, fee in fees.items()})
    if not accepted:
        with pytest.raises(RpcError) as caught:
            add(node, second)
        assert caught.value.message == "replacement transaction underpriced"
        assert node.pool.get(first) is not None
        return
    replacement = add(node, second)
    assert node.pool.get(first) is None
    node.advance()
    stored = node.chain.store.read("SELECT hash FROM transactions")
    assert stored == [(replacement,)]


def test_waiting_costs_count_against_the_balance(node: Node) -> None:
    add(node, transfer(value=FUNDS // 2))
    with pytest.raises(RpcError) as caught:
        add(node, transfer(1, value=FUNDS // 2))
    assert "insufficient funds" in caught.value.message
    add(node, transfer(1, value=FUNDS // 4))


def test_room_of_one_sender(node: Node) -> None:
    for nonce in range(MAX_POOLED_PER_SENDER):
        add(node, transfer(nonce))
    with pytest.raises(RpcError) as caught:
        add(node, transfer(MAX_POOLED_PER_SENDER))
    assert "account limit exceeded" in caught.value.message


def test_block_holds_what_fits_and_the_rest_waits(node: Node) -> None:
    hashes = [add(node, transfer(nonce, gas=8_000_000)) for nonce in range(5)]
    mined = node.chain.mine(node.pool.candidates())
    assert list(mined.included) == hashes  # each used 21,000 only, so the room did not shrink by the limit
    node.pool.forget(mined.included)
    heavy = {"to": None, "data": b"\xfe", "gas": 16_000_000}  # INVALID uses up all of its gas
    hashes = [add(node, transfer(5 + nonce, **heavy)) for nonce in range(3)]
    mined = node.chain.mine(node.pool.candidates())
    assert list(mined.included) == hashes[:1]
    assert mined.dropped == ()


def test_pending_transaction_is_visible(embedded: EmbeddedNode) -> None:
    client = Client(embedded)
    for _ in range(3):  # a block a second: the last ones certainly wait for a moment
        last = client.web3.eth.send_raw_transaction(client.sign())
    block = rpc(embedded.url, "eth_getBlockByNumber", "pending", True)
    waiting = [item["hash"] for item in block["transactions"]]
    assert block["hash"] is None
    if "0x" + bytes(last).hex() in waiting:
        assert client.web3.eth.get_transaction(last).get("blockHash") is None
    client.web3.eth.wait_for_transaction_receipt(last, 30, 0.02)
    assert rpc(embedded.url, "eth_getBlockTransactionCountByNumber", "pending") == "0x0"


def test_unlocked_accounts_do_not_exist(embedded: EmbeddedNode) -> None:
    assert rpc(embedded.url, "eth_accounts") == []
    answer = post(embedded.url, {"jsonrpc": "2.0", "id": 1, "method": "eth_sendTransaction", "params": [{}]})
    assert answer["error"]["code"] == -32601
