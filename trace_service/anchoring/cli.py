"""``trace-service anchor``: seal and anchor on demand."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.engine import Engine

from trace_service.anchoring import outbox, queries
from trace_service.cli.options import DataDir, open_installation
from trace_service.database import read, utc_now, write

POLL_SECONDS = 0.2


class NotAnchoredError(Exception):
    """Something still waits after the time given; nothing is lost, a worker goes on with it."""


def register(root: typer.Typer) -> None:
    """Add the command."""
    root.command("anchor")(anchor)


def anchor(
    data_dir: DataDir,
    now: Annotated[bool, typer.Option("--now", help="First seal whatever waits.")] = False,
    timeout: Annotated[float, typer.Option(help="Give up waiting after so many seconds.")] = 600.0,
) -> None:
    """Wait until everything sealed is anchored and final; with --now, everything complete.

    Does the work itself where no worker runs.
    """
    from trace_service.worker.lock import ExecutorBusyError, executor_lock

    settings, engine = open_installation(data_dir)
    if now:
        with write(engine) as connection:
            for organisation in queries.organisations(connection):
                if outbox.waiting_since(connection, organisation.pk, utc_now()) is not None:
                    outbox.demand(connection, organisation.pk, utc_now())
    started = time.monotonic()
    try:
        with executor_lock(data_dir, settings.executor_id):
            _work(data_dir, timeout)
    except ExecutorBusyError:
        _wait(engine, timeout)
    _report(engine, time.monotonic() - started)


def _work(data_dir: Path, timeout: float) -> None:
    from trace_service.evm.endpoint import open_chain
    from trace_service.keys.passphrase import read_passphrase
    from trace_service.worker.runtime import open_runtime

    settings, _engine = open_installation(data_dir)
    end = time.monotonic() + timeout
    with open_chain(settings) as url:
        runtime = open_runtime(settings, url, read_passphrase())
        runtime.check()
        while time.monotonic() < end:
            due = runtime.due()
            for organisation_pk in due:
                runtime.seal(organisation_pk)
            if not runtime.relay_for(POLL_SECONDS) and not due:
                return
    raise NotAnchoredError(f"not everything is final after {timeout:.0f} s")


def _wait(engine: Engine, timeout: float) -> None:
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        with read(engine) as connection:
            if not queries.anything_on_its_way(connection, utc_now()) and not outbox.any_demand(connection):
                return
        time.sleep(POLL_SECONDS)
    raise NotAnchoredError(f"not everything is final after {timeout:.0f} s; is the worker well?")


def _report(engine: Engine, seconds: float) -> None:
    with read(engine) as connection:
        for organisation in queries.organisations(connection):
            newest = queries.newest_anchored(connection, organisation.pk)
            if newest is None:
                typer.echo(f"{organisation.did}\tno batch yet")
                continue
            final = "final" if newest.final_at is not None else "anchored"
            typer.echo(
                f"{organisation.did}\tbatch {newest.sequence}\t{newest.size} records\t{final}"
                f"\troot 0x{newest.root.hex()}"
            )
    typer.echo(f"done in {seconds:.1f} s")
