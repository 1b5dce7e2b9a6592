"""A small world for tests of anchoring: a real node, our contracts, two organisations with keys, and a
database.

Authority comes from the chain, so the organisations are accredited there with real transactions; their
records are signed with the keys of `tests.support.records`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eth_account import Account
from sqlalchemy.engine import Engine

from tests.support.nodes import RunningNode
from tests.support.records import FIRM, SCHOOL, complete_record, make_key
from trace_service import database
from trace_service.anchoring.keyring import FileKeyring, Keyring, Scope
from trace_service.anchoring.sealing import Sealed, seal
from trace_service.anchoring.service import Anchoring, Pass
from trace_service.config import DATABASE_FILE, SETTINGS_FILE, ChainSettings, Settings, settings_text
from trace_service.database import utc_now
from trace_service.evm.client import Client
from trace_service.evm.deploy import deploy_contracts
from trace_service.evm.registry import (
    SCOPE_ANCHOR,
    SCOPE_MANAGE,
    SCOPE_STATUS,
    Authority,
    RegistryAdmin,
)
from trace_service.evm.sender import Sender
from trace_service.evm.transact import transact
from trace_service.installation import trust_text
from trace_service.keys.files import create
from trace_service.lineage.links import insert_links
from trace_service.migrate import upgrade
from trace_service.organisations.queries import ORGANISATION
from trace_service.records.queries import OUTBOX
from trace_service.records.tables import Record as RecordRow
from trace_service.records.tables import RecordSignature
from verifier_cli.canonical import canonical
from verifier_cli.did import org_id
from verifier_cli.encoding import format_time, parse_time
from verifier_cli.kinds import Role, role_mask
from verifier_cli.record import Record

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

PASSPHRASE = "a passphrase for tests"
ALL_KINDS = (1 << 12) - 1
RELAYER_FUNDS = 10**20  # wei
ROLES = {SCHOOL: role_mask(Role.SCHOOL), FIRM: role_mask(Role.MEMBER)}
RECORDS = RecordRow.__table__  # type: ignore[attr-defined]
SIGNATURES = RecordSignature.__table__  # type: ignore[attr-defined]


@dataclass
class MemoryKeyring:
    """Accounts made from fixed seeds, so that a second process has the same ones."""

    seed: str = "world"

    def _account(self, name: str) -> LocalAccount:
        account: LocalAccount = Account.from_key(make_key(f"{self.seed} {name}").private.private_bytes_raw())
        return account

    def relayer(self) -> LocalAccount:
        """Pays gas."""
        return self._account("relayer")

    def account(self, scope: Scope, organisation_pk: int) -> LocalAccount:
        """Signs for an organisation."""
        return self._account(f"{scope} {organisation_pk}")


def manage_account(did: str) -> LocalAccount:
    """The organisation's own manage account, which a service never holds."""
    account: LocalAccount = Account.from_key(make_key(f"manage {did}").private.private_bytes_raw())
    return account


@dataclass
class World:
    """What a test works with. ``pks`` are the organisations' rows by DID."""

    node: RunningNode
    owner: LocalAccount
    chain: ChainSettings
    engine: Engine
    keyring: Keyring
    pks: dict[str, int]
    client: Client
    authority: Authority
    counter: int = 0
    made: list[Record] = field(default_factory=list)

    @property
    def relayer(self) -> LocalAccount:
        """The account that pays gas."""
        return self.keyring.relayer()

    def sender(self, **options: Any) -> Sender:
        """A fresh sender, as a newly started process would have."""
        return Sender(self.engine, self.client, self.chain, self.relayer, **options)

    def anchoring(self, sender: Sender | None = None) -> Anchoring:
        """A fresh anchoring service."""
        return Anchoring(
            self.engine, self.client, self.chain, self.keyring, self.authority, sender or self.sender()
        )

    def admin(self) -> RegistryAdmin:
        """The registry as its owner sees it."""
        return RegistryAdmin(self.client, self.chain.trust_registry, self.owner)

    def add_record(self, schema: str = "activity.1", **changes: Any) -> Record:
        """A complete record, signed now by everybody it names, in the outbox of its issuer."""
        self.counter += 1
        created = changes.pop("created", None) or format_time(self.authority.chain_time())
        record = complete_record(
            schema,
            name=f"r{self.counter}",
            number=changes.pop("number", self.counter),
            chain_id=self.chain.chain_id,
            registry=self.chain.anchor_registry,
            created=created,
            **changes,
        )
        with database.write(self.engine) as connection:
            self._insert(connection, record, created)
        self.made.append(record)
        return record

    def _insert(self, connection: Any, record: Record, created: str) -> None:
        now = utc_now()
        pk = connection.execute(
            RECORDS.insert().values(
                id=record.id,
                organisation_pk=self.pks[record.issuer],
                proposer_pk=self.pks[record.issuer],
                schema_name=record.schema,
                kind=int(record.kind),
                subkind=record.subkind,
                subject=record.document["credentialSubject"].get("id"),
                revision=1,
                status_number=record.status.number,
                digest=record.digest,
                document=record.canonical,
                created_at=now,
                completed_at=now,
                anchor_by=now,
            )
        ).inserted_primary_key[0]
        connection.execute(OUTBOX.insert().values(organisation_pk=self.pks[record.issuer], record_pk=pk))
        insert_links(connection, [(pk, record)])
        roles = {record.issuer: "issuer", **{c.id: c.role for c in record.countersigners}}
        for position, proof in enumerate(record.proofs):
            did = proof["verificationMethod"].partition("#")[0]
            connection.execute(
                SIGNATURES.insert().values(
                    record_pk=pk,
                    position=position,
                    signer_did=did,
                    role=roles[did],
                    proof=canonical(proof),
                    verification_method=proof["verificationMethod"],
                    proof_created=parse_time(created),
                    signed_at=now,
                )
            )

    def enrol(self, did: str, roles: int) -> None:
        """Make an organisation known here, and accredit it with a record key and accounts."""
        with database.write(self.engine) as connection:
            pk = connection.execute(
                ORGANISATION.insert()
                .values(
                    did=did,
                    org_id=org_id(did),
                    name_zh=did,
                    name_en="",
                    next_status_number=0,
                    created_at=utc_now(),
                )
                .returning(ORGANISATION.c.pk)
            ).scalar_one()
        self.pks[did] = pk
        admin = self.admin()
        org = org_id(did)
        with admin.together():
            admin.accredit(did, kinds=ALL_KINDS, roles=roles)
            admin.add_key(org, make_key(did).public)
            admin.add_account(org, self.keyring.account("anchor", pk).address, SCOPE_ANCHOR)
            admin.add_account(org, self.keyring.account("status", pk).address, SCOPE_STATUS)
            admin.add_account(org, manage_account(did).address, SCOPE_MANAGE)

    def seal(self, did: str = FIRM) -> Sealed:
        """Seal what waits for one organisation."""
        return seal(self.engine, self.pks[did], self.authority, utc_now())


def settle(anchoring: Anchoring, seconds: float = 60.0) -> Pass:
    """Run passes until nothing waits, as the worker does; fails when that does not happen."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = anchoring.advance()
        if found.waiting == 0 and found.in_flight == 0:
            return found
        time.sleep(0.02)
    raise AssertionError(f"still waiting after {seconds} s: {found}")


def make_world(
    node: RunningNode, folder: Path, *, database_url: str | None = None, **chain_changes: Any
) -> World:
    """Deploy, accredit a school and a firm, give them keys and accounts, and open a database in
    ``folder``, or the one that is named.
    """
    owner: LocalAccount = Account.from_key(node.funded_key)
    engine = database.make_engine(database_url or f"sqlite:///{folder / 'skilltrace.db'}")
    upgrade(engine)
    world = _open(node, owner, engine, MemoryKeyring(), chain_changes)
    for did, roles in ROLES.items():
        world.enrol(did, roles)
    fund(world, RELAYER_FUNDS)
    return world


def make_installation(node: RunningNode, folder: Path, **changes: Any) -> tuple[World, Settings]:
    """The same as a data directory that a real worker process can be started on (see
    `tests.support.crash`).
    """
    owner: LocalAccount = Account.from_key(node.funded_key)
    keys = folder / "keys"
    for name in ("relayer", "anchor-1", "status-1", "anchor-2", "status-2"):
        create(keys / f"{name}.json", "secp256k1", PASSPHRASE)
    engine = database.make_engine(f"sqlite:///{folder / DATABASE_FILE}")
    upgrade(engine)
    world = _open(node, owner, engine, FileKeyring(keys, PASSPHRASE), {})
    settings = Settings(
        data_dir=folder,
        database_url=f"sqlite:///{folder / DATABASE_FILE}",
        operator="did:web:operator.example",
        chain=world.chain,
        **changes,
    )
    (folder / SETTINGS_FILE).write_text(settings_text(settings), "utf-8")
    settings.trust_file.write_text(trust_text(settings, owner.address.lower(), node.url), "utf-8")
    for did, roles in ROLES.items():
        world.enrol(did, roles)
    fund(world, RELAYER_FUNDS)
    return world, settings


def _open(
    node: RunningNode, owner: LocalAccount, engine: Engine, keyring: Keyring, changes: dict[str, Any]
) -> World:
    found = deploy_contracts(node.url, owner)
    chain = ChainSettings(
        embedded=False,
        chain_id=found.chain_id,
        rpc_url=node.url,
        genesis_hash=found.genesis_hash,
        trust_registry=found.trust_registry,
        anchor_registry=found.anchor_registry,
        evidence_reader=found.evidence_reader,
        code_hashes=found.code_hashes,
        **changes,
    )
    client = Client(node.url)
    return World(
        node=node,
        owner=owner,
        chain=chain,
        engine=engine,
        keyring=keyring,
        pks={},
        client=client,
        authority=Authority(client, chain, cache_seconds=0.0),
    )


def fund(world: World, wei: int) -> None:
    """Send money to the relayer."""
    transact(world.client, world.owner, world.relayer.address, b"", value=wei)
