"""A standard with requirements, and the records of a trainee who meets them or does not."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from tests.support.service import FIRM, OPERATOR, SCHOOL, Service, draft
from trace_service.database import utc_now, write
from trace_service.records.queries import SIGNATURE
from trace_service.records.rows import insert_records, signer_set
from trace_service.records.service import compose_many
from trace_service.status.queries import CHANGE

BODY = OPERATOR  # who may override
START, END, ISSUED = "2025-09-01", "2026-08-31", "2026-09-10T00:00:00Z"
SIDES = [{"id": SCHOOL, "role": "school"}]


def urn(name: str) -> str:
    """An identifier that the name determines."""
    return f"urn:uuid:{uuid.UUID(bytes=uuid.uuid5(uuid.NAMESPACE_URL, name).bytes, version=4)}"


def complete(service: Service, *bodies: dict[str, Any], did: str = FIRM) -> list[str]:
    """Store records as if everybody had signed; returns their ids."""
    now = utc_now()
    with write(service.engine) as connection:
        new = compose_many(connection, service.settings.chain, did, [draft(body, did) for body in bodies])
        stored = insert_records(connection, new, now, completed_at=now, anchor_by=now)
        for each in stored:
            for position, (signer, role) in enumerate(signer_set(each.record)):
                connection.execute(
                    SIGNATURE.insert().values(
                        record_pk=each.pk, position=position, signer_did=signer, role=role, proof=b"{}"
                    )
                )
    return [each.id for each in stored]


def revoke(service: Service, record_id: str) -> None:
    """Ask for the revocation of a record, as its issuer does."""
    from trace_service.records.queries import RECORD

    with write(service.engine) as connection:
        row = connection.execute(RECORD.select().where(RECORD.c.id == record_id)).one()
        connection.execute(
            CHANGE.insert().values(
                id=str(uuid.uuid4()),
                organisation_pk=row.organisation_pk,
                record_pk=row.pk,
                plane=0,
                on=True,
                reason=1,
                note="",
                requested_at=utc_now(),
            )
        )


def standard(**requirements: Any) -> dict[str, Any]:
    """A standard with two items and these requirements."""
    text = {"zh": "采集"}
    subject = {
        "id": urn("standard"),
        "type": ["Standard"],
        "kind": "skill_standard",
        "code": "SNAD",
        "version": "2026.1",
        "name": {"zh": "传感网应用开发"},
        "effective": "2025-01-01",
        "levels": [{"code": "L", "level": "3", "name": {"zh": "中级"}}],
        "items": [{"code": code, "level": "L", "text": text} for code in ("E1", "E2")],
        "requirements": requirements,
    }
    return {
        "schema": "standard.1",
        "subject": subject,
        "validFrom": "2025-01-01T00:00:00Z",
        "externalRef": "SNAD",
    }


@dataclass
class Trainee:
    """One trainee and the ids of the records about him."""

    service: Service
    name: str
    standard: str
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def urn(self) -> str:
        """The trainee's identifier."""
        return urn(self.name)

    def _store(self, key: str, schema: str, subject: dict[str, Any], **more: Any) -> str:
        body = {"schema": schema, "subject": {"id": self.urn, **subject}, "countersigners": SIDES, **more}
        (self.ids[key],) = complete(self.service, {"validFrom": "2025-09-02T00:00:00Z", **body})
        return self.ids[key]

    def enrol(
        self, stage: int = 1, key: str = "enrolment", links: list[dict[str, Any]] | None = None, **more: Any
    ) -> str:
        """An enrolment of one academic year."""
        subject = {
            "type": ["Enrolment"],
            "programme": {"code": "IOT", "name": {"zh": "物联网"}},
            "from": START,
            "to": END,
            "status": "active",
            "stage": stage,
            "studentNumber": self.name,
        }
        aligned = {"id": self.standard, "rel": "alignsTo"}
        return self._store(key, "enrolment.1", subject | more, links=[aligned, *(links or [])])

    def practise(self, days: int, key: str = "activity", first: str = "2025-10-01", **more: Any) -> str:
        """Days of eight hours in one record."""
        start = date.fromisoformat(first)
        entries = [
            {
                "date": (start + timedelta(days=n)).isoformat(),
                "start": "08:30",
                "end": "17:30",
                "breakMinutes": 60,
            }
            for n in range(days)
        ]
        subject = {
            "type": ["Activity"],
            "role": "trainee",
            "kind": "practice",
            "project": "P",
            "days": entries,
        }
        return self._store(key, "activity.1", subject | more)

    def evaluate(self, *passed: bool, day: str = "2026-06-01", key: str = "evaluation") -> str:
        """Scores of both sides on E1 and E2."""
        items = [
            {"item": item, "score": 80, "max": 100, "pass": good, "by": by}
            for item, good in zip(("E1", "E2"), passed, strict=True)
            for by in ("enterprise", "school")
        ]
        people = [
            {"id": urn("m"), "org": FIRM, "role": "enterprise"},
            {"id": urn("t"), "org": SCHOOL, "role": "school"},
        ]
        subject = {
            "type": ["Evaluation"],
            "kind": "exam",
            "phase": "outcome",
            "evaluators": people,
            "items": items,
        }
        link = {"id": self.standard, "rel": "alignsTo"}
        return self._store(key, "evaluation.1", subject, links=[link], validFrom=f"{day}T00:00:00Z")

    def certificate(self, *links: dict[str, Any], issued: str = ISSUED, **more: Any) -> dict[str, Any]:
        """A body of POST /v1/records for the skill certificate, issued by the school."""
        subject = {
            "id": self.urn,
            "type": ["AchievementSubject"],
            "kind": "skill_level",
            "identifier": [
                {"type": "IdentityObject", "identityHash": "张三", "identityType": "name", "hashed": False}
            ],
            "achievement": {
                "id": urn("achievement"),
                "type": ["Achievement"],
                "achievementType": "Certificate",
                "name": "N",
                "description": "D",
                "criteria": {"narrative": "C"},
            },
            "level": "3",
        }
        return {
            "schema": "credential.1",
            "subject": subject | more,
            "validFrom": issued,
            "links": [{"id": self.standard, "rel": "awards"}, *links],
            "countersigners": [{"id": FIRM, "role": "enterprise"}],
        }


def override(trainee: str, *codes: str, body: str = BODY, **more: Any) -> dict[str, Any]:
    """A decision that lets a trainee pass."""
    subject = {
        "id": urn(f"override {trainee}"),
        "type": ["Decision"],
        "kind": "override",
        "code": "OV-1",
        "title": {"zh": "放行"},
        "body": body,
        "on": "2026-09-01",
        "result": "adopted",
        "override": {
            "trainee": trainee,
            "standard": "SNAD",
            "missing": list(codes),
            "reason": "因病缺勤，已补考",
        },
    }
    return {"schema": "decision.1", "subject": subject | more, "validFrom": "2026-09-01T00:00:00Z"}
