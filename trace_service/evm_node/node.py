"""One open chain: its lock, store, pool and methods. Everything here runs on the EVM thread."""

import logging
import time
from pathlib import Path

from trace_service.evm_node import jsonrpc
from trace_service.evm_node.chain import Clock, DurableChain, Mined
from trace_service.evm_node.errors import GenesisMissing, StoreUnavailable
from trace_service.evm_node.lock import DirectoryLock
from trace_service.evm_node.methods import Methods
from trace_service.evm_node.pool import Pool
from trace_service.evm_node.store import STORE_NAME, Store

IDLE_BLOCK_SECONDS = 60.0  # an empty block when the head is this old, so readers can tell a live chain
RETRY_SECONDS = 1.0  # after a refused write, or when nothing that waits fits the next block
CLOCK_WARNING_SECONDS = 5.0  # a head this far ahead of the clock means the clock went back

logger = logging.getLogger("trace_service.evm_node")


class Node:
    """An open data directory. Raises NodeError when it cannot be opened."""

    def __init__(
        self,
        data_dir: Path,
        chain_id: int | None = None,
        idle_seconds: float = IDLE_BLOCK_SECONDS,
        clock: Clock = time.time,
    ) -> None:
        if not (data_dir / STORE_NAME).exists():
            raise GenesisMissing(data_dir)
        self._lock = DirectoryLock(data_dir)
        self._idle_seconds = idle_seconds
        self._clock = clock
        try:
            self._store = Store(data_dir / STORE_NAME)
        except BaseException:
            self._lock.release()
            raise
        try:
            self.chain = DurableChain(self._store, data_dir, chain_id, clock)
            self.pool = Pool(self.chain)
        except BaseException:
            self.close()
            raise
        self._methods = Methods(self.chain, self.pool)

    def close(self) -> None:
        """Close the store and give the directory back."""
        self._store.close()
        self._lock.release()

    def handle(self, body: bytes) -> bytes | None:
        """Answer one JSON-RPC body."""
        self._methods.begin_body()
        return jsonrpc.handle(body, self._methods.call)

    def advance(self) -> float:
        """Mine a block if one is due; how many seconds until that may be so again. Raises StoreBroken."""
        wait = self.chain.seconds_until_mining()
        if wait > 0:
            if wait > CLOCK_WARNING_SECONDS:
                logger.warning("the clock is %.0f s behind the head block: no block until then", wait)
            return min(wait, self._idle_seconds)
        age: float = self._clock() - self.chain.head.timestamp
        if not self.pool and age < self._idle_seconds:
            return self._idle_seconds - age
        try:
            self._settle(self.chain.mine(self.pool.candidates(), allow_empty=age >= self._idle_seconds))
        except StoreUnavailable as error:
            logger.error("no block mined: %s", error)
            return RETRY_SECONDS
        if self.pool:
            return max(self.chain.seconds_until_mining(), RETRY_SECONDS)
        return self._idle_seconds

    def _settle(self, mined: Mined) -> None:
        for transaction_hash, reason in mined.dropped:
            logger.warning("dropped transaction 0x%s: %s", transaction_hash.hex(), reason)
        refused = [transaction_hash for transaction_hash, _ in mined.dropped]
        if mined.header is None:
            self.pool.drop(refused)
            return
        self.pool.forget([*mined.included, *refused])
        header = mined.header
        logger.info(
            "block %d: %d transactions, %d gas", header.block_number, len(mined.included), header.gas_used
        )
