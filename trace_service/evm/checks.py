"""Start-up checks: the node must be the chain of our settings, or we do not start (reliability promise 5)."""

from __future__ import annotations

from eth_utils.crypto import keccak

from trace_service.config import ChainSettings
from trace_service.evm.client import Client
from trace_service.evm.errors import ChainMismatch


def check_chain(client: Client, chain: ChainSettings) -> None:
    """Compare chain id, genesis and the three contracts' code with the settings.

    Raises `ChainMismatch` naming what differs and how to mend it, or `ChainUnavailable` when the node
    cannot say.
    """
    found = client.chain_id()
    if found != chain.chain_id:
        fix = f"point [chain] rpc_url in service.toml at a node of chain {chain.chain_id}"
        raise ChainMismatch("chain id", str(chain.chain_id), str(found), fix)
    genesis = client.block(0)
    actual = "0x" + genesis.hash.hex() if genesis else "none"
    if actual != chain.genesis_hash.lower():
        fix = (
            "this node runs another chain with the same id: restore the chain's store or mend [chain] rpc_url"
        )
        raise ChainMismatch("genesis hash", chain.genesis_hash, actual, fix)
    for name in ("trust_registry", "anchor_registry", "evidence_reader"):
        _check_code(client, name, getattr(chain, name), chain.code_hashes.get(name, ""))


def _check_code(client: Client, name: str, address: str, pinned: str) -> None:
    code = client.code(address)
    if not code:
        fix = f"no contract at {address}: the chain lost it (restore its store) or [chain] {name} is wrong"
        raise ChainMismatch(f"code of {name}", pinned or "a contract", "none", fix)
    actual = "0x" + keccak(code).hex()
    if actual != pinned.lower():
        fix = f"[chain] {name} names another contract: correct the address, or its pin in [chain.code_hashes]"
        raise ChainMismatch(f"code of {name}", pinned or "a pinned hash", actual, fix)
