"""The campaign's table."""

from __future__ import annotations

from collections import Counter

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tests.faults.campaign import Campaign, Target

COLUMNS = ("kills", "acknowledged", "lost", "double", "gaps", "unfiled")


def show(campaign: Campaign, console: Console) -> None:
    """Print one line for each hold point, and what was found in words."""
    console.print(_table(campaign))
    ledger, verdict = campaign.ledger, campaign.verdict
    ways = ", ".join(f"{count:,} {way}" for way, count in sorted(ledger.by_way().items()))
    console.print(f"{len(campaign.kills)} kills in {campaign.seconds:.0f} s")
    console.print(f"acknowledged: {len(ledger.records):,} records ({ways})")
    console.print(f"anchored:     {verdict.records:,} records in {verdict.batches:,} batches")
    console.print(
        f"receipts held: {len(ledger.receipts()):,}; "
        f"answers lost and asked for again: {ledger.answers_lost:,}; "
        f"put off: {ledger.put_off:,}; answered requests repeated: {ledger.repeated:,}"
    )
    for statement in verdict.statements:
        console.print(escape(statement))
    for defect in verdict.in_words():
        console.print(f"[red]DEFECT[/] {escape(defect)}")
    console.print("[green]no defect[/]" if verdict.sound else f"[red]{len(verdict.defects)} defects[/]")


def _table(campaign: Campaign) -> Table:
    verdict = campaign.verdict
    acknowledged = campaign.ledger.by_cycle()
    figures: dict[Target, Counter[str]] = {}
    for cycle, target in enumerate(campaign.kills):
        row = figures.setdefault(target, Counter())
        counts = (1, acknowledged[cycle], *(getattr(verdict, name)[cycle] for name in COLUMNS[2:]))
        row.update(dict(zip(COLUMNS, counts, strict=True)))
    table = Table(title="kill -9", title_justify="left")
    table.add_column("victim")
    table.add_column("hold point")
    for name in COLUMNS:
        table.add_column(name, justify="right")
    whole: Counter[str] = Counter()
    for target, row in sorted(figures.items(), key=lambda item: (item[0].victim, item[0].point)):
        table.add_row(target.victim, target.point, *(f"{row[name]:,}" for name in COLUMNS))
        whole.update(row)
    table.add_section()
    table.add_row("all", "", *(f"{whole[name]:,}" for name in COLUMNS))
    return table
