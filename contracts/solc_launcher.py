#!/usr/bin/env python3
"""Makes npm's ``solc`` behave like the native compiler, for py-solc-x and slither.

The differences are levelled. npm's dies with EAGAIN when it reads a pipe and loses the end of what it writes
to one, so both streams go through files; it prints remarks (``>>> …``) in front of its JSON, which are
dropped; its ``--version`` is a bare number, where callers look for ``Version:``; and it reads files only
below ``--base-path``, where the native one is told ``--allow-paths``. The exit code is passed on.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SOLCJS = Path(__file__).resolve().parent / "node_modules" / "solc" / "solc.js"
REMARK = b">>>"


def _options(arguments: list[str]) -> list[str]:
    options: list[str] = []
    for argument in arguments:
        # Absolute names are found below the second of the two.
        options += ["--include-path", "/", "--base-path"] if argument == "--allow-paths" else [argument]
    return options


def main(arguments: list[str]) -> int:
    """Run the compiler with ``arguments`` of the native one; returns its exit code."""
    options = _options(arguments)
    with tempfile.TemporaryFile() as spool, tempfile.TemporaryFile() as answer:
        if "--standard-json" in options:
            shutil.copyfileobj(sys.stdin.buffer, spool)
            spool.seek(0)
        done = subprocess.run(["node", str(SOLCJS), *options], stdin=spool, stdout=answer, check=False)
        answer.seek(0)
        output = b"".join(line for line in answer if not line.startswith(REMARK))
    if "--version" in options and not output.startswith(b"Version:"):
        output = b"Version: " + output
    sys.stdout.buffer.write(output)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
