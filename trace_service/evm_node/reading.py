"""A wall-clock limit for messages that nobody pays for, as go-ethereum's ``rpc.evmtimeout``.

eth_call and eth_estimateGas share one thread with mining. Their limit lives in a state class of their own, so
that a mined transaction runs on py-evm's unchanged classes and can never depend on the speed of a machine.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from typing import Any

from eth.vm.code_stream import CodeStream
from eth.vm.forks.prague import PragueVM
from eth.vm.forks.prague.computation import PragueComputation
from eth.vm.forks.prague.state import PragueState
from eth.vm.opcode_values import STOP

from trace_service.evm_node.errors import SERVER_ERROR, RpcError

CALL_SECONDS = 2.0  # one call; ours take milliseconds, and a block waits no longer than this
BODY_SECONDS = 10.0  # all calls of one batch together: 500 of 20 ms, the heaviest evidence read
CHECK_EVERY = 64  # opcodes: 0.1 ms of cheap ones, and the clock costs less than one of them
# A precompile runs in one piece. The slowest in pure Python (pairings) take 10 s a million gas.
PRECOMPILE_GAS = 200_000

Clock = Callable[[], float]


class ExecutionTimeout(RpcError):  # noqa: N818 (as the errors of evm_node.errors)
    """A call that took too long; ``seconds`` is the limit it met."""

    def __init__(self, seconds: float) -> None:
        super().__init__(SERVER_ERROR, f"execution aborted (timeout = {seconds:g}s)")
        self.seconds = seconds


class Stopwatch:
    """The time that is left to one call, and to one body of calls. Begin a body before its calls."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._body_end = self._call_end = 0.0

    def begin_body(self) -> None:
        """A new body: its calls have `BODY_SECONDS` together."""
        self._body_end = self._clock() + BODY_SECONDS

    def begin_call(self) -> None:
        """A new call of the body: it has `CALL_SECONDS`, or what the body has left."""
        self._call_end = min(self._clock() + CALL_SECONDS, self._body_end)

    def check(self) -> None:
        """Raise `ExecutionTimeout` when the call's time is over."""
        if self._clock() >= self._call_end:
            raise ExecutionTimeout(BODY_SECONDS if self._call_end == self._body_end else CALL_SECONDS)


class _WatchedCode(CodeStream):  # type: ignore[misc]
    """Code that looks at the stopwatch while it is run."""

    __slots__ = ("_check",)

    def __init__(self, code: bytes, check: Callable[[], None]) -> None:
        super().__init__(code)
        self._check = check

    def __iter__(self) -> Iterator[int]:
        # As CodeStream's, which moves the same counter; the inner loop is all that an opcode costs more.
        code = self._raw_code_bytes
        try:
            while True:
                self._check()
                for _ in range(CHECK_EVERY):
                    opcode = code[self.program_counter]
                    self.program_counter += 1
                    yield opcode
        except IndexError:
            pass
        yield STOP


def _bounded(precompile: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @functools.wraps(precompile)
    def run(computation: Any) -> Any:
        consume = computation.consume_gas

        def consume_little(amount: int, reason: str) -> None:
            if amount > PRECOMPILE_GAS:
                raise ExecutionTimeout(CALL_SECONDS)
            consume(amount, reason)

        computation.consume_gas = consume_little  # every precompile pays before it computes
        computation.state.stopwatch.check()
        return precompile(computation)

    return run


class _ReadComputation(PragueComputation):  # type: ignore[misc]
    _precompiles = {  # noqa: RUF012 (py-evm's own name and form)
        address: _bounded(precompile) for address, precompile in PragueComputation.get_precompiles().items()
    }

    def __init__(self, state: Any, message: Any, transaction_context: Any) -> None:
        super().__init__(state, message, transaction_context)
        self.code = _WatchedCode(message.code, state.stopwatch.check)


class _ReadState(PragueState):  # type: ignore[misc]
    computation_class = _ReadComputation
    stopwatch: Stopwatch


class ReadVM(PragueVM):  # type: ignore[misc]
    """The Prague rules for messages that are not mined: `state.stopwatch` bounds them."""

    _state_class = _ReadState
