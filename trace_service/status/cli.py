"""``trace-service status …``: change the status of records, see changes, annul a revocation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trace_service.cli.options import DataDir, open_installation
from trace_service.database import read, write
from trace_service.keys.files import load_account
from trace_service.keys.passphrase import read_passphrase
from trace_service.organisations.queries import organisation_pk
from trace_service.status import queries
from trace_service.status.reasons import REASONS, action_name, reason_name
from trace_service.status.service import Request, request_changes, state_of

app = typer.Typer(help="Revoke, suspend, reinstate or supersede records; annul.", no_args_is_help=True)

MANAGE_KEY_FILE = "manage.json"
PAGE = 1_000

Did = Annotated[str, typer.Argument(help="did:web of the issuer")]


def register(root: typer.Typer) -> None:
    """Add the group."""
    root.add_typer(app, name="status")


@app.command()
def change(
    did: Did,
    action: Annotated[str, typer.Argument(help="revoke, suspend, reinstate or supersede")],
    record_ids: Annotated[list[str], typer.Argument(help="Record ids (urn:uuid:...).")],
    data_dir: DataDir,
    reason: Annotated[str | None, typer.Option(help=f"One of {', '.join(REASONS)}.")] = None,
    note: Annotated[str, typer.Option(help="For the file; it does not go on chain.")] = "",
) -> None:
    """Ask for a change of status; the worker brings it onto the chain."""
    _settings, engine = open_installation(data_dir)
    with write(engine) as connection:
        organisation = organisation_pk(connection, did)
        requests = [Request(record_id, action, reason, note) for record_id in record_ids]
        ids = request_changes(connection, organisation, requests)
    for change_id, record_id in zip(ids, record_ids, strict=True):
        typer.echo(f"{record_id}\t{change_id}")


@app.command("list")
def list_(did: Did, data_dir: DataDir) -> None:
    """Show the changes of an organisation's records."""
    _settings, engine = open_installation(data_dir)
    after = 0
    with read(engine) as connection:
        organisation = organisation_pk(connection, did)
        while rows := queries.listed(connection, organisation, after, PAGE, None):
            for row in rows:
                what = action_name(row.plane, row.on)
                typer.echo(f"{row.record_id}\t{what}\t{reason_name(row.reason)}\t{state_of(row)}")
            after = rows[-1].pk


@app.command()
def annul(
    record_id: Annotated[str, typer.Argument(help="Record id (urn:uuid:...).")],
    data_dir: DataDir,
    key_dir: Annotated[Path, typer.Option(help="The accreditor's directory; its manage.json signs.")],
    superseded: Annotated[bool, typer.Option(help="Annul a supersession instead of a revocation.")] = False,
) -> None:
    """Take a revocation back, as the accreditor (or owner): it was made in error. Both remain on chain."""
    from trace_service.evm.endpoint import open_chain
    from trace_service.status.annulment import annul_now

    settings, engine = open_installation(data_dir)
    account = load_account(key_dir / MANAGE_KEY_FILE, read_passphrase())
    with open_chain(settings) as url:
        annul_now(settings, engine, url, account, record_id, superseded=superseded)
    typer.echo(f"{record_id}\tannulled")
