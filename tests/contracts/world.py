"""The usual cast: the owner accredits a regulator, that one a school and a leader, the leader a member."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount

from tests.contracts.harness import ZERO, Chain, Sent

ANCHOR, STATUS, MANAGE = 1, 2, 4
REGULATOR, SCHOOL, LEADER, MEMBER = 1, 2, 4, 8
ALL_ROLES = 0x7F
ALL_KINDS = 0xFFF
REVOKED, SUSPENDED, SUPERSEDED = 0, 1, 2
DAY = 86_400

BATCH_TYPE = {
    "AnchorBatch": [
        {"name": "org", "type": "bytes32"},
        {"name": "sequence", "type": "uint64"},
        {"name": "root", "type": "bytes32"},
        {"name": "count", "type": "uint24"},
        {"name": "kinds", "type": "uint24"},
        {"name": "format", "type": "uint8"},
        {"name": "account", "type": "address"},
        {"name": "deadline", "type": "uint40"},
    ]
}
STATUS_TYPE = {
    "SetStatus": [
        {"name": "org", "type": "bytes32"},
        {"name": "plane", "type": "uint8"},
        {"name": "word", "type": "uint64"},
        {"name": "mask", "type": "uint256"},
        {"name": "on", "type": "bool"},
        {"name": "reason", "type": "uint8"},
        {"name": "account", "type": "address"},
        {"name": "nonce", "type": "uint64"},
        {"name": "deadline", "type": "uint40"},
    ]
}


def org_id(did: str) -> bytes:
    """SHA-256 of the DID (protocol section 1)."""
    return hashlib.sha256(did.encode()).digest()


def may_give(*roles: int) -> int:
    """Roles that an organisation may give to others: the high byte of an accreditation's roles."""
    return sum(roles) << 8


def root_of(text: str) -> bytes:
    """A root that tells its origin in a failing test."""
    return hashlib.sha256(f"root {text}".encode()).digest()


@dataclass(frozen=True)
class Org:
    """An organisation of the cast with its accounts, one per scope."""

    did: str
    manager: LocalAccount
    anchorer: LocalAccount
    status: LocalAccount

    @property
    def id(self) -> bytes:
        """The registry's identifier."""
        return org_id(self.did)


@dataclass(frozen=True)
class Grant:
    """Arguments of ``accredit`` after the DID."""

    start: int = 0
    end: int = 0
    kinds: int = ALL_KINDS
    delegable: int = 0
    roles: int = 0
    accreditor: bytes = ZERO

    @property
    def tuple(self) -> tuple[int, int, int, int, int, bytes]:
        """In the contract's order."""
        return (self.start, self.end, self.kinds, self.delegable, self.roles, self.accreditor)


@dataclass(frozen=True)
class BatchAsk:
    """One organisation's request to anchor, before it is signed."""

    org: bytes
    sequence: int
    root: bytes
    account: str
    deadline: int
    count: int = 100
    kinds: int = 0x80
    format: int = 1

    def message(self) -> dict[str, Any]:
        """Members of the EIP-712 message."""
        return dict(vars(self))

    def tuple(self, signature: bytes) -> tuple[Any, ...]:
        """The contract's struct."""
        return (*(getattr(self, field["name"]) for field in BATCH_TYPE["AnchorBatch"]), signature)


@dataclass(frozen=True)
class StatusAsk:
    """One change of status bits, before it is signed."""

    org: bytes
    plane: int
    word: int
    mask: int
    account: str
    deadline: int
    on: bool = True
    reason: int = 0
    nonce: int = 0

    def message(self) -> dict[str, Any]:
        """Members of the EIP-712 message."""
        return dict(vars(self))

    def tuple(self, signature: bytes) -> tuple[Any, ...]:
        """The contract's struct."""
        return (*(getattr(self, field["name"]) for field in STATUS_TYPE["SetStatus"]), signature)


class World:
    """The contracts with their cast, and short ways to do what the tests do all the time."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.owner = chain.owner
        self.taken = 1  # accounts of the chain given out so far; the first is the owner
        self.regulator = self.new_org("did:web:moe.example")
        self.school = self.new_org("did:web:school.example")
        self.leader = self.new_org("did:web:leader.example")
        self.member = self.new_org("did:web:member.example")
        self.stranger = self.new_account()
        self.relayer = self.new_account()

    def new_account(self) -> LocalAccount:
        """An account that nobody has yet."""
        self.taken += 1
        return self.chain.accounts[self.taken - 1]

    def new_org(self, did: str) -> Org:
        """An organisation with three fresh accounts, in no registry yet."""
        return Org(did, self.new_account(), self.new_account(), self.new_account())

    def settle(self) -> World:
        """Accredit the cast and give everybody its accounts."""
        top = Grant(delegable=ALL_KINDS, roles=REGULATOR | may_give(ALL_ROLES))
        self.accredit(self.regulator, top, by=self.owner)
        self.give_accounts(self.regulator, by=self.owner)
        under = replace(top, accreditor=self.regulator.id)
        self.enrol(self.school, replace(under, delegable=0, roles=SCHOOL), self.regulator)
        self.enrol(self.leader, replace(under, roles=LEADER | may_give(MEMBER)), self.regulator)
        below = Grant(roles=MEMBER, accreditor=self.leader.id)
        self.enrol(self.member, below, self.leader)
        return self

    def enrol(self, org: Org, grant: Grant, accreditor: Org) -> None:
        """Accredit ``org`` and give it its accounts, both by the accreditor's manager."""
        self.accredit(org, grant, by=accreditor.manager)
        self.give_accounts(org, by=accreditor.manager)

    def give_accounts(self, org: Org, by: LocalAccount) -> None:
        """Add the three accounts of ``org``."""
        for account, scope in ((org.manager, MANAGE), (org.anchorer, ANCHOR), (org.status, STATUS)):
            self.trust("addAccount", org.id, account.address, scope, 0, 0, by=by)

    def accredit(self, org: Org, grant: Grant, by: LocalAccount) -> Sent:
        """Open a period for ``org``."""
        return self.trust("accredit", org.did, grant.tuple, by=by)

    def trust(self, name: str, *arguments: Any, by: LocalAccount | None = None) -> Sent:
        """Send to the trust registry."""
        return self.chain.send(self.chain.trust, name, *arguments, by=by)

    def ask_trust(self, name: str, *arguments: Any) -> Any:
        """View of the trust registry."""
        return self.chain.call(self.chain.trust, name, *arguments)

    def ask(self, name: str, *arguments: Any) -> Any:
        """View of the anchor registry."""
        return self.chain.call(self.chain.anchors, name, *arguments)

    def read(self, name: str, *arguments: Any) -> Any:
        """View of the evidence reader, with the registry as first argument."""
        return self.chain.call(self.chain.reader, name, self.chain.anchors.address, *arguments)

    def sign(self, types: dict[str, Any], message: dict[str, Any], signer: LocalAccount) -> bytes:
        """EIP-712 signature in the anchor registry's domain."""
        domain = {
            "name": "SkillTrace",
            "version": "1",
            "chainId": self.chain.w3.eth.chain_id,
            "verifyingContract": self.chain.anchors.address,
        }
        return bytes(signer.sign_message(encode_typed_data(domain, types, message)).signature)

    def batch(self, org: Org, sequence: int, **changes: Any) -> BatchAsk:
        """A good request of ``org``'s anchor account, with ``changes``."""
        root = root_of(f"{org.did} {sequence}")
        ask = BatchAsk(org.id, sequence, root, org.anchorer.address, self.chain.now + DAY // 2)
        return replace(ask, **changes)

    def signed(self, ask: BatchAsk, signer: LocalAccount) -> tuple[Any, ...]:
        """The request with its signature, as the contract takes it."""
        return ask.tuple(self.sign(BATCH_TYPE, ask.message(), signer))

    def anchor(self, org: Org, sequence: int, **changes: Any) -> Sent:
        """Anchor one batch of ``org`` through the relayer."""
        return self.relay(self.signed(self.batch(org, sequence, **changes), org.anchorer))

    def relay(self, *requests: tuple[Any, ...]) -> Sent:
        """Send requests through the relayer."""
        return self.chain.send(self.chain.anchors, "anchor", list(requests), by=self.relayer)

    def status(self, org: Org, plane: int, word: int, mask: int, **changes: Any) -> StatusAsk:
        """A good request of ``org``'s status account, with ``changes``."""
        ask = StatusAsk(org.id, plane, word, mask, org.status.address, self.chain.now + DAY // 2)
        return replace(ask, **changes)

    def set_status(self, ask: StatusAsk, signer: LocalAccount) -> Sent:
        """Sign and relay a status change."""
        request = ask.tuple(self.sign(STATUS_TYPE, ask.message(), signer))
        return self.chain.send(self.chain.anchors, "setStatus", request, by=self.relayer)

    def words(self, org: Org, word: int) -> Sequence[int]:
        """The three planes of one word."""
        return [self.ask("statusWord", org.id, plane, word) for plane in (REVOKED, SUSPENDED, SUPERSEDED)]
