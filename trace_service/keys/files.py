"""Encrypted key files: one JSON format for Ed25519 record keys and secp256k1 accounts.

The private key is encrypted with AES-256-GCM under a key that scrypt derives from the passphrase; kind and
public key are authenticated with it, so that a file cannot claim another's identity. Directories are 0700,
files 0600, and no file is ever overwritten: a lost key cannot be had back.
"""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from trace_service.recursion import guard_recursion
from verifier_cli.encoding import multikey

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

Kind = Literal["ed25519", "secp256k1"]

FORMAT_VERSION = 1
SCRYPT_N = 1 << 15  # 32 MiB and about 60 ms: dear for a guesser, unnoticed at start
SCRYPT_R = 8
SCRYPT_P = 1
SALT_BYTES = 16
NONCE_BYTES = 12
MAX_KEY_FILE = 4096  # bytes; ours have about 400


class KeyFileError(Exception):
    """A key file cannot be used. ``path`` is the file, ``reason`` a stable word: missing, exists, format,
    kind, passphrase, readable (by others) or mismatch."""

    def __init__(self, path: Path, reason: str, fix: str) -> None:
        super().__init__(f"key file {path}: {reason}; {fix}")
        self.path = path
        self.reason = reason
        self.fix = fix


def make_key_dir(path: Path) -> None:
    """Create ``path`` for its owner alone, and close it to others where it exists."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)


def create(path: Path, kind: Kind, passphrase: str) -> str:
    """Make a new key, write it durably to ``path``, and return its public part: a multikey or an 0x address.

    Raises `KeyFileError` (exists) rather than overwrite.
    """
    if kind == "ed25519":
        key = Ed25519PrivateKey.generate()
        private, public = key.private_bytes_raw(), multikey(key.public_key().public_bytes_raw())
    else:
        private = secrets.token_bytes(32)
        public = _account(private).address
    write_secret(path, _encrypt(kind, public, private, passphrase))
    return public


def load_ed25519(path: Path, passphrase: str) -> Ed25519PrivateKey:
    """Return the Ed25519 key in ``path``; raises `KeyFileError`."""
    private, public = _decrypt(path, "ed25519", passphrase)
    key = Ed25519PrivateKey.from_private_bytes(private)
    if multikey(key.public_key().public_bytes_raw()) != public:
        raise KeyFileError(path, "mismatch", "restore the file from its backup")
    return key


def load_account(path: Path, passphrase: str) -> LocalAccount:
    """Return the EVM account in ``path``; raises `KeyFileError`."""
    private, public = _decrypt(path, "secp256k1", passphrase)
    account = _account(private)
    if account.address != public:
        raise KeyFileError(path, "mismatch", "restore the file from its backup")
    return account


def public_part(path: Path) -> str:
    """Return the multikey or address written in ``path`` without opening the private key."""
    return str(_read(path)["public"])


def write_secret(path: Path, content: bytes) -> None:
    """Write ``content`` durably to a new file of mode 0600; raises `KeyFileError` (exists)."""
    make_key_dir(path.parent)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise KeyFileError(path, "exists", "choose another name; keys are never overwritten") from None
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)  # the name must survive a crash as well as the bytes
    finally:
        os.close(directory)


def _account(private: bytes) -> LocalAccount:
    from eth_account import Account  # half a second of imports that signers do not need

    guard_recursion()
    account: LocalAccount = Account.from_key(private)
    return account


def _derive(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=SCRYPT_N, r=SCRYPT_R, p=SCRYPT_P).derive(passphrase.encode())


def _encrypt(kind: Kind, public: str, private: bytes, passphrase: str) -> bytes:
    salt, nonce = secrets.token_bytes(SALT_BYTES), secrets.token_bytes(NONCE_BYTES)
    sealed = AESGCM(_derive(passphrase, salt)).encrypt(nonce, private, _bound(kind, public))
    members = {
        "version": FORMAT_VERSION,
        "kind": kind,
        "public": public,
        "kdf": {"name": "scrypt", "n": SCRYPT_N, "r": SCRYPT_R, "p": SCRYPT_P, "salt": _text(salt)},
        "cipher": {"name": "aes-256-gcm", "nonce": _text(nonce), "data": _text(sealed)},
    }
    return orjson.dumps(members, option=orjson.OPT_INDENT_2) + b"\n"


def _decrypt(path: Path, kind: Kind, passphrase: str) -> tuple[bytes, str]:
    members = _read(path)
    if members["kind"] != kind:
        raise KeyFileError(path, "kind", f"a key of kind {kind} is needed here")
    try:
        salt, nonce, sealed = (
            base64.b64decode(text, validate=True)
            for text in (members["kdf"]["salt"], members["cipher"]["nonce"], members["cipher"]["data"])
        )
        bound = _bound(kind, members["public"])
        return AESGCM(_derive(passphrase, salt)).decrypt(nonce, sealed, bound), members["public"]
    except InvalidTag:
        raise KeyFileError(path, "passphrase", "give the passphrase that the key was made with") from None
    except (KeyError, TypeError, ValueError):
        raise KeyFileError(path, "format", "restore the file from its backup") from None


def _read(path: Path) -> dict[str, Any]:
    try:
        if not path.is_file() and path.exists():
            raise KeyFileError(path, "format", "name the key file itself")  # a pipe would never end
        if path.stat().st_mode & 0o077:
            raise KeyFileError(path, "readable", f"run: chmod 600 {path}")
        with path.open("rb") as file:
            content = file.read(MAX_KEY_FILE + 1)
    except FileNotFoundError:
        raise KeyFileError(path, "missing", "create it with `trace-service keys create`") from None
    except PermissionError:
        raise KeyFileError(path, "permission", "run as the user who owns the key") from None
    try:
        members = orjson.loads(content)
    except orjson.JSONDecodeError:
        members = None
    if (
        not isinstance(members, dict)
        or members.get("version") != FORMAT_VERSION
        or not all(isinstance(members.get(name), str) for name in ("kind", "public"))
    ):
        raise KeyFileError(path, "format", "restore the file from its backup")
    return members


def _bound(kind: str, public: str) -> bytes:
    return f"skilltrace-key:{FORMAT_VERSION}:{kind}:{public}".encode()


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
