"""Contract ABI words, read with strict bounds (the answer comes from a node that may lie or break).

Hand-written because the general coders cost more start-up time than the whole verification; a test holds
every function here against a general coder. All positions are byte offsets into the answer.
"""

from __future__ import annotations

from typing import Final, NoReturn

from verifier_cli.errors import CouldNotRead

__all__ = ["Words", "address_word", "uint_word"]

WORD: Final = 32


def uint_word(value: int) -> bytes:
    """One word holding an unsigned integer."""
    return value.to_bytes(WORD, "big")


def address_word(address: bytes) -> bytes:
    """One word holding a 20-byte address."""
    return address.rjust(WORD, b"\0")


class Words:
    """Reader of one ABI-encoded answer.

    Everything out of range raises CouldNotRead with reason "garbled"; an empty answer, with "no_code".
    """

    __slots__ = ("data", "size")

    def __init__(self, data: bytes) -> None:
        if not data:
            raise CouldNotRead("no_code", "no contract answers at this address")
        if len(data) % WORD:
            self.refuse("the answer is not made of whole words")
        self.data = data
        self.size = len(data)

    def refuse(self, why: str) -> NoReturn:
        """Give up on this answer."""
        raise CouldNotRead("garbled", why)

    def need(self, position: int, words: int) -> None:
        """Make sure that `words` words from `position` are there, so that what follows may slice freely."""
        if position + words * WORD > self.size:
            self.refuse(f"the answer ends before byte {position + words * WORD}")

    def uint(self, position: int, bits: int = 256) -> int:
        """The unsigned integer at `position`, refused when it is wider than `bits`."""
        value = int.from_bytes(self.data[position : position + WORD], "big")
        if value >> bits:
            self.refuse(f"the number at byte {position} is wider than {bits} bits")
        return value

    def bytes32(self, position: int) -> bytes:
        """The 32 bytes at `position`."""
        return self.data[position : position + WORD]

    def address(self, position: int) -> bytes:
        """The 20-byte address at `position`, refused when the upper bytes are not zero."""
        word = self.data[position : position + WORD]
        if word[:12] != b"\0" * 12:
            self.refuse(f"the address at byte {position} is wider than 20 bytes")
        return word[12:]

    def follow(self, base: int, position: int) -> int:
        """Absolute position that the offset word at `position` points to, counted from `base`."""
        self.need(position, 1)
        offset = int.from_bytes(self.data[position : position + WORD], "big")
        if offset % WORD or base + offset + WORD > self.size:
            self.refuse(f"the offset at byte {position} points outside of the answer")
        return base + offset

    def length(self, position: int, limit: int, item_words: int) -> int:
        """Length word of an array at `position`, at most `limit`, whose items (each at least `item_words`
        words) must fit into the answer."""
        count = int.from_bytes(self.data[position : position + WORD], "big")
        if count > limit:
            self.refuse(f"the array at byte {position} has {count} items, at most {limit}")
        self.need(position + WORD, count * item_words)
        return count
