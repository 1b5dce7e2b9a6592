"""The three contracts on a running node, with a demo regulator, school and enterprise that can anchor.

::

    with anvil_node() as node:
        fixture = deploy(node.url, node.funded_key)
        files = fixture.issue("activity.1", count=3)          # proof files, anchored in one batch
        fixture.set_status(SCHOOL, plane=0, number=fixture.number_of(files[0]))
        verify(files[0], fixture.trust, Nodes(), now())

Organisations are those of `tests.support.records`; each has an EVM account of its own, and what it signs is
relayed by the funded account, which is also the owner and the regulator's manage account.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount

from tests.support.records import (
    EVALUATOR,
    FIRM,
    SCHOOL,
    complete_record,
    record_bytes,
    signer_key,
)
from trace_service.evm.abi import codec
from trace_service.evm.client import Client, TxReceipt
from trace_service.evm.deploy import deploy_contracts
from trace_service.evm.eip712 import AnchorBatch, Domain, SetStatus, request, sign
from trace_service.evm.transact import transact
from verifier_cli.did import org_id
from verifier_cli.encoding import format_time
from verifier_cli.kinds import Role, role_mask
from verifier_cli.merkle import Tree, leaf_hash
from verifier_cli.proof_file import Anchor, ProofFile
from verifier_cli.record import Record
from verifier_cli.signature import signature_digest
from verifier_cli.trust import CodeHashes, Deployment, Trust

REGULATOR = "did:web:regulator.example"
OPERATOR = "did:web:operator.example"
ALL_KINDS = (1 << 12) - 1
MAY_GIVE_EVERY_ROLE = 0x7F << 8
SCOPES = 7
ORGANISATIONS: Mapping[str, int] = {
    SCHOOL: role_mask(Role.SCHOOL),
    FIRM: role_mask(Role.LEADER),
    EVALUATOR: role_mask(Role.EVALUATOR),
}


def leaf_of(record: Record) -> bytes:
    """The record's leaf hash."""
    return leaf_hash(record.digest, signature_digest(record.native_proofs))


@dataclass
class DeploymentFixture:
    """A deployment and the means to act on it. `deployment` is what a trust file says of it."""

    url: str
    client: Client
    owner: LocalAccount
    deployment: Deployment
    accounts: dict[str, LocalAccount] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    @property
    def trust(self) -> Trust:
        """A trust file with this deployment alone."""
        return Trust((self.deployment,))

    @property
    def registry(self) -> str:
        """The AnchorRegistry's address as records write it."""
        return f"0x{self.deployment.anchor_registry.hex()}"

    def registry_call(self, function: str, *arguments: Any) -> TxReceipt:
        """Send a TrustRegistry change from the owner (who manages the regulator)."""
        data = codec("TrustRegistry").call(function, *arguments)
        return transact(self.client, self.owner, f"0x{self.deployment.trust_registry.hex()}", data)

    def accredit(
        self,
        did: str,
        roles: int,
        *,
        kinds: int = ALL_KINDS,
        delegable_kinds: int = 0,
        accreditor: str | None = REGULATOR,
    ) -> None:
        """Accredit from now on; accreditor None is the owner."""
        grant = {
            "from": 0,
            "to": 0,
            "kinds": kinds,
            "delegableKinds": delegable_kinds,
            "roles": roles,
            "accreditor": bytes(32) if accreditor is None else org_id(accreditor),
        }
        self.registry_call("accredit", did, grant)

    def add_organisation(self, did: str, roles: int) -> None:
        """Accredit, with the record key of `signer_key` and a new EVM account of all scopes."""
        self.accredit(did, roles)
        self.registry_call("addKey", org_id(did), signer_key(did).public, 0, 0)
        self.accounts[did] = Account.create()
        self.registry_call("addAccount", org_id(did), self.accounts[did].address, SCOPES, 0, 0)

    def chain_time(self) -> int:
        """Time of the newest block."""
        return self.client.latest().timestamp

    def head(self, did: str) -> int:
        """The organisation's next sequence."""
        return int(self.client.call("AnchorRegistry", self.registry, "head", org_id(did)))

    def anchor(self, did: str, leaves: Sequence[bytes], *, kinds: int = ALL_KINDS) -> int:
        """Anchor the leaves as the organisation's next batch; returns its sequence."""
        sequence = self.head(did)
        message = AnchorBatch(
            org=org_id(did),
            sequence=sequence,
            root=Tree(leaves).root,
            count=len(leaves),
            kinds=kinds,
            format=1,
            account=self.accounts[did].address.lower(),
            deadline=self.chain_time() + 3600,
        )
        signed = request(message, sign(self._domain(), message, self.accounts[did]))
        transact(self.client, self.owner, self.registry, codec("AnchorRegistry").call("anchor", [signed]))
        return sequence

    def set_status(self, did: str, *, plane: int, number: int, on: bool = True) -> None:
        """Set or clear one status bit."""
        counter = "statusNonce" if plane == 1 else "annulments"
        nonce = self.client.call("AnchorRegistry", self.registry, counter, org_id(did))
        message = SetStatus(
            org=org_id(did),
            plane=plane,
            word=number >> 8,
            mask=1 << (number & 0xFF),
            on=on,
            reason=0,
            account=self.accounts[did].address.lower(),
            nonce=nonce,
            deadline=self.chain_time() + 3600,
        )
        signed = request(message, sign(self._domain(), message, self.accounts[did]))
        transact(self.client, self.owner, self.registry, codec("AnchorRegistry").call("setStatus", signed))

    def record(self, schema: str, name: str, **changes: Any) -> Record:
        """A signed record of this deployment, claimed today, with a status number of its own."""
        now = format_time(int(time.time()))
        changes = {"validFrom": now, "number": next(self._numbers), **changes}
        return complete_record(
            schema,
            created=now,
            name=name,
            chain_id=self.deployment.chain_id,
            registry=self.registry,
            **changes,
        )

    def anchor_records(self, records: Sequence[Record]) -> list[bytes]:
        """Anchor records of one issuer as one batch; returns their proof files in order."""
        leaves = [leaf_of(record) for record in records]
        sequence = self.anchor(records[0].issuer, leaves)
        tree = Tree(leaves)
        return [
            ProofFile.write(record_bytes(record), self.anchor_of(sequence, index, tree))
            for index, record in enumerate(records)
        ]

    def anchor_of(self, sequence: int, index: int, tree: Tree) -> Anchor:
        """The `anchor` member of a proof file."""
        chain_id = self.deployment.chain_id
        return Anchor(chain_id, self.registry, sequence, index, tuple(tree.path(index)))

    def issue(self, schema: str, count: int = 1, **changes: Any) -> list[bytes]:
        """Sign and anchor `count` records; returns their proof files."""
        first = next(self._numbers)
        return self.anchor_records([self.record(schema, f"{first} {i}", **changes) for i in range(count)])

    def _domain(self) -> Domain:
        return Domain(self.deployment.chain_id, self.registry)


def number_of(proof_file: bytes) -> int:
    """The status number of the record in a proof file."""
    return Record.from_value(ProofFile.parse(proof_file).record).status.number


def deploy(
    url: str,
    funded_key: str,
    *,
    leaves: Mapping[str, Sequence[bytes]] | None = None,
    organisations: Mapping[str, int] = ORGANISATIONS,
    **settings: Any,
) -> DeploymentFixture:
    """Deploy, accredit regulator and organisations, and anchor the given leaves by organisation.

    `settings` change members of the trust file's deployment (finality is "latest", settled at once).
    """
    owner: LocalAccount = Account.from_key(funded_key)
    made = deploy_contracts(url, owner)
    deployment = Deployment(
        name="test",
        chain_id=made.chain_id,
        genesis_hash=bytes.fromhex(made.genesis_hash[2:]),
        trust_registry=bytes.fromhex(made.trust_registry[2:]),
        anchor_registry=bytes.fromhex(made.anchor_registry[2:]),
        evidence_reader=bytes.fromhex(made.evidence_reader[2:]),
        owner=bytes.fromhex(made.owner[2:]),
        operator=OPERATOR,
        code_hashes=CodeHashes(**{name: bytes.fromhex(h[2:]) for name, h in made.code_hashes.items()}),
        rpc=(url,),
        finality="latest",
    )
    fixture = DeploymentFixture(url, Client(url), owner, replace(deployment, **settings))
    roles = role_mask(Role.REGULATOR) | MAY_GIVE_EVERY_ROLE
    fixture.accredit(REGULATOR, roles, delegable_kinds=ALL_KINDS, accreditor=None)
    fixture.registry_call("addAccount", org_id(REGULATOR), owner.address, SCOPES, 0, 0)
    for did, held in organisations.items():
        fixture.add_organisation(did, held)
    for did, batch in (leaves or {}).items():
        fixture.anchor(did, batch)
    return fixture
