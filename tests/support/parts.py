"""Parts of the test environment that are installed apart from Python: npm packages, compilers."""

import os
from pathlib import Path

import pytest

STRICT_VARIABLE = "TRACE_STRICT"  # set to 1 where a missing part must fail the run, as in CI


def require_part(path: Path, how: str) -> Path:
    """The path of an installed part. Where it is missing the test is skipped, in strict mode it fails.

    `how` is the command that installs it.
    """
    if path.exists():
        return path
    reason = f"{path.name} is missing: {how}"
    if os.environ.get(STRICT_VARIABLE) == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
