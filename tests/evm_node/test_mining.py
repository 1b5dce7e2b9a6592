"""When blocks are mined and what their timestamps say, under a clock of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from eth.vm.forks.prague import PragueVM
from eth_account import Account

from tests.evm_node.client import sign
from tests.support.nodes import FUNDS
from trace_service.evm_node.chain import MAX_TIME_AHEAD, write_genesis
from trace_service.evm_node.node import IDLE_BLOCK_SECONDS, Node

CHAIN_ID = 99
START = 1_800_000_000.0
ACCOUNT = Account.create()


class Clock:
    """A wall clock that stands still until told otherwise."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The clock of the node."""
    return Clock()


@pytest.fixture
def node(chain_dir: Path, clock: Clock) -> Iterator[Node]:
    """A node in this process."""
    chain_dir.mkdir()
    write_genesis(chain_dir, CHAIN_ID, {bytes.fromhex(ACCOUNT.address[2:]): FUNDS}, clock)
    opened = Node(chain_dir, CHAIN_ID, clock=clock)
    yield opened
    opened.close()


def send(node: Node, nonce: int, **members: object) -> bytes:
    """Offer a transaction through JSON-RPC; its hash."""
    raw = "0x" + sign(ACCOUNT, CHAIN_ID, **({"nonce": nonce} | members)).hex()
    request = {"jsonrpc": "2.0", "id": 1, "method": "eth_sendRawTransaction", "params": [raw]}
    answer = node.handle(orjson.dumps(request))
    assert answer is not None
    return bytes.fromhex(orjson.loads(answer)["result"][2:])


def test_mines_at_once_when_idle(node: Node, clock: Clock) -> None:
    clock.now += 30.5
    send(node, 0)
    assert node.advance() == IDLE_BLOCK_SECONDS
    assert node.chain.head.block_number == 1
    assert node.chain.head.timestamp == int(START) + 30


def test_the_pending_block_has_the_time_of_one_mined_now(node: Node, clock: Clock) -> None:
    clock.now += 30.5
    request = {"jsonrpc": "2.0", "id": 1, "method": "eth_getBlockByNumber", "params": ["pending", False]}
    answer = node.handle(orjson.dumps(request))
    assert answer is not None
    send(node, 0)
    node.advance()
    assert int(orjson.loads(answer)["result"]["timestamp"], 16) == node.chain.head.timestamp == START + 30


def test_time_never_runs_ahead_under_load(node: Node, clock: Clock) -> None:
    timestamps = [node.chain.head.timestamp]
    for nonce in range(200):
        send(node, nonce)
        before = node.chain.head.block_number
        wait = node.advance()
        if node.chain.head.block_number == before:
            assert wait > 0
        else:
            timestamps.append(node.chain.head.timestamp)
        assert node.chain.head.timestamp <= clock.now + MAX_TIME_AHEAD
        clock.now += 0.05
    assert timestamps == sorted(set(timestamps))
    assert len(timestamps) <= 10 + 3  # ten seconds passed
    clock.now += 2
    node.advance()
    assert len(node.pool) == 0
    assert node.chain.store.read("SELECT count(*) FROM transactions") == [(200,)]


def test_waits_exactly_until_a_block_is_allowed(node: Node, clock: Clock) -> None:
    clock.now = START + 0.25
    for nonce in range(2):
        send(node, nonce)
        node.advance()
    assert node.chain.head.block_number == 1
    assert node.chain.head.timestamp == START + 1
    wait = node.advance()
    assert wait == pytest.approx(0.75)
    clock.now += wait
    node.advance()
    assert node.chain.head.block_number == 2


def test_empty_block_after_the_idle_time_only(node: Node, clock: Clock) -> None:
    clock.now += IDLE_BLOCK_SECONDS - 1
    assert node.advance() == pytest.approx(1)
    assert node.chain.head.block_number == 0
    clock.now += 1
    node.advance()
    assert node.chain.head.block_number == 1
    assert node.chain.head.gas_used == 0


def test_clock_set_back_stops_mining_but_not_accepting(node: Node, clock: Clock) -> None:
    clock.now += 3_600
    node.advance()
    clock.now -= 3_600
    sent = send(node, 0)
    assert node.advance() > 0
    assert node.chain.head.block_number == 1
    clock.now += 3_602
    node.advance()
    assert node.chain.store.read("SELECT hash FROM transactions") == [(sent,)]


def test_transactions_of_one_sender_keep_their_order(node: Node, clock: Clock) -> None:
    clock.now += 10
    hashes = [send(node, nonce) for nonce in range(5)]
    replaced = send(node, 1, maxFeePerGas=8 * 10**9, maxPriorityFeePerGas=2 * 10**9)
    node.advance()
    stored = node.chain.store.read("SELECT hash FROM transactions ORDER BY position")
    assert [item for (item,) in stored] == [hashes[0], replaced, *hashes[2:]]


def test_base_fee_above_the_cap_waits_for_it_to_fall(node: Node, clock: Clock) -> None:
    clock.now += 10
    spender = {"to": None, "data": b"\xfe", "gas": 30_000_000, "maxFeePerGas": 4 * 10**9}
    send(node, 0, **spender)
    fee = node.chain.next_base_fee()
    waiting = send(node, 1, gas=100_000, maxFeePerGas=fee, maxPriorityFeePerGas=1)
    node.advance()
    assert node.chain.next_base_fee() > fee
    clock.now += 2
    assert node.advance() > 0
    assert node.pool.get(waiting) is not None
    for _ in range(3):
        clock.now += IDLE_BLOCK_SECONDS
        node.advance()
    assert len(node.pool) == 0


def test_transaction_that_breaks_the_evm_is_dropped_alone(
    node: Node, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.now += 10
    other = Account.create()
    send(node, 0, to=other.address, value=10**18)
    node.advance()
    clock.now += 10
    poison = send(node, 1)
    raw = "0x" + sign(other, CHAIN_ID, nonce=0, gas=21_000).hex()
    request = {"jsonrpc": "2.0", "id": 1, "method": "eth_sendRawTransaction", "params": [raw]}
    node.handle(orjson.dumps(request))
    apply = PragueVM.apply_transaction

    def faulty(self: object, header: object, transaction: object) -> object:
        if getattr(transaction, "hash", None) == poison:
            raise RecursionError
        return apply(self, header, transaction)

    monkeypatch.setattr(PragueVM, "apply_transaction", faulty)
    node.advance()
    assert len(node.pool) == 0
    rows = node.chain.store.read("SELECT count(*) FROM transactions WHERE block = 2")
    assert rows == [(1,)]
    assert node.chain.store.read("SELECT count(*) FROM pool") == [(0,)]


def test_refused_by_the_rules_is_dropped_without_a_block(node: Node, clock: Clock) -> None:
    clock.now += 10
    heir = Account.create()
    send(node, 0, to=heir.address, value=10**18)
    node.advance()
    clock.now += 10
    builder = PragueVM.get_transaction_builder()
    poor = builder.decode(
        sign(heir, CHAIN_ID, nonce=5, gas=21_000)
    )  # a gap that only a damaged pool can hold
    mined = node.chain.mine([poor])
    assert mined.header is None
    assert [item[0] for item in mined.dropped] == [poor.hash]
    assert node.chain.head.block_number == 1
    assert node.chain.store.kv.staged == {}
