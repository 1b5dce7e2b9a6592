"""The interpreter's recursion limit, which web3 and the eth libraries raise to 100,000 when they
are imported."""

from __future__ import annotations

import sys

RECURSION_LIMIT = 1_000  # Python's default; deep enough for every call chain of ours


def guard_recursion() -> None:
    """Set the limit back; call it after every import of web3 or eth libraries."""
    sys.setrecursionlimit(RECURSION_LIMIT)
