"""``trace-service credits``: the operator's look at the ledger."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.engine import Connection

from trace_service.cli.options import DataDir, open_installation
from trace_service.creditbank import views
from trace_service.creditbank.checks import check_ledger
from trace_service.creditbank.entry import local_day
from trace_service.creditbank.ledger import settle
from trace_service.creditbank.queries import accounts_of
from trace_service.database import AnyRow, read, utc_now
from verifier_cli.audit.text import finding_text

EXIT_FINDINGS = 1
WIDTH = 160  # of tables that are not printed to a terminal: no name is cut

Holder = Annotated[str, typer.Argument(help="The holder: credentialSubject.id of his records.")]
Bank = Annotated[str | None, typer.Option(help="Only this bank (DID).")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON; amounts in hundredths.")]
DAY = ["%Y-%m-%d"]


def register(root: typer.Typer) -> None:
    """Add the commands."""
    credits = typer.Typer(help="The credit bank's ledger.", no_args_is_help=True)
    credits.command("balance")(balance)
    credits.command("statement")(statement)
    credits.command("check")(check)
    root.add_typer(credits, name="credits")


def balance(data_dir: DataDir, holder: Holder, bank: Bank = None, json: AsJson = False) -> None:
    """Show a holder's accounts: balance, what open drafts reserve, what has lapsed, what is available."""
    _settings, engine = open_installation(data_dir)
    settle(engine, holder)
    with read(engine) as connection:
        row = views.known_holder(connection, holder)
        found = views.accounts(connection, row, None if bank is None else [bank], local_day(utc_now()))
    if json:
        typer.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
        return
    table = _table("bank", "kind", "balance", "reserved", "lapsed", "available", numbers=4)
    for account in found:
        amounts = [_credits(account[name]) for name in ("balance", "reserved", "lapsed", "available")]
        table.add_row(account["bank"], account["creditKind"], *amounts)
    _console().print(table)


def statement(
    data_dir: DataDir,
    holder: Holder,
    bank: Bank = None,
    since: Annotated[datetime | None, typer.Option("--from", formats=DAY, help="First day.")] = None,
    until: Annotated[datetime | None, typer.Option("--to", formats=DAY, help="Day after the last.")] = None,
    json: AsJson = False,
) -> None:
    """Show a holder's postings in a period, with the balance after each."""
    _settings, engine = open_installation(data_dir)
    settle(engine, holder)
    with read(engine) as connection:
        row = views.known_holder(connection, holder)
        found = views.statement(
            connection, row, _banks(connection, row, bank), since and since.date(), until and until.date()
        )
    if json:
        typer.echo(orjson.dumps(views.statement_json(found), option=orjson.OPT_INDENT_2).decode())
        return
    table = _table("on", "operation", "bank", "kind", "record", "amount", "balance", numbers=2)
    for line in found.lines:
        amounts = (_credits(line.amount), _credits(line.balance_after))
        table.add_row(line.on.isoformat(), line.op, line.bank, line.credit_kind, line.id, *amounts)
    _console().print(table)
    for (where, kind), amount in sorted(found.closing.items()):
        typer.echo(f"closing  {where}  {kind}  {_credits(amount)}")


def check(data_dir: DataDir) -> None:
    """Recompute every balance, entry and hash from the postings and the signed records."""
    _settings, engine = open_installation(data_dir)
    settle(engine)
    with read(engine) as connection:
        findings = list(check_ledger(connection))
    for finding in findings:
        typer.echo(f"- {finding_text(finding)}")
    typer.echo("the ledger is consistent" if not findings else f"{len(findings)} findings")
    if findings:
        raise typer.Exit(EXIT_FINDINGS)


def _banks(connection: Connection, holder: AnyRow, bank: str | None) -> set[str]:
    every = {account.bank for account in accounts_of(connection, holder.pk)}
    return every if bank is None else every & {bank}


def _credits(amount: int) -> str:
    """Hundredths as credits: -150 is -1.50."""
    whole, part = divmod(abs(amount), 100)
    return f"{'-' if amount < 0 else ''}{whole:,}.{part:02}"


def _table(*names: str, numbers: int) -> Table:
    table = Table(box=None, pad_edge=False)
    for position, name in enumerate(names):
        number = position >= len(names) - numbers
        table.add_column(name, justify="right" if number else "left", no_wrap=number)
    return table


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH)
