"""The dossier: one ZIP with every proof file of a lineage, and what verifying them offline takes.

::

    manifest.json                          what is in it, which record it is about, what is withheld
    records/<type>/<digest>.trace.json     one proof file each; the edges are in the records themselves
    trust.toml, snapshot.json              a convenience: they are the word of whoever made the dossier
    README.txt

Nothing in the manifest is evidence: records are found by their own digests, links are followed in the signed
records. The manifest only says where to begin, and what its maker keeps back.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

import orjson

from verifier_cli.canonical import canonical
from verifier_cli.encoding import digest_multibase, parse_digest_multibase, parse_time
from verifier_cli.errors import DataError, DossierError, ProofFileError
from verifier_cli.proof_file import MAX_PROOF_FILE, MAX_ZIP_RATIO, SUFFIX, check_zip_directory
from verifier_cli.trust import MAX_TRUST_FILE

__all__ = ["DOSSIER_TYPE", "Dossier", "Entry", "Part", "is_dossier", "read_dossier", "write_dossier"]

DOSSIER_TYPE: Final = "SkillTraceDossier"
DOSSIER_VERSION: Final = 1

MAX_RECORDS: Final = 10_001
"""The record and as many ancestors as a lineage may have."""

MAX_MANIFEST: Final = 4 << 20
"""10,001 entries of 300 bytes, and some."""

MAX_SNAPSHOT: Final = 64 << 20
"""A snapshot of the organisations of one lineage; a quarter of a million batches."""

MAX_TOTAL: Final = 256 << 20
"""Bytes of all proof files together: they are held in memory; usual ones have 4 kB each."""

MANIFEST_NAME, TRUST_NAME, SNAPSHOT_NAME, README_NAME = (
    "manifest.json",
    "trust.toml",
    "snapshot.json",
    "README.txt",
)
_LIMITS: Final = {
    MANIFEST_NAME: MAX_MANIFEST,
    TRUST_NAME: MAX_TRUST_FILE,
    SNAPSHOT_NAME: MAX_SNAPSHOT,
    README_NAME: 1 << 16,
}
_RECORD_NAME: Final = re.compile(r"records/[a-z]{1,32}/[A-Za-z0-9_-]{1,64}\.trace\.json")
_TYPE: Final = re.compile(r"[a-z]{1,32}")

_README: Final = """SkillTrace dossier / SkillTrace 溯源档案

Verify everything in it with one command, offline:  trace-verify dossier FILE.zip
离线核验全部内容：                                    trace-verify dossier 文件.zip

trust.toml and snapshot.json were put in by whoever made this file: they say which chain to believe and what
it said. To rely on the result, use your own trust file:  trace-verify dossier FILE.zip --trust trust.toml
trust.toml 与 snapshot.json 由制作者放入。若要据此作出决定，请使用自己的信任文件（--trust）。
"""


class Entry(NamedTuple):
    """What the manifest says of one record: its record_digest, its type (`activity`), its name in the ZIP."""

    digest: bytes
    type: str
    name: str


class Part(NamedTuple):
    """A proof file to write, with the digest and type of its record."""

    digest: bytes
    type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Dossier:
    """A dossier as read: its parts belong together, none of them is verified.

    `files` are (name in the ZIP, bytes); `withheld` maps digests to record types; `created` is ISO time.
    """

    root: bytes
    created: str
    entries: tuple[Entry, ...]
    files: tuple[tuple[str, bytes], ...]
    withheld: Mapping[bytes, str]
    trust: str | None = None
    snapshot: bytes | None = None

    def root_file(self) -> tuple[str, bytes]:
        """Name and bytes of the proof file that the manifest calls the root's."""
        name = next(entry.name for entry in self.entries if entry.digest == self.root)
        return name, dict(self.files)[name]


def is_dossier(path: Path) -> bool:
    """Whether it is a ZIP with a manifest; anything else that cannot be read is none."""
    try:
        with open(path, "rb") as stream:
            if stream.read(4) != b"PK\x03\x04":
                return False
            check_zip_directory(stream, str(path))
            with zipfile.ZipFile(stream) as archive:
                return MANIFEST_NAME in archive.namelist()
    except (OSError, ValueError, ProofFileError, zipfile.BadZipFile, NotImplementedError):
        return False


def read_dossier(path: Path) -> Dossier:
    """Read a dossier whole, within its limits.

    Raises DossierError: no ZIP or no manifest, a name twice or outside the form, more or larger entries than
    the limits, entries and manifest not the same.
    """
    try:
        with open(path, "rb") as stream:
            check_zip_directory(stream, str(path))
            with zipfile.ZipFile(stream) as archive:
                return _read(archive)
    except OSError as error:
        raise DossierError(str(path), f"cannot be read: {error.strerror}") from None
    except ProofFileError as error:
        raise DossierError(error.path, error.reason) from None
    except (ValueError, RuntimeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        # RuntimeError: encrypted; NotImplementedError, a kind of it: unknown compression.
        raise DossierError(str(path), f"is no readable ZIP: {error}") from None


def _read(archive: zipfile.ZipFile) -> Dossier:
    infos: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        if info.filename in infos:
            raise DossierError(info.filename, "is in the ZIP twice")
        if info.filename not in _LIMITS and not _RECORD_NAME.fullmatch(info.filename):
            raise DossierError(info.filename[:200], "is no name of a dossier")
        infos[info.filename] = info
    if len(infos) > MAX_RECORDS + len(_LIMITS):
        raise DossierError(MANIFEST_NAME, f"more than {MAX_RECORDS} records")
    if MANIFEST_NAME not in infos:
        raise DossierError(MANIFEST_NAME, "is missing: this ZIP is no dossier")
    root, created, entries, withheld = _manifest(_unpack(archive, infos[MANIFEST_NAME]))
    for name in {entry.name for entry in entries} - infos.keys():
        raise DossierError(name, "is named by the manifest and missing")
    for name in infos.keys() - {entry.name for entry in entries} - _LIMITS.keys():
        raise DossierError(name, "is not named by the manifest")
    if sum(infos[entry.name].file_size for entry in entries) > MAX_TOTAL:
        raise DossierError(MANIFEST_NAME, f"the records unpack to more than {MAX_TOTAL} bytes")
    files = tuple((entry.name, _unpack(archive, infos[entry.name])) for entry in entries)
    trust = _unpack(archive, infos[TRUST_NAME]) if TRUST_NAME in infos else None
    snapshot = _unpack(archive, infos[SNAPSHOT_NAME]) if SNAPSHOT_NAME in infos else None
    text = None if trust is None else trust.decode("utf-8")  # UnicodeDecodeError is a ValueError
    return Dossier(root, created, entries, files, withheld, text, snapshot)


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    limit = _LIMITS.get(info.filename, MAX_PROOF_FILE)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # The other methods may ask for gigabytes of memory before the first byte.
        raise DossierError(info.filename, "is packed in another way than deflate")
    if info.file_size > limit:
        raise DossierError(info.filename, f"is longer than {limit} bytes")
    if limit == MAX_PROOF_FILE and info.file_size > MAX_ZIP_RATIO * max(1, info.compress_size):
        raise DossierError(info.filename, f"is packed more than {MAX_ZIP_RATIO} times")
    with archive.open(info) as entry:
        data = entry.read(limit + 1)
    if len(data) > limit:
        raise DossierError(info.filename, f"is longer than {limit} bytes")
    return data


def _manifest(data: bytes) -> tuple[bytes, str, tuple[Entry, ...], dict[bytes, str]]:
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise DossierError(MANIFEST_NAME, "is not JSON") from None
    if not isinstance(value, dict) or value.get("type") != DOSSIER_TYPE:
        raise DossierError("$.type", f"is not {DOSSIER_TYPE}")
    if type(value.get("version")) is not int or value["version"] != DOSSIER_VERSION:
        raise DossierError("$.version", "unknown version: update the verifier")
    if value.keys() != {"type", "version", "root", "created", "entries", "withheld"}:
        raise DossierError("$", "members are not exactly those of a manifest")
    root = _digest("$.root", value["root"])
    created = value["created"]
    try:
        parse_time(created if isinstance(created, str) else "")
    except DataError:
        raise DossierError("$.created", "is no time") from None
    entries = tuple(
        Entry(_digest(path, item["digest"]), item["type"], item["name"])
        for path, item in _items(value, "entries", {"digest", "type", "name"})
    )
    withheld = {
        _digest(path, item["digest"]): item["type"]
        for path, item in _items(value, "withheld", {"digest", "type"})
    }
    if len({entry.name for entry in entries}) != len(entries):
        raise DossierError("$.entries", "a name is given twice")
    if len({entry.digest for entry in entries}) != len(entries):
        raise DossierError("$.entries", "a record is given twice")
    if len(withheld) != len(value["withheld"]):
        raise DossierError("$.withheld", "a record is given twice")
    if not withheld.keys().isdisjoint(entry.digest for entry in entries):
        raise DossierError("$.withheld", "a record is both withheld and in the dossier")
    if root not in {entry.digest for entry in entries}:
        raise DossierError("$.root", "is not among the entries")
    return root, created, entries, withheld


def _items(value: dict[str, Any], name: str, members: set[str]) -> Iterable[tuple[str, dict[str, str]]]:
    items = value[name]
    if not isinstance(items, list) or len(items) > MAX_RECORDS:
        raise DossierError(f"$.{name}", f"is no list of at most {MAX_RECORDS}")
    for index, item in enumerate(items):
        path = f"$.{name}[{index}]"
        if not isinstance(item, dict) or item.keys() != members:
            raise DossierError(path, f"members are not exactly {', '.join(sorted(members))}")
        if not all(isinstance(member, str) for member in item.values()):
            raise DossierError(path, "has a member that is no text")
        if not _TYPE.fullmatch(item["type"]):
            raise DossierError(f"{path}.type", "is no record type")
        if "name" in members and not _RECORD_NAME.fullmatch(item["name"]):
            raise DossierError(f"{path}.name", "is no name of a dossier")
        yield path, item


def _digest(path: str, value: Any) -> bytes:
    try:
        return parse_digest_multibase(value if isinstance(value, str) else "")
    except DataError as error:
        raise DossierError(path, error.reason) from None


def write_dossier(
    target: IO[bytes],
    root: bytes,
    parts: Iterable[Part],
    withheld: Mapping[bytes, str],
    *,
    created: str,
    trust: str,
    snapshot: bytes,
) -> None:
    """Write a dossier into `target`, one part at a time; the root's proof file must be among `parts`.

    The same arguments give the same bytes: no times but `created` enter the ZIP.
    """
    entries: list[dict[str, str]] = []
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for part in parts:
            digest = digest_multibase(part.digest)
            name = f"records/{part.type}/{digest}{SUFFIX}"
            entries.append({"digest": digest, "type": part.type, "name": name})
            archive.writestr(_info(name), part.data)
        manifest = {
            "type": DOSSIER_TYPE,
            "version": DOSSIER_VERSION,
            "root": digest_multibase(root),
            "created": created,
            "entries": entries,
            "withheld": [
                {"digest": digest_multibase(digest), "type": name}
                for digest, name in sorted(withheld.items())
            ],
        }
        archive.writestr(_info(MANIFEST_NAME), canonical(manifest))
        archive.writestr(_info(TRUST_NAME), trust)
        archive.writestr(_info(SNAPSHOT_NAME), snapshot)
        archive.writestr(_info(README_NAME), _README)


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)  # 1980: the ZIP's own times would make equal dossiers differ
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    return info
