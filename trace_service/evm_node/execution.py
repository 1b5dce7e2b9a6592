"""Running messages without a block: eth_call and eth_estimateGas."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from eth import exceptions as evm
from eth.vm.forks.prague import PragueVM
from eth.vm.spoof import SpoofTransaction
from eth_utils.exceptions import ValidationError

from trace_service.evm_node.chain import DurableChain
from trace_service.evm_node.errors import EXECUTION_REVERTED, SERVER_ERROR, RpcError, refused
from trace_service.evm_node.pool import TRANSACTION_GAS, check_gas
from trace_service.evm_node.reading import ExecutionTimeout, ReadVM, Stopwatch

ERROR_SELECTOR = bytes.fromhex("08c379a0")  # Error(string)
PANIC_SELECTOR = bytes.fromhex("4e487b71")  # Panic(uint256)
CALL_STIPEND = 2_300
# A kept state remembers every node it read; after this many calls a fresh one takes its place.
CALLS_PER_STATE = 1_000
# go-ethereum's tolerance: an estimate may be 1.5 % above the least sufficient gas.
ESTIMATE_TOLERANCE_PERMILLE = 15

VM_ERROR_TEXT: tuple[tuple[type[Exception], str], ...] = (
    (evm.OutOfGas, "out of gas"),
    (evm.InvalidInstruction, "invalid opcode"),
    (evm.InvalidJumpDestination, "invalid jump destination"),
    (evm.InsufficientStack, "stack underflow"),
    (evm.FullStack, "stack limit reached 1024"),
    (evm.InsufficientFunds, "insufficient balance for transfer"),
    (evm.StackDepthLimit, "max call depth exceeded"),
    (evm.WriteProtection, "write protection"),
    (evm.OutOfBoundsRead, "return data out of bounds"),
    (evm.ContractCreationCollision, "contract address collision"),
)


@dataclass(frozen=True, slots=True)
class Message:
    """The call object of eth_call and eth_estimateGas; without a price `fee_cap` is None and gas is free."""

    sender: bytes
    to: bytes
    value: int
    data: bytes
    gas: int | None
    fee_cap: int | None
    tip: int
    access_list: tuple[Any, ...]


class Executor:
    """Runs messages on the state after a block and takes every change back. Runs on the EVM thread."""

    def __init__(self, chain: DurableChain) -> None:
        self._chain = chain
        self._kept: dict[bool, tuple[bytes, Any]] = {}
        self._calls = 0
        self.stopwatch = Stopwatch()

    def state_at(self, header: Any) -> Any:
        """The state after the block of `header`, for reading."""
        return self._state(header, free=False)

    def _state(self, header: Any, *, free: bool) -> Any:
        """The state after a block; the head's is kept, since building one costs more than a small call."""
        kept = self._kept.get(free)
        if kept is not None and kept[0] == header.hash and self._calls < CALLS_PER_STATE:
            return kept[1]
        shown = header.copy(base_fee_per_gas=0) if free else header
        vm = self._chain.chain.get_vm(header)
        state: Any = ReadVM.build_state(
            self._chain.chain.chaindb.db, shown, vm.chain_context, vm.previous_hashes
        )
        state.stopwatch = self.stopwatch
        if header.hash == self._chain.head.hash:
            self._kept[free] = (header.hash, state)
            self._calls = 0
        return state

    def call(self, message: Message, header: Any) -> bytes:
        """The output of a message; raises RpcError (code 3 with data when it reverts), and
        `ExecutionTimeout` when it takes too long."""
        self.stopwatch.begin_call()
        gas = min(message.gas or header.gas_limit, header.gas_limit)
        computation, _ = self._run(replace(message, gas=gas), header)
        if computation.is_error:
            raise _failure(computation.error)
        output: bytes = computation.output
        return output

    def estimate(self, message: Message, header: Any) -> int:
        """Gas that is enough for the message, at most 1.5 % above the least; RpcError when none is,
        `ExecutionTimeout` when finding it takes too long.
        """
        self.stopwatch.begin_call()
        ceiling: int = min(message.gas or header.gas_limit, header.gas_limit)
        if message.to and not message.data and not self.state_at(header).get_code(message.to):
            self._require(replace(message, gas=TRANSACTION_GAS), header)
            return TRANSACTION_GAS
        used = self._require(replace(message, gas=ceiling), header)
        low, high = used - 1, ceiling
        # One try with what was used, plus the 1/64 that each call level holds back, usually ends the search.
        optimistic = (used + CALL_STIPEND) * 64 // 63
        if optimistic < high:
            low, high = (
                (low, optimistic) if self._suffices(message, optimistic, header) else (optimistic, high)
            )
        while (high - low) * 1000 > high * ESTIMATE_TOLERANCE_PERMILLE:
            middle = min((low + high) // 2, low * 2)
            low, high = (low, middle) if self._suffices(message, middle, header) else (middle, high)
        return high

    def _require(self, message: Message, header: Any) -> int:
        """The gas that limits the message from below (before refunds); raises RpcError when it fails."""
        computation, peak = self._run(message, header)
        if computation.is_error:
            raise _failure(computation.error)
        return peak

    def _suffices(self, message: Message, gas: int, header: Any) -> bool:
        try:
            computation, _ = self._run(replace(message, gas=gas), header)
        except ExecutionTimeout:
            raise
        except RpcError:
            return False
        return not computation.is_error

    def _run(self, message: Message, header: Any) -> tuple[Any, int]:
        """Apply the message and undo it: the computation, and the gas it consumed before refunds."""
        free = message.fee_cap is None
        state = self._state(header, free=free)
        self._calls += 1
        unsigned = PragueVM.get_transaction_builder().new_unsigned_dynamic_fee_transaction(
            chain_id=self._chain.chain_id,
            nonce=state.get_nonce(message.sender),
            max_priority_fee_per_gas=message.tip,
            max_fee_per_gas=message.fee_cap or 0,
            gas=message.gas,
            to=message.to,
            value=message.value,
            data=message.data,
            access_list=message.access_list,
        )
        transaction = SpoofTransaction(unsigned, from_=message.sender)
        check_gas(transaction)
        _check_funds(state, message, header)
        with _undone(state):
            self.stopwatch.check()
            computation = state.apply_transaction(transaction)
        return computation, int(
            transaction.gas - computation.get_gas_remaining() + computation.data_floor_gas
        )


@contextmanager
def _undone(state: Any) -> Iterator[None]:
    state.lock_changes()
    snapshot = state.snapshot()
    try:
        yield
    except ValidationError as error:
        raise refused(str(error)) from error
    finally:
        state.revert(snapshot)


def _check_funds(state: Any, message: Message, header: Any) -> None:
    if message.fee_cap is not None and message.fee_cap < header.base_fee_per_gas:
        raise refused(
            "max fee per gas less than block base fee: "
            f"maxFeePerGas: {message.fee_cap}, baseFee: {header.base_fee_per_gas}"
        )
    balance = state.get_balance(message.sender)
    if balance < message.value + (message.gas or 0) * (message.fee_cap or 0):
        raise refused("insufficient funds for gas * price + value")


def _failure(error: Exception) -> RpcError:
    if isinstance(error, evm.Revert):
        output = bytes(error.args[0]) if error.args else b""
        reason = revert_reason(output)
        text = f"execution reverted: {reason}" if reason else "execution reverted"
        return RpcError(EXECUTION_REVERTED, text, "0x" + output.hex())
    for kind, text in VM_ERROR_TEXT:
        if isinstance(error, kind):
            return RpcError(SERVER_ERROR, text)
    return RpcError(SERVER_ERROR, f"execution failed: {type(error).__name__}")


def revert_reason(output: bytes) -> str | None:
    """The text of Error(string) or the code of Panic(uint256); None for others, such as custom errors."""
    selector, body = output[:4], output[4:]
    if selector == PANIC_SELECTOR and len(body) == 32:
        return f"panic: 0x{int.from_bytes(body, 'big'):02x}"
    if selector == ERROR_SELECTOR and len(body) >= 64:
        length = int.from_bytes(body[32:64], "big")
        return body[64 : 64 + length].decode("utf-8", "replace") if length <= len(body) - 64 else None
    return None
