"""Proof files and what carries them: a file, a folder, a ZIP (protocol section 7)."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from verifier_cli.canonical import canonical
from verifier_cli.encoding import b64url_decode, b64url_encode
from verifier_cli.errors import DataError, ProofFileError
from verifier_cli.profile import MAX_SIZE, parse

__all__ = [
    "MAX_PROOF_FILE",
    "SUFFIX",
    "Anchor",
    "Carrier",
    "ProofFile",
    "UnknownVersionError",
    "carriers",
    "check_zip_directory",
    "holds_many",
    "read_carriers",
]

SUFFIX: Final = ".trace.json"
VERSION: Final = 1

MAX_PROOF_FILE: Final = MAX_SIZE + 4096
"""The largest record, and an anchor: 20 path hashes of 46 characters and five short members."""

MAX_PATH: Final = 20
"""Siblings up to the root of 2^20 leaves, the largest batch."""

MAX_ZIP_ENTRIES: Final = 50_000
"""A year's certificates of a large school; what is larger is better verified as a folder."""

MAX_ZIP_DIRECTORY: Final = 16 << 20
"""Bytes of the ZIP's directory, which is held in memory: 50,000 entries of 300 bytes."""

MAX_ZIP_RATIO: Final = 100
"""Proof files shrink about 3 times (half of them is hashes and signatures); a bomb, 1,000 times."""

MAX_ZIP_TOTAL: Final = 1 << 30
"""Bytes unpacked from one ZIP."""

MAX_SEQUENCE: Final = (1 << 53) - 1
_REGISTRY = re.compile(r"0x[0-9a-f]{40}\Z")
_TX_HASH = re.compile(r"0x[0-9a-f]{64}\Z")


class UnknownVersionError(ProofFileError):
    """A proof file of a version newer than this verifier: NOT_CHECKED, never FAILED (protocol section 9)."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where the record's leaf is. `registry` is 0x and lower case, `path` holds 32-byte hashes.

    `tx_hash` (0x) is a hint for people: nothing checks it.
    """

    chain_id: int
    registry: str
    sequence: int
    leaf_index: int
    path: tuple[bytes, ...]
    tx_hash: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The `anchor` member of a proof file."""
        answer: dict[str, Any] = {
            "chainId": self.chain_id,
            "registry": self.registry,
            "sequence": self.sequence,
            "leafIndex": self.leaf_index,
            "path": [b64url_encode(node) for node in self.path],
        }
        return answer if self.tx_hash is None else {**answer, "txHash": self.tx_hash}


class ProofFile(NamedTuple):
    """A parsed proof file. `record` is the record with its proofs, as a JSON value of the profile."""

    record: dict[str, Any]
    anchor: Anchor

    @classmethod
    def parse(cls, data: bytes) -> ProofFile:
        """Parse the bytes of a proof file.

        Raises:
            ProfileError: not JSON of protocol 2.1, or too long.
            UnknownVersionError: of a later version.
            ProofFileError: anything else; the path names the member.
        """
        value = parse(data, max_size=MAX_PROOF_FILE)
        if not isinstance(value, dict):
            raise ProofFileError("$", "is not an object")
        version = value.get("version")
        if type(version) is not int:
            raise ProofFileError("$.version", "is missing or no whole number")
        if version != VERSION:
            raise UnknownVersionError("$.version", f"version {version}: update the verifier")
        if value.keys() != {"version", "record", "anchor"}:
            raise ProofFileError("$", "members are not exactly version, record, anchor")
        if not isinstance(value["record"], dict):
            raise ProofFileError("$.record", "is not an object")
        return cls(value["record"], _anchor(value["anchor"]))

    @staticmethod
    def write(record: bytes, anchor: Anchor) -> bytes:
        """Bytes of a proof file around the bytes of a record with its proofs, which are kept as they are."""
        return b'{"version":1,"record":' + record + b',"anchor":' + canonical(anchor.to_json()) + b"}"


def _anchor(value: Any) -> Anchor:
    if not isinstance(value, dict):
        raise ProofFileError("$.anchor", "is not an object")
    if value.keys() - {"txHash"} != {"chainId", "registry", "sequence", "leafIndex", "path"}:
        raise ProofFileError("$.anchor", "members are not exactly those of protocol section 7")
    for name in ("chainId", "sequence", "leafIndex"):
        if type(value[name]) is not int or value[name] < 0:
            raise ProofFileError(f"$.anchor.{name}", "is not a whole number from 0")
    for name, pattern in (("registry", _REGISTRY), ("txHash", _TX_HASH)):
        if name in value and not (isinstance(value[name], str) and pattern.match(value[name])):
            raise ProofFileError(f"$.anchor.{name}", "is not 0x and lower-case hexadecimal digits")
    path = value["path"]
    if not isinstance(path, list) or len(path) > MAX_PATH:
        raise ProofFileError("$.anchor.path", f"is not a list of at most {MAX_PATH} hashes")
    return Anchor(
        value["chainId"],
        value["registry"],
        value["sequence"],
        value["leafIndex"],
        tuple(_node(index, item) for index, item in enumerate(path)),
        value.get("txHash"),
    )


def _node(index: int, item: Any) -> bytes:
    try:
        node = b64url_decode(item) if isinstance(item, str) else b""
    except DataError as error:
        raise ProofFileError(f"$.anchor.path[{index}]", error.reason) from None
    if len(node) != 32:
        raise ProofFileError(f"$.anchor.path[{index}]", "is not a hash of 32 bytes")
    return node


class Carrier(NamedTuple):
    """One proof file found: its name for people, and its bytes or why they could not be read."""

    name: str
    data: bytes | None
    problem: ProofFileError | None = None


def carriers(path: str | Path) -> Iterator[Carrier]:
    """Every proof file at `path`: the file itself, those in a ZIP, or those below a folder (sorted by name).

    In folders and ZIPs only names ending in `.trace.json` count. Trouble with one entry is reported in its
    place, so that the others are still verified; a ZIP beyond the limits is one problem as a whole.
    """
    place = Path(path)
    if place.is_dir():
        for folder, names, files in os.walk(place):
            names.sort()
            for name in sorted(files):
                if name.endswith(SUFFIX):
                    yield _entry(Path(folder, name))
    elif _is_zip(place):
        yield from _zip_entries(place)
    else:
        yield _file(place)


def holds_many(path: str | Path) -> bool:
    """Whether `path` is a folder or a ZIP, so that any number of proof files may be in it."""
    return Path(path).is_dir() or _is_zip(Path(path))


def read_carriers(path: str | Path) -> Iterator[tuple[str, bytes]]:
    """As `carriers`, but raising ProofFileError at the first one that cannot be read."""
    for carrier in carriers(path):
        if carrier.data is None:
            assert carrier.problem is not None
            raise carrier.problem
        yield carrier.name, carrier.data


def _entry(path: Path) -> Carrier:
    """A file of a folder; a pipe or a device among them would hold us for ever."""
    if path.exists() and not path.is_file():
        return Carrier(str(path), None, ProofFileError(str(path), "is no file"))
    return _file(path)


def _file(path: Path) -> Carrier:
    try:
        with open(path, "rb") as stream:
            # One byte more than allowed is enough for the parser to refuse it with its own reason.
            return Carrier(str(path), stream.read(MAX_PROOF_FILE + 1))
    except OSError as error:
        return Carrier(str(path), None, ProofFileError(str(path), f"cannot be read: {error.strerror}"))


def _is_zip(path: Path) -> bool:
    try:
        with open(path, "rb") as stream:
            return stream.read(4) in (b"PK\x03\x04", b"PK\x05\x06")
    except OSError:
        return False


def _zip_entries(path: Path) -> Iterator[Carrier]:
    import zipfile

    try:
        with open(path, "rb") as stream:
            check_zip_directory(stream, str(path))
            with zipfile.ZipFile(stream) as archive:
                infos = [info for info in archive.infolist() if info.filename.endswith(SUFFIX)]
                if len(archive.infolist()) > MAX_ZIP_ENTRIES:
                    raise ProofFileError(str(path), f"holds more than {MAX_ZIP_ENTRIES} entries")
                if sum(info.file_size for info in infos) > MAX_ZIP_TOTAL:
                    raise ProofFileError(str(path), f"unpacks to more than {MAX_ZIP_TOTAL} bytes")
                for info in infos:
                    yield _zip_entry(archive, info, f"{path}/{info.filename}")
    except ProofFileError as error:
        yield Carrier(str(path), None, error)
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError) as error:
        yield Carrier(str(path), None, ProofFileError(str(path), f"is no readable ZIP: {error}"))


def check_zip_directory(stream: IO[bytes], name: str) -> None:
    """Look at the directory's size before zipfile loads all of it into memory. Raises ProofFileError."""
    end_size, most_comment = 22, 1 << 16
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - end_size - most_comment - 20))
    tail = stream.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < end_size:
        raise ProofFileError(name, "is no readable ZIP: its directory is missing")
    if b"PK\x06\x07" in tail[max(0, at - 20) : at]:
        raise ProofFileError(name, "is a ZIP64, which only archives beyond the limits need")
    if int.from_bytes(tail[at + 12 : at + 16], "little") > MAX_ZIP_DIRECTORY:
        raise ProofFileError(name, f"has a directory of more than {MAX_ZIP_DIRECTORY} bytes")
    stream.seek(0)


def _zip_entry(archive: Any, info: Any, name: str) -> Carrier:
    import zipfile

    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # The other methods may ask for gigabytes of memory before the first byte.
        return Carrier(name, None, ProofFileError(name, "is packed in another way than deflate"))
    if info.file_size > MAX_ZIP_RATIO * max(1, info.compress_size):
        return Carrier(name, None, ProofFileError(name, f"is packed more than {MAX_ZIP_RATIO} times"))
    try:
        with archive.open(info) as entry:
            return Carrier(name, entry.read(MAX_PROOF_FILE + 1))
    except (OSError, ValueError, RuntimeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        # RuntimeError: encrypted; NotImplementedError, a kind of it: unknown compression.
        return Carrier(name, None, ProofFileError(name, f"cannot be unpacked: {error}"))
