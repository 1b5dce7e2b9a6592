"""``trace-service serve``: the HTTP service with its children."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trace_service.cli.options import DataDir
from trace_service.keys.passphrase import read_passphrase
from trace_service.serving import ServeOptions
from trace_service.serving import serve as run


def register(root: typer.Typer) -> None:
    """Add the command."""
    root.command("serve")(serve)


def serve(
    data_dir: DataDir,
    host: Annotated[str | None, typer.Option(help="Address to listen on; default: service.toml.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one. Default: service.toml.")] = None,
    worker: Annotated[bool, typer.Option(help="Start the worker (imports, anchoring) as a child.")] = True,
    ready_file: Annotated[
        Path | None, typer.Option(help="Write url and process ids here once the service answers.")
    ] = None,
) -> None:
    """Serve the API, and run the embedded chain and the worker beside it."""
    run(ServeOptions(data_dir.resolve(), host, port, worker, ready_file), read_passphrase())
