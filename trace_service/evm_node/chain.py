"""The chain itself: py-evm's Prague rules over the durable store.

py-evm's chain class is used directly, with our own chain id. (eth-tester builds the same class, but always
from a fresh genesis whose accounts have well-known keys.)
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth.chains.base import Chain
from eth.constants import BLANK_ROOT_HASH, POST_MERGE_DIFFICULTY, POST_MERGE_MIX_HASH, POST_MERGE_NONCE
from eth.db.atomic import AtomicDB
from eth.exceptions import CanonicalHeadNotFound
from eth.vm.forks.prague import PragueVM

from trace_service.evm_node import views
from trace_service.evm_node.draft import Draft, EvmFaultError, Header, Transaction
from trace_service.evm_node.errors import (
    ChainIdMismatch,
    GenesisExists,
    GenesisMissing,
    StoreCorrupt,
)
from trace_service.evm_node.store import STORE_NAME, Statement, Store
from trace_service.holdpoints import hold

# Importing `eth` sets the limit to 100,000, at which deep recursion ends the process instead of raising.
# The EVM needs about 13 Python frames a call level; gas_limit lets a contract reach some 600 levels.
EVM_RECURSION_LIMIT = 20_000
sys.setrecursionlimit(EVM_RECURSION_LIMIT)
# Room for that recursion on the thread that runs the EVM (reserved, not used, until it is needed).
EVM_STACK_BYTES = 512 * 1024 * 1024

BLOCK_GAS_LIMIT = 30_000_000  # mainnet's limit for years: what fits here fits there
COINBASE = bytes(20)
INITIAL_BASE_FEE = 1_000_000_000
MAX_TIME_AHEAD = 1  # seconds a block's timestamp may lead the wall clock
_INSERT_BLOCK = "INSERT INTO blocks (number, hash, body) VALUES (?, ?, ?)"
_INSERT_TRANSACTION = "INSERT INTO transactions (hash, block, position, body, receipt) VALUES (?, ?, ?, ?, ?)"
_INSERT_LOG = (
    "INSERT INTO logs (block, position, address, topic0, topic1, topic2, topic3, body) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Mined:
    """What became of the candidates of one block."""

    header: Header | None
    included: tuple[bytes, ...]
    dropped: tuple[tuple[bytes, str], ...]


class DurableChain:
    """A chain in a data directory. Every method must run on one thread.

    Raises GenesisMissing, ChainIdMismatch or StoreCorrupt instead of inventing state.
    """

    def __init__(self, store: Store, data_dir: Path, chain_id: int | None, clock: Clock = time.time) -> None:
        if not store.has_schema() or store.meta("genesis_hash") is None:
            raise GenesisMissing(data_dir)
        stored_id = int(store.meta("chain_id") or 0)
        if chain_id is not None and chain_id != stored_id:
            raise ChainIdMismatch(chain_id, stored_id)
        self.store = store
        self.chain_id = stored_id
        self._clock = clock
        self.chain = chain_class(stored_id)(AtomicDB(store.kv))
        try:
            self.head: Header = self.chain.get_canonical_head()
        except CanonicalHeadNotFound:
            raise StoreCorrupt("it names a genesis but has no head block") from None
        self._check_head()

    def _check_head(self) -> None:
        rows = self.store.read("SELECT number, hash FROM blocks ORDER BY number DESC LIMIT 1")
        if rows != [(self.head.block_number, self.head.hash)]:
            raise StoreCorrupt("the head of the state and the head of the block index differ")
        if self.store.meta("genesis_hash") != self.header_by_number(0).hash.hex():
            raise StoreCorrupt("block 0 is not the genesis block this chain began with")
        if self.head.state_root not in self.store.kv:
            raise StoreCorrupt(f"the state of block {self.head.block_number} is missing")

    def header_by_number(self, number: int) -> Header:
        """The header of a canonical block; raises eth's HeaderNotFound."""
        return self.chain.get_canonical_block_header_by_number(number)

    def next_header(self, timestamp: int) -> Header:
        """An empty header on top of the head."""
        return PragueVM.create_header_from_parent(
            self.head,
            gas_limit=self.head.gas_limit,
            timestamp=timestamp,
            coinbase=COINBASE,
            mix_hash=os.urandom(32),
        )

    def next_timestamp(self) -> int:
        """The time that a block mined now would carry."""
        after_head: int = self.head.timestamp + 1
        return max(after_head, int(self._clock()))

    def next_base_fee(self) -> int:
        """Base fee per gas of the next block, in wei."""
        fee: int = self.next_header(self.head.timestamp + 1).base_fee_per_gas
        return fee

    def seconds_until_mining(self) -> float:
        """How long until the next block's timestamp may be used: 0 when a block may be mined now."""
        return max(0.0, float(self.head.timestamp + 1 - MAX_TIME_AHEAD) - self._clock())

    def mine(self, candidates: Sequence[Transaction], *, allow_empty: bool = False) -> Mined:
        """Mine one block from the candidates, in their order, and make it durable.

        Candidates that the rules refuse are reported in `dropped`; those that only do not fit (block gas,
        base fee), and what the same sender sent after either, are in neither list and may be offered again.
        Without any to include, no block is mined unless `allow_empty`. Raises StoreUnavailable or
        StoreBroken, in which case the head has not moved.
        """
        rest, faults = list(candidates), []
        while True:
            try:
                draft = self._draft(rest)
                break
            except EvmFaultError as fault:
                # Begin again without it: what else the block holds must not depend on a broken state.
                faults.append((fault.transaction.hash, str(fault)))
                rest = [other for other in rest if other.sender != fault.transaction.sender]
        dropped = (*draft.dropped, *faults)
        included = tuple(transaction.hash for transaction in draft.included)
        if not included and not allow_empty:
            self.store.kv.discard()
            return Mined(None, (), dropped)
        block = self._seal(draft)
        gone = [(item,) for item in (*included, *(item for item, _ in dropped))]
        leave_pool = Statement("DELETE FROM pool WHERE hash = ?", gone)
        hold("evm_node.before_commit")
        self.store.commit([*index_rows(block, draft.receipts), leave_pool], with_state=True)
        hold("evm_node.after_commit")
        # Only now, with the block on disk, does anyone get to see it.
        self.head = block.header
        return Mined(block.header, included, dropped)

    def _draft(self, candidates: Sequence[Transaction]) -> Draft:
        header = self.next_header(self.next_timestamp())
        draft = Draft(self.chain.get_vm(header), header)
        try:
            for transaction in candidates:
                draft.offer(transaction)
        except BaseException:
            self.store.kv.discard()
            raise
        return draft

    def _seal(self, draft: Draft) -> Any:
        try:
            return draft.seal(self.chain.chaindb)
        except BaseException:
            self.store.kv.discard()
            raise


def chain_class(chain_id: int) -> Any:
    """py-evm's chain under the Prague rules with our chain id."""
    return Chain.configure("SkillTraceChain", chain_id=chain_id, vm_configuration=((0, PragueVM),))


def index_rows(block: Any, receipts: Sequence[Any]) -> list[Statement]:
    """The rows that make a block, its transactions, receipts and logs findable."""
    number = block.header.block_number
    transactions, logs = [], []
    log_base, gas_before = 0, 0
    for position, (transaction, receipt) in enumerate(zip(block.transactions, receipts, strict=True)):
        place = views.Place(block.header, position, log_base, gas_before)
        body = views.encode(views.transaction(transaction, place))
        receipt_body = views.receipt(transaction, receipt, place)
        transactions.append((transaction.hash, number, position, body, views.encode(receipt_body)))
        for log, view in zip(receipt.logs, receipt_body["logs"], strict=True):
            topics = [topic.to_bytes(32, "big") for topic in log.topics]
            padded = [*topics, None, None, None, None][:4]
            logs.append((number, log_base, log.address, *padded, views.encode(view)))
            log_base += 1
        gas_before = receipt.gas_used
    return [
        Statement(_INSERT_BLOCK, [(number, block.header.hash, views.encode(views.block(block)))]),
        Statement(_INSERT_TRANSACTION, transactions),
        Statement(_INSERT_LOG, logs),
    ]


def _genesis_parameters(timestamp: int) -> dict[str, Any]:
    return {
        "coinbase": COINBASE,
        "difficulty": POST_MERGE_DIFFICULTY,
        "extra_data": b"",
        "gas_limit": BLOCK_GAS_LIMIT,
        "mix_hash": POST_MERGE_MIX_HASH,
        "nonce": POST_MERGE_NONCE,
        "receipt_root": BLANK_ROOT_HASH,
        "timestamp": timestamp,
        "transaction_root": BLANK_ROOT_HASH,
        "base_fee_per_gas": INITIAL_BASE_FEE,
    }


def write_genesis(
    data_dir: Path, chain_id: int, balances: dict[bytes, int], clock: Clock = time.time
) -> bytes:
    """Create the chain of an empty directory and return its genesis hash; one transaction, written once.

    `balances` maps 20-byte addresses to wei. The caller holds the directory lock. Raises GenesisExists.
    """
    store = Store(data_dir / STORE_NAME)
    try:
        if not store.has_schema():
            store.create_schema()
        if store.meta("genesis_hash") is not None:
            raise GenesisExists(data_dir)
        parameters = _genesis_parameters(int(clock()))
        state = {
            address: {"balance": wei, "nonce": 0, "code": b"", "storage": {}}
            for address, wei in balances.items()
        }
        chain = chain_class(chain_id).from_genesis(AtomicDB(store.kv), parameters, state)
        header = chain.get_canonical_head()
        genesis = PragueVM.get_block_class()(header, transactions=(), uncles=(), withdrawals=())
        settings = [("chain_id", str(chain_id)), ("genesis_hash", header.hash.hex())]
        store.commit(
            [*index_rows(genesis, ()), Statement("INSERT INTO meta (name, value) VALUES (?, ?)", settings)],
            with_state=True,
        )
        genesis_hash: bytes = header.hash
        return genesis_hash
    finally:
        store.close()


def evm_thread() -> ThreadPoolExecutor:
    """The one thread that runs the EVM and owns the store, with the stack that deep EVM recursion needs."""
    previous = threading.stack_size(EVM_STACK_BYTES)
    try:
        executor = ThreadPoolExecutor(1, "evm")
        executor.submit(int).result()  # the thread is created now, while the stack size holds
    finally:
        threading.stack_size(previous)
    return executor
