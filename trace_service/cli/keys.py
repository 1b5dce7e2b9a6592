"""``trace-service keys``: encrypted key files."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from trace_service.keys.files import create, public_part
from trace_service.keys.passphrase import read_passphrase

app = typer.Typer(help="Encrypted key files.", no_args_is_help=True)


class KeyKind(StrEnum):
    """What a key file holds."""

    RECORD = "record"
    ACCOUNT = "account"


def register(root: typer.Typer) -> None:
    """Add the group."""
    root.add_typer(app, name="keys")


@app.command("create")
def create_(
    path: Annotated[Path, typer.Argument(help="New file, such as ORGDIR/record.json.")],
    kind: Annotated[
        KeyKind, typer.Option(help="record: Ed25519, signs records. account: EVM account.")
    ] = KeyKind.RECORD,
) -> None:
    """Make a key and print its public part. The passphrase comes from TRACE_PASSPHRASE or a prompt."""
    passphrase = read_passphrase(confirm=True)
    typer.echo(create(path, "ed25519" if kind is KeyKind.RECORD else "secp256k1", passphrase))


@app.command()
def show(path: Annotated[Path, typer.Argument(help="Key file.")]) -> None:
    """Print the public part of a key file."""
    typer.echo(public_part(path))
