"""``trace-service import``: a workbook or CSV file from the command line, run at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Column, Table
from rich.text import Text
from sqlalchemy.engine import Engine

from trace_service.cli.options import DataDir, open_installation
from trace_service.database import AnyRow, read
from trace_service.imports.errors import ImportRefusedError
from trace_service.imports.options import ImportOptions
from trace_service.imports.queries import row_errors
from trace_service.imports.service import UploadedFile, run_job, submit
from trace_service.imports.template import template_workbook
from trace_service.organisations.queries import organisation_pk
from verifier_cli.schema import SCHEMAS

MAX_SHOWN = 50  # errors in the table; all kept ones are in the API and its downloads
EXIT_REFUSED = 1  # the file has errors


def register(root: typer.Typer) -> None:
    """Add the command."""
    root.command("import")(import_file)
    root.command("template")(write_template)


def import_file(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="XLSX, or CSV in UTF-8 or GB18030.")
    ],
    data_dir: DataDir,
    org: Annotated[str, typer.Option(envvar="TRACE_DID", help="did:web of the uploading organisation.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, store nothing.")] = False,
    partial: Annotated[
        bool, typer.Option("--partial", help="Take the good rows of a file with bad ones.")
    ] = False,
    mapping: Annotated[Path | None, typer.Option(help="JSON: {sheet: {column header: field}}.")] = None,
    sheet_type: Annotated[str | None, typer.Option("--type", help="Record type of a CSV file.")] = None,
) -> None:
    """Turn a workbook into drafts, whole or not at all; what is wrong is listed by sheet, row and column."""
    settings, engine = open_installation(data_dir)
    options = ImportOptions(dry_run, partial, sheet_type, mapping.read_text("utf-8") if mapping else None)
    console = Console()
    with read(engine) as connection:
        uploader = organisation_pk(connection, org)
    try:
        job = submit(engine, settings, uploader, UploadedFile(file.name, file.read_bytes()), options)
    except ImportRefusedError as refused:
        console.print(f"{refused.error.message}\n{refused.error.fix}", markup=False, style="red")
        raise typer.Exit(EXIT_REFUSED) from None
    with _progress(console) as bar:
        task = bar.add_task(file.name, total=None)
        job = run_job(
            engine, settings, job.pk, lambda step, rows: bar.update(task, description=f"{step} ({rows:,})")
        )
    _show(console, engine, job)
    if job.outcome == "refused":
        raise typer.Exit(EXIT_REFUSED)


def write_template(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="New XLSX file.")],
    schema: Annotated[str | None, typer.Option("--type", help="Only this record type: agreement.1.")] = None,
) -> None:
    """Write the template workbook: the sheets for daily use, or those of one record type with an example."""
    if schema is not None and schema not in SCHEMAS:
        raise typer.BadParameter(f"one of {', '.join(SCHEMAS)}", param_hint="--type")
    with file.open("xb") as stream:
        stream.write(template_workbook(schema))
    typer.echo(str(file))


def _progress(console: Console) -> Progress:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _show(console: Console, engine: Engine, job: AnyRow) -> None:
    with read(engine) as connection:
        rows = row_errors(connection, job.pk, after=0, limit=MAX_SHOWN)
    if rows:
        headers = ("工作表 Sheet", "行 Row", "列 Column", "内容 Value", "问题 Message", "处理 Fix")
        # Folded: a value or a list of choices that is cut off cannot be looked for in the sheet.
        table = Table(*(Column(header, overflow="fold") for header in headers), show_lines=True)
        for row in rows:
            style = "red" if row.severity == "error" else "dim"
            place = str(row.row) if row.row else "-"
            message = f"{row.message} [{row.code}]"
            cells = (row.sheet, place, row.column, row.value, message, row.fix)
            table.add_row(*map(Text, cells), style=style)  # Text: what the file says is no markup
        console.print(table)
    if job.errors + job.notes > len(rows):
        console.print(
            f"… {job.errors + job.notes - len(rows):,} more: GET /v1/imports/{job.id}/errors", markup=False
        )
    console.print(
        f"{job.outcome}: {job.rows:,} rows, {job.drafted:,} drafted, {job.unchanged:,} unchanged, "
        f"{job.errors:,} errors, {job.notes:,} notes",
        markup=False,
    )
