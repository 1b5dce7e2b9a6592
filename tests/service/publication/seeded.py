"""A database with two sealed batches of one school, and the chain that has them: what an attacker then
changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from tests.support.records import CREATED, SCHOOL
from tests.verifier.audit.exports import ACCOUNT, ANCHORED_AT, KINDS, Chain, leaf_of, make_record
from trace_service import database
from trace_service.migrate import upgrade
from trace_service.publication.queries import (
    AUTHORISATION,
    BATCH,
    LEAF,
    ORGANISATION,
    OUTBOX,
    RECORD,
    SIGNATURE,
    TILE,
)
from verifier_cli.canonical import canonical
from verifier_cli.did import org_id
from verifier_cli.encoding import parse_time
from verifier_cli.evidence import Batch
from verifier_cli.merkle import Tree
from verifier_cli.record import Record

FIRST = 300  # leaves of the first batch: a full tile and a part of another
SECOND = 5
COMPLETED = datetime.fromtimestamp(parse_time(CREATED) + 60, UTC)
ANCHOR_BY = datetime.fromtimestamp(ANCHORED_AT + 900, UTC)


@dataclass
class StatusChain(Chain):
    """The chain of the export tests, with status words."""

    words: dict[bytes, dict[tuple[int, int], int]] = field(default_factory=dict)

    def status_words(self, org: bytes) -> Mapping[tuple[int, int], int]:
        """Words with a bit set."""
        return self.words.get(org, {})


@dataclass
class Seeded:
    """The database and the chain; ``records`` by batch."""

    engine: Engine
    chain: StatusChain
    records: list[list[Record]]

    def attack(self, *statements: str) -> None:
        """Damage the database."""
        damage(self.engine, *statements)

    def values(self, sql: str) -> Sequence[Any]:
        """First column of a query."""
        with database.read(self.engine) as connection:
            return connection.exec_driver_sql(sql).scalars().all()


def damage(engine: Engine, *statements: str) -> None:
    """Run SQL as somebody with the file in hand: no triggers and no foreign keys stand in the way."""
    with engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        triggers = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for name in list(triggers.scalars()):
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql("PRAGMA foreign_keys=ON")
        connection.exec_driver_sql("BEGIN")


def seed(folder: Path) -> Seeded:
    """Make the database in ``folder`` and return it with its chain."""
    engine = database.make_engine(f"sqlite:///{folder / 'skilltrace.db'}")
    upgrade(engine)
    batches = [
        [make_record(number) for number in range(FIRST)],
        [make_record(FIRST + number) for number in range(SECOND)],
    ]
    chain = StatusChain()
    with database.write(engine) as connection:
        values = {"did": SCHOOL, "org_id": org_id(SCHOOL), "name_zh": "学校", "name_en": "School"}
        connection.execute(ORGANISATION.insert().values(pk=1, created_at=COMPLETED, **values))
        for sequence, records in enumerate(batches):
            insert_records(connection, records, sequence * FIRST + 1)
            _insert_batch(connection, chain, records, sequence)
    return Seeded(engine, chain, batches)


def insert_records(connection: Connection, records: Sequence[Record], first_pk: int) -> None:
    """Complete records, in the outbox until a batch takes them."""
    rows = []
    signatures = []
    for pk, record in enumerate(records, first_pk):
        rows.append(
            {
                "pk": pk,
                "id": record.id,
                "organisation_pk": 1,
                "proposer_pk": 1,
                "schema_name": record.schema,
                "kind": int(record.kind),
                "subkind": record.subkind,
                "subject": record.document["credentialSubject"]["id"],
                "revision": 1,
                "status_number": record.status.number,
                "digest": record.digest,
                "document": record.canonical,
                "created_at": COMPLETED,
                "completed_at": COMPLETED,
                "anchor_by": ANCHOR_BY,
            }
        )
        signatures += [
            {
                "record_pk": pk,
                "position": position,
                "signer_did": proof["verificationMethod"].partition("#")[0],
                "role": "issuer",
                "proof": canonical(proof),
                "verification_method": proof["verificationMethod"],
                "proof_created": parse_time(proof["created"]),
                "signed_at": COMPLETED,
            }
            for position, proof in enumerate(record.proofs)
        ]
    connection.execute(RECORD.insert(), rows)
    connection.execute(SIGNATURE.insert(), signatures)
    connection.execute(OUTBOX.insert(), [{"organisation_pk": 1, "record_pk": row["pk"]} for row in rows])


def _insert_batch(
    connection: Connection, chain: StatusChain, records: Sequence[Record], sequence: int
) -> None:
    leaves = [leaf_of(record) for record in records]
    tree = Tree([leaf for _, _, leaf in leaves])
    anchored_at = ANCHORED_AT + 60 * sequence
    pk = sequence + 1
    connection.execute(
        BATCH.insert().values(
            pk=pk,
            organisation_pk=1,
            sequence=sequence,
            root=tree.root,
            count=len(leaves),
            kinds=KINDS,
            format=1,
            newest_proof=parse_time(CREATED),
            sealed_at=COMPLETED,
            anchored_at=anchored_at,
            block_number=900 + sequence,
            final_at=COMPLETED,
        )
    )
    first = sequence * FIRST + 1
    connection.execute(
        LEAF.insert(),
        [
            {
                "batch_pk": pk,
                "leaf_index": index,
                "record_pk": first + index,
                "record_digest": digest,
                "signature_digest": signatures,
                "leaf_hash": leaf,
            }
            for index, (digest, signatures, leaf) in enumerate(leaves)
        ],
    )
    connection.execute(
        TILE.insert(),
        [
            {"batch_pk": pk, "tile_index": number, "tile_hash": tile}
            for number, tile in enumerate(tree.tiles())
        ],
    )
    connection.execute(
        AUTHORISATION.insert().values(
            batch_pk=pk, account=ACCOUNT, deadline=anchored_at + 60, signature=bytes(65), created_at=COMPLETED
        )
    )
    sealed = OUTBOX.c.record_pk.between(first, first + len(leaves) - 1)
    connection.execute(sa.delete(OUTBOX).where(sealed))
    batch = Batch(tree.root, ACCOUNT, anchored_at, len(leaves), KINDS, 1)
    chain.anchored.setdefault(org_id(SCHOOL), []).append(batch)
