"""Leaf lists: what a service publishes of a sealed batch so that anybody can recompute its root (protocol
section 10).

A leaf list is NDJSON. The first line is the header of the batch; each further line holds one tile: up to 256
consecutive leaves as three base64url columns of concatenated 32-byte hashes, and the tile's own stored hash.
Columns instead of an object per leaf keep the parsing of 100,000 leaves well below the hashing of them. A
leaf whose row is lost is named in ``missing`` and filled with zero bytes, so that a damaged store can be
published as it is.

Records travel apart, one line each, in the order of their leaves: a record may be withheld or erased while
its leaf stays. The line of a record that claims the batch but has no leaf carries ``null`` as its index.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from verifier_cli.encoding import b64url_decode, b64url_encode
from verifier_cli.errors import DataError

LEAF_LIST_TYPE = "SkillTraceLeafList"
LEAF_LIST_VERSION = 1
TILE_LEAVES = (
    256  # protocol section 10; a power of two, so that tile hashes are inner nodes of the batch's tree
)
HASH_SIZE = 32
MAX_LEAVES = 1 << 20  # protocol section 5: count of a batch
MAX_TILES = MAX_LEAVES // TILE_LEAVES
MAX_AUTHORISATIONS = 1000  # one per refused or expired attempt; more means a defect, not a batch
# A full tile: three columns of 256 hashes in base64, its own hash, 256 missing indexes, member names.
MAX_LINE = 64 * 1024
# A record is at most 64 KiB (protocol section 2.1); the rest is the envelope of its line.
MAX_RECORD_LINE = 64 * 1024 + 64

_RECORD_PREFIX = b'{"leafIndex":'
_RECORD_MIDDLE = b',"record":'
_TILE_NUMBER = re.compile(rb'\{"tile":(0|[1-9][0-9]{0,6}),')
_INDEX = re.compile(rb"0|[1-9][0-9]{0,9}")
_ACCOUNT = re.compile(r"0x[0-9a-f]{40}")


class LeafListError(DataError):
    """A leaf list or a line of records is malformed. ``path`` names the member."""


@dataclass(frozen=True, slots=True)
class Authorisation:
    """An organisation's EIP-712 AnchorBatch signature: account (20 bytes), deadline (epoch seconds),
    signature.
    """

    account: bytes
    deadline: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class LeafListHeader:
    """The batch as its publisher describes it; the chain has the last word."""

    organisation: str
    sequence: int
    root: bytes
    count: int
    kinds: int
    format: int
    authorisations: tuple[Authorisation, ...] = ()


@dataclass(frozen=True, slots=True)
class Tile:
    """Leaves ``index * 256`` and following. The columns are concatenated 32-byte hashes of equal length.

    ``hash`` is the tile's stored hash, None where it is lost; ``missing`` are batch-wide leaf indexes.
    """

    index: int
    hash: bytes | None
    record_digests: bytes
    signature_digests: bytes
    leaf_hashes: bytes
    missing: tuple[int, ...] = ()

    @property
    def first(self) -> int:
        """Batch-wide index of the first leaf."""
        return self.index * TILE_LEAVES

    @property
    def count(self) -> int:
        """Number of leaf positions, missing ones included."""
        return len(self.leaf_hashes) // HASH_SIZE

    def leaf_hash_list(self) -> list[bytes]:
        """The stored leaf hashes in order; zero bytes where a leaf is missing."""
        return split_hashes(self.leaf_hashes)


def split_hashes(column: bytes) -> list[bytes]:
    """Cut a column into its 32-byte hashes."""
    return [column[start : start + HASH_SIZE] for start in range(0, len(column), HASH_SIZE)]


# ----- writing -----


def header_line(header: LeafListHeader) -> bytes:
    """Return the first line of a leaf list, newline included."""
    return (
        orjson.dumps(
            {
                "type": LEAF_LIST_TYPE,
                "version": LEAF_LIST_VERSION,
                "organisation": header.organisation,
                "sequence": header.sequence,
                "root": b64url_encode(header.root),
                "count": header.count,
                "kinds": header.kinds,
                "format": header.format,
                "authorisations": [
                    {
                        "account": "0x" + entry.account.hex(),
                        "deadline": entry.deadline,
                        "signature": b64url_encode(entry.signature),
                    }
                    for entry in header.authorisations
                ],
            }
        )
        + b"\n"
    )


def tile_line(tile: Tile) -> bytes:
    """Return one tile's line, newline included."""
    value: dict[str, Any] = {
        "tile": tile.index,
        "hash": None if tile.hash is None else b64url_encode(tile.hash),
        "recordDigests": b64url_encode(tile.record_digests),
        "signatureDigests": b64url_encode(tile.signature_digests),
        "leafHashes": b64url_encode(tile.leaf_hashes),
    }
    if tile.missing:
        value["missing"] = list(tile.missing)
    return orjson.dumps(value) + b"\n"


def tiles_of(
    leaves: Sequence[tuple[bytes, bytes, bytes]], hashes: Sequence[bytes | None], first_tile: int = 0
) -> Iterable[Tile]:
    """Cut leaves (record_digest, signature_digest, leaf_hash) without gaps into tiles with the given
    hashes.
    """
    for number, start in enumerate(range(0, len(leaves), TILE_LEAVES)):
        columns = list(zip(*leaves[start : start + TILE_LEAVES], strict=True))
        yield Tile(
            first_tile + number,
            hashes[number] if number < len(hashes) else None,
            b"".join(columns[0]),
            b"".join(columns[1]),
            b"".join(columns[2]),
        )


def record_line(leaf_index: int | None, record: bytes) -> bytes:
    """Return the line of a record (canonical JSON with its proofs), newline included."""
    index = b"null" if leaf_index is None else b"%d" % leaf_index
    return b"".join((_RECORD_PREFIX, index, _RECORD_MIDDLE, record, b"}\n"))


# ----- reading -----


def parse_header(line: bytes) -> LeafListHeader:
    """Read the first line of a leaf list; raises `LeafListError`."""
    value = _object(line, "header")
    if value.get("type") != LEAF_LIST_TYPE or value.get("version") != LEAF_LIST_VERSION:
        raise LeafListError("$.type", f"expected {LEAF_LIST_TYPE} of version {LEAF_LIST_VERSION}")
    organisation = value.get("organisation")
    if not isinstance(organisation, str):
        raise LeafListError("$.organisation", "expected a DID")
    entries = value.get("authorisations")
    if not isinstance(entries, list) or len(entries) > MAX_AUTHORISATIONS:
        raise LeafListError("$.authorisations", f"expected at most {MAX_AUTHORISATIONS} entries")
    return LeafListHeader(
        organisation,
        _integer(value, "sequence", (1 << 64) - 1),
        _hash(value, "root"),
        _integer(value, "count", MAX_LEAVES),
        _integer(value, "kinds", (1 << 24) - 1),
        _integer(value, "format", 255),
        tuple(_authorisation(entry, number) for number, entry in enumerate(entries)),
    )


def tile_number(line: bytes) -> int:
    """Return a tile line's number without reading the rest; raises `LeafListError`."""
    found = _TILE_NUMBER.match(line)
    if found is None:
        raise LeafListError("$.tile", "expected the tile's number as the first member")
    number = int(found[1])
    if number >= MAX_TILES:
        raise LeafListError("$.tile", f"a batch has at most {MAX_TILES} tiles")
    return number


def parse_tile(line: bytes) -> Tile:
    """Read one tile's line; raises `LeafListError`."""
    index = tile_number(line)
    value = _object(line, "tile")
    columns = [_column(value, name) for name in ("recordDigests", "signatureDigests", "leafHashes")]
    if len({len(column) for column in columns}) != 1:
        raise LeafListError("$.leafHashes", "the three columns differ in length")
    stored = None if value.get("hash") is None else _hash(value, "hash")
    count = len(columns[2]) // HASH_SIZE
    missing = value.get("missing", [])
    if not isinstance(missing, list) or not all(
        type(place) is int and 0 <= place - index * TILE_LEAVES < count for place in missing
    ):
        raise LeafListError("$.missing", "expected indexes of leaves of this tile")
    return Tile(index, stored, columns[0], columns[1], columns[2], tuple(sorted(set(missing))))


def split_record_line(line: bytes) -> tuple[int | None, bytes]:
    """Return leaf index and record bytes of one line (with or without newline); raises `LeafListError`.

    The record's bytes are cut out, not parsed: only the strict parser of the record may read them.
    """
    line = line.rstrip(b"\r\n")
    middle = line.find(_RECORD_MIDDLE, len(_RECORD_PREFIX), len(_RECORD_PREFIX) + 24)
    if not line.startswith(_RECORD_PREFIX) or middle < 0 or not line.endswith(b"}"):
        raise LeafListError("$", 'expected {"leafIndex":…,"record":…}')
    index = line[len(_RECORD_PREFIX) : middle]
    if index != b"null" and _INDEX.fullmatch(index) is None:
        raise LeafListError("$.leafIndex", "expected a whole number or null")
    return None if index == b"null" else int(index), line[middle + len(_RECORD_MIDDLE) : -1]


def _object(line: bytes, what: str) -> dict[str, Any]:
    if len(line) > MAX_LINE:
        raise LeafListError("$", f"the {what} line is longer than {MAX_LINE} bytes")
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise LeafListError("$", f"the {what} line is not JSON: {error.msg}") from None
    if not isinstance(value, dict):
        raise LeafListError("$", f"the {what} line is not an object")
    return value


def _integer(value: dict[str, Any], name: str, most: int, path: str = "$") -> int:
    number = value.get(name)
    if type(number) is not int or not 0 <= number <= most:
        raise LeafListError(f"{path}.{name}", f"expected a whole number from 0 to {most}")
    return number


def _bytes(value: dict[str, Any], name: str, path: str = "$") -> bytes:
    text = value.get(name)
    if not isinstance(text, str):
        raise LeafListError(f"{path}.{name}", "expected base64url text")
    try:
        return b64url_decode(text)
    except DataError as error:
        raise LeafListError(f"{path}.{name}", error.reason) from None


def _hash(value: dict[str, Any], name: str) -> bytes:
    found = _bytes(value, name)
    if len(found) != HASH_SIZE:
        raise LeafListError(f"$.{name}", f"expected {HASH_SIZE} bytes")
    return found


def _column(value: dict[str, Any], name: str) -> bytes:
    column = _bytes(value, name)
    if len(column) % HASH_SIZE or len(column) > TILE_LEAVES * HASH_SIZE:
        raise LeafListError(f"$.{name}", f"expected at most {TILE_LEAVES} hashes of {HASH_SIZE} bytes")
    return column


def _authorisation(entry: Any, number: int) -> Authorisation:
    path = f"$.authorisations[{number}]"
    if not isinstance(entry, dict):
        raise LeafListError(path, "expected an object")
    account = entry.get("account")
    if not isinstance(account, str) or _ACCOUNT.fullmatch(account) is None:
        raise LeafListError(f"{path}.account", "expected 0x and 40 lower-case hex digits")
    deadline = _integer(entry, "deadline", (1 << 40) - 1, path)
    return Authorisation(bytes.fromhex(account[2:]), deadline, _bytes(entry, "signature", path))
