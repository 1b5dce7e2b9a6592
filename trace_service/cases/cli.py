"""``trace-service exceptions`` and ``trace-service cases``: what the operator, or one organisation, sees."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table

from trace_service.cases import queries
from trace_service.cases.exceptions import Asked, find
from trace_service.cases.overview import cases_of, overview
from trace_service.cli.options import DataDir, open_installation
from trace_service.database import read
from trace_service.publication.cli import own_chain_facts
from verifier_cli.indicators.exceptions_text import found_lines
from verifier_cli.indicators.times import day_of

WIDTH = 160  # of tables that are not printed to a terminal: no id is cut
MAX_CASES = 10_000  # of one listing
DAY = ["%Y-%m-%d"]

From = Annotated[datetime, typer.Option("--from", formats=DAY, help="First day.")]
To = Annotated[datetime, typer.Option("--to", formats=DAY, help="The day after the last.")]
As = Annotated[str | None, typer.Option("--as", help="DID: only what this organisation may see.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(root: typer.Typer) -> None:
    """Add the commands."""
    root.command("exceptions")(exceptions)
    root.command("cases")(cases)


def exceptions(
    data_dir: DataDir,
    since: From,
    until: To,
    community: Annotated[
        str | None, typer.Option(help="credentialSubject.id of the chain agreement (urn:uuid:…).")
    ] = None,
    rule: Annotated[list[str] | None, typer.Option(help="Only these rules.")] = None,
    did: As = None,
    json: AsJson = False,
) -> None:
    """Run the rules of an auditor over the records that count now, and list what they find."""
    settings, engine = open_installation(data_dir)
    facts = own_chain_facts(settings)
    asked = Asked(since.date(), until.date(), community, did, tuple(rule) if rule else None)
    with Console(stderr=True).status("reading") as status, read(engine) as connection:
        searched = find(
            connection, settings, facts, asked, int(time.time()), lambda code: status.update(code)
        )
    if json:
        typer.echo(orjson.dumps(searched.to_json(asked), option=orjson.OPT_INDENT_2).decode())
        return
    for line in found_lines(searched.found, "en"):
        typer.echo(line)


def cases(
    data_dir: DataDir,
    everything: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    did: As = None,
    json: AsJson = False,
) -> None:
    """List the cases with their steps, their age, and the value before and after."""
    _settings, engine = open_installation(data_dir)
    today = day_of(int(time.time()))
    with read(engine) as connection:
        found = cases_of(connection, did, queries.diagnoses(connection, did, after=0, limit=MAX_CASES))
    items = [overview(case, today) for case in found if everything or case.closed is None]
    if json:
        typer.echo(orjson.dumps(items, option=orjson.OPT_INDENT_2).decode())
        return
    table = Table(box=None, pad_edge=False)
    for name in (
        "case",
        "about",
        "state",
        "opened",
        "days",
        "before",
        "after",
        "target",
        "steps",
        "diagnosis",
    ):
        table.add_column(name, overflow="fold", justify="right" if name == "days" else "left")
    for item in items:
        table.add_row(*_cells(item))
    console = Console()
    (console if console.is_terminal else Console(width=WIDTH)).print(table)


def _cells(item: dict[str, Any]) -> tuple[str, ...]:
    effect = item["effect"] or {}
    values = [(effect.get(name) or {}).get("value", "-") for name in ("before", "after")]
    steps = ", ".join(f"{step['kind']} {step['on']}" for step in item["steps"])
    about = (item["case"], item["about"], item["state"], item["opened"], str(item["ageDays"]))
    return (*about, *values, effect.get("target") or "-", steps, item["id"])
