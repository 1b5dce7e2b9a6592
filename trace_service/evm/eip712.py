"""What organisations sign for the chain: EIP-712 typed data of the AnchorRegistry (protocol section 5)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak

DOMAIN_NAME = "SkillTrace"
DOMAIN_VERSION = "1"

ANCHOR_BATCH = [
    ("org", "bytes32"),
    ("sequence", "uint64"),
    ("root", "bytes32"),
    ("count", "uint24"),
    ("kinds", "uint24"),
    ("format", "uint8"),
    ("account", "address"),
    ("deadline", "uint40"),
]
SET_STATUS = [
    ("org", "bytes32"),
    ("plane", "uint8"),
    ("word", "uint64"),
    ("mask", "uint256"),
    ("on", "bool"),
    ("reason", "uint8"),
    ("account", "address"),
    ("nonce", "uint64"),
    ("deadline", "uint40"),
]


@dataclass(frozen=True)
class Domain:
    """One deployment: chain id and the address of its AnchorRegistry."""

    chain_id: int
    verifying_contract: str


@dataclass(frozen=True)
class AnchorBatch:
    """The statement "this is batch `sequence` of `org`", good until `deadline` (chain time, epoch
    seconds).
    """

    org: bytes
    sequence: int
    root: bytes
    count: int
    kinds: int
    format: int
    account: str
    deadline: int


@dataclass(frozen=True)
class SetStatus:
    """The statement "set (or clear) the bits of `mask` in `word` of `plane`".

    `nonce` is the registry's ``statusNonce(org)`` for plane 1 and ``annulments(org)`` for planes 0 and 2.
    """

    org: bytes
    plane: int
    word: int
    mask: int
    on: bool
    reason: int
    account: str
    nonce: int
    deadline: int


Message = AnchorBatch | SetStatus


def _signable(domain: Domain, message: Message) -> Any:
    members = ANCHOR_BATCH if isinstance(message, AnchorBatch) else SET_STATUS
    return encode_typed_data(
        domain_data={
            "name": DOMAIN_NAME,
            "version": DOMAIN_VERSION,
            "chainId": domain.chain_id,
            "verifyingContract": domain.verifying_contract,
        },
        message_types={type(message).__name__: [{"name": n, "type": t} for n, t in members]},
        message_data=asdict(message),
    )


def digest(domain: Domain, message: Message) -> bytes:
    """The 32 bytes that the contract recovers the signer from."""
    parts = _signable(domain, message)
    return keccak(b"\x19" + parts.version + parts.header + parts.body)


def sign(domain: Domain, message: Message, account: LocalAccount) -> bytes:
    """The 65-byte signature (r, s, v) of ``message`` by ``account``."""
    return bytes(account.sign_message(_signable(domain, message)).signature)


def request(message: Message, signature: bytes) -> dict[str, Any]:
    """The contract's BatchRequest or StatusRequest: the message's members and the signature."""
    return {**asdict(message), "signature": signature}
