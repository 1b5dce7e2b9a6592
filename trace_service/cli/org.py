"""``trace-service org``: organisations, their record keys and API keys."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trace_service.cli.options import DataDir, open_installation
from trace_service.database import read, write
from trace_service.keys.files import KeyFileError, public_part, write_secret
from trace_service.organisations import service
from trace_service.organisations.queries import MAX_PAGE, list_organisations, organisation_pk
from trace_service.security import MAX_KEY_DAYS, create_key, revoke_key

# Other domains add commands to this group (accreditation is the chain's).
app = typer.Typer(help="Organisations and their keys.", no_args_is_help=True)

API_KEY_FILE = "api-key"
DID_FILE = "did"  # so that the signer knows whose keys these are
RECORD_KEY_FILE = "record.json"
MEMBER_SCOPES = "issue,countersign,status,read"

Did = Annotated[str, typer.Argument(help="did:web of the organisation")]


def register(root: typer.Typer) -> None:
    """Add the group."""
    root.add_typer(app, name="org")


@app.command()
def add(
    did: Did,
    data_dir: DataDir,
    name: Annotated[str, typer.Option(help="Name in Chinese, as registered.")],
    name_en: Annotated[str, typer.Option(help="Name in English.")] = "",
    record_key: Annotated[list[str] | None, typer.Option(help="Public record key (multikey).")] = None,
    org_dir: Annotated[
        Path | None, typer.Option(help="Take the record key from here; leave DID and API key here.")
    ] = None,
    scopes: Annotated[str, typer.Option(help="Scopes of that API key.")] = MEMBER_SCOPES,
) -> None:
    """Register an organisation. Again with the same names changes nothing."""
    _settings, engine = open_installation(data_dir)
    known = list(record_key or ())
    if org_dir is not None:
        known.append(public_part(org_dir / RECORD_KEY_FILE))
    with write(engine) as connection:
        organisation = service.register(connection, did, name, name_en)
        for key in known:
            service.add_record_key(connection, did, key)
        if org_dir is not None and not (org_dir / API_KEY_FILE).exists():
            api_key = create_key(connection, organisation, _scopes(scopes), label=str(org_dir.name))
            write_secret(org_dir / API_KEY_FILE, api_key.encode() + b"\n")
    if org_dir is not None:
        (org_dir / DID_FILE).write_text(did + "\n", "ascii")
    typer.echo(f"{did} is registered with {len(known)} record key(s)")


@app.command("list")
def list_(data_dir: DataDir) -> None:
    """Show the organisations of this installation."""
    _settings, engine = open_installation(data_dir)
    after = 0
    with read(engine) as connection:
        while rows := list_organisations(connection, after, MAX_PAGE):
            for row in rows:
                typer.echo(f"{row.did}\t{row.name_zh}\t{row.name_en}")
            after = rows[-1].pk


@app.command()
def key(
    did: Did,
    data_dir: DataDir,
    scopes: Annotated[str, typer.Option(help="Scopes, separated by commas.")] = MEMBER_SCOPES,
    label: Annotated[str, typer.Option(help="What the key is for.")] = "",
    days: Annotated[int, typer.Option(help="Life of the key in days.")] = MAX_KEY_DAYS,
    out: Annotated[Path | None, typer.Option(help="Write the key to this new file (0600).")] = None,
    revoke: Annotated[str | None, typer.Option(help="End the key with this prefix instead.")] = None,
) -> None:
    """Make an API key, or end one. A new key is shown once, or written to a file."""
    _settings, engine = open_installation(data_dir)
    with write(engine) as connection:
        organisation = organisation_pk(connection, did)
        if revoke is not None:
            revoke_key(connection, revoke)
            typer.echo(f"key {revoke} has ended")
            return
        if out is not None and out.exists():
            raise KeyFileError(out, "exists", "choose another name")
        made = create_key(connection, organisation, _scopes(scopes), label=label, days=days)
        if out is not None:
            write_secret(out, made.encode() + b"\n")
    typer.echo(made if out is None else f"key written to {out}")


@app.command("record-key")
def record_key(
    did: Did,
    data_dir: DataDir,
    add: Annotated[str | None, typer.Option(help="Public record key to accept from now on.")] = None,
    end: Annotated[str | None, typer.Option(help="Public record key to accept no longer.")] = None,
) -> None:
    """Make a public record key known at the door, or close the door to it."""
    _settings, engine = open_installation(data_dir)
    with write(engine) as connection:
        if add is not None:
            service.add_record_key(connection, did, add)
        if end is not None:
            service.end_record_key(connection, did, end)


def _scopes(text: str) -> frozenset[str]:
    return frozenset(part.strip() for part in text.split(",") if part.strip())
