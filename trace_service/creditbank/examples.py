"""Examples of the credit bank's requests and answers, for the API description."""

from __future__ import annotations

from typing import Any

_HOLDER = "urn:uuid:4a5e1c1e-7c1f-4f0e-9a53-0d6d8b2f7a11"
_RECORD = "urn:uuid:0f3b6a52-5c52-4a76-8a5a-1c8e5e9b7c21"
_AGREEMENT = "urn:uuid:9d5a4a7e-1c1b-4c33-8f5e-62f1c5a3b0d4"
_BANK = "did:web:bank.example"

DEPOSIT: dict[str, Any] = {"credential": {"id": _RECORD}, "bank": _BANK}
REDEEM: dict[str, Any] = {"holder": _HOLDER, "creditKind": "enterprise", "amount": 150, "course": "IOT-204"}
TRANSFER: dict[str, Any] = {
    "holder": _HOLDER,
    "creditKind": "school",
    "amount": 200,
    "to": "did:web:second-school.example",
}
EXPIRE: dict[str, Any] = {"holder": _HOLDER, "creditKind": "certificate", "on": "2026-09-01"}
CONVERT: dict[str, Any] = {
    "holder": _HOLDER,
    "amount": 300,
    "rule": {"code": "PRACTICE-TO-COURSE", "version": "2026.1"},
    "agreement": {"id": _AGREEMENT},
}
STATEMENT: dict[str, Any] = {
    "holder": _HOLDER,
    "period": {"from": "2025-09-01", "to": "2026-09-01"},
    "countersigners": [{"id": "did:web:school.example", "role": "school"}],
}
DRAFTED: dict[str, Any] = {
    "id": _RECORD,
    "state": "draft",
    "recordDigest": "uEiD…",
    "entry": {"id": _HOLDER, "op": "redeem", "creditKind": "enterprise", "amount": 150},
}
ACCOUNTS: dict[str, Any] = {
    "holder": _HOLDER,
    "accounts": [
        {
            "bank": _BANK,
            "creditKind": "enterprise",
            "balance": 600,
            "reserved": 150,
            "lapsed": 0,
            "available": 450,
        }
    ],
    "open": [],
}
LINES: dict[str, Any] = {
    "holder": _HOLDER,
    "opening": [],
    "lines": [
        {
            "number": 1,
            "on": "2026-07-01",
            "op": "deposit",
            "bank": _BANK,
            "creditKind": "enterprise",
            "amount": 600,
            "balanceAfter": 600,
            "expiresOn": None,
            "bookedAt": "2026-07-02T08:00:00Z",
            "record": _RECORD,
        }
    ],
    "closing": [{"bank": _BANK, "creditKind": "enterprise", "amount": 600}],
}
