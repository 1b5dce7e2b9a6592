"""The database as the source of an audit: the very lines that an export writes (protocol section 10)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy.engine import Connection

from trace_service.anchoring.proofs import whole_record
from trace_service.database import AnyRow
from trace_service.publication import queries
from verifier_cli.leaf_list import (
    HASH_SIZE,
    MAX_LEAVES,
    TILE_LEAVES,
    Authorisation,
    LeafListHeader,
    Tile,
    header_line,
    record_line,
    tile_line,
)

_Leaf = tuple[bytes, bytes, bytes]
_LOST: _Leaf = (bytes(HASH_SIZE), bytes(HASH_SIZE), bytes(HASH_SIZE))


class DatabaseSource:
    """A `verifier_cli.audit.Source` over one connection, hence over one consistent view.

    ``anchored_only``: leave out sealed batches that are not on the chain yet, as a publisher does.
    """

    def __init__(self, connection: Connection, *, anchored_only: bool = False) -> None:
        self._connection = connection
        self._pks = {row.did: row.pk for row in queries.organisations(connection)}
        self._batches: dict[str, dict[int, AnyRow]] = {}
        self._anchored_only = anchored_only

    def organisations(self) -> list[str]:
        """DIDs of all organisations."""
        return list(self._pks)

    def sequences(self, did: str) -> list[int]:
        """Sequences of the organisation's batches."""
        return list(self._headers(did))

    def leaves(self, did: str, sequence: int) -> Iterator[bytes]:
        """Header line and tile lines; nothing where there is no such batch."""
        batch = self._headers(did).get(sequence)
        if batch is None:
            return
        yield header_line(header_of(self._connection, did, batch))
        yield from map(tile_line, tiles_of(self._connection, batch))

    def records(self, did: str, sequence: int) -> Iterator[bytes]:
        """Record lines in leaf order; where some are missing, then those of records that are nowhere."""
        batch = self._headers(did).get(sequence)
        if batch is None:
            return
        found = 0
        for line in record_lines(queries.records(self._connection, batch.pk)):
            found += 1
            yield line
        if found < batch.size:
            yield from record_lines(queries.strays(self._connection, self._pks[did]))

    def _headers(self, did: str) -> dict[int, AnyRow]:
        if did not in self._batches:
            rows = queries.batches(self._connection, self._pks[did], anchored_only=self._anchored_only)
            self._batches[did] = {row.sequence: row for row in rows if row.sequence >= 0}
        return self._batches[did]


def header_of(connection: Connection, did: str, batch: AnyRow) -> LeafListHeader:
    """The header of a batch's leaf list, with the organisation's authorisations."""
    given = tuple(
        Authorisation(_blob(row.account), row.deadline, _blob(row.signature))
        for row in queries.authorisations(connection, batch.pk)
    )
    return LeafListHeader(
        did, batch.sequence, _blob(batch.root), batch.size, batch.kinds, batch.format, given
    )


def tiles_of(connection: Connection, batch: AnyRow) -> Iterator[Tile]:
    """The tiles of a batch; lost leaf rows are named as missing, tiles without any row are left out."""
    hashes = {
        number: value
        for number, value in queries.tiles(connection, batch.pk).items()
        if 0 <= number < MAX_LEAVES // TILE_LEAVES
    }
    tiles = _padded(queries.leaves(connection, batch.pk), min(batch.size, MAX_LEAVES))
    last = -1
    for number, leaves, missing in tiles:
        yield from _bare(hashes, last + 1, number)
        yield Tile(number, _tile_hash(hashes, number), *_columns(leaves), missing)
        last = number
    yield from _bare(hashes, last + 1, MAX_LEAVES // TILE_LEAVES)


def record_lines(rows: Iterable[AnyRow]) -> Iterator[bytes]:
    """Lines of records from rows of one record and proof each, records together."""
    for (index, _, document), group in groupby(rows, key=itemgetter(0, 1, 2)):
        if index is not None and not 0 <= index < MAX_LEAVES:
            continue  # no such leaf can exist; the check of the tables names the row
        proofs = [_text(row.proof) for row in group if row.proof is not None]
        yield record_line(index, whole_record(_text(document), proofs))


def _bare(hashes: dict[int, Any], first: int, end: int) -> Iterator[Tile]:
    """Tile rows without any leaf row."""
    for number in sorted(hashes):
        if first <= number < end:
            yield Tile(number, _tile_hash(hashes, number), b"", b"", b"")


def _padded(rows: Iterable[AnyRow], count: int) -> Iterator[tuple[int, list[_Leaf], tuple[int, ...]]]:
    """Leaf rows by tile, with gaps filled up to ``count`` leaves."""
    leaves: list[_Leaf] = []
    missing: list[int] = []
    number = 0

    def fill(until: int) -> Iterator[tuple[int, list[_Leaf], tuple[int, ...]]]:
        nonlocal leaves, missing, number
        while number * TILE_LEAVES + len(leaves) < until:
            missing.append(number * TILE_LEAVES + len(leaves))
            leaves.append(_LOST)
            yield from flush()

    def flush() -> Iterator[tuple[int, list[_Leaf], tuple[int, ...]]]:
        nonlocal leaves, missing, number
        if len(leaves) == TILE_LEAVES:
            yield number, leaves, tuple(missing)
            leaves, missing, number = [], [], number + 1

    for row in rows:
        if not 0 <= row.leaf_index < MAX_LEAVES:
            continue  # no such leaf can exist; the check of the tables names the row
        yield from fill(row.leaf_index)
        leaves.append((_hash(row.record_digest), _hash(row.signature_digest), _hash(row.leaf_hash)))
        yield from flush()
    yield from fill(count)
    if leaves:
        yield number, leaves, tuple(missing)


def _columns(leaves: list[_Leaf]) -> tuple[bytes, bytes, bytes]:
    digests, signatures, hashes = zip(*leaves, strict=True)
    return b"".join(digests), b"".join(signatures), b"".join(hashes)


def _tile_hash(hashes: dict[int, Any], number: int) -> bytes | None:
    return _hash(hashes[number]) if number in hashes else None


def _blob(value: object) -> bytes:
    """Bytes of a column that somebody may have filled with anything."""
    if isinstance(value, str):
        return value.encode()
    return bytes(value) if isinstance(value, bytes | bytearray | memoryview) else b""


def _hash(value: object) -> bytes:
    """A hash column; another length becomes another hash, which the audit then names."""
    return _blob(value)[:HASH_SIZE].ljust(HASH_SIZE, b"\0")


def _text(value: object) -> bytes:
    """A JSON column on one line. Canonical JSON has no line end, so only damaged text is changed."""
    return _blob(value).replace(b"\n", b" ")
