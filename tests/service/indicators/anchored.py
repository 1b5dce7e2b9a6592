"""A small community on a real chain: agreement, standard, trainees, evaluations, and its signed report."""

from __future__ import annotations

import datetime
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tests.support.nodes import RunningNode
from tests.support.records import FIRM, SCHOOL, link, make_key, make_uuid, sign
from tests.support.world import World, make_world, settle
from trace_service import database
from trace_service.anchoring import queries as anchoring_queries
from trace_service.anchoring.proofs import ProofFiles
from trace_service.config import Settings
from trace_service.indicators.drafting import Drafted, draft
from trace_service.indicators.service import Computed, Wanted, compute
from trace_service.installation import trust_text
from trace_service.organisations import service as organisations
from trace_service.organisations.authority import KnownKeys
from trace_service.publication.cli import own_chain_facts
from trace_service.publication.database_source import DatabaseSource
from trace_service.publication.export import export
from trace_service.records.proofs import Door, add_proofs
from trace_service.records.queries import RECORD, find_record
from trace_service.status.relay import StatusRelay
from trace_service.status.service import Request, request_changes
from verifier_cli.audit.snapshot_facts import SnapshotFacts
from verifier_cli.commands.recompute import Options, perform
from verifier_cli.encoding import format_time, multikey
from verifier_cli.indicators.definition import shipped
from verifier_cli.indicators.engine import closure
from verifier_cli.indicators.recompute import Recomputed
from verifier_cli.record import Record

COMMUNITY = make_uuid("community")
PERIOD = (datetime.date(2025, 9, 1), datetime.date(2026, 9, 1))
TRAINEES = 12
FAILED = 2
"""Trainees 0 and 1 failed: 10 of 12 passed the firm's item, 0.8333."""


@dataclass
class Anchored:
    """The community, and what a command needs to read it."""

    world: World
    settings: Settings
    evaluations: list[Record]

    def facts(self) -> SnapshotFacts:
        """The chain now."""
        return own_chain_facts(self.settings)

    def compute(self, facts: SnapshotFacts | None = None) -> Computed:
        """I7 and co-evaluation of the academic year 2025/26."""
        with database.read(self.world.engine) as connection:
            return compute(
                connection,
                facts or self.facts(),
                Wanted(COMMUNITY, *PERIOD),
                closure(shipped(), ["I7", "COEVALUATION"]),
            )

    def publish(self, computed: Computed) -> tuple[Drafted, bytes]:
        """Draft, sign and anchor the report of the school; its proof file."""
        now = self.world.authority.chain_time()
        with database.write(self.world.engine) as connection:
            drafted = draft(connection, self.world.chain, SCHOOL, computed, now)
            self._sign([drafted.report_id, *drafted.new_definitions], now, connection)
        self.anchor()
        return drafted, self.proof_file(drafted.report_id)

    def _sign(self, ids: Sequence[str], now: int, connection: Any) -> None:
        door = Door(KnownKeys(), now, now, 900)
        for record_id in ids:
            row = find_record(connection, SCHOOL, record_id)
            assert row is not None
            document = Record.parse(bytes(row.document)).document
            proof = sign(document, SCHOOL, make_key(SCHOOL).private, format_time(now))
            result = add_proofs(connection, SCHOOL, [(row.digest, proof)], door)[0]
            assert result.completed, result

    def proof_file(self, record_id: str) -> bytes:
        """The proof file of an anchored record."""
        with database.read(self.world.engine) as connection:
            place = anchoring_queries.place_of(connection, record_id)
            assert place is not None
            return ProofFiles(self.world.chain).write(connection, place)

    def anchor(self) -> None:
        """Seal what waits and bring it onto the chain."""
        for did in (SCHOOL, FIRM):
            self.world.seal(did)
        settle(self.world.anchoring())

    def export(self, folder: Path) -> Path:
        """All leaf lists and records."""
        with database.read(self.world.engine) as connection:
            export(DatabaseSource(connection, anchored_only=True), folder, with_records=True)
        return folder

    def revoke(self, record: Record) -> None:
        """Revoke a record of the firm on chain."""
        world = self.world
        with database.write(world.engine) as connection:
            request_changes(connection, world.pks[record.issuer], [Request(record.id, "revoke")])
        sender = world.sender()
        relay = StatusRelay(world.engine, world.client, world.chain, world.keyring, sender)
        end = time.monotonic() + 60
        while relay.advance():
            assert time.monotonic() < end
            sender.advance()

    def recompute(self, report: Path, source: Path, *snapshots: Path) -> Recomputed:
        """As `trace-verify recompute` does, in this process."""
        options = Options(report, str(source), self.settings.trust_file, (), snapshots, None, 1)
        return perform(options, max(int(time.time()), self.world.authority.chain_time()))

    def recompute_url(self, report: Path, url: str, key: Path | None) -> Recomputed:
        """The same from a service."""
        options = Options(report, url, self.settings.trust_file, (), (), key, 1)
        return perform(options, max(int(time.time()), self.world.authority.chain_time()))

    def record_ids(self) -> list[str]:
        """Every anchored record."""
        with database.read(self.world.engine) as connection:
            return list(connection.execute(sa.select(RECORD.c.id)).scalars())


def make_anchored(node: RunningNode, folder: Path) -> Anchored:
    """Sign and anchor the community's records."""
    world = make_world(node, folder)
    with database.write(world.engine) as connection:
        for did in (SCHOOL, FIRM):
            organisations.add_record_key(connection, did, multikey(make_key(did).public))
    parties = [{"id": SCHOOL, "role": "school"}, {"id": FIRM, "role": "leader", "position": "core"}]
    chain = {
        "id": COMMUNITY,
        "kind": "chain",
        "from": "2025-01-01",
        "to": "2028-01-01",
        "parties": parties,
        "terms": None,
        "ended": None,
    }
    world.add_record("agreement.1", subject=chain)
    standard = world.add_record("standard.1", subject={"effective": "2025-09-01"})
    evaluations = []
    for number in range(TRAINEES):
        person = {"id": make_uuid(f"trainee {number}")}
        world.add_record("enrolment.1", subject=person)
        evaluations.append(_evaluation(world, person, standard, passed=number >= FAILED))
    anchored = Anchored(world, _settings(world, folder), evaluations)
    _reserve(world)
    anchored.anchor()
    return anchored


def _evaluation(world: World, person: dict[str, Any], standard: Record, *, passed: bool) -> Record:
    items = [
        {"item": "E1", "score": 88.5, "max": 100, "pass": passed, "by": "enterprise"},
        {"item": "E1", "score": 91, "max": 100, "pass": True, "by": "school"},
    ]
    return world.add_record(
        "evaluation.1",
        subject={**person, "items": items},
        links=[link(standard.document, "alignsTo", "E1")],
        validFrom="2026-06-20T00:00:00Z",
    )


def _reserve(world: World) -> None:
    """The service's own numbers begin after those of the records that were written past its door."""
    with database.write(world.engine) as connection:
        table = anchoring_queries.ORGANISATION
        connection.execute(table.update().values(next_status_number=1024, open_status_word=None))
        for record in world.made:
            subject = record.document["credentialSubject"]["id"]
            connection.execute(RECORD.update().where(RECORD.c.id == record.id).values(subject=subject))


def _settings(world: World, folder: Path) -> Settings:
    settings = Settings(
        data_dir=folder,
        database_url=f"sqlite:///{folder / 'skilltrace.db'}",
        operator="did:web:trace.example",
        chain=world.chain,
    )
    settings.trust_file.write_text(trust_text(settings, world.owner.address, world.node.url), "utf-8")
    return settings
