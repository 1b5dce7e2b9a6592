"""Receipts: the service's signed word that it accepted a record and will anchor it in time.

A receipt is a function of its record's row, so it is made again whenever it is asked for, always with the
same bytes. Its type and key are its own: it can never be taken for a record (protocol sections 1 and 6).
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from verifier_cli.canonical import canonical
from verifier_cli.encoding import base58btc_encode, digest_multibase, format_time, multikey

RECEIPT_TYPE = "SkillTraceReceipt"


def make_receipt(
    key: Ed25519PrivateKey, service_did: str, digest: bytes, accepted_at: int, anchor_by: int
) -> dict[str, Any]:
    """Return the receipt of the record with ``digest``, signed with eddsa-jcs-2022. Times in epoch
    seconds."""
    accepted = format_time(accepted_at)
    receipt: dict[str, Any] = {
        "type": RECEIPT_TYPE,
        "recordDigest": digest_multibase(digest),
        "acceptedAt": accepted,
        "anchorBy": format_time(anchor_by),
        "service": service_did,
    }
    options = {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "created": accepted,
        "verificationMethod": _method(service_did, key.public_key().public_bytes_raw()),
        "proofPurpose": "assertionMethod",
    }
    signed = hashlib.sha256(canonical(options)).digest() + hashlib.sha256(canonical(receipt)).digest()
    return {**receipt, "proof": {**options, "proofValue": "z" + base58btc_encode(key.sign(signed))}}


@lru_cache(maxsize=4)
def _method(service_did: str, public_key: bytes) -> str:
    return f"{service_did}#{multikey(public_key)}"
