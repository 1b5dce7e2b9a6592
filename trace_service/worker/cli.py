"""``trace-service worker``."""

from __future__ import annotations

from typing import Annotated

import typer

from trace_service.cli.options import DataDir

EXIT_REFUSED = 2  # as everywhere in `trace-service`: the message says how to mend it


def register(root: typer.Typer) -> None:
    """Add the command."""
    root.command("worker")(worker)


def worker(
    data_dir: DataDir,
    adopt: Annotated[
        list[str] | None,
        typer.Option(help="Take over unfinished work of this executor_id, which is gone for good."),
    ] = None,
) -> None:
    """Import, seal, anchor and relay status changes until stopped. `serve` starts one by itself."""
    from trace_service.evm.errors import ChainError
    from trace_service.worker.lock import ExecutorBusyError, ExecutorNameError
    from trace_service.worker.loop import run  # imports the workflow engine and the chain client

    try:
        run(data_dir.resolve(), adopt or ())
    except (ChainError, ExecutorBusyError, ExecutorNameError) as error:
        typer.echo(f"trace-service: {type(error).__name__}: {error}", err=True)
        raise typer.Exit(EXIT_REFUSED) from None
