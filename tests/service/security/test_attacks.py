"""Attacks of organisations on each other, and of one on what a standard asks for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.service.creditbank.bank import credential_subject
from tests.service.gate.support import SIDES, complete, standard, urn
from tests.service.security.conftest import new_id
from tests.support.service import FIRM, OTHER, SCHOOL, Service, activity, make_service, running
from trace_service.database import read
from trace_service.records.queries import RECORD
from verifier_cli.encoding import digest_multibase


@pytest.fixture
def victim(tmp_path: Path) -> Iterator[Service]:
    """A service that an attack may change."""
    with running(make_service(tmp_path)) as service:
        yield service


def digest_of(service: Service, record_id: str) -> str:
    """The digestMultibase of a record."""
    with read(service.engine) as connection:
        row = connection.execute(RECORD.select().where(RECORD.c.id == record_id)).one()
    return digest_multibase(row.digest)


def certificate(links: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """A body of POST /v1/records: a certificate of the caller."""
    subject = credential_subject(urn("zhang"), 1) | {"kind": "skill_level", "level": "3"}
    del subject["creditsEarned"]
    body = {
        "schema": "credential.1",
        "subject": subject,
        "validFrom": "2026-09-10T00:00:00Z",
        "links": links,
        "countersigners": [{"id": FIRM, "role": "enterprise"}],
    }
    return body | more


def test_no_gate_is_passed_by_another_id_for_the_digest_of_its_standard(victim: Service) -> None:
    (gated,) = complete(victim, standard(practiceMinutes=14_400), did=SCHOOL)
    named = {"id": new_id(), "digestMultibase": digest_of(victim, gated), "rel": "awards"}
    with victim.client(SCHOOL) as school:
        straight = school.post("/v1/records", json=certificate([{"id": gated, "rel": "awards"}]))
        around = school.post("/v1/records", json=certificate([named]))
    assert (straight.status_code, straight.json()["code"]) == (422, "gate.missing")
    assert (around.status_code, around.json()["code"]) == (422, "record.link_digest")
    assert around.json()["path"] == "$.links[0]"


@pytest.mark.parametrize("time", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
def test_a_gate_at_the_ends_of_time(victim: Service, time: str) -> None:
    (gated,) = complete(victim, standard(practiceMinutes=14_400), did=SCHOOL)
    with victim.client(SCHOOL) as school:
        body = certificate([{"id": gated, "rel": "awards"}], validFrom=time)
        answer = school.post("/v1/records", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "gate.missing")


def test_a_deposit_of_what_never_ends(victim: Service) -> None:
    body = {
        "schema": "credential.1",
        "subject": credential_subject(new_id(), 6) | {"creditKind": "school"},
        "validFrom": "2026-07-01T00:00:00Z",
        "validUntil": "9999-12-31T23:59:59Z",
        "countersigners": [{"id": FIRM, "role": "enterprise"}],
    }
    (credential,) = complete(victim, body, did=SCHOOL)
    with victim.client(SCHOOL) as school:
        answer = school.post("/v1/credit-entries/deposit", json={"credential": {"id": credential}})
    assert answer.status_code == 202, answer.text


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_shifts_at_the_ends_of_time(victim: Service, day: str) -> None:
    (gated,) = complete(victim, standard(practiceMinutes=14_400), did=SCHOOL)
    subject = activity()["subject"]
    worked = [{"date": day, "start": "22:00", "end": "06:00", "breakMinutes": 0}]
    complete(victim, activity(subject={**subject, "id": urn("zhang"), "days": worked}))
    with victim.client(SCHOOL) as school:
        answer = school.post("/v1/records", json=certificate([{"id": gated, "rel": "awards"}]))
    assert (answer.status_code, answer.json()["code"]) == (422, "gate.missing")


def test_a_poisoned_draft_does_not_close_an_inbox(victim: Service) -> None:
    items = [{"item": "E1", "score": 0, "max": 0, "pass": True, "by": "school"}]
    subject = {
        "id": new_id(),
        "type": ["Evaluation"],
        "kind": "exam",
        "phase": "outcome",
        "evaluators": [{"id": new_id(), "org": SCHOOL, "role": "school"}],
        "items": items,
    }
    body = {
        "schema": "evaluation.1",
        "subject": subject,
        "validFrom": "2026-07-01T00:00:00Z",
        "countersigners": SIDES,
    }
    with victim.client(FIRM) as firm, victim.client(SCHOOL) as school:
        posted = firm.post("/v1/records", json=body)
        answer = school.get("/v1/signing/inbox")
    assert posted.status_code == 422
    assert answer.status_code == 200


def test_what_has_lapsed_at_a_bank_is_not_told_to_strangers(victim: Service) -> None:
    body = {"bank": SCHOOL, "holder": new_id(), "creditKind": "enterprise"}
    with victim.client(OTHER) as other:
        answer = other.post("/v1/credit-entries/expire", json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "credit.not_party")
