"""A test chain with the three contracts on it: typed sends, decoded events and decoded custom errors."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import pytest
from eth_abi.abi import decode
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_tester import EthereumTester, PyEVMBackend
from eth_tester.exceptions import TransactionFailed
from eth_utils.abi import function_abi_to_4byte_selector, get_abi_input_types
from web3 import EthereumTesterProvider, Web3
from web3.contract import Contract
from web3.logs import DISCARD
from web3.types import BlockIdentifier

from contracts import artifact

ZERO_ADDRESS = "0x" + "00" * 20
ZERO = bytes(32)
ACCOUNTS = 40
#: Far above every call here; fixed, so that no estimate runs before a send.
GAS_LIMIT = 8_000_000
NAMES = ("TrustRegistry", "AnchorRegistry", "EvidenceReader")
_RECURSION_LIMIT = (
    1000  # importing web3 raises it to 100,000, which would hide runaway recursion in other tests
)

sys.setrecursionlimit(_RECURSION_LIMIT)

#: Every custom error of the three contracts by its selector.
ERRORS: dict[bytes, Any] = {
    function_abi_to_4byte_selector(entry): entry
    for name in NAMES
    for entry in artifact(name)["abi"]
    if entry["type"] == "error"
}


class RevertedError(Exception):
    """A call reverted with custom error ``name`` and its decoded ``values``."""

    def __init__(self, name: str, values: tuple[Any, ...]) -> None:
        super().__init__(name, values)
        self.name = name
        self.values = values


@contextmanager
def refuses(name: str, *values: Any) -> Iterator[None]:
    """Assert that the body reverts with custom error ``name`` carrying exactly ``values``."""
    with pytest.raises(RevertedError) as caught:
        yield
    assert (caught.value.name, caught.value.values) == (name, values)


@dataclass(frozen=True)
class Event:
    """One decoded event: its name and arguments."""

    name: str
    args: Mapping[str, Any]


@dataclass(frozen=True)
class Sent:
    """A mined transaction: gas used and the events of our contracts in order."""

    gas: int
    time: int
    events: tuple[Event, ...]

    @property
    def only(self) -> Event:
        """The single event of this transaction."""
        (event,) = self.events
        return event


def plain(value: Any) -> Any:
    """Turn decoded values (AttributeDict, tuples, HexBytes) into dicts, lists of plain values and bytes."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return tuple(plain(item) for item in value)
    return bytes(value) if isinstance(value, bytes) else value


class Chain:
    """One in-memory chain. Time moves only when a test says so, apart from one second per block."""

    def __init__(self) -> None:
        state = PyEVMBackend.generate_genesis_state(num_accounts=ACCOUNTS)
        self.tester = EthereumTester(PyEVMBackend(genesis_state=state))
        self.w3 = Web3(EthereumTesterProvider(self.tester))
        keys = self.tester.backend.account_keys
        self.accounts: list[LocalAccount] = [Account.from_key(key.to_bytes()) for key in keys]
        self.owner = self.accounts[0]
        self.deployment_gas: dict[str, int] = {}
        self.trust = self.deploy("TrustRegistry", self.owner.address)
        self.anchors = self.deploy("AnchorRegistry", self.trust.address)
        self.reader = self.deploy("EvidenceReader")
        self._contracts = (self.trust, self.anchors)

    def deploy(self, name: str, *arguments: Any) -> Contract:
        """Deploy contract ``name`` from its committed artifact; raises ``RevertedError``."""
        data = artifact(name)
        factory = self.w3.eth.contract(abi=data["abi"], bytecode=data["bytecode"])
        constructor = factory.constructor(*arguments)
        try:
            self.w3.eth.call(constructor.build_transaction({"gas": GAS_LIMIT, "from": self.owner.address}))
        except TransactionFailed as failure:
            raise self._decoded(failure) from None
        tx_hash = constructor.transact({"gas": GAS_LIMIT, "from": self.owner.address})
        tx_receipt = self.w3.eth.get_transaction_receipt(tx_hash)
        self.deployment_gas[name] = int(tx_receipt["gasUsed"])
        address = tx_receipt["contractAddress"]
        return cast(Contract, self.w3.eth.contract(address=address, abi=data["abi"]))

    @property
    def now(self) -> int:
        """Timestamp of the latest block."""
        return int(self.w3.eth.get_block("latest")["timestamp"])

    @property
    def next(self) -> int:
        """Timestamp that the next block will have."""
        return int(self.tester.get_block_by_number("pending")["timestamp"])

    def at(self, timestamp: int) -> int:
        """Give the next block this timestamp."""
        self.tester.time_travel(timestamp)
        return timestamp

    def send(self, contract: Contract, name: str, *arguments: Any, by: LocalAccount | None = None) -> Sent:
        """Send ``contract.name(*arguments)`` from ``by``, else the owner.

        Raises ``RevertedError`` and mines nothing when the call would revert.
        """
        sender = (by or self.owner).address
        function = contract.functions[name](*arguments)
        try:
            function.call({"from": sender, "gas": GAS_LIMIT}, block_identifier="pending")
        except TransactionFailed as failure:
            raise self._decoded(failure) from None
        tx_hash = function.transact({"from": sender, "gas": GAS_LIMIT})
        tx_receipt = self.w3.eth.get_transaction_receipt(tx_hash)
        assert tx_receipt["status"] == 1
        return Sent(int(tx_receipt["gasUsed"]), self.now, self._events(tx_receipt))

    def call(self, contract: Contract, name: str, *arguments: Any, block: BlockIdentifier = "latest") -> Any:
        """Result of a view in plain values."""
        return plain(contract.functions[name](*arguments).call({"gas": GAS_LIMIT}, block_identifier=block))

    def _events(self, tx_receipt: Any) -> tuple[Event, ...]:
        found: list[Any] = []
        for contract in self._contracts:
            declared: Any = contract.events
            for entry in declared:
                found += entry.process_receipt(tx_receipt, errors=DISCARD)
        found.sort(key=lambda event: event["logIndex"])
        assert len(found) == len(tx_receipt["logs"])
        return tuple(Event(event["event"], plain(event["args"])) for event in found)

    @staticmethod
    def _decoded(failure: TransactionFailed) -> RevertedError:
        # eth-tester hands the return data on as the text of a bytes literal.
        text = str(failure.args[0]).removeprefix("execution reverted: ")
        data = ast.literal_eval(text)
        error = ERRORS[data[:4]]
        return RevertedError(error["name"], plain(decode(get_abi_input_types(error), data[4:])))
