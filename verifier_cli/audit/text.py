"""An audit's report for people: plain lines, so that they can be read in a terminal and kept in a file."""

from __future__ import annotations

from collections.abc import Iterator

from verifier_cli.audit.findings import AuditReport, Finding
from verifier_cli.encoding import format_time
from verifier_cli.texts import printable

SHOWN_FINDINGS = 50  # more do not help a reader; the JSON form has them


def report_text(report: AuditReport) -> Iterator[str]:
    """Lines of the report, the verdict first."""
    counts = report.counts
    yield f"{report.verdict.value}  as of block {report.block_number}, {format_time(report.block_time)}"
    yield (
        f"  {counts.organisations} organisations, {counts.batches} batches, {counts.leaves} leaves, "
        f"{counts.records} records, {counts.signatures} signatures"
    )
    if not report.with_records:
        yield "  leaves only: no record was looked at"
    if counts.opaque:
        yield f"  {counts.opaque} leaves without a record, {counts.unexplained} of them unexplained"
    if counts.pending:
        yield f"  {counts.pending} sealed batches wait for the chain"
    if counts.receipts:
        yield f"  {counts.receipts} receipts, {counts.promises_pending} still within their time"
    for finding in report.findings[:SHOWN_FINDINGS]:
        yield f"- {finding_text(finding)}"
    hidden = len(report.findings) - SHOWN_FINDINGS + report.dropped
    if hidden > 0:
        yield f"... and {hidden} more findings; --json lists {len(report.findings)}"


def finding_text(finding: Finding) -> str:
    """One finding in one line, with whatever it quotes made harmless for a terminal."""
    places = [finding.organisation]
    for name, number in (
        ("sequence", finding.sequence),
        ("tile", finding.tile),
        ("leaf", finding.leaf_index),
    ):
        if number is not None:
            places.append(f"{name} {number}")
    if finding.record_id is not None:
        places.append(finding.record_id)
    text = f"{finding.code.value}: {', '.join(place for place in places if place)}"
    if finding.expected or finding.actual:
        text += f" (expected {finding.expected or 'nothing'}, found {finding.actual or 'nothing'})"
    return printable(f"{text}; {finding.detail}" if finding.detail else text)
