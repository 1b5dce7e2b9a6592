"""Examples that the API description shows."""

from __future__ import annotations

from typing import Any

DIGEST = "uEiCOzRxT9bXl0q5Yk3wC2m1bq7v0yq3l9vT2m0wLJ8c3Xw"
RECORD_ID = "urn:uuid:3f0d4c2e-7c0b-4c53-9c39-0f1f6f0f9b11"

DRAFT: dict[str, Any] = {
    "schema": "activity.1",
    "subject": {
        "id": "urn:uuid:5a8c2f57-36f7-4c0e-9a37-9d7f1c0f7f20",
        "type": ["Activity"],
        "role": "trainee",
        "kind": "practice",
        "project": "温室传感网络安装",
        "days": [{"date": "2026-07-01", "start": "08:30", "end": "17:00", "breakMinutes": 60}],
    },
    "validFrom": "2026-07-03T00:00:00Z",
    "countersigners": [{"id": "did:web:school.example", "role": "school"}],
    "externalRef": "A-2026-0001",
}

DRAFTED: dict[str, Any] = {"id": RECORD_ID, "state": "draft", "recordDigest": DIGEST}

RECEIPT: dict[str, Any] = {
    "type": "SkillTraceReceipt",
    "recordDigest": DIGEST,
    "acceptedAt": "2026-07-03T09:00:00Z",
    "anchorBy": "2026-07-03T09:15:00Z",
    "service": "did:web:trace.example",
    "proof": {"type": "DataIntegrityProof", "cryptosuite": "eddsa-jcs-2022", "proofValue": "z..."},
}

COMPLETED: dict[str, Any] = {**DRAFTED, "state": "complete", "receipt": RECEIPT}

PROOF: dict[str, Any] = {
    "type": "DataIntegrityProof",
    "cryptosuite": "eddsa-jcs-2022",
    "created": "2026-07-03T09:00:00Z",
    "verificationMethod": "did:web:school.example#z6Mk...",
    "proofPurpose": "assertionMethod",
    "@context": [
        "https://www.w3.org/ns/credentials/v2",
        "https://www.w3.org/ns/credentials/undefined-terms/v2",
    ],
    "proofValue": "z...",
}

PROOFS: dict[str, Any] = {"items": [{"digest": DIGEST, "proof": PROOF}]}
PROOF_RESULTS: dict[str, Any] = {"items": [{"digest": DIGEST, "result": "accepted", "receipt": RECEIPT}]}
REQUESTS: dict[str, Any] = {
    "items": [{"digest": DIGEST, "role": "school", "approved": False, "document": {}}],
    "next": None,
}
REJECTIONS: dict[str, Any] = {"items": [{"digest": DIGEST, "comment": "七月二日不在岗"}]}

WAITING: dict[str, Any] = {
    "id": RECORD_ID,
    "digest": DIGEST,
    "schema": "activity.1",
    "subject": "urn:uuid:5a8c2f57-36f7-4c0e-9a37-9d7f1c0f7f20",
    "externalRef": "A-2026-0001",
    "revision": 1,
    "proposer": {"id": "did:web:firm.example", "name": "示例企业"},
    "role": "school",
    "task": "sign",
    "createdAt": "2026-07-03T09:00:00Z",
    "signBy": "2026-07-17T09:00:00Z",
    "overdue": False,
    "approvedAt": None,
    "remarks": ["day_over_8h"],
    "signers": [{"id": "did:web:firm.example", "role": "issuer", "signedAt": "2026-07-03T09:00:02Z"}],
    "reminders": [{"id": "did:web:school.example", "at": "2026-07-10T09:00:00Z"}],
}
INBOX: dict[str, Any] = {
    "items": [WAITING],
    "next": None,
    "counts": {"activity.1": 1},
    "overdue": 0,
    "asOf": "YWZ0ZXI6NDI",
}
APPROVALS: dict[str, Any] = {"withoutRemarks": {"asOf": "YWZ0ZXI6NDI", "schema": "activity.1"}}
APPROVED: dict[str, Any] = {
    "items": [{"digest": DIGEST, "result": "approved"}],
    "leftOut": [{"digest": DIGEST, "remarks": ["day_over_8h"]}],
    "next": None,
}
REMINDERS: dict[str, Any] = {"items": [{"digest": DIGEST, "signer": "did:web:school.example"}]}
REMINDED: dict[str, Any] = {
    "items": [
        {
            "digest": DIGEST,
            "signer": "did:web:school.example",
            "result": "reminded",
            "againAt": "2026-07-11T09:00:00Z",
        }
    ]
}
REVISION: dict[str, Any] = {"subject": DRAFT["subject"], "comment": "七月二日已改为请假"}
REVISED: dict[str, Any] = {**DRAFTED, "revision": 2, "replaces": RECORD_ID}
CONTRIBUTION: dict[str, Any] = {
    "items": [{"item": "E1", "score": 91, "max": 100, "pass": True}],
    "evaluators": ["urn:uuid:5a8c2f57-36f7-4c0e-9a37-9d7f1c0f7f21"],
}
HISTORY: dict[str, Any] = {
    "items": [
        {
            "id": RECORD_ID,
            "recordDigest": DIGEST,
            "revision": 1,
            "state": "rejected",
            "kind": "proposal",
            "by": "did:web:firm.example",
            "comment": None,
            "createdAt": "2026-07-03T09:00:00Z",
            "rejection": {
                "by": "did:web:school.example",
                "at": "2026-07-04T09:00:00Z",
                "comment": "七月二日不在岗",
            },
        }
    ]
}
