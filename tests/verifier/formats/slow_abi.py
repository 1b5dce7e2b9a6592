"""A second ABI encoder, slow and plain, from the contract ABI specification; shares no code with the library.

Values are as vectors write them: bytes, addresses and wide numbers as hex with 0x, tuples as lists.
"""

from __future__ import annotations

from typing import Any

from tests.verifier.formats.slow_reference import keccak256


def members(text: str) -> list[str]:
    """Types between the outer brackets of a tuple or an argument list."""
    out, depth, begun = [], 0, 1
    for at, char in enumerate(text):
        depth += {"(": 1, ")": -1}.get(char, 0)
        if (char == "," and depth == 1) or (at == len(text) - 1 and at > begun):
            out.append(text[begun:at])
            begun = at + 1
    return out


def is_dynamic(kind: str) -> bool:
    if kind.endswith("[]") or kind == "bytes":
        return True
    return kind.startswith("(") and any(map(is_dynamic, members(kind)))


def encode_value(kind: str, value: Any) -> bytes:
    if kind.endswith("[]"):
        item = kind[:-2]
        return len(value).to_bytes(32, "big") + encode_list([item] * len(value), value)
    if kind.startswith("("):
        return encode_list(members(kind), value)
    if kind == "bytes":
        data = bytes.fromhex(value[2:])
        return len(data).to_bytes(32, "big") + data + bytes(-len(data) % 32)
    number = int(value, 16) if isinstance(value, str) else int(value)
    return number.to_bytes(32, "big")


def encode_list(kinds: list[str], values: list[Any]) -> bytes:
    """Heads, then the tails that offsets in the heads point to."""
    encoded = [encode_value(kind, value) for kind, value in zip(kinds, values, strict=True)]
    dynamic = [is_dynamic(kind) for kind in kinds]
    at = sum(32 if far else len(data) for data, far in zip(encoded, dynamic, strict=True))
    head, tail = b"", b""
    for data, far in zip(encoded, dynamic, strict=True):
        head += (at + len(tail)).to_bytes(32, "big") if far else data
        tail += data if far else b""
    return head + tail


def encode_call(signature: str, arguments: list[Any]) -> bytes:
    """Call data of `name(types)`."""
    types = signature[signature.index("(") :]
    return keccak256(signature.encode())[:4] + encode_list(members(types), arguments)
