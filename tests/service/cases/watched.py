"""The small community of the indicator tests with things to find in it, served over HTTP.

The school is its auditor, by an agreement of its own; the firm is a member; a stranger belongs to nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from alembic import command
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.service.indicators.anchored import COMMUNITY, Anchored, make_anchored
from tests.support.nodes import embedded_node
from tests.support.records import FIRM, SCHOOL, link, make_key, make_uuid, sign
from tests.support.service import Service, running
from trace_service import database
from trace_service.config import SETTINGS_FILE, settings_text
from trace_service.indicators.service import Wanted, compute
from trace_service.migrate import configuration
from trace_service.organisations import service as organisations
from trace_service.organisations.authority import KnownKeys
from trace_service.records.proofs import Door, add_proofs
from trace_service.records.queries import RECORD, find_record
from trace_service.security import create_key
from verifier_cli.encoding import format_time
from verifier_cli.indicators.definition import shipped
from verifier_cli.indicators.engine import closure
from verifier_cli.indicators.times import parse_day
from verifier_cli.record import Record

STRANGER = "did:web:stranger.example"
PERIOD = {"from": "2025-09-01", "to": "2026-09-01"}
NEXT = {"from": "2026-09-01", "to": "2027-09-01"}


@dataclass
class Watched:
    """The community, its service, and the records that rules find."""

    community: Anchored
    service: Service
    overlapping: list[Record]
    praise: Record
    resting: Record

    def get(self, did: str, path: str, **parameters: Any) -> httpx.Response:
        with self.service.client(did) as client:
            return client.get(path, params=parameters)

    def post(self, did: str, path: str, body: dict[str, Any], key: str | None = None) -> httpx.Response:
        headers = {} if key is None else {"Idempotency-Key": key}
        with self.service.client(did) as client:
            return client.post(path, json=body, headers=headers)

    def found(self, did: str, **parameters: Any) -> tuple[str, dict[str, int]]:
        """Scope, and rule -> rows, of the rules that found something."""
        answer = self.get(did, "/v1/exceptions", **{**PERIOD, **parameters})
        assert answer.status_code == 200, answer.text
        body = answer.json()
        return body["scope"], {rule["code"]: rule["count"] for rule in body["rules"] if rule["count"]}

    def sign(self, *record_ids: str, dids: tuple[str, ...] = (SCHOOL,)) -> None:
        """Let these organisations sign drafts."""
        now = self.community.world.authority.chain_time()
        door = Door(KnownKeys(), now, now, 900)
        with database.write(self.community.world.engine) as connection:
            for record_id in record_ids:
                for did in dids:
                    row = find_record(connection, did, record_id)
                    assert row is not None
                    document = Record.parse(bytes(row.document)).document
                    proof = sign(document, did, make_key(did).private, format_time(now))
                    assert add_proofs(connection, did, [(row.digest, proof)], door)[0].result == "accepted"

    def report(self, period: dict[str, str] = PERIOD) -> str:
        """Publish a report of I7 by the school; its record id."""
        wanted = Wanted(COMMUNITY, parse_day(period["from"]), parse_day(period["to"]))
        with database.read(self.community.world.engine) as connection:
            computed = compute(connection, self.community.facts(), wanted, closure(shipped(), ["I7"]))
        drafted, _ = self.community.publish(computed)
        return drafted.report_id

    def evaluate(self, trainees: int, passed: int) -> None:
        """Evaluations of October 2026, all but the first ones passed."""
        world = self.community.world
        standard = next(record for record in world.made if record.schema == "standard.1")
        for number in range(trainees):
            good = number >= trainees - passed
            items = [
                {"item": "E1", "score": 80 + number, "max": 100, "pass": good, "by": "enterprise"},
                {"item": "E1", "score": 80 + number, "max": 100, "pass": True, "by": "school"},
            ]
            world.add_record(
                "evaluation.1",
                subject={"id": make_uuid(f"trainee {number}"), "items": items},
                links=[link(standard.document, "alignsTo", "E1")],
                validFrom="2026-10-20T00:00:00Z",
                number=self._number(),
            )
        self.community.anchor()

    def _number(self) -> int:
        """Status numbers beyond those that the service gives."""
        self.community.world.counter += 1
        return 100_000 + self.community.world.counter


@contextmanager
def watched(folder: Path) -> Iterator[Watched]:
    """Make it, serve it."""
    with embedded_node(folder / "chain") as node:
        community = make_anchored(node, folder)
        world, settings = community.world, community.settings
        (folder / SETTINGS_FILE).write_text(settings_text(settings), "utf-8")
        with database.write(world.engine) as connection:
            stamped = configuration()
            stamped.attributes["connection"] = connection
            command.stamp(stamped, "head")
            pks = {did: organisations.register(connection, did, did) for did in (STRANGER, settings.operator)}
            keys = {
                did: create_key(connection, pk, frozenset({"read", "issue"}))
                for did, pk in {**world.pks, **pks}.items()
            }
        service = Service(settings, world.engine, Ed25519PrivateKey.generate(), {}, keys)
        made = Watched(community, service, *_plant(community))
        with running(service):
            yield made


def _plant(community: Anchored) -> tuple[list[Record], Record, Record]:
    world = community.world
    chain = next(record for record in world.made if record.schema == "agreement.1")
    parties = [{"id": SCHOOL, "role": "auditor"}, {"id": FIRM, "role": "member"}]
    member = {"id": make_uuid("auditing"), "kind": "member", "from": "2025-01-01", "parties": parties}
    without = {"to": None, "terms": None, "ended": None, "position": None}
    counter = iter(range(50_000, 60_000))
    world.add_record(
        "agreement.1",
        subject={**without, **member},
        links=[link(chain.document, "performedUnder")],
        number=next(counter),
    )
    days = (("08:00", "16:00"), ("14:00", "18:00"))
    overlapping = [
        world.add_record(
            "activity.1",
            subject={
                "id": make_uuid("trainee 5"),
                "days": [{"date": "2026-03-04", "start": start, "end": end, "breakMinutes": 0}],
            },
            validFrom="2026-03-06T00:00:00Z",
            number=next(counter),
        )
        for start, end in days
    ]
    praise = world.add_record(
        "evaluation.1",
        issuer=FIRM,
        countersigners=[],
        subject={
            "id": FIRM,
            "kind": "mutual",
            "evaluators": [{"id": make_uuid("mentor 1"), "org": FIRM, "role": "enterprise"}],
            "items": [{"item": "x", "score": 5, "max": 5, "pass": True, "by": "enterprise"}],
            "independentFrom": None,
        },
        number=next(counter),
    )
    activity = world.add_record(
        "activity.1",
        subject={
            "id": make_uuid("trainee 6"),
            "days": [{"date": "2026-03-05", "start": "08:00", "end": "16:00", "breakMinutes": 0}],
        },
        validFrom="2026-03-06T00:00:00Z",
        number=next(counter),
    )
    resting = world.add_record(
        "evaluation.1",
        subject={
            "id": make_uuid("trainee 6"),
            "items": [{"item": "E1", "score": 70, "max": 100, "pass": True, "by": "school"}],
        },
        links=[link(activity.document, "evaluates")],
        number=next(counter),
    )
    with database.write(world.engine) as connection:
        for record in world.made:
            subject = record.document["credentialSubject"]["id"]
            connection.execute(RECORD.update().where(RECORD.c.id == record.id).values(subject=subject))
    community.anchor()
    community.revoke(activity)
    return overlapping, praise, resting
