"""A credit bank for tests: a service with a bank and two schools, and whoever signs there, in one process.

::

    bank = make_bank(service)
    credential = bank.credential(holder, credits=6)
    bank.complete(bank.draft(DepositBody(credential=credential.ref)))
    bank.balance(holder)   # {("did:web:bank.example", "enterprise"): 600}
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.engine import Connection

from tests.support.service import FIRM, MEMBER, SCHOOL, Service
from trace_service.creditbank import queries
from trace_service.creditbank.checks import check_ledger
from trace_service.creditbank.entries import entry_draft
from trace_service.creditbank.ledger import settle
from trace_service.creditbank.requests import EntryBody, RecordRef
from trace_service.database import read, utc_now, write
from trace_service.organisations import service as organisations
from trace_service.organisations.authority import KnownKeys
from trace_service.records.compose import Draft, DraftLink
from trace_service.records.proofs import Door, add_proofs
from trace_service.records.queries import RECORD
from trace_service.records.service import DraftedRecord, draft_many
from trace_service.security import create_key
from trace_service.signer.proofs import RecordSigner
from trace_service.status.tables import StatusChange
from verifier_cli.encoding import digest_multibase, multikey
from verifier_cli.record import Record

BANK = "did:web:bank.example"
SECOND = "did:web:second-school.example"  # a school that keeps accounts of its own
VALID_FROM = "2026-07-01T00:00:00Z"
Rules = list[dict[str, Any]]
RULE = {
    "code": "P2C",
    "version": "2026.1",
    "fromKind": "enterprise",
    "toKind": "school",
    "numerator": 2,
    "denominator": 3,
}


@dataclass(frozen=True)
class Issued:
    """A complete record."""

    id: str
    digest: bytes

    @property
    def ref(self) -> RecordRef:
        """As a request names a record that its caller does not sign."""
        return RecordRef(id=self.id, digestMultibase=digest_multibase(self.digest))

    @property
    def link(self) -> dict[str, str]:
        """The same as JSON."""
        return {"id": self.id, "digestMultibase": digest_multibase(self.digest)}


@dataclass
class Bank:
    """The service and its signers."""

    service: Service

    def issue(self, draft: Draft) -> Issued:
        """Draft a record and have everybody sign it."""
        with write(self.service.engine) as connection:
            chain = self.service.settings.chain
            drafted = draft_many(connection, chain, draft.issuer, [draft], whole_words=False)[0]
            self.sign(connection, drafted)
        return Issued(drafted.id, drafted.digest)

    def sign(self, connection: Connection, drafted: DraftedRecord | str) -> None:
        """Store the proof of every signer of a draft (or of the draft with this record id)."""
        if isinstance(drafted, str):
            row = connection.execute(sa.select(RECORD.c.document).where(RECORD.c.id == drafted)).one()
            record = Record.parse(row.document)
        else:
            record = drafted.record
        for did in record.signers:
            self.sign_as(connection, did, record)

    def sign_as(self, connection: Connection, did: str, record: Record) -> None:
        """Store the proof of one signer."""
        now = int(time.time())
        door = Door(KnownKeys(), now, now, 900)
        proof = self.service.signers[did].proof(record.digest, record.schema, now)
        result = add_proofs(connection, did, [(record.digest, orjson.loads(proof))], door)[0]
        assert result.result == "accepted", result

    def credential(
        self,
        holder: str,
        credits: float = 6,
        *,
        kind: str | None = "enterprise",
        until: str | None = None,
        supersedes: Issued | None = None,
        signed: bool = True,
    ) -> Issued:
        """A practice credit of ``credits`` that the school awards and the firm countersigns."""
        subject = credential_subject(holder, credits)
        if kind is not None:
            subject["creditKind"] = kind
        draft = Draft(
            schema="credential.1",
            issuer=SCHOOL,
            subject=subject,
            valid_from=VALID_FROM,
            valid_until=until,
            countersigners=((FIRM, "enterprise"),),
            links=()
            if supersedes is None
            else (DraftLink(supersedes.id, "supersedes", digest=supersedes.digest),),
        )
        if signed:
            return self.issue(draft)
        with write(self.service.engine) as connection:
            drafted = draft_many(connection, self.service.settings.chain, SCHOOL, [draft])[0]
        return Issued(drafted.id, drafted.digest)

    def agreement(self, rules: Rules | None = None, **changes: Any) -> Issued:
        """Credit bank rules that the bank and the school have signed."""
        subject = {
            "id": new_id(),
            "type": ["Agreement"],
            "kind": "credit_bank",
            "code": "CB-1",
            "name": {"zh": "学分银行规则"},
            "from": "2025-09-01",
            "parties": [{"id": BANK, "role": "operator"}, {"id": SCHOOL, "role": "school"}],
            "rules": rules or [RULE],
            **changes,
        }
        return self.issue(
            Draft(
                schema="agreement.1",
                issuer=BANK,
                subject=subject,
                valid_from=VALID_FROM,
                countersigners=((SCHOOL, "school"),),
            )
        )

    def draft(self, body: EntryBody, caller: str = BANK) -> DraftedRecord:
        """Draft an entry, as the API does."""
        with write(self.service.engine) as connection:
            draft = entry_draft(connection, caller, body)
            chain = self.service.settings.chain
            return draft_many(connection, chain, caller, [draft], whole_words=False)[0]

    def complete(self, drafted: DraftedRecord) -> DraftedRecord:
        """Have everybody sign."""
        with write(self.service.engine) as connection:
            self.sign(connection, drafted)
        return drafted

    def do(self, body: EntryBody, caller: str = BANK) -> DraftedRecord:
        """Draft an entry and have everybody sign it."""
        return self.complete(self.draft(body, caller))

    def reject(self, drafted: DraftedRecord) -> None:
        """Have a signer refuse a draft."""
        with write(self.service.engine) as connection:
            connection.execute(
                sa.update(RECORD).where(RECORD.c.pk == drafted.pk).values(rejected_at=utc_now())
            )

    def set_status(self, issued: Issued, plane: int, *, on: bool = True) -> None:
        """Ask for a change of a record's status."""
        with write(self.service.engine) as connection:
            row = connection.execute(sa.select(RECORD).where(RECORD.c.id == issued.id)).one()
            connection.execute(
                sa.insert(StatusChange).values(
                    id=str(uuid.uuid4()),
                    organisation_pk=row.organisation_pk,
                    record_pk=row.pk,
                    plane=plane,
                    on=on,
                    reason=1,
                    requested_at=utc_now(),
                )
            )

    def balance(self, holder: str) -> dict[tuple[str, str], int]:
        """The holder's balances that are not zero."""
        return {key: value[0] for key, value in self.accounts(holder).items() if value[0]}

    def accounts(self, holder: str) -> dict[tuple[str, str], tuple[int, int]]:
        """Balance and reserved by bank and kind."""
        settle(self.service.engine, holder)
        with read(self.service.engine) as connection:
            row = queries.find_holder(connection, holder)
            assert row is not None
            return {
                (account.bank, account.credit_kind): (account.balance, account.reserved)
                for account in queries.accounts_of(connection, row.pk)
            }

    def findings(self) -> list[str]:
        """What fsck of the ledger finds."""
        with read(self.service.engine) as connection:
            return [finding.detail for finding in check_ledger(connection)]


def credential_subject(holder: str, credits: float) -> dict[str, Any]:
    """The subject of a practice credit."""
    return {
        "id": holder,
        "type": ["AchievementSubject"],
        "kind": "practice_credit",
        "identifier": [
            {"type": "IdentityObject", "identityHash": "张三", "identityType": "name", "hashed": False}
        ],
        "achievement": {
            "id": new_id(),
            "type": ["Achievement"],
            "achievementType": "Course",
            "name": "Practice in greenhouse networks",
            "description": "企业实践学分",
            "criteria": {"narrative": "240 hours of practice."},
        },
        "creditsEarned": credits,
    }


def new_id() -> str:
    """A fresh name of a person or thing."""
    return f"urn:uuid:{uuid.uuid4()}"


def make_bank(service: Service) -> Bank:
    """Register the bank and the second school."""
    with write(service.engine) as connection:
        for did, name in ((BANK, "学分银行"), (SECOND, "第二学校")):
            service.signers[did] = RecordSigner(did, Ed25519PrivateKey.generate())
            pk = organisations.register(connection, did, name)
            organisations.add_record_key(connection, did, multikey(service.signers[did].public_key))
            service.api_keys[did] = create_key(connection, pk, MEMBER)
    return Bank(service)
