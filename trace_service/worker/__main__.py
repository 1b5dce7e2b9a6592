"""``python -m trace_service.worker --data-dir D``."""

from __future__ import annotations

import logging
import sys

import typer

from trace_service.worker.cli import worker

if __name__ == "__main__":
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    typer.run(worker)
