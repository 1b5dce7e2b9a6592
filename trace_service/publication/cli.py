"""``trace-service export`` and ``trace-service fsck``."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import orjson
import typer
from sqlalchemy.engine import Engine

from trace_service.cli.options import DataDir, open_installation
from trace_service.config import Settings
from trace_service.database import read
from trace_service.publication.database_source import DatabaseSource
from trace_service.publication.export import export as write_export
from trace_service.publication.fsck import FsckReport, fsck
from verifier_cli.audit.command import progress_bar, receipt_lines
from verifier_cli.audit.pool import default_jobs, workers
from verifier_cli.audit.receipts import Receipt, parse_receipt
from verifier_cli.audit.snapshot_facts import SnapshotFacts
from verifier_cli.audit.text import finding_text
from verifier_cli.encoding import parse_multikey
from verifier_cli.errors import CouldNotRead
from verifier_cli.rpc import Endpoint
from verifier_cli.snapshot_build import build_snapshot
from verifier_cli.trust import MAX_SECONDS, Deployment, Trust

EXIT_UNDECIDED = 2
SHOWN_FINDINGS = 50  # more do not help a reader; --json has them


def register(root: typer.Typer) -> None:
    """Add the commands."""
    root.command("export")(export)
    root.command("fsck")(check)


def export(
    data_dir: DataDir,
    folder: Annotated[Path | None, typer.Argument(help="New folder to write into.")] = None,
    org: Annotated[list[str] | None, typer.Option(help="Only this organisation (DID); may repeat.")] = None,
    leaves_only: Annotated[bool, typer.Option("--leaves-only", help="Leave the records out.")] = False,
    workbook: Annotated[
        Path | None,
        typer.Option(help="New XLSX file instead: the records that --org signs, for imports."),
    ] = None,
    schema: Annotated[str | None, typer.Option(help="Of the workbook: only this type (agreement.1).")] = None,
) -> None:
    """Write what `trace-verify audit` reads, leaf lists and records; or records as a workbook."""
    _settings, engine = open_installation(data_dir)
    if workbook is not None:
        export_workbook(engine, workbook, org or [], schema)
        return
    if folder is None:
        raise typer.BadParameter("a folder, or --workbook with a file, is needed")
    with read(engine) as connection:
        source = DatabaseSource(connection, anchored_only=True)
        done = write_export(source, folder, with_records=not leaves_only, organisations=org or ())
    typer.echo(
        f"{done.batches} batches of {done.organisations} organisations, {done.bytes:,} bytes in {folder}"
    )


def export_workbook(engine: Engine, path: Path, org: list[str], schema: str | None) -> None:
    """Write the records of one organisation, or of all, to ``path``; never over a file that is there."""
    from trace_service.publication.workbook.service import export_files

    if path.exists():
        raise typer.BadParameter(f"{path} exists", param_hint="--workbook")
    if len(org) > 1:
        raise typer.BadParameter("one organisation, or none for all", param_hint="--org")
    with read(engine) as connection:
        for written in export_files(connection, path, org[0] if org else None, schema):
            typer.echo(f"{written}: {written.stat().st_size:,} bytes")


def check(
    data_dir: DataDir,
    receipts: Annotated[list[Path] | None, typer.Option(help="Receipts that must be honoured.")] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, max=256, help="Processes; one a core by default.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Recompute every leaf, root and status, and hold the database against the chain.

    Exit code 0: nothing lost, double or missing; 1: something is wrong and named; 2: the chain could not be
    read.
    """
    settings, engine = open_installation(data_dir)
    try:
        facts = own_chain_facts(settings)
    except CouldNotRead as trouble:
        typer.echo(f"UNDECIDED: the chain could not be read ({trouble.reason}): {trouble.detail}", err=True)
        raise typer.Exit(EXIT_UNDECIDED) from None
    count = jobs or default_jobs()
    report = _run(engine, facts, list(_receipts(settings, receipts or [])), count, quiet=json)
    if json:
        typer.echo(orjson.dumps(report.to_json(), option=orjson.OPT_INDENT_2).decode())
    else:
        _print(report)
    raise typer.Exit(report.audit.verdict.exit_code)


def _run(
    engine: Engine, facts: SnapshotFacts, receipts: Sequence[Receipt], jobs: int, *, quiet: bool
) -> FsckReport:
    with workers(jobs) as executor, progress_bar(not quiet) as progress:
        return fsck(engine, facts, receipts=receipts, executor=executor, workers=jobs, progress=progress)


def own_chain_facts(settings: Settings) -> SnapshotFacts:
    """Everything that our own chain says now. Its age does not matter here: what it lacks is named."""
    from trace_service.evm.endpoint import open_chain

    pinned = _own_deployment(settings)
    now = int(time.time())
    with open_chain(settings) as url:
        deployment = replace(pinned, rpc=(url,), agree=1, max_head_age=MAX_SECONDS, max_skew=MAX_SECONDS)
        endpoint = Endpoint(url)
        try:
            snapshot = build_snapshot([endpoint], deployment, None, now)
        finally:
            endpoint.close()
    return SnapshotFacts(snapshot, replace(deployment, snapshot_max_age=MAX_SECONDS), now)


def _own_deployment(settings: Settings) -> Deployment:
    registry = bytes.fromhex(settings.chain.anchor_registry[2:])
    found = Trust.load(settings.trust_file).find(settings.chain.chain_id, registry)
    if found is None:
        raise CouldNotRead("no_deployment", f"{settings.trust_file} does not name this service's contracts")
    return found


def _receipts(settings: Settings, paths: Sequence[Path]) -> Iterator[Receipt]:
    """Receipts of files of JSON lines, by this service's own receipt key; raises DataError for others."""
    from trace_service.keys.files import public_part

    if not paths:
        return
    key = parse_multikey(public_part(settings.keys_dir / "receipt.json"))
    for path in paths:
        for line in receipt_lines(path):
            yield parse_receipt(line, [key])


def _print(report: FsckReport) -> None:
    audit, tally = report.audit, report.tally
    rows = (
        ("organisations", audit.counts.organisations),
        ("batches on the chain", audit.counts.batches),
        ("batches waiting for it", audit.counts.pending),
        ("leaves recomputed", audit.counts.leaves),
        ("records verified", audit.counts.records),
        ("signatures verified", audit.counts.signatures),
        ("complete records waiting", tally.waiting),
        ("status changes compared", tally.statuses),
        ("promises kept", tally.promises_kept),
        ("promises within their time", tally.promises_running),
        ("lost", report.lost),
        ("double", report.double),
        ("gaps", report.gaps),
        ("broken promises", report.broken_promises),
        ("findings", len(audit.findings) + audit.dropped),
    )
    typer.echo(f"{audit.verdict.value}  as of block {audit.block_number}")
    for name, number in rows:
        typer.echo(f"  {name:28} {number:>12,}")
    for finding in audit.findings[:SHOWN_FINDINGS]:
        typer.echo(f"- {finding_text(finding)}")
    if len(audit.findings) > SHOWN_FINDINGS:
        typer.echo(f"... and more; --json lists {len(audit.findings)}")
