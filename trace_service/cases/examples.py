"""Examples of answers for the API description."""

from __future__ import annotations

from trace_service.records.examples import DIGEST, RECORD_ID

RECORD = {"id": RECORD_ID, "digest": DIGEST}

EXCEPTIONS = {
    "from": "2025-09-01",
    "to": "2026-09-01",
    "community": RECORD_ID,
    "scope": "community",
    "block": 1182,
    "rules": [
        {
            "code": "overlapping_hours",
            "version": "1",
            "title": {"zh": "同一人同一时间在两处", "en": "One person at two places at once"},
            "note": "Hours that overlap were entered without looking, or never worked.",
            "unit": "minutes",
            "count": 1,
            "rows": [
                {
                    "record": RECORD,
                    "other": RECORD,
                    "person": RECORD_ID,
                    "date": "2025-10-20",
                    "minutes": 180,
                }
            ],
        }
    ],
}

DRAFTED = {"id": RECORD_ID, "state": "draft", "recordDigest": DIGEST, "case": "CASE-20260901-1f00aa23"}

CASE = {
    "id": RECORD_ID,
    "case": "CASE-20260901-1f00aa23",
    "title": {"zh": "诊断：技术达标率", "en": "Diagnosis: Technical compliance"},
    "about": "I7",
    "state": "open",
    "opened": "2026-09-01",
    "closed": None,
    "ageDays": 20,
    "basedOn": [RECORD],
    "effect": {
        "code": "I7",
        "target": "0.92",
        "before": {"value": "0.8000", "source": "report", "report": RECORD_ID},
        "after": None,
    },
    "steps": [{"kind": "diagnosis", **RECORD, "on": "2026-09-01", "result": "open", "signed": True}],
}

CASES = {"items": [CASE], "next": None}

OPEN = {
    "indicator": {"report": RECORD_ID, "code": "I7"},
    "countersigners": [{"id": "did:web:school.example", "role": "school"}],
}
IMPROVE = {"category": "method", "title": {"zh": "加强网关实训"}}
VERIFY = {"report": RECORD_ID}
