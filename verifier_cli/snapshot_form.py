"""The JSON document of a snapshot, member by member (protocol section 9, "Offline").

Numbers in rows keep the order of the contract's structs; identifiers, keys, roots and words are 0x and
lower-case hexadecimal digits. Everything is refused that could be written in a second way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from verifier_cli.chain import BlockRef
from verifier_cli.errors import SnapshotError
from verifier_cli.evidence import Account, Batch, KeyWindow, Period
from verifier_cli.trust import CodeHashes

__all__ = [
    "SNAPSHOT_CONTEXT",
    "SNAPSHOT_TYPE",
    "SNAPSHOT_VERSION",
    "OrganisationState",
    "Pins",
    "read_document",
    "write_document",
]

SNAPSHOT_TYPE: Final = "SkillTraceSnapshot"
SNAPSHOT_VERSION: Final = 1
SNAPSHOT_CONTEXT: Final = ["urn:skilltrace:snapshot:1"]
"""Stands in document and proof, so that no signature over a record can pass for one over a snapshot."""


class Pins(NamedTuple):
    """Which deployment a snapshot was taken of; compared with the trust file, never believed by itself."""

    chain_id: int
    genesis_hash: bytes
    trust_registry: bytes
    anchor_registry: bytes
    evidence_reader: bytes
    code_hashes: CodeHashes


class OrganisationState(NamedTuple):
    """One organisation at the snapshot's block. `batches` and `status` are None when it is not covered.

    `status` maps a word's number to its three planes; words without any bit are left out.
    """

    distrusted_from: int
    head: int
    periods: tuple[Period, ...]
    keys: Mapping[bytes, KeyWindow]
    accounts: Mapping[bytes, Account]
    batches: tuple[Batch, ...] | None
    status: Mapping[int, tuple[int, int, int]] | None


_HEX: Final = re.compile("0x[0-9a-f]*")


def _hex(value: Any, size: int, path: str) -> bytes:
    if isinstance(value, str) and len(value) == 2 + 2 * size and _HEX.fullmatch(value):
        return bytes.fromhex(value[2:])
    raise SnapshotError(path, f"is not 0x and {2 * size} lower-case hexadecimal digits")


def _numbers(values: Any, bits: tuple[int, ...], path: str) -> tuple[int, ...]:
    if len(values) != len(bits) or not all(
        type(value) is int and 0 <= value < 1 << width for value, width in zip(values, bits, strict=True)
    ):
        raise SnapshotError(path, "is not a row of numbers in range")
    return tuple(values)


def _rows(value: Any, width: int, path: str) -> list[list[Any]]:
    if not isinstance(value, list) or not all(isinstance(row, list) and len(row) == width for row in value):
        raise SnapshotError(path, f"is not a list of rows of {width} values")
    return value


def _object(value: Any, members: frozenset[str], path: str) -> dict[str, Any]:
    if not isinstance(value, dict) or value.keys() != members:
        raise SnapshotError(path, f"members are not exactly {', '.join(sorted(members))}")
    return value


_TOP = frozenset(("@context", "type", "version", "deployment", "block", "organisations"))
_PINS = frozenset(
    ("chainId", "genesisHash", "trustRegistry", "anchorRegistry", "evidenceReader", "codeHashes")
)
_CODES = frozenset(("trustRegistry", "anchorRegistry", "evidenceReader"))
_BLOCK = frozenset(("number", "hash", "parentHash", "timestamp"))
_KNOWN = frozenset(("distrustedFrom", "head", "periods", "keys", "accounts"))
_COVERED = _KNOWN | {"batches", "status"}


def read_document(document: dict[str, Any]) -> tuple[Pins, BlockRef, dict[bytes, OrganisationState]]:
    """The contents of a snapshot document without its proof. Raises SnapshotError with the member's path."""
    _object(document, _TOP, "$")
    if document["@context"] != SNAPSHOT_CONTEXT:
        raise SnapshotError("$.@context", "is not the constant of snapshots")
    organisations = document["organisations"]
    if not isinstance(organisations, dict):
        raise SnapshotError("$.organisations", "is not an object")
    states = {
        _hex(org, 32, "$.organisations"): _read_organisation(state, f"$.organisations.{org}")
        for org, state in organisations.items()
    }
    block = _read_block(document["block"])
    for org, state in states.items():
        if any(batch.anchored_at > block.timestamp for batch in state.batches or ()):
            raise SnapshotError(f"$.organisations.{_0x(org)}.batches", "hold one from after the block")
    return _read_pins(document["deployment"]), block, states


def _read_pins(value: Any) -> Pins:
    path = "$.deployment"
    _object(value, _PINS, path)
    codes = _object(value["codeHashes"], _CODES, f"{path}.codeHashes")
    return Pins(
        _numbers([value["chainId"]], (53,), f"{path}.chainId")[0],
        _hex(value["genesisHash"], 32, f"{path}.genesisHash"),
        _hex(value["trustRegistry"], 20, f"{path}.trustRegistry"),
        _hex(value["anchorRegistry"], 20, f"{path}.anchorRegistry"),
        _hex(value["evidenceReader"], 20, f"{path}.evidenceReader"),
        CodeHashes(
            _hex(codes["trustRegistry"], 32, f"{path}.codeHashes.trustRegistry"),
            _hex(codes["anchorRegistry"], 32, f"{path}.codeHashes.anchorRegistry"),
            _hex(codes["evidenceReader"], 32, f"{path}.codeHashes.evidenceReader"),
        ),
    )


def _read_block(value: Any) -> BlockRef:
    _object(value, _BLOCK, "$.block")
    number, timestamp = _numbers([value["number"], value["timestamp"]], (53, 40), "$.block")
    return BlockRef(
        number,
        _hex(value["hash"], 32, "$.block.hash"),
        _hex(value["parentHash"], 32, "$.block.parentHash"),
        timestamp,
    )


def _read_organisation(value: Any, path: str) -> OrganisationState:
    covered = isinstance(value, dict) and "batches" in value
    _object(value, _COVERED if covered else _KNOWN, path)
    distrusted, head = _numbers([value["distrustedFrom"], value["head"]], (40, 53), path)
    batches = _read_batches(value["batches"], f"{path}.batches") if covered else None
    if batches is not None and len(batches) != head:
        raise SnapshotError(f"{path}.batches", f"are {len(batches)} where the head is {head}")
    keys = _rows(value["keys"], 4, f"{path}.keys")
    accounts = _rows(value["accounts"], 5, f"{path}.accounts")
    return OrganisationState(
        distrusted,
        head,
        tuple(_read_period(row, path) for row in _rows(value["periods"], 7, f"{path}.periods")),
        {_hex(row[0], 32, path): KeyWindow(*_numbers(row[1:], (40,) * 3, path)) for row in keys},
        {_hex(row[0], 20, path): Account(*_numbers(row[1:], (40, 40, 40, 8), path)) for row in accounts},
        batches,
        _read_status(value["status"], f"{path}.status") if covered else None,
    )


def _read_period(row: list[Any], path: str) -> Period:
    start, end, kinds, delegable, roles, index = _numbers(row[:6], (40, 40, 24, 24, 16, 32), path)
    return Period(start, end, kinds, delegable, roles, index, _hex(row[6], 32, path))


def _read_batches(value: Any, path: str) -> tuple[Batch, ...]:
    return tuple(
        Batch(_hex(row[0], 32, path), _hex(row[1], 20, path), *_numbers(row[2:], (40, 24, 24, 8), path))
        for row in _rows(value, 6, path)
    )


def _read_status(value: Any, path: str) -> dict[int, tuple[int, int, int]]:
    words: dict[int, tuple[int, int, int]] = {}
    for row in _rows(value, 4, path):
        number = _numbers(row[:1], (53,), path)[0]
        if number in words:
            raise SnapshotError(path, f"names word {number} twice")
        revoked, suspended, superseded = (int.from_bytes(_hex(plane, 32, path), "big") for plane in row[1:])
        words[number] = revoked, suspended, superseded
    return words


def _0x(data: bytes) -> str:
    return f"0x{data.hex()}"


def write_document(
    pins: Pins, block: BlockRef, organisations: Mapping[bytes, OrganisationState]
) -> dict[str, Any]:
    """The document that `read_document` reads back."""
    return {
        "@context": SNAPSHOT_CONTEXT,
        "type": SNAPSHOT_TYPE,
        "version": SNAPSHOT_VERSION,
        "deployment": {
            "chainId": pins.chain_id,
            "genesisHash": _0x(pins.genesis_hash),
            "trustRegistry": _0x(pins.trust_registry),
            "anchorRegistry": _0x(pins.anchor_registry),
            "evidenceReader": _0x(pins.evidence_reader),
            "codeHashes": {
                "trustRegistry": _0x(pins.code_hashes.trust_registry),
                "anchorRegistry": _0x(pins.code_hashes.anchor_registry),
                "evidenceReader": _0x(pins.code_hashes.evidence_reader),
            },
        },
        "block": {
            "number": block.number,
            "hash": _0x(block.hash),
            "parentHash": _0x(block.parent_hash),
            "timestamp": block.timestamp,
        },
        "organisations": {_0x(org): _write_state(state) for org, state in organisations.items()},
    }


def _write_state(state: OrganisationState) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "distrustedFrom": state.distrusted_from,
        "head": state.head,
        "periods": [[*period[:6], _0x(period.accreditor)] for period in state.periods],
        "keys": [[_0x(key), *window] for key, window in state.keys.items()],
        "accounts": [[_0x(account), *life] for account, life in state.accounts.items()],
    }
    if state.batches is not None and state.status is not None:
        answer["batches"] = [[_0x(b.root), _0x(b.account), *b[2:]] for b in state.batches]
        answer["status"] = [
            [word, *(f"0x{plane:064x}" for plane in planes)] for word, planes in sorted(state.status.items())
        ]
    return answer
