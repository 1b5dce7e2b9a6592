"""Where the passphrase of key files comes from: the environment, or a prompt where somebody sits."""

from __future__ import annotations

import getpass
import os
import sys

PASSPHRASE_VARIABLE = "TRACE_PASSPHRASE"  # noqa: S105 - the name of a variable
MIN_PASSPHRASE = 8  # characters; scrypt makes guessing slow, but not a handful of letters
PLACEHOLDERS = frozenset(
    {"changeme", "change-me", "change_me", "password", "passphrase", "secret", "example", "12345678"}
)


class PassphraseError(Exception):
    """There is no usable passphrase; ``reason`` is missing, placeholder or short."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"passphrase {reason}: set {PASSPHRASE_VARIABLE} to at least {MIN_PASSPHRASE} secret characters"
        )
        self.reason = reason


def check_passphrase(passphrase: str) -> str:
    """Return ``passphrase``; raises `PassphraseError` for placeholders and short ones."""
    if passphrase.lower() in PLACEHOLDERS:
        raise PassphraseError("placeholder")
    if len(passphrase) < MIN_PASSPHRASE:
        raise PassphraseError("short")
    return passphrase


def read_passphrase(*, confirm: bool = False) -> str:
    """Return the passphrase from the environment or a prompt; raises `PassphraseError` where there is
    neither."""
    given = os.environ.get(PASSPHRASE_VARIABLE)
    if given:
        return check_passphrase(given)
    if not sys.stdin.isatty():
        raise PassphraseError("missing")
    typed = getpass.getpass("Passphrase of the key files: ")
    if confirm and getpass.getpass("Again: ") != typed:
        raise PassphraseError("mistyped")
    return check_passphrase(typed)
