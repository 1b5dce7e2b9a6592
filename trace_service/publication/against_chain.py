"""What the database says of the chain, held against the chain: batches, status bits, promises, the outbox."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from trace_service.database import AnyRow, table_of
from trace_service.publication import queries
from trace_service.publication.database_source import record_lines
from trace_service.publication.queries import BATCH, LEAF, ORGANISATION, RECORD, stream
from trace_service.status.tables import StatusChange
from verifier_cli.audit import ChainFacts, Code, Finding, Receipt
from verifier_cli.audit.witnesses import BatchRules, examine
from verifier_cli.encoding import format_time
from verifier_cli.leaf_list import split_record_line

STATUS = table_of(StatusChange)
ALL_KINDS = (1 << 24) - 1
WORD_BITS = 256


class StatusFacts(ChainFacts, Protocol):
    """Chain facts with the status planes."""

    def status_words(self, org: bytes) -> Mapping[tuple[int, int], int]:
        """Words that are not zero, by (plane, word)."""


@dataclass(slots=True)
class Tally:
    """What was counted beside the findings."""

    waiting: int = 0  # complete records in no batch yet
    unmarked: int = 0  # batches that the chain has and the database still counts as on their way
    statuses: int = 0
    promises_kept: int = 0
    promises_running: int = 0


def check_batches(connection: Connection, facts: ChainFacts, tally: Tally) -> Iterator[Finding]:
    """The database's marks against the chain's heads: who is ahead, who is behind."""
    for organisation in queries.organisations(connection):
        chain = facts.batches(organisation.org_id)
        rows = {
            row.sequence: row for row in queries.batches(connection, organisation.pk, anchored_only=False)
        }
        if len(chain) > max(rows, default=-1) + 1:
            yield Finding(
                Code.CHAIN_AHEAD,
                organisation.did,
                expected=f"{len(chain)} batches, as on the chain",
                actual=f"{max(rows, default=-1) + 1} in the database",
                detail="was the database restored from an old copy?",
            )
        for sequence, row in rows.items():
            anchored = chain[sequence].anchored_at if 0 <= sequence < len(chain) else None
            yield from _marks(organisation.did, row, anchored, facts.block_number, tally)


def _marks(did: str, row: AnyRow, anchored: int | None, block: int, tally: Tally) -> Iterator[Finding]:
    newer = row.block_number is not None and row.block_number > block  # anchored since the chain was read
    if anchored is None and row.anchored_at is not None and not newer:
        yield Finding(
            Code.CHAIN_BEHIND,
            did,
            row.sequence,
            expected=f"anchored at {row.anchored_at}",
            actual="not on the chain",
            detail="was the chain restored from an old copy?",
        )
    if anchored is not None and row.anchored_at is None:
        tally.unmarked += 1
    if anchored is not None and row.anchored_at not in (None, anchored):
        yield Finding(
            Code.BATCH_ALTERED,
            did,
            row.sequence,
            expected=str(anchored),
            actual=str(row.anchored_at),
            detail="anchored_at",
        )


def check_statuses(connection: Connection, facts: StatusFacts, tally: Tally) -> Iterator[Finding]:
    """Every effective change is on the chain, and every bit on the chain was asked for here."""
    for organisation in queries.organisations(connection):
        words = facts.status_words(organisation.org_id)
        wanted, asked = _changes(connection, organisation.pk, facts.block_time)
        tally.statuses += len(wanted)
        for (plane, number), (on, record_id) in wanted.items():
            bit = words.get((plane, number // WORD_BITS), 0) >> number % WORD_BITS & 1
            if bool(bit) != on:
                yield _status(organisation.did, plane, number, record_id, on, bool(bit))
        for (plane, word), mask in words.items():
            for number in range(word * WORD_BITS, (word + 1) * WORD_BITS):
                if mask >> number % WORD_BITS & 1 and (plane, number) not in asked:
                    yield _status(organisation.did, plane, number, None, False, True)


_Changes = dict[tuple[int, int], tuple[bool, str]]


def _changes(connection: Connection, organisation_pk: int, now: int) -> tuple[_Changes, set[tuple[int, int]]]:
    """The state that effective changes lead to, by (plane, number); and every bit somebody asked to set."""
    query = (
        sa.select(STATUS.c.plane, STATUS.c.on, STATUS.c.effective_at, RECORD.c.status_number, RECORD.c.id)
        .join(RECORD, RECORD.c.pk == STATUS.c.record_pk)
        .where(RECORD.c.organisation_pk == organisation_pk)
        .order_by(STATUS.c.effective_at, STATUS.c.pk)
    )
    wanted: _Changes = {}
    asked = set()
    for row in stream(connection, query):
        place = row.plane, row.status_number
        if row.on:
            asked.add(place)
        if row.effective_at is not None and row.effective_at <= now:
            wanted[place] = bool(row.on), row.id
    return wanted, asked


def _status(did: str, plane: int, number: int, record_id: str | None, on: bool, bit: bool) -> Finding:
    return Finding(
        Code.STATUS_DIFFERS,
        did,
        record_id=record_id,
        expected=f"{'set' if on else 'not set'}, as in the database",
        actual=f"{'set' if bit else 'not set'} on the chain",
        detail=f"plane {plane}, status number {number}",
    )


def check_promises(connection: Connection, facts: ChainFacts, tally: Tally) -> Iterator[Finding]:
    """Every acknowledged record was anchored within the time that its receipt promised."""
    query = (
        sa.select(
            RECORD.c.id, RECORD.c.anchor_by, ORGANISATION.c.did, ORGANISATION.c.org_id, BATCH.c.sequence
        )
        .select_from(RECORD)
        .join(ORGANISATION, ORGANISATION.c.pk == RECORD.c.organisation_pk)
        .outerjoin(LEAF, LEAF.c.record_pk == RECORD.c.pk)
        .outerjoin(BATCH, BATCH.c.pk == LEAF.c.batch_pk)
        .where(RECORD.c.completed_at.is_not(None), RECORD.c.anchor_by.is_not(None))
    )
    for row in stream(connection, query):
        promised = int(row.anchor_by.timestamp())
        chain = facts.batches(row.org_id)
        known = row.sequence is not None and 0 <= row.sequence < len(chain)
        anchored = chain[row.sequence].anchored_at if known else None
        if anchored is None and promised >= facts.block_time:
            tally.promises_running += 1
        elif anchored is not None and anchored <= promised:
            tally.promises_kept += 1
        else:
            yield Finding(
                Code.PROMISE_BROKEN,
                row.did,
                row.sequence,
                record_id=row.id,
                expected=f"anchored by {format_time(promised)}",
                actual="not anchored" if anchored is None else f"anchored at {format_time(anchored)}",
            )


def check_receipts(connection: Connection, receipts: Iterable[Receipt]) -> Iterator[Finding]:
    """Every receipt that somebody holds is of a record that is still here, complete."""
    for receipt in receipts:
        query = sa.select(RECORD.c.pk).where(
            RECORD.c.digest == receipt.digest, RECORD.c.completed_at.is_not(None)
        )
        if connection.execute(query).first() is None:
            yield Finding(
                Code.PROMISE_BROKEN,
                expected=f"record_digest {receipt.digest.hex()}",
                actual="not in the database",
                detail=f"acknowledged by {receipt.service}",
            )


def check_outbox(connection: Connection, facts: ChainFacts, tally: Tally) -> Iterator[Finding]:
    """Complete records that wait for a batch are sound: what is signed tomorrow must not be forged today."""
    for organisation in queries.organisations(connection):
        rules = BatchRules(organisation.did, None, facts.chain_id, facts.registry, None, ALL_KINDS)
        for line in record_lines(queries.outbox(connection, organisation.pk)):
            tally.waiting += 1
            witness = examine(split_record_line(line)[1], rules, None)
            yield from witness.findings
            if witness.record_digest is None:
                yield Finding(Code.OUTBOX_BROKEN, organisation.did, detail=witness.unreadable)
