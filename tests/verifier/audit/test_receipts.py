"""Receipts: promises kept, running and broken."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from tests.support.records import make_key
from tests.verifier.audit.exports import ANCHORED_AT, Export, audit, make_record
from verifier_cli.audit import (
    AuditOptions,
    AuditVerdict,
    Code,
    Receipt,
    parse_receipt,
)
from verifier_cli.canonical import canonical
from verifier_cli.encoding import digest_multibase, format_time, multikey
from verifier_cli.errors import DataError
from verifier_cli.signature import complete_proof

SERVICE = "did:web:trace.example"
RECEIPT_KEY = make_key("receipts")


def receipt_bytes(digest: bytes, anchor_by: int) -> bytes:
    """A signed receipt."""
    receipt = {
        "type": "SkillTraceReceipt",
        "recordDigest": digest_multibase(digest),
        "acceptedAt": format_time(anchor_by - 900),
        "anchorBy": format_time(anchor_by),
        "service": SERVICE,
    }
    options = {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "created": receipt["acceptedAt"],
        "verificationMethod": f"{SERVICE}#{multikey(RECEIPT_KEY.public)}",
        "proofPurpose": "assertionMethod",
    }
    signed = hashlib.sha256(canonical(options)).digest() + hashlib.sha256(canonical(receipt)).digest()
    return canonical({**receipt, "proof": complete_proof(options, RECEIPT_KEY.private.sign(signed))})


def receipt(digest: bytes, anchor_by: int) -> Receipt:
    """The same, read."""
    return parse_receipt(receipt_bytes(digest, anchor_by), [RECEIPT_KEY.public])


def test_kept_and_running_promises_are_counted(export: Export) -> None:
    kept = receipt(make_record(1).digest, ANCHORED_AT)
    running = receipt(make_record(99).digest, export.chain.block_time)
    report = audit(export, receipts=(kept, running))
    assert report.verdict is AuditVerdict.CONSISTENT
    assert (report.counts.receipts, report.counts.promises_pending) == (2, 1)


def test_a_record_anchored_too_late_breaks_its_promise(export: Export) -> None:
    late = receipt(make_record(4).digest, ANCHORED_AT + 59)  # its batch was anchored at + 60
    (finding,) = audit(export, receipts=(late,)).findings
    assert (finding.code, finding.sequence) == (Code.PROMISE_BROKEN, 1)


def test_a_record_in_no_batch_breaks_its_promise(export: Export) -> None:
    gone = make_record(99)
    (finding,) = audit(export, receipts=(receipt(gone.digest, ANCHORED_AT),)).findings
    assert (finding.code, finding.actual) == (Code.PROMISE_BROKEN, "in no batch")
    assert gone.digest.hex() in finding.detail


def test_leaves_alone_show_whether_promises_were_kept(export: Export) -> None:
    options = AuditOptions(with_records=False)
    kept = receipt(make_record(1).digest, ANCHORED_AT)
    assert audit(export, options, receipts=(kept,)).findings == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data.replace(b"SkillTraceReceipt", b"SkillTraceRecords"),
        lambda data: data.replace(b'"service":', b'"servant":'),
        lambda data: data.replace(b"trace.example", b"trick.example", 1),
        lambda data: data.replace(b'"proof":{', b'"proof":[],"prof":{'),
        lambda data: data[:-1],
        lambda data: b"7",
    ],
    ids=["type", "member", "altered", "no proof", "truncated", "number"],
)
def test_a_spoiled_receipt_is_refused(spoil: Callable[[bytes], bytes]) -> None:
    with pytest.raises(DataError):
        parse_receipt(spoil(receipt_bytes(bytes(32), ANCHORED_AT)), [RECEIPT_KEY.public])


def test_a_receipt_by_another_key_is_refused() -> None:
    with pytest.raises(DataError):
        parse_receipt(receipt_bytes(bytes(32), ANCHORED_AT), [make_key("other").public])
