"""What can go wrong with the chain.

::

    ChainError
    ├── ChainUnavailable   the answer is unknown: refused, timed out, garbled, half an answer
    ├── ChainRefused       the node answered no: an error object, or a revert (decoded where the ABI knows it)
    └── ChainMismatch      it is not the chain of our settings: wrong id, other genesis, no code, other code

An unavailable chain is never taken as a refusal nor as a success (reliability promise 4).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


class ChainError(Exception):
    """Any trouble with the chain."""


@dataclass
class ChainUnavailable(ChainError):  # noqa: N818 - says what is so, not that we erred
    """The outcome is unknown. ``reason`` is a short code, ``detail`` names the endpoint's trouble."""

    method: str
    reason: str
    detail: str

    def __str__(self) -> str:
        return f"{self.method}: {self.reason} ({self.detail})"


@dataclass
class ChainRefused(ChainError):  # noqa: N818
    """The node refused. ``error`` is the custom error's name with ``arguments``, or "" when it is none of
    ours.
    """

    method: str
    code: int
    message: str
    data: bytes = b""
    error: str = ""
    arguments: tuple[Any, ...] = field(default=())

    def __str__(self) -> str:
        if self.error:
            return f"{self.method}: {self.error}{self.arguments}"
        return f"{self.method}: {self.message} (code {self.code})"


@dataclass
class ChainMismatch(ChainError):  # noqa: N818
    """The node is not the chain we are set up for. ``fix`` says how to mend it."""

    what: str
    expected: str
    actual: str
    fix: str

    def __str__(self) -> str:
        return f"{self.what}: expected {self.expected}, found {self.actual}; {self.fix}"
