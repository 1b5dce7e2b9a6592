"""Writes that fail: a block is stored wholly or not at all, and nothing acknowledged is lost.

The connection itself fails (a subclass handed to sqlite3.connect), at every statement of a commit in turn,
before the statement and, for COMMIT, also after it took effect but was reported as failed.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from eth_account import Account

from tests.evm_node.client import sign
from tests.support.nodes import FUNDS
from trace_service.evm_node import node as node_module
from trace_service.evm_node.chain import write_genesis
from trace_service.evm_node.errors import StoreBroken, StoreUnavailable
from trace_service.evm_node.node import RETRY_SECONDS, Node
from trace_service.evm_node.store import Store

CHAIN_ID = 99
NOW = 1_800_000_000
ACCOUNT = Account.create()
# BEGIN, key-value rows, block, transactions, (no logs), pool, COMMIT
STATEMENTS_OF_A_BLOCK = 6
STATEMENTS_OF_AN_ACCEPTANCE = 3


class FailingConnection(sqlite3.Connection):
    """Fails the write statement number `fail_at` (from 1) with the SQLite error `name`, once."""

    writes = 0
    fail_at = 0
    name = "SQLITE_IOERR"
    after = False

    def _count(self) -> bool:
        FailingConnection.writes += 1
        return FailingConnection.writes == FailingConnection.fail_at

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        if sql.startswith(("SELECT", "PRAGMA")):
            return super().execute(sql, parameters)
        due = self._count()
        if due and not FailingConnection.after:
            raise _error()
        cursor = super().execute(sql, parameters)
        if due:
            raise _error()
        return cursor

    def executemany(self, sql: str, parameters: Any, /) -> sqlite3.Cursor:
        if self._count():
            raise _error()
        return super().executemany(sql, parameters)


def _error() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("injected")
    error.sqlite_errorname = FailingConnection.name
    return error


def fail(at: int, name: str, *, after: bool = False) -> None:
    """Let write statement number `at` from now on fail; 0 for none."""
    FailingConnection.writes, FailingConnection.fail_at = 0, at
    FailingConnection.name, FailingConnection.after = name, after


@pytest.fixture
def node(chain_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Node]:
    """A node whose store can be made to fail."""
    fail(0, "")
    chain_dir.mkdir()
    write_genesis(chain_dir, CHAIN_ID, {bytes.fromhex(ACCOUNT.address[2:]): FUNDS}, lambda: NOW)
    monkeypatch.setattr(node_module, "Store", lambda path: Store(path, FailingConnection))
    opened = Node(chain_dir, CHAIN_ID, clock=lambda: NOW + 10)
    yield opened
    opened.close()


def send(node: Node) -> Any:
    """Offer the transfer with nonce 0; the answer."""
    raw = "0x" + sign(ACCOUNT, CHAIN_ID, nonce=0, gas=21_000).hex()
    request = {"jsonrpc": "2.0", "id": 1, "method": "eth_sendRawTransaction", "params": [raw]}
    answer = node.handle(orjson.dumps(request))
    assert answer is not None
    return orjson.loads(answer)


def contents(node: Node) -> tuple[int, int, int, int]:
    """Rows of blocks, transactions and pool, and the head's number."""
    tables = ("blocks", "transactions", "pool")
    counts = [node.chain.store.read(f"SELECT count(*) FROM {table}")[0][0] for table in tables]
    return (counts[0], counts[1], counts[2], node.chain.chain.get_canonical_head().block_number)


def reopened(node: Node, chain_dir: Path) -> tuple[int, int, int, int]:
    """What a fresh process would find."""
    fail(0, "")
    node.close()
    again = Node(chain_dir, CHAIN_ID, clock=lambda: NOW + 20)
    found = contents(again)
    again.close()
    Node.__init__(node, chain_dir, CHAIN_ID)  # for the fixture to close
    return found


@pytest.mark.parametrize("at", range(1, STATEMENTS_OF_A_BLOCK + 1))
def test_full_disk_while_storing_a_block(node: Node, at: int) -> None:
    assert "result" in send(node)
    fail(at, "SQLITE_FULL")
    assert node.advance() == RETRY_SECONDS
    assert contents(node) == (1, 0, 1, 0)
    assert node.chain.head.block_number == 0
    node.advance()
    assert contents(node) == (2, 1, 0, 1)
    assert len(node.pool) == 0


def test_the_number_of_statements_is_as_stated(node: Node) -> None:
    fail(0, "")
    send(node)
    assert FailingConnection.writes == STATEMENTS_OF_AN_ACCEPTANCE
    fail(0, "")
    node.advance()
    assert FailingConnection.writes == STATEMENTS_OF_A_BLOCK


@pytest.mark.parametrize("at", range(1, STATEMENTS_OF_A_BLOCK + 1))
def test_io_error_while_storing_a_block_stops_the_node(node: Node, chain_dir: Path, at: int) -> None:
    send(node)
    fail(at, "SQLITE_IOERR_FSYNC")
    with pytest.raises(StoreBroken) as caught:
        node.advance()
    assert caught.value.reason == "SQLITE_IOERR_FSYNC"
    assert contents(node) == (1, 0, 1, 0)
    assert reopened(node, chain_dir) == (1, 0, 1, 0)


def test_block_stored_but_reported_as_failed(node: Node, chain_dir: Path) -> None:
    send(node)
    fail(STATEMENTS_OF_A_BLOCK, "SQLITE_IOERR", after=True)
    with pytest.raises(StoreBroken):
        node.advance()
    assert node.chain.head.block_number == 0
    assert reopened(node, chain_dir) == (2, 1, 0, 1)


@pytest.mark.parametrize("at", range(1, STATEMENTS_OF_AN_ACCEPTANCE + 1))
def test_acceptance_that_cannot_be_stored_is_not_acknowledged(node: Node, at: int) -> None:
    fail(at, "SQLITE_FULL")
    assert send(node)["error"]["code"] == -32000
    assert len(node.pool) == 0
    assert contents(node) == (1, 0, 0, 0)
    assert "result" in send(node)
    node.advance()
    assert contents(node) == (2, 1, 0, 1)


def test_io_error_during_acceptance_stops_the_node(node: Node) -> None:
    fail(1, "SQLITE_IOERR_WRITE")
    with pytest.raises(StoreBroken):
        send(node)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("SQLITE_FULL", StoreUnavailable),
        ("SQLITE_BUSY", StoreUnavailable),
        ("SQLITE_BUSY_SNAPSHOT", StoreUnavailable),
        ("SQLITE_NOMEM", StoreUnavailable),
        ("SQLITE_IOERR", StoreBroken),
        ("SQLITE_CORRUPT", StoreBroken),
        ("SQLITE_READONLY", StoreBroken),
        ("SQLITE_CONSTRAINT_UNIQUE", StoreBroken),
    ],
)
def test_which_errors_end_the_node(node: Node, name: str, kind: type[Exception]) -> None:
    fail(1, name)
    with pytest.raises(kind) as caught:
        node.chain.store.commit([])
    assert getattr(caught.value, "reason", None) == name


def test_failed_read_inside_the_evm_is_not_taken_for_a_bad_transaction(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(node)

    def broken(self: object, key: bytes) -> bytes:
        raise StoreBroken("SQLITE_CORRUPT")

    node.chain.store.kv._cache.clear()
    monkeypatch.setattr("trace_service.evm_node.store.KeyValues.__getitem__", broken)
    with pytest.raises(StoreBroken):
        node.advance()
    monkeypatch.undo()
    assert len(node.pool) == 1
    assert contents(node) == (1, 0, 1, 0)
