"""``trace-service gate``: who may have a credential of a standard, and what the others lack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text
from sqlalchemy.engine import Engine

from trace_service.cli.options import DataDir, open_installation
from trace_service.database import read
from trace_service.gate.dryrun import Question, Result, find_standard, run
from trace_service.gate.routes import answer
from trace_service.gate.texts import amount, name_of
from trace_service.localtime import today

MAX_SHOWN = 200  # rows of the table; --json gives all
EXIT_CLOSED = 1  # somebody lacks something


def register(root: typer.Typer) -> None:
    """Add the command."""
    root.command("gate")(gate)


def gate(
    standard: Annotated[str, typer.Argument(help="The standard: its record id, or its reference.")],
    data_dir: DataDir,
    org: Annotated[str, typer.Option(envvar="TRACE_DID", help="did:web that enrolled the trainees.")],
    trainee: Annotated[
        list[str] | None, typer.Option(help="Only this one; may repeat. Default: all.")
    ] = None,
    level: Annotated[str | None, typer.Option(help='Of the credential, "1" to "8".')] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything as JSON, one page a line.")] = False,
) -> None:
    """Check what a standard asks for, for each trainee, before credentials are issued. Nothing is stored."""
    _settings, engine = open_installation(data_dir)
    with read(engine) as connection:
        record_id = find_standard(connection, standard)
    question = Question(record_id, today(), level)
    results: list[Result] = []
    unknown: list[str] = []
    for page, found, others in _pages(engine, org, question, trainee):
        results += found
        unknown += others
        if as_json:
            typer.echo(orjson.dumps(page).decode())
    if not as_json:
        _show(results, unknown)
    if unknown or any(result.missing for result in results):
        raise typer.Exit(EXIT_CLOSED)


def _pages(
    engine: Engine, org: str, question: Question, trainees: list[str] | None
) -> Iterator[tuple[dict[str, Any], list[Result], list[str]]]:
    after: str | None = ""
    while after is not None:
        with read(engine) as connection:
            found = run(connection, org, question, trainees=trainees or None, after=after)
        yield answer(found), found.results, found.unknown
        after = found.last


def _show(results: list[Result], unknown: list[str]) -> None:
    console = Console()
    closed = [result for result in results if result.missing]
    table = Table(Column("学员 Trainee", overflow="fold"), "缺少 Missing", "需要 Needed", "现有 Found")
    for result in closed[:MAX_SHOWN]:
        who = result.number or result.trainee
        for lack in result.missing:
            # A row each: a name that wraps must not push the numbers away from it.
            cells = (name_of(lack), amount(lack.needed, lack.unit), amount(lack.found, lack.unit))
            table.add_row(*map(Text, (who, *cells)), end_section=lack is result.missing[-1])
            who = ""
    if closed:
        console.print(table)
    if len(closed) > MAX_SHOWN:
        console.print(f"… {len(closed) - MAX_SHOWN:,} more: --json gives all")
    _show_overridden(console, results)
    for each in unknown:
        console.print(f"{each}: 未由本单位登记 not enrolled by this organisation", markup=False)
    counts = Counter(code for result in closed for code in {each.code for each in result.missing})
    console.print(
        f"{len(results) - len(closed):,} 人通过 pass, {len(closed):,} 人不足 lack something", markup=False
    )
    for code, number in sorted(counts.items()):
        console.print(f"  {code}: {number:,}", markup=False)


def _show_overridden(console: Console, results: list[Result]) -> None:
    for result in results:
        for code, decision in sorted(result.overridden.items()):
            who = result.number or result.trainee
            console.print(f"{who}: {code} 经决定放行 let pass by {decision}", markup=False)
