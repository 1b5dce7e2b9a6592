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
REQUESTS: dict[str, Any] = {"items": [{"digest": DIGEST, "role": "school", "document": {}}], "next": None}
REJECTIONS: dict[str, Any] = {"items": [{"digest": DIGEST, "comment": "七月二日不在岗"}]}
