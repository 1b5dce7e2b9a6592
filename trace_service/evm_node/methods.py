"""The JSON-RPC methods (https://ethereum.github.io/execution-apis). All run on the EVM thread."""

import inspect
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import orjson

from trace_service.evm_node import params, views
from trace_service.evm_node.chain import DurableChain
from trace_service.evm_node.errors import (
    LIMIT_EXCEEDED,
    METHOD_NOT_FOUND,
    RpcError,
    invalid_params,
    refused,
)
from trace_service.evm_node.execution import Executor
from trace_service.evm_node.fees import fee_history
from trace_service.evm_node.params import BlockRef
from trace_service.evm_node.pool import Pool

# One gwei: what wallets offer by default. On a chain of one's own any tip is served.
SUGGESTED_TIP = 1_000_000_000
MAX_LOGS = 10_000  # rows of one eth_getLogs answer, as the large public providers have it
CLIENT_VERSION = f"SkillTrace/{version('skilltrace')}/py-evm/{version('py-evm')}"

Json = Any


class Methods:
    """The table of methods: each `web3_`, `net_` or `eth_` method of this class is one JSON-RPC method."""

    def __init__(self, chain: DurableChain, pool: Pool) -> None:
        self._chain = chain
        self._pool = pool
        self._executor = Executor(chain)
        names = [name for name in dir(self) if name.startswith(("web3_", "net_", "eth_"))]
        self._table: dict[str, Callable[..., Json]] = {name: getattr(self, name) for name in names}
        self._arity = {name: _arity(method) for name, method in self._table.items()}

    def begin_body(self) -> None:
        """Start the time that the calls of one body have together."""
        self._executor.stopwatch.begin_body()

    def call(self, method: str, arguments: list[Any]) -> Json:
        """Run one method; raises RpcError."""
        target = self._table.get(method)
        if target is None:
            raise RpcError(METHOD_NOT_FOUND, f"the method {method[:80]} does not exist/is not available")
        least, most = self._arity[method]
        if not least <= len(arguments) <= most:
            raise invalid_params(f"expected {least} to {most} parameters, got {len(arguments)}")
        return target(*arguments)

    # -- the node

    def web3_clientVersion(self) -> str:  # noqa: N802
        return CLIENT_VERSION

    def net_version(self) -> str:
        return str(self._chain.chain_id)

    def net_listening(self) -> bool:
        return True

    def eth_chainId(self) -> str:  # noqa: N802
        return views.quantity(self._chain.chain_id)

    def eth_syncing(self) -> bool:
        return False

    def eth_accounts(self) -> list[str]:
        return []

    # -- blocks

    def eth_blockNumber(self) -> str:  # noqa: N802
        return views.quantity(self._chain.head.block_number)

    def eth_getBlockByNumber(self, block: Any, full: Any = False) -> Json:  # noqa: N802
        wanted, in_full = params.block_ref(block), params.flag(full, "full")
        if wanted.tag == "pending":
            return self._pending_block(in_full)
        number = self._number(wanted)
        return self._block("number = ?", number, in_full)

    def eth_getBlockByHash(self, block_hash: Any, full: Any = False) -> Json:  # noqa: N802
        return self._block("hash = ?", params.data(block_hash, "hash", 32), params.flag(full, "full"))

    def eth_getBlockTransactionCountByNumber(self, block: Any) -> str | None:  # noqa: N802
        wanted = params.block_ref(block)
        if wanted.tag == "pending":
            return views.quantity(len(self._pool))
        return _count(self._block("number = ?", self._number(wanted), False))

    def eth_getBlockTransactionCountByHash(self, block_hash: Any) -> str | None:  # noqa: N802
        return _count(self._block("hash = ?", params.data(block_hash, "hash", 32), False))

    def eth_getBlockReceipts(self, block: Any) -> Json:  # noqa: N802
        wanted = (
            params.BlockRef(hash=params.data(block, "hash", 32))
            if _is_hash(block)
            else params.block_ref(block)
        )
        number = self._number(wanted)
        if number is None or not self._chain.store.read("SELECT 1 FROM blocks WHERE number = ?", (number,)):
            return None
        return self._column("receipt", number)

    # -- transactions

    def eth_getTransactionByHash(self, transaction_hash: Any) -> Json:  # noqa: N802
        wanted = params.data(transaction_hash, "hash", 32)
        waiting = self._pool.get(wanted)
        if waiting is not None:
            return views.transaction(waiting, None)
        return self._one("SELECT body FROM transactions WHERE hash = ?", wanted)

    def eth_getTransactionByBlockNumberAndIndex(self, block: Any, index: Any) -> Json:  # noqa: N802
        wanted, position = params.block_ref(block), params.quantity(index, "index")
        return self._transaction_at(self._number(wanted), position)

    def eth_getTransactionByBlockHashAndIndex(self, block_hash: Any, index: Any) -> Json:  # noqa: N802
        wanted = BlockRef(hash=params.data(block_hash, "hash", 32))
        return self._transaction_at(self._number(wanted), params.quantity(index, "index"))

    def eth_getTransactionReceipt(self, transaction_hash: Any) -> Json:  # noqa: N802
        wanted = params.data(transaction_hash, "hash", 32)
        return self._one("SELECT receipt FROM transactions WHERE hash = ?", wanted)

    def eth_sendRawTransaction(self, raw: Any) -> str:  # noqa: N802
        """Durable when it answers: see trace_service.evm_node.pool."""
        transaction = params.data(raw, "transaction")
        return views.data(self._pool.add(transaction, self._executor.state_at(self._chain.head)))

    # -- state

    def eth_getBalance(self, account: Any, block: Any = None) -> str:  # noqa: N802
        who = params.address(account)
        return views.quantity(self._state(block).get_balance(who))

    def eth_getCode(self, account: Any, block: Any = None) -> str:  # noqa: N802
        who = params.address(account)
        return views.data(self._state(block).get_code(who))

    def eth_getStorageAt(self, account: Any, slot: Any, block: Any = None) -> str:  # noqa: N802
        who, where = params.address(account), _slot(slot)
        return views.data(self._state(block).get_storage(who, where).to_bytes(32, "big"))

    def eth_getTransactionCount(self, account: Any, block: Any = None) -> str:  # noqa: N802
        who = params.address(account)
        mined = self._state(block).get_nonce(who)
        return views.quantity(self._pool.next_nonce(who, mined) if block == "pending" else mined)

    def eth_call(self, call: Any, block: Any = None) -> str:
        message = params.message(call)
        return views.data(self._executor.call(message, self._header(block)))

    def eth_estimateGas(self, call: Any, block: Any = None) -> str:  # noqa: N802
        message = params.message(call)
        return views.quantity(self._executor.estimate(message, self._header(block)))

    # -- fees

    def eth_gasPrice(self) -> str:  # noqa: N802
        return views.quantity(self._chain.next_base_fee() + SUGGESTED_TIP)

    def eth_maxPriorityFeePerGas(self) -> str:  # noqa: N802
        return views.quantity(SUGGESTED_TIP)

    def eth_feeHistory(self, count: Any, newest: Any, percentiles: Any = None) -> Json:  # noqa: N802
        number = self._number(params.block_ref(newest))
        if number is None or number > self._chain.head.block_number:
            raise refused("request beyond head block")
        return fee_history(self._chain, count, number, percentiles)

    # -- logs

    def eth_getLogs(self, query: Any) -> Json:  # noqa: N802
        wanted = params.log_filter(query)
        first, last = self._number(wanted.first), self._number(wanted.last)
        if first is None or last is None:
            raise refused("unknown block")
        if last < first:
            raise invalid_params("invalid block range: fromBlock is after toBlock")
        where = ["block BETWEEN ? AND ?"]
        values: list[int | bytes] = [_sql_integer(first), _sql_integer(last)]
        columns = [("address", wanted.addresses)]
        columns += [(f"topic{position}", topics) for position, topics in enumerate(wanted.topics)]
        for column, alternatives in columns:
            if alternatives is not None:
                where.append(f"{column} IN ({','.join('?' * len(alternatives))})")
                values.extend(alternatives)
        # A position that is present but matches anything still asks for a log with that many topics.
        where += [
            f"topic{position} IS NOT NULL" for position, topics in enumerate(wanted.topics) if topics is None
        ]
        sql = (
            f"SELECT body FROM logs WHERE {' AND '.join(where)} ORDER BY block, position LIMIT {MAX_LOGS + 1}"  # noqa: S608
        )
        rows = self._chain.store.read(sql, values)
        if len(rows) > MAX_LOGS:
            raise RpcError(
                LIMIT_EXCEEDED, f"query returned more than {MAX_LOGS} results: narrow the block range"
            )
        return [orjson.Fragment(body) for (body,) in rows]

    # -- helpers

    def _number(self, wanted: BlockRef) -> int | None:
        """The number a reference names; None for an unknown hash. Numbers past the head pass through."""
        if wanted.number is not None:
            return wanted.number
        if wanted.hash is not None:
            rows = self._chain.store.read("SELECT number FROM blocks WHERE hash = ?", (wanted.hash,))
            return rows[0][0] if rows else None
        # One node that never reorganises: what is latest is final. Pending reads see the head's state.
        head: int = self._chain.head.block_number
        return 0 if wanted.tag == "earliest" else head

    def _header(self, block: Any) -> Any:
        number = self._number(params.block_ref(block))
        if number == self._chain.head.block_number:
            return self._chain.head
        if number is None or number > self._chain.head.block_number:
            raise refused("header not found")
        return self._chain.header_by_number(number)

    def _state(self, block: Any) -> Any:
        return self._executor.state_at(self._header(block))

    def _one(self, sql: str, *values: Any) -> Json:
        rows = self._chain.store.read(sql, values)
        return orjson.Fragment(rows[0][0]) if rows else None

    def _column(self, column: str, number: int) -> list[Json]:
        sql = f"SELECT {column} FROM transactions WHERE block = ? ORDER BY position"  # noqa: S608
        return [orjson.Fragment(body) for (body,) in self._chain.store.read(sql, (number,))]

    def _transaction_at(self, number: int | None, position: int) -> Json:
        if number is None:
            return None
        sql = "SELECT body FROM transactions WHERE block = ? AND position = ?"
        return self._one(sql, _sql_integer(number), _sql_integer(position))

    def _block(self, condition: str, key: Any, in_full: bool) -> Json:
        value = _sql_integer(key) if isinstance(key, int) else key
        rows = self._chain.store.read(f"SELECT number, body FROM blocks WHERE {condition}", (value,))  # noqa: S608
        if not rows:
            return None
        number, body = rows[0]
        view = orjson.loads(body)
        if in_full and view["transactions"]:
            view["transactions"] = self._column("body", number)
        return view

    def _pending_block(self, in_full: bool) -> Json:
        waiting = self._pool.candidates()
        view = views.pending_block(self._chain.next_header(self._chain.next_timestamp()), waiting)
        if in_full:
            view["transactions"] = [views.transaction(item, None) for item in waiting]
        return view


def _arity(method: Callable[..., Json]) -> tuple[int, int]:
    parameters = inspect.signature(method).parameters.values()
    return sum(item.default is item.empty for item in parameters), len(parameters)


def _count(block: Json) -> str | None:
    return views.quantity(len(block["transactions"])) if block is not None else None


def _is_hash(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 66


def _slot(value: Any) -> int:
    if _is_hash(value):
        return int.from_bytes(params.data(value, "slot", 32), "big")
    return params.quantity(value, "slot")


def _sql_integer(number: int) -> int:
    """SQLite integers have 63 bits; no block or position is ever so large, so the cap matches nothing."""
    return min(number, 2**63 - 1)
