"""The gate before sealing: a certificate waits until its evidence is complete."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.nodes import anvil_node
from tests.support.records import FIRM, SCHOOL, link, make_uuid
from tests.support.world import World, make_world
from trace_service import database
from trace_service.anchoring import outbox, queries
from trace_service.anchoring.sealing import GATE_MISSING, GATE_PAUSE, HOLD_BACK, Sealed, seal
from trace_service.database import utc_now
from verifier_cli.encoding import format_time
from verifier_cli.kinds import Kind
from verifier_cli.record import Record

pytestmark = pytest.mark.node

ITEMS = [{"item": "I1", "score": 90, "max": 100, "pass": True, "by": "school"}]


@dataclass
class Story:
    """A standard that asks for the school's evaluation, trainees, and what the school seals of them."""

    world: World
    standard: Record

    def evaluate(self, trainee: str, passed: bool = True, **changes: Any) -> Record:
        """The evaluation of a trainee, by the firm with the school."""
        subject = {"id": make_uuid(trainee), "items": [ITEMS[0] | {"pass": passed}]}
        links = [link(self.standard.document, "alignsTo"), *changes.pop("links", [])]
        return self.world.add_record("evaluation.1", subject=subject, links=links, **changes)

    def certify(self, trainee: str, *links: dict[str, Any], **changes: Any) -> Record:
        """The trainee's certificate, complete and in the outbox."""
        awarded = [link(self.standard.document, "awards"), *links]
        return self.world.add_record(
            "credential.1", subject={"id": make_uuid(trainee)}, links=awarded, **changes
        )

    def unsign(self, record: Record, **values: Any) -> None:
        """Make of a complete record the draft that it was."""
        with database.write(self.world.engine) as connection:
            pk = self._pk(connection, record)
            connection.execute(queries.OUTBOX.delete().where(queries.OUTBOX.c.record_pk == pk))
            self._update(connection, pk, completed_at=None, **values)

    def complete(self, record: Record) -> None:
        """The last signature of a draft arrives."""
        with database.write(self.world.engine) as connection:
            pk = self._pk(connection, record)
            row = {"record_pk": pk, "organisation_pk": self.world.pks[record.issuer]}
            connection.execute(queries.OUTBOX.insert().values(**row))
            self._update(connection, pk, completed_at=utc_now())

    def seal(self, now: datetime | None = None) -> Sealed:
        """Seal what waits for the school."""
        world = self.world
        return seal(world.engine, world.pks[SCHOOL], world.authority, now or utc_now())

    def held(self) -> list[tuple[str, str, str]]:
        """Records held back, with signer and reason."""
        query = sa.select(queries.RECORD.c.id, queries.HELD.c.signer_did, queries.HELD.c.reason).join(
            queries.HELD, queries.HELD.c.record_pk == queries.RECORD.c.pk
        )
        with database.read(self.world.engine) as connection:
            return [(row.id, row.signer_did, row.reason) for row in connection.execute(query)]

    def sealed(self) -> list[bytes]:
        """Digests of what the school has sealed, in order."""
        where = queries.BATCH.c.organisation_pk == self.world.pks[SCHOOL]
        query = (
            sa.select(queries.LEAF.c.record_digest)
            .join(queries.BATCH, queries.BATCH.c.pk == queries.LEAF.c.batch_pk)
            .where(where)
            .order_by(queries.BATCH.c.sequence, queries.LEAF.c.leaf_index)
        )
        with database.read(self.world.engine) as connection:
            return list(connection.execute(query).scalars())

    @staticmethod
    def _pk(connection: Any, record: Record) -> int:
        query = sa.select(queries.RECORD.c.pk).where(queries.RECORD.c.id == record.id)
        return int(connection.execute(query).scalar_one())

    @staticmethod
    def _update(connection: Any, pk: int, **values: Any) -> None:
        connection.execute(queries.RECORD.update().where(queries.RECORD.c.pk == pk).values(**values))


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    with anvil_node() as node:
        world = make_world(node, tmp_path)
        asked = {"requirements": {"evaluatedBy": ["school"], "overrideBy": SCHOOL}}
        standard = world.add_record("standard.1", subject=asked)
        world.seal(SCHOOL)
        yield Story(world, standard)


def test_evidence_that_was_rejected_anchors_no_certificate(story: Story) -> None:
    evidence, certificate = story.evaluate("zhang"), story.certify("zhang")
    story.unsign(evidence, rejected_at=utc_now())
    found = story.seal()
    assert (found.batch_pk, found.held) == (None, 1)
    assert story.held() == [(certificate.id, SCHOOL, GATE_MISSING)]
    assert story.seal(utc_now() + timedelta(hours=1)).held == 1


def test_it_is_sealed_by_itself_once_its_evidence_is_complete(story: Story) -> None:
    evidence, certificate = story.evaluate("zhang"), story.certify("zhang")
    story.unsign(evidence)
    now = utc_now()
    assert story.seal(now).held == 1
    story.complete(evidence)
    assert story.seal(now).count == 0  # it rests
    with database.read(story.world.engine) as connection:
        assert outbox.waiting_since(connection, story.world.pks[SCHOOL], now + GATE_PAUSE) is not None
    assert story.seal(now + GATE_PAUSE).count == 1
    assert story.sealed()[-1] == certificate.digest


def test_only_the_certificate_without_evidence_stays_behind(story: Story) -> None:
    world = story.world
    story.evaluate("li")
    soon = format_time(world.authority.chain_time() - 5)
    first = story.certify("li", created=soon)
    story.certify("zhang")  # nothing at all speaks for him
    last = world.add_record("enrolment.1", created=soon)
    found = story.seal()
    assert (found.count, found.held) == (2, 1)
    assert story.sealed()[-2:] == [first.digest, last.digest]
    with database.read(world.engine) as connection:
        batch = connection.execute(sa.select(queries.BATCH).where(queries.BATCH.c.pk == found.batch_pk)).one()
    assert batch.kinds == 1 << Kind.CREDENTIAL | 1 << Kind.ENROLMENT
    assert format_time(batch.newest_proof) == soon


def test_a_batch_without_its_certificates_does_not_name_their_kind(story: Story) -> None:
    story.certify("zhang")
    story.world.add_record("enrolment.1")
    found = story.seal()
    with database.read(story.world.engine) as connection:
        batch = connection.execute(sa.select(queries.BATCH).where(queries.BATCH.c.pk == found.batch_pk)).one()
    assert batch.kinds == 1 << Kind.ENROLMENT


def test_a_rejected_standard_asks_no_less(story: Story) -> None:
    with database.write(story.world.engine) as connection:
        connection.execute(
            queries.RECORD.update()
            .where(queries.RECORD.c.id == story.standard.id)
            .values(completed_at=None, rejected_at=utc_now())
        )
    story.certify("zhang")
    assert story.seal().held == 1


def test_an_override_lets_it_pass(story: Story) -> None:
    given = {"trainee": make_uuid("zhang"), "standard": "SNAD", "missing": ["evaluated_by_school"]}
    subject = {
        "id": make_uuid("override"),
        "kind": "override",
        "body": SCHOOL,
        "result": "adopted",
        "override": given | {"reason": "因病缺考"},
    }
    decision = story.world.add_record("decision.1", issuer=SCHOOL, subject=subject)
    certificate = story.certify("zhang", link(decision.document, "basedOn"))
    assert (story.seal().held, story.sealed()[-1]) == (0, certificate.digest)


def test_evidence_of_a_withheld_record_does_not_count(story: Story) -> None:
    evidence = story.evaluate("zhang")
    story.certify("zhang")
    with database.write(story.world.engine) as connection:
        pk = story._pk(connection, evidence)
        queries.withhold(
            connection,
            [{"record_pk": pk, "signer_did": FIRM, "reason": "key_ended", "noticed_at": utc_now()}],
        )
    assert story.seal().held == 1


def test_nobody_supersedes_what_another_issuer_found(story: Story) -> None:
    failed = story.evaluate("zhang", passed=False, validFrom="2026-06-02T00:00:00Z")
    story.evaluate(
        "zhang",
        issuer=SCHOOL,
        countersigners=[(FIRM, "enterprise")],
        links=[link(failed.document, "supersedes")],
        validFrom="2026-06-01T00:00:00Z",
    )
    story.certify("zhang")
    assert story.seal().held == 1
    story.evaluate(
        "zhang", links=[link(failed.document, "supersedes")], validFrom="2026-06-01T00:00:00Z"
    )  # the issuer itself corrects it
    assert story.seal(utc_now() + GATE_PAUSE).held == 0


def test_a_gate_that_stays_closed_is_looked_at_ever_more_rarely(story: Story) -> None:
    story.certify("zhang")
    began = now = utc_now()
    pauses = []
    for _ in range(8):
        assert story.seal(now).held == 1
        with database.read(story.world.engine) as connection:
            row = connection.execute(sa.select(queries.HELD)).one()
        assert row.noticed_at == began
        pauses.append(row.retry_at - now)
        now = row.retry_at
    assert (pauses[0], pauses[-1], pauses) == (GATE_PAUSE, HOLD_BACK, sorted(pauses))
