"""``trace-service init``: a new installation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trace_service.cli.options import DataDir
from trace_service.installation import Plan, initialise
from trace_service.keys.passphrase import read_passphrase


def register(root: typer.Typer) -> None:
    """Add the command."""
    root.command("init")(init)


def init(
    data_dir: DataDir,
    operator: Annotated[str, typer.Option(help="did:web of the operator of this service.")],
    embedded: Annotated[
        bool, typer.Option("--embedded", help="Keep a chain of our own in the data directory.")
    ] = False,
    rpc: Annotated[str | None, typer.Option(help="Use the chain behind this JSON-RPC address.")] = None,
    owner_dir: Annotated[
        Path | None,
        typer.Option(help="Where the registries' owner key is kept; default: beside the data directory."),
    ] = None,
    chain_id: Annotated[int | None, typer.Option(help="Id of the embedded chain; default: random.")] = None,
    finality: Annotated[
        str, typer.Option(help="latest or finalized: when a block counts as final.")
    ] = "latest",
    settle_seconds: Annotated[
        int, typer.Option(help="Wait so long after a block where finality is latest.")
    ] = 0,
) -> None:
    """Create keys, database and contracts, and write service.toml and trust.toml.

    The owner key is the registries' root of authority. Move its directory to a safe place: the service never
    needs it.
    """
    if embedded == (rpc is not None):
        raise typer.BadParameter("choose either --embedded or --rpc URL")
    if finality not in ("latest", "finalized"):
        raise typer.BadParameter("finality is latest or finalized")
    data_dir = data_dir.resolve()
    plan = Plan(
        data_dir=data_dir,
        owner_dir=(owner_dir or data_dir.with_name(data_dir.name + "-owner")).resolve(),
        operator=operator,
        rpc_url=rpc,
        chain_id=chain_id,
        finality=finality,
        settle_seconds=settle_seconds,
    )
    passphrase = read_passphrase(confirm=True)
    settings = initialise(plan, passphrase)
    typer.echo(f"chain {settings.chain.chain_id}, registry {settings.chain.anchor_registry}")
    typer.echo(f"trust file {settings.trust_file}, owner key in {plan.owner_dir}")
