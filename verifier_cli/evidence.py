"""`EvidenceReader.evidence` as Python values: question, answer, and their ABI words (protocol section 5).

Times are chain seconds; 0 means open (`end`), never (`compromised_from`, `distrusted_from`) or absent
(`start`, `anchored_at`). The values are facts: whether they suffice is judged in `authority`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from verifier_cli.abi import WORD, Words, address_word, uint_word

__all__ = [
    "EVIDENCE_SELECTOR",
    "Account",
    "Batch",
    "Evidence",
    "EvidenceQuery",
    "KeyWindow",
    "PathStep",
    "Period",
    "SignerEvidence",
    "decode_evidence",
    "encode_evidence_call",
]

EVIDENCE_SELECTOR: Final = bytes.fromhex("a6464efe")
"""First four bytes of keccak-256 of `evidence(address,bytes32,uint64,uint64,(bytes32,bytes32)[])`."""

MAX_PATH_ANSWER: Final = 8
"""Room beyond the four of protocol section 5, so that a longer path is seen as such."""


class EvidenceQuery(NamedTuple):
    """What one verification asks. `signers` are (org_id, Ed25519 public key), 32 bytes each, issuer first."""

    org: bytes
    sequence: int
    status_number: int
    signers: tuple[tuple[bytes, bytes], ...]


class Period(NamedTuple):
    """One accreditation: open from `start` up to, not including, `end`. Bit masks for kinds and roles."""

    start: int
    end: int
    kinds: int
    delegable_kinds: int
    roles: int
    accreditor_period: int
    accreditor: bytes


class PathStep(NamedTuple):
    """One organisation on an accreditation path with the period looked at."""

    org: bytes
    period_index: int
    period: Period
    distrusted_from: int


class KeyWindow(NamedTuple):
    """Life of a record key; `start` 0 means that the organisation has no such key."""

    start: int
    end: int
    compromised_from: int


class Account(NamedTuple):
    """Life and scopes (1 anchor, 2 status, 4 manage) of an EVM account."""

    start: int
    end: int
    compromised_from: int
    scopes: int


class Batch(NamedTuple):
    """Header of one anchor batch; `anchored_at` 0 means that there is none."""

    root: bytes
    account: bytes
    anchored_at: int
    leaves: int
    kinds: int
    format: int


class SignerEvidence(NamedTuple):
    """Key and accreditation of one signer; `path` at the batch's time, `path_now` at block time."""

    key: KeyWindow
    path: tuple[PathStep, ...]
    path_now: tuple[PathStep, ...]


class Evidence(NamedTuple):
    """Everything the chain says about one record at one block."""

    chain_id: int
    block_number: int
    timestamp: int
    parent_hash: bytes
    trust_code_hash: bytes
    anchor_code_hash: bytes
    reader_code_hash: bytes
    trust_registry: bytes
    head: int
    batch: Batch
    account: Account
    status: int
    signers: tuple[SignerEvidence, ...]

    def substance(self) -> Evidence:
        """The same facts without block number, time and parent hash: what two nodes must agree on."""
        return self._replace(block_number=0, timestamp=0, parent_hash=b"")


def encode_evidence_call(registry: bytes, query: EvidenceQuery) -> bytes:
    """Call data of `evidence` for the AnchorRegistry at `registry` (20 bytes)."""
    parts = [
        EVIDENCE_SELECTOR,
        address_word(registry),
        query.org,
        uint_word(query.sequence),
        uint_word(query.status_number),
        uint_word(5 * WORD),
        uint_word(len(query.signers)),
    ]
    for org, key in query.signers:
        parts += [org, key]
    return b"".join(parts)


_HEAD_WORDS: Final = 21
_STEP_WORDS: Final = 10
_SIGNER_WORDS: Final = 5


def read_period(words: Words, at: int) -> Period:
    """Seven words of a Period at byte `at`."""
    return Period(
        words.uint(at, 40),
        words.uint(at + 32, 40),
        words.uint(at + 64, 24),
        words.uint(at + 96, 24),
        words.uint(at + 128, 16),
        words.uint(at + 160, 32),
        words.bytes32(at + 192),
    )


def read_key(words: Words, at: int) -> KeyWindow:
    """Three words of a KeyWindow at byte `at`."""
    return KeyWindow(words.uint(at, 40), words.uint(at + 32, 40), words.uint(at + 64, 40))


def read_account(words: Words, at: int) -> Account:
    """Four words of an Account at byte `at`."""
    return Account(
        words.uint(at, 40), words.uint(at + 32, 40), words.uint(at + 64, 40), words.uint(at + 96, 8)
    )


def read_batch(words: Words, at: int) -> Batch:
    """Six words of a Batch at byte `at`."""
    return Batch(
        words.bytes32(at),
        words.address(at + 32),
        words.uint(at + 64, 40),
        words.uint(at + 96, 24),
        words.uint(at + 128, 24),
        words.uint(at + 160, 8),
    )


def _read_path(words: Words, at: int) -> tuple[PathStep, ...]:
    count = words.length(at, MAX_PATH_ANSWER, _STEP_WORDS)
    first = at + WORD
    return tuple(
        PathStep(
            words.bytes32(position),
            words.uint(position + 32, 32),
            read_period(words, position + 64),
            words.uint(position + 288, 40),
        )
        for position in range(first, first + count * _STEP_WORDS * WORD, _STEP_WORDS * WORD)
    )


def _read_signer(words: Words, at: int) -> SignerEvidence:
    words.need(at, _SIGNER_WORDS)
    return SignerEvidence(
        read_key(words, at),
        _read_path(words, words.follow(at, at + 96)),
        _read_path(words, words.follow(at, at + 128)),
    )


def decode_evidence(data: bytes, signers: int) -> Evidence:
    """Decode the answer of `evidence` for a question about `signers` signers.

    Raises:
        CouldNotRead: reason "no_code" for an empty answer (nothing lives at the address), else "garbled".
    """
    words = Words(data)
    at = words.follow(0, 0)
    words.need(at, _HEAD_WORDS)
    table = words.follow(at, at + 20 * WORD)
    count = words.length(table, signers, 1)
    if count != signers:
        words.refuse(f"evidence for {count} signers where {signers} were asked")
    base = table + WORD
    return Evidence(
        chain_id=words.uint(at),
        block_number=words.uint(at + 32, 64),
        timestamp=words.uint(at + 64, 64),
        parent_hash=words.bytes32(at + 96),
        trust_code_hash=words.bytes32(at + 128),
        anchor_code_hash=words.bytes32(at + 160),
        reader_code_hash=words.bytes32(at + 192),
        trust_registry=words.address(at + 224),
        head=words.uint(at + 256, 64),
        batch=read_batch(words, at + 288),
        account=read_account(words, at + 480),
        status=words.uint(at + 608, 8),
        signers=tuple(_read_signer(words, words.follow(base, base + index * WORD)) for index in range(count)),
    )
