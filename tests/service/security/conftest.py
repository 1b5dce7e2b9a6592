"""Things of two organisations that a third has no part in, and names of things that are not there."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from tests.service.creditbank.bank import credential_subject
from tests.service.gate.support import complete
from tests.service.security.shapes import Ids
from tests.support.service import FIRM, SCHOOL, Service, activity, make_service, running
from trace_service.creditbank.entries import entry_draft
from trace_service.creditbank.requests import DepositBody, RecordRef
from trace_service.database import read, write
from trace_service.indicators.queries import Counted
from trace_service.organisations.authority import KnownKeys
from trace_service.records.proofs import Door
from trace_service.records.proofs import complete as complete_records
from trace_service.records.queries import RECORD, SIGNATURE
from trace_service.records.requests import CountersignerBody
from trace_service.records.service import draft_many
from verifier_cli.did import org_id
from verifier_cli.encoding import digest_multibase

TITLE = "只有签署方可见的项目"


def new_id() -> str:
    """A name that nothing has."""
    return f"urn:uuid:{uuid.uuid4()}"


def nothing() -> Ids:
    """Names of things that are not there."""
    return Ids(
        record=new_id(),
        digest=digest_multibase(uuid.uuid4().bytes * 2),
        person=new_id(),
        credential=new_id(),
        job=str(uuid.uuid4()),
        org=org_id(FIRM).hex(),  # organisations are public; the batch is not there
        community=new_id(),
    )


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service behind a real port: strangers change nothing there."""
    with running(make_service(tmp_path_factory.mktemp("security"))) as service:
        yield service


@pytest.fixture(scope="module")
def patched() -> Iterator[pytest.MonkeyPatch]:
    """A patch for all tests of a module."""
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def theirs(served: Service, patched: pytest.MonkeyPatch) -> dict[str, Ids]:
    """Names of things of firm and school: with a draft, a complete record, and a draft of an open kind."""
    person = new_id()
    subject = activity()["subject"] | {"id": person, "project": TITLE}
    (done,) = complete(served, activity(subject=subject, externalRef="A-1"))
    with served.client(FIRM) as firm:
        drafted = firm.post("/v1/records", json=activity(subject=subject, externalRef="A-2")).json()
        job = firm.post(
            "/v1/imports", files={"file": ("a.csv", b"x")}, data={"dry_run": "true", "type": "activity.1"}
        )
    with served.client(SCHOOL) as school:
        standard = school.post("/v1/records", json=_standard()).json()
    assert job.status_code == 202, job.text
    base = Ids(
        record=done,
        digest=_digest(served, done),
        person=person,
        credential=_deposited(served, person),
        job=job.json()["id"],
        org=org_id(FIRM).hex(),
        community=_community(served, patched),
    )
    return {
        "complete": base,
        "draft": replace(base, record=drafted["id"], digest=drafted["recordDigest"]),
        "standard": replace(base, record=standard["id"], digest=standard["recordDigest"]),
    }


def _standard() -> dict[str, Any]:
    subject = {
        "id": new_id(),
        "type": ["Standard"],
        "kind": "skill_standard",
        "code": "DRAFT-1",
        "version": "1",
        "name": {"zh": TITLE},
        "effective": "2026-01-01",
        "levels": [{"code": "L", "level": "3", "name": {"zh": "中级"}}],
        "items": [{"code": "E1", "level": "L", "text": {"zh": "采集"}}],
    }
    return {"schema": "standard.1", "subject": subject, "validFrom": "2026-01-01T00:00:00Z"}


def _digest(service: Service, record_id: str) -> str:
    with read(service.engine) as connection:
        found = connection.execute(RECORD.select().where(RECORD.c.id == record_id)).one()
    return digest_multibase(found.digest)


def _deposited(service: Service, person: str) -> str:
    """A credential of the school, deposited at the school."""
    body = {
        "schema": "credential.1",
        "subject": credential_subject(person, 6) | {"creditKind": "enterprise"},
        "validFrom": "2026-07-01T00:00:00Z",
        "countersigners": [{"id": FIRM, "role": "enterprise"}],
    }
    (credential,) = complete(service, body, did=SCHOOL)
    with write(service.engine) as connection:
        firm = CountersignerBody(id=FIRM, role="enterprise")
        wanted = DepositBody(credential=RecordRef(id=credential), countersigners=[firm])
        draft = entry_draft(connection, SCHOOL, wanted)
        (stored,) = draft_many(connection, service.settings.chain, SCHOOL, [draft], whole_words=False)
        signatures = SIGNATURE.update().where(SIGNATURE.c.record_pk == stored.pk)
        connection.execute(signatures.values(proof=b"{}"))
        complete_records(connection, [stored.pk], Door(KnownKeys(), service.now, service.now, 900))
    return credential


def _community(service: Service, patch: pytest.MonkeyPatch) -> str:
    """A chain agreement of firm and school that the chain has."""
    subject = {
        "id": new_id(),
        "type": ["Agreement"],
        "kind": "chain",
        "code": "CHAIN-1",
        "name": {"zh": TITLE},
        "from": "2025-01-01",
        "parties": [{"id": FIRM, "role": "leader", "position": "core"}, {"id": SCHOOL, "role": "school"}],
    }
    body = {
        "schema": "agreement.1",
        "subject": subject,
        "validFrom": "2025-01-01T00:00:00Z",
        "countersigners": [{"id": SCHOOL, "role": "school"}],
    }
    (agreement,) = complete(service, body)
    with read(service.engine) as connection:
        row = connection.execute(RECORD.select().where(RECORD.c.id == agreement)).one()

    def counted(*_given: Any) -> list[Counted]:
        return [Counted("agreement", row.digest.hex(), row.document)]

    facts = SimpleNamespace(chain_id=1, block_number=7, block_hash="0x" + "cd" * 32)
    patch.setattr("trace_service.indicators.service.counted", counted)
    for domain in ("indicators", "cases"):
        patch.setattr(f"trace_service.{domain}.routes.own_chain_facts", lambda settings: facts)
    return str(subject["id"])
