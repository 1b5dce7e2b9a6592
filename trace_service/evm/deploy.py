"""Put our three contracts on a chain, once, when an installation is set up."""

from __future__ import annotations

from dataclasses import dataclass, field

from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak

from trace_service.evm.abi import codec
from trace_service.evm.client import Client
from trace_service.evm.errors import ChainUnavailable
from trace_service.evm.transact import transact


@dataclass(frozen=True)
class Deployment:
    """What `ChainSettings` needs to know of a deployment. Addresses and hashes are lower-case hex with 0x."""

    chain_id: int
    genesis_hash: str
    owner: str
    trust_registry: str
    anchor_registry: str
    evidence_reader: str
    code_hashes: dict[str, str] = field(default_factory=dict)


def deploy_contracts(rpc_url: str, deployer: LocalAccount) -> Deployment:
    """Deploy TrustRegistry (owned by ``deployer``), AnchorRegistry and EvidenceReader, in that order.

    Raises `ChainUnavailable` or `ChainRefused`. A failure half-way leaves contracts that nothing refers to.
    """
    client = Client(rpc_url)
    trust = _create(client, deployer, codec("TrustRegistry").constructor(deployer.address))
    anchor = _create(client, deployer, codec("AnchorRegistry").constructor(trust))
    reader = _create(client, deployer, codec("EvidenceReader").constructor())
    addresses = {"trust_registry": trust, "anchor_registry": anchor, "evidence_reader": reader}
    genesis = client.block(0)
    if genesis is None:
        raise ChainUnavailable("eth_getBlockByNumber", "no_genesis", "the node does not show block 0")
    return Deployment(
        chain_id=client.chain_id(),
        genesis_hash="0x" + genesis.hash.hex(),
        owner=deployer.address.lower(),
        code_hashes={name: "0x" + keccak(client.code(at)).hex() for name, at in addresses.items()},
        **addresses,
    )


def _create(client: Client, deployer: LocalAccount, code: bytes) -> str:
    receipt = transact(client, deployer, None, code)
    if receipt.contract is None:
        raise ChainUnavailable("eth_getTransactionReceipt", "garbled", "no contract address in the receipt")
    return receipt.contract.lower()
