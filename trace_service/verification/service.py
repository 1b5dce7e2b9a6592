"""Verification for others: the published verifier itself, with this installation's trust file."""

from __future__ import annotations

import threading
from pathlib import Path

from verifier_cli.quorum import Nodes
from verifier_cli.report import Report
from verifier_cli.trust import Trust
from verifier_cli.verify import verify


class Verifier:
    """Runs `verifier_cli.verify`. The trust file is read again when it changes; each thread has its own
    nodes.
    """

    def __init__(self, trust_file: Path) -> None:
        self._trust_file = trust_file
        self._lock = threading.Lock()
        self._trust: tuple[int, Trust] | None = None
        self._local = threading.local()

    def verify(
        self, proof_file: bytes, now: int, *, valid_at: int | None = None, strict: bool = False
    ) -> Report:
        """The report of one proof file. Raises `TrustFileError` where the installation has no usable one."""
        stamp, trust = self._load()
        if getattr(self._local, "stamp", None) != stamp:
            self._local.stamp = stamp
            self._local.nodes = Nodes()
        nodes: Nodes = self._local.nodes
        return verify(proof_file, trust, nodes, now, valid_at=valid_at, strict=strict)

    def _load(self) -> tuple[int, Trust]:
        try:
            stamp = self._trust_file.stat().st_mtime_ns
        except OSError:
            stamp = 0  # loading says what is wrong
        with self._lock:
            if self._trust is None or self._trust[0] != stamp:
                self._trust = stamp, Trust.load(self._trust_file)
            return self._trust
