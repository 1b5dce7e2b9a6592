"""Inputs that nobody here wrote: where they are, and counts of what was run.

A count is kept as a property of the test's report, and the summary of the run prints it (see
`tests/conftest.py`), so that "passed" cannot hide an empty folder.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.parts import require_part

if TYPE_CHECKING:
    from collections.abc import Callable

CORPORA_VARIABLE = "TRACE_CORPORA"
COUNT_PROPERTY = "corpus"
_DEFAULT = Path(__file__).resolve().parents[3] / "shared" / "corpora"


def corpus(name: str) -> Path:
    """A folder or file of the corpora; where it is missing the test is skipped, in strict mode it fails."""
    root = Path(os.environ.get(CORPORA_VARIABLE) or _DEFAULT)
    return require_part(root / name, f"set {CORPORA_VARIABLE} to the folder of corpora")


def count(record_property: Callable[[str, object], None], name: str, run: int, unexpected: int) -> None:
    """Keep a line for the summary of the run."""
    record_property(COUNT_PROPERTY, f"{name}: {run} run, {unexpected} unexpected")
