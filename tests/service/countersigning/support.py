"""Drafts that wait, and short ways to ask about them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from tests.support.service import FIRM, SCHOOL, Service, activity, person
from trace_service.database import utc_now, write
from trace_service.records.queries import RECORD
from verifier_cli.encoding import parse_digest_multibase


def propose(service: Service, body: dict[str, Any] | None = None, did: str = FIRM) -> dict[str, Any]:
    """Draft a record and return the answer: id, state, recordDigest."""
    with service.client(did) as client:
        answer = client.post("/v1/records", json=body or activity())
    assert answer.status_code == 202, answer.text
    drafted: dict[str, Any] = answer.json()
    return drafted


def get(service: Service, did: str, path: str, **parameters: Any) -> dict[str, Any]:
    """GET with the key of ``did``."""
    with service.client(did) as client:
        answer = client.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    value: dict[str, Any] = answer.json()
    return value


def post(
    service: Service, did: str, path: str, body: Any, status: int = 200, **headers: str
) -> dict[str, Any]:
    """POST with the key of ``did``; header names with _ for -."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with service.client(did) as client:
        answer = client.post(path, json=body, headers=named)
    assert answer.status_code == status, answer.text
    value: dict[str, Any] = answer.json()
    return value


def inbox(service: Service, did: str = SCHOOL, **parameters: Any) -> list[dict[str, Any]]:
    """What waits."""
    items: list[dict[str, Any]] = get(service, did, "/v1/signing/inbox", **parameters)["items"]
    return items


def reject(service: Service, digest: str, comment: str, did: str = SCHOOL) -> str:
    """Send a draft back and return the result."""
    items = [{"digest": digest, "comment": comment}]
    result: str = post(service, did, "/v1/signing/rejections", {"items": items})["items"][0]["result"]
    return result


def approve(service: Service, *digests: str, did: str = SCHOOL) -> list[str]:
    """Approve drafts and return the results."""
    items = [{"digest": digest} for digest in digests]
    return [each["result"] for each in post(service, did, "/v1/signing/approvals", {"items": items})["items"]]


def backdate(service: Service, digest: str, days: int) -> None:
    """Make a draft older than it is."""
    moved = utc_now() - timedelta(days=days)
    with write(service.engine) as connection:
        mine = RECORD.c.digest == parse_digest_multibase(digest)
        connection.execute(sa.update(RECORD).where(mine).values(created_at=moved))


def evaluation(**changes: Any) -> dict[str, Any]:
    """An evaluation with the firm's own scores, for the school to add its own."""
    body: dict[str, Any] = {
        "schema": "evaluation.1",
        "subject": {
            "id": person(),
            "type": ["Evaluation"],
            "kind": "practice",
            "phase": "outcome",
            "evaluators": [{"id": person(), "org": FIRM, "role": "enterprise"}],
            "items": [
                {"item": "E1", "score": 88.5, "max": 100, "pass": True, "by": "enterprise"},
                {"item": "E2", "score": 74, "max": 100, "pass": True, "by": "enterprise"},
            ],
        },
        "validFrom": "2026-07-03T00:00:00Z",
        "countersigners": [{"id": SCHOOL, "role": "school"}],
        "externalRef": "PJ-1",
        "contributors": [SCHOOL],
    }
    return body | changes
