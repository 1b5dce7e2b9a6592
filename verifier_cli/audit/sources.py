"""Where an audit reads what a service published: the protocol, and the folder of an export (protocol section
10).

Layout of an export folder::

    organisations.json                    {"type": "SkillTraceExport", "version": 1, "organisations": [DID,
    ...]} <org_id in hex>/batches.json          {"organisation": DID, "sequences": [0, 1, ...]}
    <org_id in hex>/<sequence>.leaves.ndjson
    <org_id in hex>/<sequence>.records.ndjson      only for those who may read records

Nothing of the content of a file ever becomes part of a path.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Protocol

import orjson

from verifier_cli.did import org_id
from verifier_cli.errors import DataError
from verifier_cli.leaf_list import MAX_LINE, MAX_RECORD_LINE, LeafListError

EXPORT_TYPE: Final = "SkillTraceExport"
EXPORT_VERSION: Final = 1
ORGANISATIONS_FILE: Final = "organisations.json"
BATCHES_FILE: Final = "batches.json"
LEAVES_SUFFIX: Final = ".leaves.ndjson"
RECORDS_SUFFIX: Final = ".records.ndjson"
MAX_INDEX_FILE: Final = 64 << 20
"""Bytes of a JSON index: a million sequences or 200,000 DIDs; more is not an index."""
MAX_SEQUENCE: Final = (1 << 64) - 1


class SourceError(DataError):
    """A published source that cannot be read at all (usage, exit code 3). ``path`` names the file or
    member.
    """


class Source(Protocol):
    """What a service published. Reads are repeatable; lines come with or without their newline."""

    def organisations(self) -> list[str]:
        """DIDs in the source. Raises `SourceError`."""

    def sequences(self, did: str) -> list[int]:
        """Sequences of the batches that the source has of an organisation. Raises `SourceError`."""

    def leaves(self, did: str, sequence: int) -> Iterator[bytes]:
        """Lines of a leaf list, header first; nothing where it is missing. Raises `LeafListError`."""

    def records(self, did: str, sequence: int) -> Iterator[bytes]:
        """Lines of records in leaf order; nothing where they are withheld. Raises `LeafListError`."""


class FolderSource:
    """The folder of an export."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def organisations(self) -> list[str]:
        """DIDs of organisations.json."""
        value = _index(self._folder / ORGANISATIONS_FILE)
        if value.get("type") != EXPORT_TYPE or value.get("version") != EXPORT_VERSION:
            raise SourceError(ORGANISATIONS_FILE, f"not a {EXPORT_TYPE} of version {EXPORT_VERSION}")
        dids = value.get("organisations")
        if not isinstance(dids, list) or not all(isinstance(did, str) for did in dids):
            raise SourceError(ORGANISATIONS_FILE, "organisations is not a list of DIDs")
        for did in dids:
            try:
                org_id(did)
            except DataError as error:
                raise SourceError(ORGANISATIONS_FILE, f"{did!r}: {error.reason}") from None
        return dids

    def sequences(self, did: str) -> list[int]:
        """Sequences of the organisation's batches.json."""
        value = _index(self._path(did) / BATCHES_FILE)
        sequences = value.get("sequences")
        if not isinstance(sequences, list) or not all(
            type(number) is int and 0 <= number <= MAX_SEQUENCE for number in sequences
        ):
            raise SourceError(f"{org_id(did).hex()}/{BATCHES_FILE}", "sequences is not a list of numbers")
        return sequences

    def leaves(self, did: str, sequence: int) -> Iterator[bytes]:
        """Lines of ``<sequence>.leaves.ndjson``."""
        return _lines(self._path(did) / f"{sequence}{LEAVES_SUFFIX}", MAX_LINE)

    def records(self, did: str, sequence: int) -> Iterator[bytes]:
        """Lines of ``<sequence>.records.ndjson``."""
        return _lines(self._path(did) / f"{sequence}{RECORDS_SUFFIX}", MAX_RECORD_LINE)

    def _path(self, did: str) -> Path:
        return self._folder / org_id(did).hex()


def _index(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_INDEX_FILE + 1)
    except OSError as error:
        raise SourceError(str(path), error.strerror or "cannot be read") from None
    if len(data) > MAX_INDEX_FILE:
        raise SourceError(str(path), f"larger than {MAX_INDEX_FILE} bytes")
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise SourceError(str(path), f"not JSON: {error.msg}") from None
    if not isinstance(value, dict):
        raise SourceError(str(path), "not an object")
    return value


def _lines(path: Path, limit: int) -> Iterator[bytes]:
    try:
        stream = path.open("rb")
    except FileNotFoundError:
        return
    except OSError as error:
        raise LeafListError(path.name, error.strerror or "cannot be read") from None
    with stream:
        while line := stream.readline(limit + 1):
            if len(line) > limit:
                raise LeafListError(path.name, f"a line is longer than {limit} bytes")
            yield line
