"""Calldata, return values, events and custom errors of our contracts, by their committed ABI.

Values travel as plain Python: addresses are 0x text in lower case, structs are dictionaries by member name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from eth_abi.abi import decode, encode
from eth_utils.crypto import keccak

from contracts import artifact

SELECTOR_SIZE = 4
CONTRACTS = ("TrustRegistry", "AnchorRegistry", "EvidenceReader")


def type_text(parameter: Mapping[str, Any]) -> str:
    """The canonical ABI type of a parameter, tuples written out: ``(bytes32,uint64)[]``."""
    kind: str = parameter["type"]
    if not kind.startswith("tuple"):
        return kind
    inner = ",".join(type_text(member) for member in parameter["components"])
    return f"({inner}){kind.removeprefix('tuple')}"


def _pack(parameter: Mapping[str, Any], value: Any) -> Any:
    kind: str = parameter["type"]
    if not kind.startswith("tuple"):
        return value
    if kind.endswith("[]"):
        return [_pack({**parameter, "type": kind[:-2]}, item) for item in value]
    return tuple(_pack(member, value[member["name"]]) for member in parameter["components"])


def _unpack(parameter: Mapping[str, Any], value: Any) -> Any:
    kind: str = parameter["type"]
    if not kind.startswith("tuple"):
        return list(value) if kind.endswith("[]") else value
    if kind.endswith("[]"):
        return [_unpack({**parameter, "type": kind[:-2]}, item) for item in value]
    return {
        member["name"]: _unpack(member, item)
        for member, item in zip(parameter["components"], value, strict=True)
    }


@dataclass(frozen=True)
class DecodedLog:
    """An event of ours: its name and its arguments by name."""

    name: str
    arguments: dict[str, Any]


class Codec:
    """Encoder and decoder of one contract."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._functions: dict[str, Mapping[str, Any]] = {}
        self._errors: dict[bytes, Mapping[str, Any]] = {}
        self._events: dict[bytes, Mapping[str, Any]] = {}
        for entry in artifact(name)["abi"]:
            if entry["type"] == "function":
                self._functions[entry["name"]] = entry
            elif entry["type"] == "error":
                self._errors[keccak(text=_signature(entry))[:SELECTOR_SIZE]] = entry
            elif entry["type"] == "event":
                self._events[keccak(text=_signature(entry))] = entry
        self._selectors = {n: keccak(text=_signature(e))[:SELECTOR_SIZE] for n, e in self._functions.items()}

    def constructor(self, *arguments: Any) -> bytes:
        """Creation code followed by the constructor's arguments."""
        found = artifact(self.name)
        inputs = [p for e in found["abi"] if e["type"] == "constructor" for p in e["inputs"]]
        types = [type_text(p) for p in inputs]
        return bytes.fromhex(found["bytecode"].removeprefix("0x")) + encode(types, arguments)

    def call(self, function: str, *arguments: Any) -> bytes:
        """Calldata of ``function``; structs are given as mappings."""
        inputs = self._functions[function]["inputs"]
        values = [_pack(p, a) for p, a in zip(inputs, arguments, strict=True)]
        return self._selectors[function] + encode([type_text(p) for p in inputs], values)

    def result(self, function: str, data: bytes) -> Any:
        """The decoded return value: alone if there is one, otherwise a tuple."""
        outputs = self._functions[function]["outputs"]
        values = decode([type_text(p) for p in outputs], data)
        unpacked = tuple(_unpack(p, v) for p, v in zip(outputs, values, strict=True))
        return unpacked[0] if len(unpacked) == 1 else unpacked

    def error(self, data: bytes) -> tuple[str, tuple[Any, ...]] | None:
        """Name and arguments of a custom error, or None when it is not one of this contract's."""
        entry = self._errors.get(data[:SELECTOR_SIZE])
        if entry is None:
            return None
        return entry["name"], decode([type_text(p) for p in entry["inputs"]], data[SELECTOR_SIZE:])

    def log(self, topics: Sequence[bytes], data: bytes) -> DecodedLog | None:
        """The event behind ``topics`` and ``data``, or None when it is not one of this contract's."""
        entry = self._events.get(topics[0]) if topics else None
        if entry is None:
            return None
        indexed = [p for p in entry["inputs"] if p["indexed"]]
        plain = [p for p in entry["inputs"] if not p["indexed"]]
        values = dict(
            zip((p["name"] for p in plain), decode([type_text(p) for p in plain], data), strict=True)
        )
        for parameter, topic in zip(indexed, topics[1:], strict=True):
            values[parameter["name"]] = decode([type_text(parameter)], topic)[0]
        return DecodedLog(entry["name"], values)


def _signature(entry: Mapping[str, Any]) -> str:
    return f"{entry['name']}({','.join(type_text(p) for p in entry['inputs'])})"


@cache
def codec(name: str) -> Codec:
    """The codec of contract ``name``, made once."""
    return Codec(name)


def decode_error(data: bytes) -> tuple[str, tuple[Any, ...]]:
    """Look ``data`` up in all our contracts; ("", ()) when none knows it."""
    if len(data) >= SELECTOR_SIZE:
        for name in CONTRACTS:
            found = codec(name).error(data)
            if found is not None:
                return found
    return "", ()
