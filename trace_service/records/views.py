"""Records as JSON answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from trace_service.database import AnyRow
from trace_service.records.receipt import make_receipt
from trace_service.security import Context
from verifier_cli.encoding import digest_multibase, format_time


def overview(row: AnyRow) -> dict[str, Any]:
    """Return a record as lists show it."""
    return {
        "id": row.id,
        "schema": row.schema_name,
        "state": row.state,
        "recordDigest": digest_multibase(row.digest),
        "subject": row.subject,
        "externalRef": row.external_ref,
        "revision": row.revision,
        "createdAt": when(row.created_at),
        "completedAt": when(row.completed_at),
        "anchorBy": when(row.anchor_by),
        "sequence": row.sequence,
        "anchoredAt": None if row.anchored_at is None else format_time(row.anchored_at),
        "rejection": row.rejection,
        "withheld": row.withheld,
    }


def detail(row: AnyRow, signatures: Sequence[AnyRow]) -> dict[str, Any]:
    """Return a record with its document, the proofs given so far, and who is still to sign."""
    signers = [{"id": s.signer_did, "role": s.role, "signedAt": when(s.signed_at)} for s in signatures]
    return {**overview(row), "signers": signers, "record": orjson.Fragment(whole_document(row, signatures))}


def whole_document(row: AnyRow, signatures: Sequence[AnyRow]) -> bytes:
    """Return the stored document with the proofs that are there; with none, the document as it was
    drafted."""
    proofs = b",".join(s.proof for s in signatures if s.proof is not None)
    document: bytes = row.document
    return document[:-1] + b',"proof":[' + proofs + b"]}" if proofs else document


def receipt_of(shared: Context, row: AnyRow) -> dict[str, Any] | None:
    """Return the receipt of a complete record."""
    if row.completed_at is None:
        return None
    return make_receipt(
        shared.receipt_key,
        shared.settings.operator,
        row.digest,
        int(row.completed_at.timestamp()),
        int(row.anchor_by.timestamp()),
    )


def when(time: datetime | None) -> str | None:
    """Return a time in the form of the protocol, to the second."""
    return None if time is None else format_time(int(time.timestamp()))
