"""Audit: leaf lists, records and receipts of organisations against the chain, on many cores (protocol 10)."""

from verifier_cli.audit.checkpoint import Checkpoint, CheckpointError
from verifier_cli.audit.facts import ChainFacts
from verifier_cli.audit.findings import AuditReport, AuditVerdict, Code, Counts, Finding
from verifier_cli.audit.receipts import Receipt, parse_receipt
from verifier_cli.audit.run import Audit, AuditOptions
from verifier_cli.audit.sources import FolderSource, Source, SourceError

__all__ = [
    "Audit",
    "AuditOptions",
    "AuditReport",
    "AuditVerdict",
    "ChainFacts",
    "Checkpoint",
    "CheckpointError",
    "Code",
    "Counts",
    "Finding",
    "FolderSource",
    "Receipt",
    "Source",
    "SourceError",
    "parse_receipt",
]
