"""What the tests of this folder share: a web3 client, the probe contract, transactions signed by hand."""

import json
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount
from web3 import HTTPProvider, Web3
from web3.contract import Contract
from web3.types import TxReceipt

from tests.support.nodes import RunningNode

PROBE = json.loads((Path(__file__).parent / "probe.json").read_text())
FIRST_VALUE = 42
RECEIPT_SECONDS = 30


class Client:
    """A web3 client with a funded account that signs for itself."""

    def __init__(self, node: RunningNode) -> None:
        self.node = node
        self.web3 = Web3(HTTPProvider(node.url, exception_retry_configuration=None))
        self.account: LocalAccount = Account.from_key(node.funded_key)

    def sign(self, **members: Any) -> bytes:
        """A signed EIP-1559 transaction; the given members replace the usual ones (None removes one)."""
        return sign(self.account, self.node.chain_id, **({"nonce": self.nonce()} | members))

    def nonce(self) -> int:
        """The next nonce, waiting transactions included."""
        return self.web3.eth.get_transaction_count(self.account.address, "pending")

    def transact(self, function: Any, **members: Any) -> TxReceipt:
        """Send a contract function and wait for its receipt."""
        return self.send(to=function.address, data=function._encode_transaction_data(), **members)

    def send(self, **members: Any) -> TxReceipt:
        """Send a transaction and wait for its receipt."""
        transaction_hash = self.web3.eth.send_raw_transaction(self.sign(**members))
        return self.web3.eth.wait_for_transaction_receipt(transaction_hash, RECEIPT_SECONDS, 0.02)

    def deploy_probe(self) -> Contract:
        """A new probe contract that holds FIRST_VALUE at key 0."""
        factory = self.web3.eth.contract(abi=PROBE["abi"], bytecode=PROBE["bytecode"])
        data = factory.constructor(FIRST_VALUE).data_in_transaction
        receipt = self.send(to=None, data=data, gas=2_000_000)
        assert receipt["status"] == 1
        address = receipt["contractAddress"]
        assert address is not None
        return self.web3.eth.contract(address=address, abi=PROBE["abi"])


def sign(account: LocalAccount, chain_id: int, **members: Any) -> bytes:
    """A signed transaction to nowhere in particular, unless members say otherwise."""
    usual: dict[str, Any] = {
        "type": 2,
        "chainId": chain_id,
        "to": "0x" + "11" * 20,
        "value": 0,
        "gas": 200_000,
        "maxFeePerGas": 4_000_000_000,
        "maxPriorityFeePerGas": 1_000_000_000,
    }
    chosen = {key: value for key, value in (usual | members).items() if value is not None}
    return bytes(account.sign_transaction(chosen).raw_transaction)
