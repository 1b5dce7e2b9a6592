"""``trace-service indicators``: compute, print, draft the report."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from trace_service.cli.options import DataDir, open_installation
from trace_service.database import read, write
from trace_service.indicators.drafting import draft
from trace_service.indicators.service import Asker, Computed, Wanted, compute, peak_mib
from trace_service.publication.cli import own_chain_facts

WIDTH = 140  # of tables that are not printed to a terminal: no title is cut
REPORT_FILE = "report.json"
SNAPSHOT_FILE = "snapshot.json"
COMMUNITY_HELP = (
    "credentialSubject.id of the chain agreement (urn:uuid:…); where several claim it, "
    "the digest or record id of one."
)

Community = Annotated[str, typer.Option(help=COMMUNITY_HELP)]
From = Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day of the period.")]
To = Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="The day after its last.")]
Issuer = Annotated[
    str | None, typer.Option(help="DID that issues the report (auditor, operator): drafts it for signing.")
]
Out = Annotated[Path | None, typer.Option(help="Folder for report.json, and the snapshot of its block.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the report as JSON.")]


def register(root: typer.Typer) -> None:
    """Add the commands."""
    indicators = typer.Typer(help="Indicators and their signed reports.", no_args_is_help=True)
    indicators.command("run")(run_report)
    indicators.command("definitions")(definitions)
    root.add_typer(indicators, name="indicators")


def run_report(
    data_dir: DataDir,
    community: Community,
    since: From,
    until: To,
    issuer: Issuer = None,
    out: Out = None,
    json: AsJson = False,
) -> None:
    """Compute every indicator of a community and period, over the records that count now.

    With --issuer the report and the definitions that it lacks are drafted; the issuer's signer signs them.
    """
    from rich.console import Console

    settings, engine = open_installation(data_dir)
    facts = own_chain_facts(settings)
    wanted = Wanted(community, since.date(), until.date())
    console = Console(stderr=True)
    with console.status("reading") as status, read(engine) as connection:
        computed = compute(
            connection, facts, wanted, progress=lambda code: status.update(code), asker=Asker(issuer)
        )
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / REPORT_FILE).write_bytes(orjson.dumps(computed.subject(), option=orjson.OPT_INDENT_2))
        (out / SNAPSHOT_FILE).write_bytes(facts.snapshot.serialise())
    if json:
        typer.echo(orjson.dumps(computed.subject(), option=orjson.OPT_INDENT_2).decode())
    else:
        _print(computed)
    if issuer is not None:
        with write(engine) as connection:
            drafted = draft(connection, settings.chain, issuer, computed, int(time.time()))
        typer.echo(f"report {drafted.report_id} waits for the signature of {issuer}", err=True)
        if drafted.new_definitions:
            typer.echo(f"and {len(drafted.new_definitions)} definitions that it links", err=True)


def definitions(json: AsJson = False) -> None:
    """List the definitions of this release."""
    from verifier_cli.indicators.definition import shipped

    found = list(shipped().values())
    if json:
        items = [item.to_subject() for item in found]
        typer.echo(orjson.dumps(items, option=orjson.OPT_INDENT_2).decode())
        return
    table = _table("code", "version", "form", "名称", "title", "rows")
    for item in found:
        rows = ", ".join(map(str, item.rows))
        table.add_row(item.code, item.version, item.form, item.title["zh"], item.title.get("en", ""), rows)
    _console().print(table)


def _print(computed: Computed) -> None:
    titles = {item.code: item.title for item in computed.definitions}
    units = {item.code: item.unit for item in computed.definitions}
    table = _table("code", "指标", "value", "unit", "n", "coverage", "parts and flags")
    for value in computed.values:
        entry = value.to_subject()
        table.add_row(
            value.code,
            titles[value.code]["zh"],
            entry.get("value", value.state),
            units[value.code] if "value" in entry else "",
            "" if value.n is None else str(value.n),
            "" if value.coverage_bp is None else f"{value.coverage_bp / 100:.1f} %",
            _notes(entry),
        )
    _console().print(table)
    wanted = computed.wanted
    typer.echo(
        f"{len(computed.digests):,} records of {len({item.did for item in computed.members})} organisations, "
        f"{wanted.period_from} to {wanted.period_to}, as of block {computed.block}: "
        f"{computed.seconds:.1f} s, {peak_mib()} MiB"
    )


def _notes(entry: dict[str, Any]) -> str:
    parts = [f"{part['code']} {part['value']}" for part in entry.get("parts", ())]
    return "; ".join((*parts, *entry.get("flags", ())))


def _console() -> Any:
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=WIDTH)


def _table(*columns: str) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
