"""The trust file: what a verifier believes beforehand, never taken from a record (protocol section 8)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from verifier_cli.did import check_did_web
from verifier_cli.encoding import multikey, parse_multikey
from verifier_cli.errors import DataError, TrustFileError
from verifier_cli.toml_table import TomlTable

__all__ = ["CodeHashes", "Deployment", "RootLimit", "SnapshotSigner", "Trust", "write_trust"]

MAX_TRUST_FILE: Final = 1 << 20
"""A trust file is written by hand; a megabyte holds thousands of deployments."""

MAX_SECONDS: Final = 10 * 366 * 86400
"""Ten years: longer ages and waits are a slip of the pen (milliseconds for seconds)."""

STATES: Final = ("active", "closed", "frozen")
FINALITIES: Final = ("finalized", "latest")
DEFAULT_MAX_HEAD_AGE: Final = 300
DEFAULT_MAX_SKEW: Final = 120
DEFAULT_SNAPSHOT_MAX_AGE: Final = 7 * 86400

_RPC_URL = re.compile(r"https?://[^\s@?#/]+(/[^\s#]*)?\Z")


@dataclass(frozen=True, slots=True)
class CodeHashes:
    """keccak-256 of the runtime code of the three contracts, as EXTCODEHASH gives it (32 bytes each)."""

    trust_registry: bytes
    anchor_registry: bytes
    evidence_reader: bytes


@dataclass(frozen=True, slots=True)
class RootLimit:
    """An organisation at the top of accreditation paths, with the kinds and path length believed from it."""

    org: str
    kinds: int
    depth: int


@dataclass(frozen=True, slots=True)
class SnapshotSigner:
    """Somebody whose snapshots and checkpoints are believed; `public_key` is Ed25519, 32 bytes."""

    name: str
    public_key: bytes


@dataclass(frozen=True, slots=True)
class Deployment:
    """One pinned set of contracts on one chain. Addresses are 20 bytes, hashes 32 bytes, ages seconds."""

    name: str
    chain_id: int
    genesis_hash: bytes
    trust_registry: bytes
    anchor_registry: bytes
    evidence_reader: bytes
    owner: bytes
    operator: str
    code_hashes: CodeHashes
    state: str = "active"
    rpc: tuple[str, ...] = ()
    agree: int = 1
    finality: str = "finalized"
    settle_seconds: int = 0
    max_head_age: int = DEFAULT_MAX_HEAD_AGE
    max_skew: int = DEFAULT_MAX_SKEW
    snapshot_max_age: int = DEFAULT_SNAPSHOT_MAX_AGE
    final_snapshot_sha256: bytes | None = None
    roots: tuple[RootLimit, ...] = ()


@dataclass(frozen=True, slots=True)
class Trust:
    """A parsed trust file."""

    deployments: tuple[Deployment, ...]
    snapshot_signers: tuple[SnapshotSigner, ...] = ()
    _index: Mapping[tuple[int, bytes], Deployment] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        index = {(item.chain_id, item.anchor_registry): item for item in self.deployments}
        object.__setattr__(self, "_index", index)

    def find(self, chain_id: int, registry: bytes) -> Deployment | None:
        """The deployment whose AnchorRegistry is `registry` (20 bytes) on chain `chain_id`, or None."""
        return self._index.get((chain_id, registry))

    @classmethod
    def load(cls, path: str | Path) -> Trust:
        """Read a trust file.

        Raises:
            TrustFileError: unreadable, not TOML, or a member is missing, unknown or out of range.
        """
        try:
            with open(path, "rb") as stream:
                data = stream.read(MAX_TRUST_FILE + 1)
        except OSError as error:
            raise TrustFileError(str(path), f"cannot be read: {error.strerror}") from None
        if len(data) > MAX_TRUST_FILE:
            raise TrustFileError(str(path), f"larger than {MAX_TRUST_FILE} bytes")
        try:
            return cls.parse(data.decode())
        except UnicodeDecodeError:
            raise TrustFileError(str(path), "not UTF-8") from None

    @classmethod
    def parse(cls, text: str) -> Trust:
        """Parse the text of a trust file; see `load` for the errors. Unknown members are refused, since a
        misspelt safety setting would otherwise be silently ignored."""
        try:
            table = tomllib.loads(text)
        except (ValueError, RecursionError) as error:  # ValueError: TOMLDecodeError, or an endless number
            raise TrustFileError("$", f"not TOML: {error}") from None
        top = TomlTable("$", table)
        if top.integer("version", 1, 1 << 31) != 1:
            raise TrustFileError("$.version", "unknown version: update the verifier")
        deployments = tuple(_deployment(item) for item in top.tables("deployment"))
        signers = tuple(_signer(item) for item in top.tables("snapshot_signer"))
        top.done()
        if not deployments:
            raise TrustFileError("$.deployment", "no deployment is named")
        keys = [(item.chain_id, item.anchor_registry) for item in deployments]
        if len(set(keys)) != len(keys):
            raise TrustFileError("$.deployment", "the same chain and anchor registry is named twice")
        return cls(deployments, signers)


def _deployment(table: TomlTable) -> Deployment:
    hashes = TomlTable(f"{table.path}.code_hashes", table.take("code_hashes", dict))
    state = table.choice("state", STATES, "active")
    digest = table.hexadecimal("final_snapshot_sha256", 32) if table.has("final_snapshot_sha256") else None
    if (state == "frozen") != (digest is not None):
        raise TrustFileError(
            f"{table.path}.final_snapshot_sha256", "belongs to a frozen deployment, and only to it"
        )
    rpc = _rpc(table)
    result = Deployment(
        name=table.text("name"),
        chain_id=table.integer("chain_id", 1, (1 << 53) - 1),
        genesis_hash=table.hexadecimal("genesis_hash", 32),
        trust_registry=table.hexadecimal("trust_registry", 20),
        anchor_registry=table.hexadecimal("anchor_registry", 20),
        evidence_reader=table.hexadecimal("evidence_reader", 20),
        owner=table.hexadecimal("owner", 20),
        operator=_did(table, "operator"),
        state=state,
        rpc=rpc,
        agree=table.integer("agree", 1, max(1, len(rpc)), 1),
        finality=table.choice("finality", FINALITIES, "finalized"),
        settle_seconds=table.integer("settle_seconds", 0, MAX_SECONDS, 0),
        max_head_age=table.integer("max_head_age", 1, MAX_SECONDS, DEFAULT_MAX_HEAD_AGE),
        max_skew=table.integer("max_skew", 0, MAX_SECONDS, DEFAULT_MAX_SKEW),
        snapshot_max_age=table.integer("snapshot_max_age", 1, MAX_SECONDS, DEFAULT_SNAPSHOT_MAX_AGE),
        final_snapshot_sha256=digest,
        roots=tuple(_root(item) for item in table.tables("root")),
        code_hashes=CodeHashes(
            hashes.hexadecimal("trust_registry", 32),
            hashes.hexadecimal("anchor_registry", 32),
            hashes.hexadecimal("evidence_reader", 32),
        ),
    )
    hashes.done()
    table.done()
    return result


def check_rpc_url(url: str, path: str) -> str:
    """Return `url` if it is http(s) without user name and fragment; the rest belongs in the trust file."""
    if not _RPC_URL.match(url):
        raise TrustFileError(path, "must be an http or https URL without user name and fragment")
    try:
        node_address(url)
    except ValueError:
        raise TrustFileError(path, "has no possible host or port") from None
    return url


def node_address(url: str) -> str:
    """One text for every spelling of a node's URL, so that no node is counted twice.

    Raises:
        ValueError: there is no such host or port.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    if not host:
        raise ValueError("no host")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{host}:{port}{parts.path.rstrip('/')}?{parts.query}"


def _rpc(table: TomlTable) -> tuple[str, ...]:
    urls = table.take("rpc", list, [])
    for index, url in enumerate(urls):
        if type(url) is not str:
            raise TrustFileError(f"{table.path}.rpc[{index}]", "must be text")
        check_rpc_url(url, f"{table.path}.rpc[{index}]")
    if len({node_address(url) for url in urls}) != len(urls):
        raise TrustFileError(f"{table.path}.rpc", "names an endpoint twice; it would agree with itself")
    return tuple(urls)


def _did(table: TomlTable, name: str) -> str:
    value = table.text(name)
    try:
        check_did_web(value)
    except DataError as error:
        raise TrustFileError(f"{table.path}.{name}", error.reason) from None
    return value


def _root(table: TomlTable) -> RootLimit:
    result = RootLimit(
        _did(table, "org"), table.integer("kinds", 1, (1 << 24) - 1), table.integer("depth", 1, 4, 4)
    )
    table.done()
    return result


def _signer(table: TomlTable) -> SnapshotSigner:
    try:
        key = parse_multikey(table.text("multikey"))
    except DataError as error:
        raise TrustFileError(f"{table.path}.multikey", error.reason) from None
    result = SnapshotSigner(table.text("name"), key)
    table.done()
    return result


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c >= " " and c != "\x7f" else f"\\u{ord(c):04x}" for c in escaped) + '"'


def write_trust(deployments: Iterable[Deployment], signers: Iterable[SnapshotSigner] = ()) -> str:
    """The TOML text that `Trust.parse` reads back to the same values."""
    lines = ["version = 1"]
    for item in deployments:
        lines += ["", "[[deployment]]", f"name = {_quoted(item.name)}", f"chain_id = {item.chain_id}"]
        for name in ("genesis_hash", "trust_registry", "anchor_registry", "evidence_reader", "owner"):
            lines.append(f'{name} = "0x{getattr(item, name).hex()}"')
        lines += [f"{name} = {_quoted(getattr(item, name))}" for name in ("operator", "state", "finality")]
        lines.append(f"rpc = [{', '.join(_quoted(url) for url in item.rpc)}]")
        for name in ("agree", "settle_seconds", "max_head_age", "max_skew", "snapshot_max_age"):
            lines.append(f"{name} = {getattr(item, name)}")
        if item.final_snapshot_sha256 is not None:
            lines.append(f'final_snapshot_sha256 = "0x{item.final_snapshot_sha256.hex()}"')
        lines.append("[deployment.code_hashes]")
        for name in ("trust_registry", "anchor_registry", "evidence_reader"):
            lines.append(f'{name} = "0x{getattr(item.code_hashes, name).hex()}"')
        for root in item.roots:
            lines += ["[[deployment.root]]", f"org = {_quoted(root.org)}"]
            lines += [f"kinds = {root.kinds}", f"depth = {root.depth}"]
    for signer in signers:
        lines += ["", "[[snapshot_signer]]", f"name = {_quoted(signer.name)}"]
        lines.append(f'multikey = "{multikey(signer.public_key)}"')
    return "\n".join(lines) + "\n"
