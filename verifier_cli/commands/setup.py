"""What several commands need: trust file, language, nodes or snapshot."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from verifier_cli.chain import ChainReader
from verifier_cli.errors import MisuseError, SnapshotError
from verifier_cli.texts import Language, language_from
from verifier_cli.trust import Trust, check_rpc_url

__all__ = ["choose_language", "load_trust", "open_reader"]

DEFAULT_TRUST: Final = Path("trust.toml")


def load_trust(path: Path | None) -> Trust:
    """The trust file named, or `trust.toml` in the working folder. Raises TrustFileError, MisuseError."""
    if path is None and not DEFAULT_TRUST.exists():
        raise MisuseError(
            "no trust file: give --trust FILE, set TRACE_TRUST, or put trust.toml here; "
            "whoever runs the chain you believe in publishes one"
        )
    return Trust.load(path or DEFAULT_TRUST)


def choose_language(lang: str | None) -> Language:
    """zh or en; what the system asks for when nothing is said. Raises MisuseError."""
    if lang is None:
        names = (os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
        return language_from(next(filter(None, names), ""))
    if lang in ("zh", "en"):
        return "zh" if lang == "zh" else "en"
    raise MisuseError("--lang is zh or en")


def open_reader(trust: Trust, rpc: Sequence[str], *, offline: bool, snapshot: Path | None) -> ChainReader:
    """Nodes or a snapshot, as the options say. Raises MisuseError, TrustFileError, SnapshotError."""
    if snapshot is None:
        from verifier_cli.quorum import Nodes

        if offline:
            raise MisuseError("--offline needs --snapshot FILE")
        return Nodes([check_rpc_url(url, "--rpc") for url in rpc])
    from verifier_cli.snapshot import MAX_SNAPSHOT, Snapshot
    from verifier_cli.snapshot_reader import SnapshotReader

    if rpc:
        raise MisuseError("--snapshot and --rpc exclude each other")
    try:
        with open(snapshot, "rb") as stream:
            data = stream.read(MAX_SNAPSHOT + 1)
    except OSError as error:
        raise SnapshotError(str(snapshot), f"cannot be read: {error.strerror}") from None
    return SnapshotReader(Snapshot.parse(data, trust))
