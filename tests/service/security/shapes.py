"""What every route is for: who may call it, what it is called with, and which ids of others it could be asked
for.

A route that is not here fails `test_every_route`: whoever adds one decides these things.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.service import FIRM, SCHOOL, activity
from trace_service.limits import MAX_BODY, MAX_BULK_BODY, MAX_UPLOAD_BODY
from trace_service.security import Scope

BANK = SCHOOL
JSON = "application/json"
MULTIPART = "multipart/form-data; boundary=x"


@dataclass(frozen=True)
class Ids:
    """Names of things of one organisation, or of things that are not there."""

    record: str
    digest: str
    person: str
    credential: str
    job: str
    org: str
    community: str

    def path(self, template: str) -> str:
        """The path of a route with these names."""
        names = {
            "{record_id}": self.record,
            "{case_id}": self.record,
            "{digest_multibase}": self.digest,
            "{holder}": self.person,
            "{job_id}": self.job,
            "{org_id}": self.org,
            "{sequence}": "0",
            "{did}": "did:web:nobody.example",
            "{prefix}": "0123456789",
            "{name}": "activity.1",
        }
        for name, value in names.items():
            template = template.replace(name, value)
        return template


@dataclass(frozen=True)
class Shape:
    """One route. ``scope`` None: it is public, and ``why``. ``body``: a body that conforms.

    ``shared``: what of others everybody may read through it. ``lenient``: why unknown members are no error.
    ``linking``: why the drafts of others of a public kind are not hidden.
    """

    scope: Scope | None
    why: str = ""
    body: Callable[[Ids], Any] | None = None
    query: Callable[[Ids], Mapping[str, Any]] = field(default=lambda ids: {})
    limit: int = MAX_BODY
    media: str = JSON
    shared: str = ""
    lenient: str = ""
    linking: str = ""


def public(why: str, **more: Any) -> Shape:
    """A route without a key."""
    return Shape(None, why, **more)


def _one(ids: Ids, **more: Any) -> dict[str, Any]:
    return {"items": [{"digest": ids.digest, **more}]}


def _linking(ids: Ids) -> dict[str, Any]:
    return activity(links=[{"id": ids.record, "rel": "performedUnder"}])


def _taking(ids: Ids, **more: Any) -> dict[str, Any]:
    return {"bank": BANK, "holder": ids.person, **more}


_PERIOD = {"from": "2026-01-01", "to": "2026-09-01"}
_SPEND = {"creditKind": "enterprise", "amount": 100}
_LATER = "a link by id may name a standard that is signed later; an import needs that"
_RULE = {"code": "P2C", "version": "2026.1"}

ROUTES: dict[tuple[str, str], Shape] = {
    ("GET", "/healthz"): public("supervisors ask; it says that the process runs"),
    ("GET", "/readyz"): public("supervisors ask; it says that the database answers"),
    ("GET", "/v1/organisations"): public("who is here is on the chain too"),
    ("GET", "/v1/organisations/{did}/record-keys"): public("public keys, which verifiers read on the chain"),
    ("GET", "/v1/schemas/{name}.json"): public("part of the release"),
    ("GET", "/v1/indicators/definitions"): public("part of the release"),
    ("GET", "/v1/public/organisations"): public("auditors need no key"),
    ("GET", "/v1/public/organisations/{org_id}/batches"): public("headers that are on the chain"),
    ("GET", "/v1/public/organisations/{org_id}/batches/{sequence}/leaves"): public(
        "leaf hashes: salted, they say nothing about anybody"
    ),
    ("POST", "/v1/verify"): public(
        "whoever holds a proof file may verify it",
        body=lambda ids: {"proofFileVersion": 1},
        lenient="the report says what is wrong with the file",
    ),
    ("GET", "/v1/verifications/times"): Shape(
        "read", query=lambda ids: _PERIOD, shared="times of all public verifications, which name nobody"
    ),
    ("POST", "/v1/organisations"): Shape(
        "admin", body=lambda ids: {"did": "did:web:new.example", "name": {"zh": "新机构"}}
    ),
    ("POST", "/v1/api-keys"): Shape("admin", body=lambda ids: {"did": FIRM, "scopes": ["read"]}),
    ("DELETE", "/v1/api-keys/{prefix}"): Shape("admin"),
    ("GET", "/v1/signing/requests"): Shape("countersign"),
    ("POST", "/v1/signing/proofs"): Shape(
        "countersign", body=lambda ids: _one(ids, proof={}), limit=MAX_BULK_BODY
    ),
    ("POST", "/v1/signing/rejections"): Shape(
        "countersign", body=lambda ids: _one(ids, comment="no"), limit=MAX_BULK_BODY
    ),
    ("GET", "/v1/signing/inbox"): Shape("countersign", query=lambda ids: {"side": "all"}),
    ("GET", "/v1/signing/overdue"): Shape("countersign"),
    ("POST", "/v1/signing/approvals"): Shape("countersign", body=_one, limit=MAX_BULK_BODY),
    ("POST", "/v1/signing/reminders"): Shape("issue", body=_one, limit=MAX_BULK_BODY),
    ("POST", "/v1/records"): Shape("issue", body=_linking, linking=_LATER),
    ("GET", "/v1/records"): Shape("read"),
    ("GET", "/v1/records/{record_id}"): Shape("read"),
    ("GET", "/v1/records/{record_id}/receipt"): Shape("read"),
    ("GET", "/v1/records/{record_id}/history"): Shape("read"),
    ("POST", "/v1/records/{record_id}/proofs"): Shape(
        "countersign",
        body=lambda ids: {"type": "DataIntegrityProof"},
        lenient="a proof has exactly the members of its suite; another one is refused as a proof",
    ),
    ("POST", "/v1/records/{record_id}/revisions"): Shape("issue", body=lambda ids: {"comment": "again"}),
    ("POST", "/v1/records/{record_id}/contributions"): Shape("countersign", body=lambda ids: {"items": []}),
    ("GET", "/v1/records/{record_id}/proof-file"): Shape("read"),
    ("GET", "/v1/proof-files/{digest_multibase}"): Shape("read", shared="standards that are complete"),
    ("GET", "/v1/records/{record_id}/lineage"): Shape("read", shared="standards that are complete"),
    ("GET", "/v1/records/{record_id}/dossier"): Shape("read", shared="standards that are complete"),
    ("POST", "/v1/records/{record_id}/dossier"): Shape(
        "read", body=lambda ids: {"withhold": [ids.digest]}, shared="standards that are complete"
    ),
    ("POST", "/v1/status-numbers"): Shape("issue", body=lambda ids: {"count": 256}),
    ("POST", "/v1/status-changes"): Shape(
        "status", body=lambda ids: {"changes": [{"record": ids.record, "action": "revoke"}]}
    ),
    ("GET", "/v1/status-changes"): Shape("read", query=lambda ids: {"record": ids.record}),
    ("GET", "/v1/batches"): Shape("read"),
    ("POST", "/v1/batches:seal"): Shape("issue"),
    ("POST", "/v1/imports"): Shape("issue", limit=MAX_UPLOAD_BODY, media=MULTIPART),
    ("GET", "/v1/imports/template.xlsx"): Shape("issue"),
    ("GET", "/v1/imports/{job_id}"): Shape("issue"),
    ("GET", "/v1/imports/{job_id}/errors"): Shape("issue"),
    ("GET", "/v1/imports/{job_id}/progress"): Shape("read"),
    ("GET", "/v1/imports/{job_id}/proof-files.zip"): Shape("read"),
    ("GET", "/v1/exports/records.xlsx"): Shape("read"),
    ("GET", "/v1/public/organisations/{org_id}/batches/{sequence}/records"): Shape("read"),
    ("GET", "/v1/indicators/values"): Shape(
        "read", query=lambda ids: {"community": ids.community, **_PERIOD}
    ),
    ("POST", "/v1/indicators/reports"): Shape(
        "issue", body=lambda ids: {"community": ids.community, **_PERIOD}
    ),
    ("POST", "/v1/credit-entries/deposit"): Shape(
        "issue", body=lambda ids: {"bank": BANK, "credential": {"id": ids.credential}}
    ),
    ("POST", "/v1/credit-entries/convert"): Shape(
        "issue",
        body=lambda ids: _taking(ids, amount=100, rule=_RULE, agreement={"id": ids.record}),
        linking=_LATER,
    ),
    ("POST", "/v1/credit-entries/redeem"): Shape(
        "issue", body=lambda ids: _taking(ids, course="C1", **_SPEND)
    ),
    ("POST", "/v1/credit-entries/transfer"): Shape(
        "issue", body=lambda ids: _taking(ids, to="did:web:other.example", **_SPEND)
    ),
    ("POST", "/v1/credit-entries/expire"): Shape(
        "issue", body=lambda ids: _taking(ids, creditKind="enterprise")
    ),
    ("POST", "/v1/credit-entries/statement"): Shape("issue", body=lambda ids: _taking(ids, period=_PERIOD)),
    ("GET", "/v1/credit-accounts/{holder}"): Shape("read"),
    ("GET", "/v1/credit-accounts/{holder}/statement"): Shape("read"),
    ("GET", "/v1/exceptions"): Shape("read", query=lambda ids: {"community": ids.community, **_PERIOD}),
    ("GET", "/v1/cases"): Shape("read"),
    ("POST", "/v1/cases"): Shape(
        "issue", body=lambda ids: {"indicator": {"report": ids.record, "code": "I7"}}
    ),
    ("GET", "/v1/cases/{case_id}"): Shape("read"),
    ("POST", "/v1/cases/{case_id}/improvements"): Shape("issue", body=lambda ids: {"category": "content"}),
    ("POST", "/v1/cases/{case_id}/verifications"): Shape("issue", body=lambda ids: {"report": ids.record}),
    ("POST", "/v1/gate/dry-run"): Shape(
        "read", body=lambda ids: {"standard": ids.record, "trainees": [ids.person]}
    ),
}
# Not part of the description, and the same for everybody: the description itself.
UNDESCRIBED = {"/openapi.json", "/docs", "/docs/oauth2-redirect"}
