"""Repeated ids, record_digests and status numbers within an organisation, in bounded memory.

Eight bytes are kept per value. Equal values have equal short forms, so nothing is missed; a hit is only a
suspicion and is looked up exactly in a second reading, which an honest source never needs.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import orjson

from verifier_cli.audit.findings import Code, Finding
from verifier_cli.audit.sources import Source
from verifier_cli.audit.tiles import TileResult, short_hash
from verifier_cli.errors import DataError
from verifier_cli.leaf_list import HASH_SIZE, TILE_LEAVES, parse_tile, split_hashes, split_record_line

PART = 1_000_000  # values sorted at a time: 40 MB of Python integers


@dataclass(slots=True)
class Repeats:
    """Short forms of everything that must be unique within one organisation."""

    digests: array[int] = field(default_factory=lambda: array("Q"))
    ids: array[int] = field(default_factory=lambda: array("Q"))
    numbers: array[int] = field(default_factory=lambda: array("Q"))

    def take(self, result: TileResult) -> None:
        """Add the values of one tile."""
        words = memoryview(result.record_digests).cast("Q")
        first_words = array("Q", words[:: HASH_SIZE // 8].tolist())
        for index in reversed(result.missing):  # zero bytes stand for a lost row
            del first_words[index % TILE_LEAVES]
        self.digests.extend(first_words)
        self.ids.extend(result.ids)
        self.numbers.extend(result.numbers)

    def findings(self, source: Source, did: str, sequences: Iterable[int]) -> Iterator[Finding]:
        """Name every value that occurs twice, at its second and later places."""
        digests, ids, numbers = (set(_twice(values)) for values in (self.digests, self.ids, self.numbers))
        if not (digests or ids or numbers):
            return
        first: dict[tuple[Code, bytes | str | int], str] = {}
        again: Counter[tuple[Code, int]] = Counter()
        for sequence in sequences:
            for code, value, index, record_id in _values(source, did, sequence, digests, ids, numbers):
                again[code, _short(value)] += 1
                place = f"sequence {sequence}, leaf {index}"
                known = first.setdefault((code, value), place)
                if known != place:
                    shown = value.hex() if isinstance(value, bytes) else str(value)
                    yield Finding(
                        code,
                        did,
                        sequence,
                        None,
                        index,
                        record_id,
                        known,
                        place,
                        f"value {shown} stands twice",
                    )
        suspects = (
            (Code.REPEATED_DIGEST, digests),
            (Code.REPEATED_ID, ids),
            (Code.REPEATED_STATUS_NUMBER, numbers),
        )
        for code, shorts in suspects:
            gone = sum(again[code, short] < 2 for short in shorts)
            if gone:
                detail = f"{code.value}: {gone} values that stood twice are not there when read again"
                yield Finding(Code.UNREADABLE, did, detail=detail)


def _short(value: bytes | str | int) -> int:
    if isinstance(value, bytes):
        return int.from_bytes(value[:8], "little")
    return short_hash(value) if isinstance(value, str) else value


def _twice(values: array[int]) -> Iterator[int]:
    """Values that occur more than once; sorted in parts, so that millions fit."""
    parts = len(values) // PART + 1
    for part in range(parts):
        ordered = sorted(values) if parts == 1 else sorted(v for v in values if v % parts == part)
        for before, after in pairwise(ordered):
            if before == after:
                yield before


Value = tuple[Code, bytes | str | int, int, str | None]


def _values(
    source: Source, did: str, sequence: int, digests: set[int], ids: set[int], numbers: set[int]
) -> Iterator[Value]:
    try:
        yield from _suspect_digests(source, did, sequence, digests)
        if ids or numbers:
            yield from _suspect_members(source, did, sequence, ids, numbers)
    except DataError:
        return  # the batch was already reported as unreadable


def _suspect_digests(source: Source, did: str, sequence: int, digests: set[int]) -> Iterator[Value]:
    for number, line in enumerate(source.leaves(did, sequence)):
        if number == 0 or not digests:
            continue
        tile = parse_tile(line)
        for place, digest in enumerate(split_hashes(tile.record_digests)):
            if int.from_bytes(digest[:8], "little") in digests and tile.first + place not in tile.missing:
                yield Code.REPEATED_DIGEST, digest, tile.first + place, None


def _suspect_members(
    source: Source, did: str, sequence: int, ids: set[int], numbers: set[int]
) -> Iterator[Value]:
    for line in source.records(did, sequence):
        index, data = split_record_line(line)
        try:
            document = orjson.loads(data)
            record_id = str(document["id"])
            number = int(str(document["credentialStatus"]["id"]).rpartition(":")[2])
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            continue  # such a record was already reported as invalid
        if index is None:
            continue
        if short_hash(record_id) in ids:
            yield Code.REPEATED_ID, record_id, index, record_id
        if number in numbers:
            yield Code.REPEATED_STATUS_NUMBER, number, index, record_id
