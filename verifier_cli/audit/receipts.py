"""Receipts: the service's signed promises to anchor a record in time, held against the chain (protocol 6 and
10).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from verifier_cli.audit.findings import Code, Counts, Finding
from verifier_cli.encoding import format_time, parse_digest_multibase, parse_time
from verifier_cli.errors import DataError
from verifier_cli.leaf_list import HASH_SIZE
from verifier_cli.profile import parse
from verifier_cli.signature import verify_suite

RECEIPT_TYPE: Final = "SkillTraceReceipt"
MAX_RECEIPT: Final = 4096
"""Bytes of one receipt; a real one has about 600."""
_MEMBERS: Final = frozenset(("type", "recordDigest", "acceptedAt", "anchorBy", "service", "proof"))


@dataclass(frozen=True, slots=True)
class Receipt:
    """A promise: the record with this digest is anchored by ``anchor_by`` (epoch seconds)."""

    digest: bytes
    anchor_by: int
    service: str


def parse_receipt(data: bytes, keys: Iterable[bytes]) -> Receipt:
    """Read one receipt and verify its signature with one of the believed keys (32 bytes each).

    Raises:
        DataError: not a receipt, or not signed by any of the keys.
    """
    value: Any = parse(data, max_size=MAX_RECEIPT)
    if not isinstance(value, dict) or value.keys() != _MEMBERS or value["type"] != RECEIPT_TYPE:
        raise DataError("$", f"not a {RECEIPT_TYPE}")
    texts = {name: value[name] for name in _MEMBERS - {"proof"}}
    if not all(isinstance(text, str) for text in texts.values()):
        raise DataError("$", "a member is not text")
    if not any(verify_suite(value, key) for key in keys):
        raise DataError("$.proof", "not signed by a receipt key that is believed")
    return Receipt(
        parse_digest_multibase(texts["recordDigest"]), parse_time(texts["anchorBy"]), texts["service"]
    )


class Promises:
    """Receipts on their way to being kept: each digest is struck out when a leaf with it is met."""

    def __init__(self) -> None:
        self._open: dict[bytes, Receipt] = {}
        self._late: list[tuple[Receipt, str, int, int]] = []
        self.count = 0

    def add(self, receipt: Receipt) -> None:
        """Take up a promise; of two for one record the earlier time counts."""
        known = self._open.get(receipt.digest)
        if known is None or receipt.anchor_by < known.anchor_by:
            self._open[receipt.digest] = receipt
        self.count += 1

    def meet(self, digests: bytes, did: str, sequence: int, anchored_at: int) -> None:
        """Strike out the promises for the record_digests (concatenated) of an anchored batch."""
        if not self._open:
            return
        for at in range(0, len(digests), HASH_SIZE):
            receipt = self._open.pop(digests[at : at + HASH_SIZE], None)
            if receipt is not None and anchored_at > receipt.anchor_by:
                self._late.append((receipt, did, sequence, anchored_at))

    def findings(self, now: int, counts: Counts) -> Iterator[Finding]:
        """Broken promises at chain time ``now``; those still within their time are counted as pending."""
        counts.receipts += self.count
        for receipt, did, sequence, anchored_at in self._late:
            yield Finding(
                Code.PROMISE_BROKEN,
                did,
                sequence,
                expected=f"anchored by {format_time(receipt.anchor_by)}",
                actual=f"anchored at {format_time(anchored_at)}",
                detail=f"record_digest {receipt.digest.hex()}, promised by {receipt.service}",
            )
        for receipt in self._open.values():
            if receipt.anchor_by >= now:
                counts.promises_pending += 1
                continue
            yield Finding(
                Code.PROMISE_BROKEN,
                expected=f"anchored by {format_time(receipt.anchor_by)}",
                actual="in no batch",
                detail=f"record_digest {receipt.digest.hex()}, promised by {receipt.service}",
            )
