"""Cursors: opaque positions in lists that only grow at the end."""

from __future__ import annotations

from trace_service.problems import Problem
from verifier_cli.encoding import b64url_decode, b64url_encode
from verifier_cli.errors import DataError

_PREFIX = "after:"
MAX_PK = 2**63 - 1


def write_cursor(pk: int) -> str:
    """Return the cursor of the page after row ``pk``."""
    return b64url_encode(f"{_PREFIX}{pk}".encode())


def read_cursor(cursor: str | None) -> int:
    """Return the row after which the page begins, 0 without a cursor; raises `Problem` 422."""
    if cursor is None:
        return 0
    try:
        text = b64url_decode(cursor).decode("ascii")
        pk = int(text.removeprefix(_PREFIX)) if text.startswith(_PREFIX) and len(text) < 30 else -1
    except (DataError, ValueError):
        pk = -1
    if not 0 <= pk <= MAX_PK:
        raise Problem(
            422,
            "request.cursor",
            "Not a cursor of this service",
            path="$query.cursor",
            fix="pass on `next` of the page before as it is",
        )
    return pk
