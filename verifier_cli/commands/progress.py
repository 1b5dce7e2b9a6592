"""Progress bars on standard error."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.progress import track

from verifier_cli.proof_file import SUFFIX

__all__ = ["tracked"]

T = TypeVar("T")


def tracked(answers: Iterator[T], paths: tuple[Path, ...]) -> Iterator[T]:
    """The same items, with a bar that counts them against the proof files below `paths`."""
    total = sum(_count(path) for path in paths)
    console = Console(stderr=True)
    return iter(track(answers, "Verifying", total=total, console=console, transient=True))


def _count(path: Path) -> int:
    if not path.is_dir():
        return 1
    return sum(name.endswith(SUFFIX) for _, _, files in os.walk(path) for name in files)
