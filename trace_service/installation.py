"""Setting up an installation: keys, database, contracts, settings, trust file.

``service.toml`` is written last: while it is missing, `init` can be run again and goes on where it stopped,
using the keys and the chain that are already there.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trace_service.config import DATABASE_FILE, SETTINGS_FILE, ChainSettings, Settings, settings_text
from trace_service.database import make_engine
from trace_service.evm_node import GenesisExists, create_genesis, start_node
from trace_service.keys.files import Kind, create, load_account, load_ed25519, make_key_dir, public_part
from trace_service.migrate import upgrade
from trace_service.recursion import guard_recursion
from verifier_cli.did import check_did_web
from verifier_cli.trust import CodeHashes, write_trust
from verifier_cli.trust import Deployment as PinnedDeployment

if TYPE_CHECKING:
    from trace_service.evm.deploy import Deployment

OWNER_KEY_FILE = "manage.json"
GENESIS_WEI = 10**24  # for relayer and owner of an embedded chain: gas for ever
# Embedded chains pick an id at random: a status id must never fit two chains. Above the ids in common use,
# and
# within JavaScript's safe integers.
MIN_CHAIN_ID = 10**9
MAX_CHAIN_ID = 10**12


class InstallationError(Exception):
    """Cannot be set up like this; ``reason`` is a stable word, the text says what to do."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


@dataclass(frozen=True)
class Plan:
    """What to set up. ``rpc_url`` is None for the embedded chain, ``chain_id`` None for a random one."""

    data_dir: Path
    owner_dir: Path
    operator: str
    rpc_url: str | None = None
    chain_id: int | None = None
    finality: str = "latest"
    settle_seconds: int = 0


def initialise(plan: Plan, passphrase: str) -> Settings:
    """Set up ``plan.data_dir`` and return the settings.

    Raises `InstallationError` (exists, unfunded), `KeyFileError`, the node's `NodeError` or the chain
    client's errors.
    """
    check_did_web(plan.operator)
    if (plan.data_dir / SETTINGS_FILE).exists():
        raise InstallationError(
            "exists", f"{plan.data_dir} is set up already; start it with trace-service serve"
        )
    make_key_dir(plan.data_dir)
    relayer = _key(plan.data_dir / "keys" / "relayer.json", "secp256k1", passphrase)
    _key(plan.data_dir / "keys" / "receipt.json", "ed25519", passphrase)
    owner = _key(plan.owner_dir / OWNER_KEY_FILE, "secp256k1", passphrase)
    upgrade(make_engine(f"sqlite:///{plan.data_dir / DATABASE_FILE}"))
    with _node(plan, (relayer, owner)) as rpc_url:
        deployment = _deploy(rpc_url, plan.owner_dir / OWNER_KEY_FILE, passphrase)
    settings = Settings(
        data_dir=plan.data_dir,
        database_url=f"sqlite:///{plan.data_dir / DATABASE_FILE}",
        operator=plan.operator,
        chain=ChainSettings(
            embedded=plan.rpc_url is None,
            chain_id=deployment.chain_id,
            rpc_url=plan.rpc_url or "",
            genesis_hash=deployment.genesis_hash,
            trust_registry=deployment.trust_registry,
            anchor_registry=deployment.anchor_registry,
            evidence_reader=deployment.evidence_reader,
            code_hashes=deployment.code_hashes,
            finality=plan.finality,
            settle_seconds=plan.settle_seconds,
        ),
    )
    settings.uploads_dir.mkdir(exist_ok=True)
    settings.trust_file.write_text(trust_text(settings, deployment.owner, plan.rpc_url), "utf-8")
    _write_last(plan.data_dir / SETTINGS_FILE, settings_text(settings))
    return settings


def trust_text(settings: Settings, owner: str, rpc_url: str | None) -> str:
    """Return the trust file for verifiers of this installation; ``owner`` is the registries' owner (0x)."""
    chain = settings.chain
    hashes = {name: bytes.fromhex(value[2:]) for name, value in chain.code_hashes.items()}
    return write_trust(
        [
            PinnedDeployment(
                name=settings.operator.rpartition(":")[2],
                chain_id=chain.chain_id,
                genesis_hash=bytes.fromhex(chain.genesis_hash[2:]),
                trust_registry=bytes.fromhex(chain.trust_registry[2:]),
                anchor_registry=bytes.fromhex(chain.anchor_registry[2:]),
                evidence_reader=bytes.fromhex(chain.evidence_reader[2:]),
                owner=bytes.fromhex(owner[2:]),
                operator=settings.operator,
                code_hashes=CodeHashes(**hashes),
                rpc=(rpc_url,) if rpc_url else (),
                finality=chain.finality,
                settle_seconds=chain.settle_seconds,
            )
        ]
    )


def _key(path: Path, kind: Kind, passphrase: str) -> str:
    """The public part of a key that is made where it is missing, and must open where it is there."""
    if not path.exists():
        return create(path, kind, passphrase)
    if kind == "ed25519":
        load_ed25519(path, passphrase)
    else:
        load_account(path, passphrase)
    return public_part(path)


@contextmanager
def _node(plan: Plan, funded: tuple[str, ...]) -> Iterator[str]:
    if plan.rpc_url is not None:
        yield plan.rpc_url
        return
    chain_dir = plan.data_dir / "chain"
    chain_id = plan.chain_id or MIN_CHAIN_ID + secrets.randbelow(MAX_CHAIN_ID - MIN_CHAIN_ID)
    try:
        create_genesis(chain_dir, chain_id, dict.fromkeys(funded, GENESIS_WEI))
    except GenesisExists:
        chain_id = 0  # an earlier run made it, under an id of its own
    with start_node(chain_dir, chain_id=chain_id or None) as node:
        yield node.url


def _deploy(rpc_url: str, owner_key: Path, passphrase: str) -> Deployment:
    from trace_service.evm.client import Client
    from trace_service.evm.deploy import deploy_contracts

    guard_recursion()  # importing the chain client raises it
    owner = load_account(owner_key, passphrase)
    if Client(rpc_url).balance(owner.address) == 0:
        raise InstallationError(
            "unfunded", f"send gas money to the owner {owner.address}, then run init again"
        )
    return deploy_contracts(rpc_url, owner)


def _write_last(path: Path, text: str) -> None:
    part = path.with_suffix(".part")
    part.write_text(text, "utf-8")
    part.replace(path)
