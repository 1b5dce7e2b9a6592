"""The accounts that the service holds: the relayer, and each organisation's anchor and status account."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from trace_service.keys.files import load_account

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

Scope = Literal["anchor", "status"]


class Keyring(Protocol):
    """Gives out accounts. Raises `KeyFileError` where one is missing or cannot be opened."""

    def relayer(self) -> LocalAccount:
        """The account that pays gas."""
        ...

    def account(self, scope: Scope, organisation_pk: int) -> LocalAccount:
        """The account that signs for an organisation."""
        ...


class FileKeyring:
    """Accounts in encrypted files of the data directory; each is opened once (scrypt takes its time)."""

    def __init__(self, keys_dir: Path, passphrase: str) -> None:
        self._keys_dir = keys_dir
        self._passphrase = passphrase
        self._open: dict[str, LocalAccount] = {}
        self._lock = threading.Lock()

    def relayer(self) -> LocalAccount:
        """``relayer.json``."""
        return self._load("relayer.json")

    def account(self, scope: Scope, organisation_pk: int) -> LocalAccount:
        """``anchor-<pk>.json`` or ``status-<pk>.json``."""
        return self._load(f"{scope}-{organisation_pk}.json")

    def _load(self, name: str) -> LocalAccount:
        with self._lock:
            if name not in self._open:
                self._open[name] = load_account(self._keys_dir / name, self._passphrase)
            return self._open[name]
