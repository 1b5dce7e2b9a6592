"""Accepted transactions that wait for a block.

Durability: a transaction is written to the store, with fsync, before `eth_sendRawTransaction` answers. The
other choice, to answer only after mining, would hold every sender back to one transaction a second, because
blocks carry strictly increasing whole-second timestamps. A transaction leaves the table in the same SQLite
transaction that stores its block, so after kill -9 it is either still here or on the chain, never lost and
never twice.

Rules and messages follow go-ethereum's pool, with two strictnesses: a nonce gap is refused (nothing queues
for a predecessor that may never come), and so is a fee cap below the next base fee.
"""

from collections.abc import Iterable
from typing import Any

from eth.exceptions import UnrecognizedTransactionType
from eth.vm.forks.prague import PragueVM
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError
from rlp.exceptions import RLPException  # type: ignore[import-untyped]

from trace_service.evm_node.chain import DurableChain
from trace_service.evm_node.errors import refused
from trace_service.evm_node.store import Statement
from trace_service.evm_node.views import transaction_type
from trace_service.holdpoints import hold

MAX_TRANSACTION_BYTES = 128 * 1024  # go-ethereum's limit: four slots of 32 KiB
MAX_INITCODE_BYTES = 49_152  # EIP-3860
ACCEPTED_TYPES = (0, 1, 2)  # blobs need a consensus layer, delegations (EIP-7702) have no use here
PRICE_BUMP_PERCENT = 10  # a replacement must raise both fees by this much
TRANSACTION_GAS = 21_000
FLOOR_GAS_PER_TOKEN = 10  # EIP-7623
TOKENS_PER_NONZERO_BYTE = 4
# A block of 30 million gas holds 1,428 plain transfers: eight blocks' worth may wait.
MAX_POOLED = 11_424
MAX_POOLED_PER_SENDER = 1_024  # nobody fills the pool alone

# What py-evm's decoder raises for bytes that are no transaction; deeply nested lists exhaust its recursion.
UNDECODABLE = (
    RLPException,
    UnrecognizedTransactionType,
    ValidationError,
    ValueError,
    TypeError,
    RecursionError,
)

Transaction = Any


class Pool:
    """The waiting transactions, in memory and in the store alike. Runs on the EVM thread."""

    def __init__(self, chain: DurableChain) -> None:
        self._chain = chain
        self._builder = PragueVM.get_transaction_builder()
        self._waiting: dict[bytes, Transaction] = {}
        self._nonces: dict[bytes, dict[int, Transaction]] = {}
        self._costs: dict[bytes, int] = {}
        self.accepted = 0  # how many were ever accepted by this process, for the miner to notice new ones
        for (raw,) in chain.store.read("SELECT raw FROM pool ORDER BY place"):
            self._remember(self._builder.decode(raw))

    def __len__(self) -> int:
        return len(self._waiting)

    def _remember(self, transaction: Transaction) -> None:
        self._waiting[transaction.hash] = transaction
        self._nonces.setdefault(transaction.sender, {})[transaction.nonce] = transaction
        self._costs[transaction.sender] = self._costs.get(transaction.sender, 0) + _cost(transaction)

    def get(self, transaction_hash: bytes) -> Transaction | None:
        """A waiting transaction, or None."""
        return self._waiting.get(transaction_hash)

    def candidates(self) -> list[Transaction]:
        """Waiting transactions in an order that mining can follow: per sender by nonce, else by arrival."""
        queues = {
            sender: [own[nonce] for nonce in sorted(own, reverse=True)]
            for sender, own in self._nonces.items()
        }
        return [queues[transaction.sender].pop() for transaction in self._waiting.values()]

    def next_nonce(self, sender: bytes, mined_nonce: int) -> int:
        """The nonce after the sender's last waiting transaction."""
        return max([mined_nonce, *(nonce + 1 for nonce in self._nonces.get(sender, ()))])

    def forget(self, hashes: Iterable[bytes]) -> None:
        """Remove transactions that a stored block included, or that mining refused."""
        for transaction_hash in hashes:
            gone = self._waiting.pop(transaction_hash, None)
            if gone is not None:
                own = self._nonces[gone.sender]
                del own[gone.nonce]
                self._costs[gone.sender] -= _cost(gone)
                if not own:
                    del self._nonces[gone.sender], self._costs[gone.sender]

    def drop(self, hashes: list[bytes]) -> None:
        """Remove refused transactions from the store too, when no block did so."""
        statement = Statement("DELETE FROM pool WHERE hash = ?", [(item,) for item in hashes])
        self._chain.store.commit([statement])
        self.forget(hashes)

    def add(self, raw: bytes, state: Any) -> bytes:
        """Accept a signed transaction: durable on return. Gives its hash; raises RpcError when refused.

        `state` is the state of the head block.
        """
        transaction = self._decode(raw)
        if transaction.hash in self._waiting:
            raise refused("already known")
        _check_form(transaction, len(raw), self._chain.chain_id, self._chain.head.gas_limit)
        sender = _sender(transaction)
        base_fee = self._chain.next_base_fee()
        if transaction.max_fee_per_gas < base_fee:
            cap = transaction.max_fee_per_gas
            raise refused(f"transaction underpriced: max fee per gas {cap}, next base fee {base_fee}")
        replaced = self._check_nonce(transaction, sender, state.get_nonce(sender))
        self._check_funds(transaction, sender, state.get_balance(sender), replaced)
        if replaced is None:
            self._check_room(sender)
        self._store(transaction, sender, raw, replaced)
        transaction_hash: bytes = transaction.hash
        return transaction_hash

    def _decode(self, raw: bytes) -> Transaction:
        if not raw:
            raise refused("empty transaction")
        if len(raw) > MAX_TRANSACTION_BYTES:
            raise refused(f"oversized data: transaction size {len(raw)}, limit {MAX_TRANSACTION_BYTES}")
        if raw[0] < 0x80 and raw[0] not in ACCEPTED_TYPES[1:]:
            raise refused("transaction type not supported")
        try:
            transaction = self._builder.decode(raw)
        except UNDECODABLE as error:
            raise refused(f"rlp: cannot decode transaction: {type(error).__name__}") from error
        if transaction.encode() != raw:
            raise refused("rlp: non-canonical encoding")
        return transaction

    def _check_nonce(self, transaction: Transaction, sender: bytes, mined: int) -> Transaction | None:
        """The waiting transaction that this one replaces, if any."""
        if transaction.nonce < mined:
            raise refused(f"nonce too low: next nonce {mined}, tx nonce {transaction.nonce}")
        expected = self.next_nonce(sender, mined)
        if transaction.nonce > expected:
            raise refused(f"nonce too high: next nonce {expected}, tx nonce {transaction.nonce}")
        other = self._nonces.get(sender, {}).get(transaction.nonce)
        if other is not None and not _outbids(transaction, other):
            raise refused("replacement transaction underpriced")
        return other

    def _check_funds(self, transaction: Transaction, sender: bytes, balance: int, replaced: Any) -> None:
        queued = self._costs.get(sender, 0) - (_cost(replaced) if replaced is not None else 0)
        cost = _cost(transaction)
        if balance < queued + cost:
            over = queued + cost - balance
            raise refused(
                "insufficient funds for gas * price + value: "
                f"balance {balance}, queued cost {queued}, tx cost {cost}, overshot {over}"
            )

    def _check_room(self, sender: bytes) -> None:
        if len(self._waiting) >= MAX_POOLED:
            raise refused("txpool is full")
        if len(self._nonces.get(sender, ())) >= MAX_POOLED_PER_SENDER:
            raise refused(f"account limit exceeded: {MAX_POOLED_PER_SENDER} transactions wait already")

    def _store(self, transaction: Transaction, sender: bytes, raw: bytes, replaced: Any) -> None:
        row = (transaction.hash, sender, transaction.nonce, raw)
        gone = [(replaced.hash,)] if replaced is not None else []
        self._chain.store.commit(
            [
                Statement("DELETE FROM pool WHERE hash = ?", gone),
                Statement("INSERT INTO pool (hash, sender, nonce, raw) VALUES (?, ?, ?, ?)", [row]),
            ]
        )
        hold("evm_node.after_accept")
        if replaced is not None:
            self.forget([replaced.hash])
        self._remember(transaction)
        self.accepted += 1


def floor_gas(data: bytes) -> int:
    """The least gas a transaction with this calldata costs (EIP-7623)."""
    zeros = data.count(0)
    tokens = zeros + TOKENS_PER_NONZERO_BYTE * (len(data) - zeros)
    return TRANSACTION_GAS + FLOOR_GAS_PER_TOKEN * tokens


def initcode_gas(transaction: Transaction) -> int:
    """The charge per word of init code (EIP-3860), which is part of the intrinsic gas."""
    return 0 if transaction.to else 2 * ((len(transaction.data) + 31) // 32)


def check_gas(transaction: Transaction) -> None:
    """Refuse less gas than the transaction costs before its first opcode."""
    needed = transaction.intrinsic_gas + initcode_gas(transaction)
    if transaction.gas < needed:
        raise refused(f"intrinsic gas too low: gas {transaction.gas}, minimum needed {needed}")
    floor = floor_gas(transaction.data)
    if transaction.gas < floor:
        message = f"insufficient gas for floor data gas cost: gas {transaction.gas}, minimum needed {floor}"
        raise refused(message)
    if not transaction.to and len(transaction.data) > MAX_INITCODE_BYTES:
        size = len(transaction.data)
        raise refused(f"max initcode size exceeded: code size {size}, limit {MAX_INITCODE_BYTES}")


def _check_form(transaction: Transaction, size: int, chain_id: int, gas_limit: int) -> None:
    if transaction_type(transaction) == 0:
        if transaction.v < 35:
            raise refused("only replay-protected (EIP-155) transactions allowed over RPC")
        signed_for = (transaction.v - 35) // 2
    else:
        signed_for = transaction.chain_id
    if signed_for != chain_id:
        raise refused(f"invalid chain id for signer: have {signed_for} want {chain_id}")
    if transaction.gas > gas_limit:
        raise refused("exceeds block gas limit")
    if transaction.max_priority_fee_per_gas > transaction.max_fee_per_gas:
        raise refused("max priority fee per gas higher than max fee per gas")
    check_gas(transaction)


def _sender(transaction: Transaction) -> bytes:
    try:
        transaction.validate()
        sender: bytes = transaction.sender
    except (ValidationError, BadSignature) as error:
        raise refused("invalid sender") from error
    return sender


def _cost(transaction: Transaction) -> int:
    cost: int = transaction.gas * transaction.max_fee_per_gas + transaction.value
    return cost


def _outbids(new: Transaction, old: Transaction) -> bool:
    factor = 100 + PRICE_BUMP_PERCENT
    return bool(
        new.max_fee_per_gas * 100 >= old.max_fee_per_gas * factor
        and new.max_priority_fee_per_gas * 100 >= old.max_priority_fee_per_gas * factor
    )
