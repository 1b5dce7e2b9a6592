"""One tile of a batch: leaf hashes from digests, the tile's hash from leaf hashes, digests from records.

`examine_tile` is a pure function of picklable values, so that any executor can run it: threads, processes, or
an engine that spreads it over machines.
"""

from __future__ import annotations

import gc
import hashlib
from array import array
from dataclasses import dataclass, field
from typing import NamedTuple

from verifier_cli.audit.findings import Code, Finding
from verifier_cli.audit.witnesses import BatchRules, SignerUse, Witness, examine
from verifier_cli.errors import DataError
from verifier_cli.leaf_list import HASH_SIZE, Tile, parse_tile, split_record_line
from verifier_cli.merkle import leaf_hash, root


class RecordDigests(NamedTuple):
    """The digests that a record found at a leaf would give that leaf; None where its bytes are unreadable."""

    record_id: str | None
    record_digest: bytes | None
    signature_digest: bytes | None
    reason: str


@dataclass(frozen=True, slots=True)
class TileTask:
    """The lines of one tile and its records, and what they are held against."""

    number: int
    line: bytes
    records: tuple[bytes, ...]  # record lines of this tile, in order
    rules: BatchRules
    with_records: bool


@dataclass(slots=True)
class TileResult:
    """What a tile says. ``tree_root`` is the root over its stored leaf hashes, None if it has no whole leaf
    list.
    """

    number: int
    readable: bool = True
    count: int = 0
    tree_root: bytes | None = None
    stored: bytes | None = None
    missing: tuple[int, ...] = ()
    record_digests: bytes = b""
    bad_leaves: list[int] = field(default_factory=list)  # leaf_hash is not the hash of the digests beside it
    differing: dict[int, RecordDigests] = field(default_factory=dict)  # the record says other digests
    opaque: list[int] = field(default_factory=list)
    uses: dict[SignerUse, list[int]] = field(default_factory=dict)
    ids: array[int] = field(default_factory=lambda: array("Q"))
    numbers: array[int] = field(default_factory=lambda: array("Q"))
    kinds: int = 0
    records: int = 0
    signatures: int = 0
    findings: list[Finding] = field(default_factory=list)


def short_hash(text: str) -> int:
    """64 bits of a text for finding repeats; equal texts give equal numbers, and a hit is looked up
    exactly.
    """
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")


def examine_tile(task: TileTask) -> TileResult:
    """Recompute everything that one tile can say about itself; bad data becomes findings, never an
    exception.
    """
    # Parsed records are trees, not cycles: counting references frees them. The collector would walk them
    # all every few records, for one fifteenth of the whole time.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return _examine_tile(task)
    finally:
        if collecting:
            gc.enable()


def _examine_tile(task: TileTask) -> TileResult:
    result = TileResult(task.number)
    rules = task.rules
    try:
        tile = parse_tile(task.line)
    except DataError as error:
        result.readable = False
        result.findings.append(_unreadable(rules, task.number, error))
        return result
    result.count, result.stored, result.missing = tile.count, tile.hash, tile.missing
    result.record_digests = tile.record_digests
    _recompute(tile, result)
    if task.with_records:
        _compare_records(tile, task, result)
    return result


def _unreadable(rules: BatchRules, tile: int, error: DataError) -> Finding:
    return Finding(
        Code.UNREADABLE,
        rules.organisation,
        rules.sequence,
        tile,
        detail=f"{error.path}: {error.reason}",
    )


def _recompute(tile: Tile, result: TileResult) -> None:
    digests, signatures, stored = tile.record_digests, tile.signature_digests, tile.leaf_hashes
    hashes = [
        leaf_hash(digests[at : at + HASH_SIZE], signatures[at : at + HASH_SIZE])
        for at in range(0, len(stored), HASH_SIZE)
    ]
    leaves = tile.leaf_hash_list()
    if hashes != leaves:
        gone = set(tile.missing)
        result.bad_leaves = [
            tile.first + place
            for place, (computed, leaf) in enumerate(zip(hashes, leaves, strict=True))
            if computed != leaf and tile.first + place not in gone
        ]
    if leaves and not tile.missing:
        result.tree_root = root(leaves)


def _compare_records(tile: Tile, task: TileTask, result: TileResult) -> None:
    seen: set[int] = set()
    for line in task.records:
        try:
            index, data = split_record_line(line)
        except DataError as error:
            result.findings.append(_unreadable(task.rules, task.number, error))
            continue
        place = -1 if index is None else index - tile.first
        if index is None or not 0 <= place < tile.count or index in seen:
            result.findings.append(_stray(task, index))
            continue
        seen.add(index)
        _take(examine(data, task.rules, index), tile, place, result)
    gone = set(tile.missing)
    result.opaque = [
        index
        for index in range(tile.first, tile.first + tile.count)
        if index not in seen and index not in gone
    ]


def _stray(task: TileTask, index: int | None) -> Finding:
    return Finding(
        Code.RECORD_INSERTED,
        task.rules.organisation,
        task.rules.sequence,
        task.number,
        index,
        detail="a second record for the leaf, or a record for no leaf",
    )


def _take(witness: Witness, tile: Tile, place: int, result: TileResult) -> None:
    """Count one record in, and keep its digests where they are not those of its leaf."""
    index = tile.first + place
    at = place * HASH_SIZE
    same = (
        witness.record_digest == tile.record_digests[at : at + HASH_SIZE]
        and witness.signature_digest == tile.signature_digests[at : at + HASH_SIZE]
    )
    if not same:
        result.differing[index] = RecordDigests(
            witness.record_id, witness.record_digest, witness.signature_digest, witness.unreadable
        )
    result.findings.extend(witness.findings)
    result.records += 1
    result.signatures += witness.signatures
    for use in witness.uses:
        result.uses.setdefault(use, []).append(index)
    if witness.record_id is not None:
        result.ids.append(short_hash(witness.record_id))
    if witness.status_number is not None:
        result.numbers.append(witness.status_number)
    if witness.kind is not None:
        result.kinds |= 1 << witness.kind
