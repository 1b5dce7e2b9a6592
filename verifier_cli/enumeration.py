"""The enumeration views of EvidenceReader: calls and answers as ABI words (protocol section 5).

Pages end where the list ends, so a page shorter than asked for is the last one.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from verifier_cli.abi import WORD, Words, address_word, uint_word
from verifier_cli.evidence import (
    Account,
    Batch,
    KeyWindow,
    Period,
    read_account,
    read_batch,
    read_key,
    read_period,
)

__all__ = [
    "SELECTORS",
    "OrganisationView",
    "batches_call",
    "decode_batches",
    "decode_organisation",
    "decode_organisations",
    "decode_status_words",
    "organisation_call",
    "organisations_call",
    "status_words_call",
]

SELECTORS: Final = {
    "organisations(address,uint256,uint256)": bytes.fromhex("097f6daa"),
    "organisation(address,bytes32)": bytes.fromhex("0d7b46bf"),
    "batches(address,bytes32,uint64,uint64)": bytes.fromhex("5c994a0b"),
    "statusWords(address,bytes32,uint64,uint64)": bytes.fromhex("83fce682"),
}
"""First four bytes of keccak-256 of each signature; a test holds them against a general library."""

MAX_ITEMS: Final = 100_000
"""Periods, keys or accounts of one organisation: far beyond need, and still a bounded answer."""

PLANES: Final = 3


class OrganisationView(NamedTuple):
    """Everything about one organisation but its batches and status words; lists in registry order."""

    org: bytes
    distrusted_from: int
    head: int
    status_word_count: int
    periods: tuple[Period, ...]
    keys: tuple[tuple[bytes, KeyWindow], ...]
    accounts: tuple[tuple[bytes, Account], ...]


def organisations_call(registry: bytes, start: int, limit: int) -> bytes:
    """Call data: organisation identifiers from `start`, at most `limit`."""
    selector = SELECTORS["organisations(address,uint256,uint256)"]
    return selector + address_word(registry) + uint_word(start) + uint_word(limit)


def organisation_call(registry: bytes, org: bytes) -> bytes:
    """Call data: one organisation."""
    return SELECTORS["organisation(address,bytes32)"] + address_word(registry) + org


def batches_call(registry: bytes, org: bytes, start: int, limit: int) -> bytes:
    """Call data: batches of `org` from sequence `start`, at most `limit`."""
    selector = SELECTORS["batches(address,bytes32,uint64,uint64)"]
    return selector + address_word(registry) + org + uint_word(start) + uint_word(limit)


def status_words_call(registry: bytes, org: bytes, start: int, limit: int) -> bytes:
    """Call data: status words of `org` from word `start`, at most `limit`."""
    selector = SELECTORS["statusWords(address,bytes32,uint64,uint64)"]
    return selector + address_word(registry) + org + uint_word(start) + uint_word(limit)


def _array(data: bytes, limit: int, item_words: int) -> tuple[Words, range]:
    words = Words(data)
    at = words.follow(0, 0)
    count = words.length(at, limit, item_words)
    first = at + WORD
    return words, range(first, first + count * item_words * WORD, item_words * WORD)


def decode_organisations(data: bytes, limit: int) -> list[bytes]:
    """Identifiers of 32 bytes. Raises CouldNotRead."""
    words, places = _array(data, limit, 1)
    return [words.bytes32(at) for at in places]


def decode_batches(data: bytes, limit: int) -> list[Batch]:
    """Batch headers in sequence order. Raises CouldNotRead."""
    words, places = _array(data, limit, 6)
    return [read_batch(words, at) for at in places]


def decode_status_words(data: bytes, limit: int) -> list[tuple[int, int, int]]:
    """Words of 256 bits: revoked, suspended, superseded. Raises CouldNotRead."""
    words, places = _array(data, limit * PLANES, 1)
    values = [words.uint(at) for at in places]
    if len(values) % PLANES:
        words.refuse("the status words are not whole triples")
    return list(zip(values[0::3], values[1::3], values[2::3], strict=True))


def decode_organisation(data: bytes) -> OrganisationView:
    """One organisation. Raises CouldNotRead."""
    words = Words(data)
    at = words.follow(0, 0)
    words.need(at, 9)

    def items(slot: int, size: int) -> range:
        place = words.follow(at, at + slot * WORD)
        count = words.length(place, MAX_ITEMS, size)
        first = place + WORD
        return range(first, first + count * size * WORD, size * WORD)

    keys = [words.bytes32(i) for i in items(5, 1)]
    windows = [read_key(words, i) for i in items(6, 3)]
    accounts = [words.address(i) for i in items(7, 1)]
    lives = [read_account(words, i) for i in items(8, 4)]
    if len(keys) != len(windows) or len(accounts) != len(lives):
        words.refuse("keys or accounts without their windows")
    return OrganisationView(
        words.bytes32(at),
        words.uint(at + 32, 40),
        words.uint(at + 64, 64),
        words.uint(at + 96, 64),
        tuple(read_period(words, i) for i in items(4, 7)),
        tuple(zip(keys, windows, strict=True)),
        tuple(zip(accounts, lives, strict=True)),
    )
