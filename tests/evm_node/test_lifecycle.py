"""Set-up, start, refusals, stop: what an operator meets."""

import contextlib
import itertools
import json
import resource
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from eth_account import Account

from tests.evm_node.client import Client
from tests.support.nodes import embedded_node, rpc
from trace_service.evm_node import (
    GenesisExists,
    GenesisMissing,
    NodeError,
    NodeStartFailed,
    StoreCorrupt,
    StoreLocked,
    create_genesis,
    start_node,
)
from trace_service.evm_node.errors import ChainIdMismatch
from trace_service.evm_node.lock import DirectoryLock
from trace_service.evm_node.node import Node
from trace_service.evm_node.store import STORE_NAME

RICH = Account.create().address


def test_genesis_gives_exactly_the_stated_balances(chain_dir: Path) -> None:
    genesis_hash = create_genesis(chain_dir, 5, {RICH: 123})
    with start_node(chain_dir) as node:
        assert node.chain_id == 5
        assert rpc(node.url, "eth_getBlockByNumber", "0x0", False)["hash"] == genesis_hash
        assert rpc(node.url, "eth_getBalance", RICH, "latest") == hex(123)
        for known_key in range(1, 11):  # what eth-tester would have funded
            known = Account.from_key(known_key.to_bytes(32)).address
            assert rpc(node.url, "eth_getBalance", known, "latest") == "0x0"


def test_genesis_is_written_once(chain_dir: Path) -> None:
    create_genesis(chain_dir, 5, {RICH: 1})
    with pytest.raises(GenesisExists) as caught:
        create_genesis(chain_dir, 6, {RICH: 2})
    assert caught.value.data_dir == chain_dir
    with start_node(chain_dir, chain_id=5) as node:
        assert rpc(node.url, "eth_getBalance", RICH, "latest") == "0x1"
        with pytest.raises(StoreLocked):
            create_genesis(chain_dir, 5, {RICH: 1})


@pytest.mark.parametrize(
    ("chain_id", "address"),
    [
        pytest.param(0, RICH, id="chain id 0"),
        pytest.param(-1, RICH, id="negative chain id"),
        pytest.param(5, "0x1234", id="short address"),
        pytest.param(5, "nobody", id="no address"),
        pytest.param(5, "", id="empty address"),
    ],
)
def test_nonsense_genesis(chain_dir: Path, chain_id: int, address: str) -> None:
    with pytest.raises(NodeError):
        create_genesis(chain_dir, chain_id, {address: 1})
    with pytest.raises(NodeStartFailed):
        start_node(chain_dir)


def test_no_chain_there(tmp_path: Path) -> None:
    with pytest.raises(GenesisMissing) as caught:
        Node(tmp_path)
    assert caught.value.data_dir == tmp_path
    with pytest.raises(NodeStartFailed) as failed:
        start_node(tmp_path)
    assert failed.value.exit_code == 2
    assert "GenesisMissing" in failed.value.output
    assert not (tmp_path / STORE_NAME).exists()  # refusing invents nothing
    with pytest.raises(NodeStartFailed):
        start_node(tmp_path / "nowhere")


def test_foreign_chain_id(chain_dir: Path) -> None:
    create_genesis(chain_dir, 5, {RICH: 1})
    with pytest.raises(ChainIdMismatch) as caught:
        Node(chain_dir, 6)
    assert (caught.value.expected, caught.value.found) == (6, 5)
    with pytest.raises(NodeStartFailed) as failed:
        start_node(chain_dir, chain_id=6)
    assert failed.value.exit_code == 2


def test_second_process_is_refused(chain_dir: Path) -> None:
    with embedded_node(chain_dir) as node:
        with pytest.raises(StoreLocked) as caught:
            DirectoryLock(chain_dir)
        assert caught.value.holder == node.process.pid
        with pytest.raises(NodeStartFailed) as failed:
            start_node(chain_dir)
        assert failed.value.exit_code == 2
        assert f"process {node.process.pid}" in failed.value.output
        assert rpc(node.url, "net_listening") is True


def test_taken_port_is_refused(chain_dir: Path, tmp_path: Path) -> None:
    with embedded_node(chain_dir) as node:
        other = tmp_path / "other"
        create_genesis(other, 5, {RICH: 1})
        with pytest.raises(NodeStartFailed) as failed:
            start_node(other, port=int(node.url.rpartition(":")[2]))
        assert failed.value.exit_code == 2


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param("DELETE FROM blocks WHERE number = (SELECT max(number) FROM blocks)", id="index behind"),
        pytest.param("INSERT INTO blocks VALUES (99, x'00', x'7b7d')", id="index ahead"),
        pytest.param("UPDATE meta SET value = '00' WHERE name = 'genesis_hash'", id="another genesis"),
        pytest.param("DELETE FROM kv WHERE CAST(key AS TEXT) = 'v1:canonical_head_hash'", id="no head"),
    ],
)
def test_contradicting_store_is_refused(chain_dir: Path, damage: str) -> None:
    with embedded_node(chain_dir) as node:
        Client(node).send(value=1)
    with sqlite3.connect(chain_dir / STORE_NAME) as connection:
        assert connection.execute(damage).rowcount == 1
    connection.close()
    with pytest.raises(StoreCorrupt):
        Node(chain_dir)
    with pytest.raises(NodeStartFailed) as failed:
        start_node(chain_dir)
    assert failed.value.exit_code == 2


@pytest.mark.parametrize("offset", [0, 8192], ids=["header", "page"])
def test_garbled_file_ends_the_node(chain_dir: Path, offset: int) -> None:
    with embedded_node(chain_dir) as node:
        Client(node).send(value=1)
        node.stop()
        with (chain_dir / STORE_NAME).open("r+b") as file:
            file.seek(offset)
            file.write(b"\xa5" * 16_384)
        with pytest.raises(NodeStartFailed) as failed:
            node.start()
        assert failed.value.exit_code == 74


def test_sigterm_stops_cleanly_and_restart_finds_the_same_state(chain_dir: Path) -> None:
    with embedded_node(chain_dir) as node:
        client = Client(node)
        probe = client.deploy_probe()
        receipt = client.transact(probe.functions.store(3, 4))
        before = picture(node.url)
        assert node.process.stop() == 0
        node.start()
        assert picture(node.url) == before
        assert probe.functions.values(3).call() == 4
        assert probe.functions.values(3).call(block_identifier=receipt["blockNumber"] - 1) == 0
        assert client.send(value=1)["blockNumber"] == receipt["blockNumber"] + 1


def picture(url: str) -> list[object]:
    """Every block with its transactions, receipts and logs."""
    head = int(rpc(url, "eth_blockNumber"), 16)
    blocks = [rpc(url, "eth_getBlockByNumber", hex(number), True) for number in range(head + 1)]
    receipts = [rpc(url, "eth_getBlockReceipts", hex(number)) for number in range(head + 1)]
    return [blocks, receipts, rpc(url, "eth_getLogs", {"fromBlock": "0x0"})]


def test_node_stops_with_its_parent(chain_dir: Path) -> None:
    create_genesis(chain_dir, 5, {RICH: 1})
    program = (
        "import os, sys, json; from pathlib import Path; from trace_service.evm_node import start_node\n"
        "node = start_node(Path(sys.argv[1])); print(node.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", program, chain_dir], capture_output=True, check=False)
    assert done.returncode == -9
    assert json.loads(done.stdout) > 0
    for _ in range(3_000):  # the lock is free as soon as the orphan has ended
        try:
            DirectoryLock(chain_dir).release()
            break
        except StoreLocked:
            subprocess.run(["sleep", "0.01"], check=True)
    else:
        pytest.fail("the node outlived its parent")


def test_failing_disk_stops_the_node_and_loses_nothing(chain_dir: Path) -> None:
    with embedded_node(chain_dir) as node:
        client = Client(node)
        receipt = client.send(value=1)
        size = max((chain_dir / (STORE_NAME + suffix)).stat().st_size for suffix in ("", "-wal"))
        # From here on the kernel refuses to let any file grow.
        resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE, (size, size))
        acknowledged = []
        with contextlib.suppress(OSError):  # ends when the node refuses or is gone
            for nonce in itertools.count(client.nonce()):
                raw = "0x" + client.sign(nonce=nonce).hex()
                acknowledged.append(rpc(node.url, "eth_sendRawTransaction", raw))
        assert node.process.process.wait(60) == 74
        node.start()
        for transaction_hash in acknowledged:
            mined = client.web3.eth.wait_for_transaction_receipt(transaction_hash, 30, 0.05)
            assert mined["status"] == 1
        assert client.web3.eth.get_block(receipt["blockNumber"])["hash"] == receipt["blockHash"]


def test_idle_chain_goes_on(chain_dir: Path) -> None:
    with embedded_node(chain_dir, idle_block_seconds=1) as node:
        while int(rpc(node.url, "eth_blockNumber"), 16) < 2:
            time.sleep(0.05)
        block = rpc(node.url, "eth_getBlockByNumber", "latest", True)
        assert block["transactions"] == []


def test_starting_a_node_does_not_import_the_evm() -> None:
    program = (
        "import sys, trace_service.evm_node\nsys.exit('eth' in sys.modules or sys.getrecursionlimit() > 1000)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_recursion_limit_of_the_node() -> None:
    program = (
        "import sys; from trace_service.evm_node import chain, server, node, __main__\n"
        "sys.exit(sys.getrecursionlimit() != chain.EVM_RECURSION_LIMIT)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
