"""fsck of the ledger: recomputed from its postings and held against the signed records.

What an entry may post follows from its record, so that whoever alters a row here contradicts a signature.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from trace_service.creditbank import queries
from trace_service.creditbank.booking import BEGINNING, entry_facts, entry_hash, posting_facts
from trace_service.creditbank.entry import SCHEMA, Op
from trace_service.creditbank.queries import ACCOUNT, HOLDER, JOURNAL, OPERATION, POSTING
from trace_service.database import AnyRow
from trace_service.records.queries import RECORD
from verifier_cli.audit import Code, Finding

Flows = dict[tuple[str, str], int]  # into and out of a holder's accounts, by bank and kind


def check_ledger(connection: Connection) -> Iterator[Finding]:
    """Every contradiction in the ledger, and between it and the records. Read in one consistent view."""
    postings = _postings(connection)
    yield from _accounts(connection, postings)
    yield from _entries(connection, postings)
    yield from _operations(connection)
    yield from _unknown_records(connection)


def _finding(detail: str, expected: object, actual: object, record: str | None = None) -> Finding:
    return Finding(
        Code.LEDGER_DIFFERS, record_id=record, expected=str(expected), actual=str(actual), detail=detail
    )


def _postings(connection: Connection) -> dict[int, list[AnyRow]]:
    """Every posting with its account, by operation."""
    query = (
        sa.select(POSTING, ACCOUNT.c.bank, ACCOUNT.c.role, ACCOUNT.c.credit_kind, ACCOUNT.c.holder_pk)
        .join(ACCOUNT, ACCOUNT.c.pk == POSTING.c.account_pk)
        .order_by(POSTING.c.operation_pk, POSTING.c.line)
    )
    found = defaultdict(list)
    for row in connection.execute(query):
        found[row.operation_pk].append(row)
    return found


def _accounts(connection: Connection, postings: dict[int, list[AnyRow]]) -> Iterator[Finding]:
    """Balances are the sums of the postings, in unbroken sequence; reserved is what is open."""
    mine: dict[int, list[AnyRow]] = defaultdict(list)
    for rows in postings.values():
        for row in rows:
            mine[row.account_pk].append(row)
    reserved = _reserved(connection)
    for account in connection.execute(sa.select(ACCOUNT).where(ACCOUNT.c.role == queries.HOLDER_ROLE)):
        name = f"{account.bank}, {account.credit_kind}, account row {account.pk}"
        rows = sorted(mine.get(account.pk, ()), key=lambda row: row.sequence or 0)
        total = 0
        for number, row in enumerate(rows, 1):
            total += row.amount
            if (row.sequence, row.balance_after) != (number, total):
                yield _finding(f"posting of {name}", (number, total), (row.sequence, row.balance_after))
        if (account.balance, account.postings) != (total, len(rows)):
            yield _finding(f"balance of {name}", (total, len(rows)), (account.balance, account.postings))
        if account.reserved != reserved.get(account.pk, 0):
            yield _finding(f"reserved of {name}", reserved.get(account.pk, 0), account.reserved)


def _reserved(connection: Connection) -> dict[int, int]:
    query = (
        sa.select(OPERATION.c.source_pk, sa.func.sum(OPERATION.c.amount).label("amount"))
        .where(
            OPERATION.c.source_pk.is_not(None),
            OPERATION.c.booked_at.is_(None),
            OPERATION.c.released_at.is_(None),
        )
        .group_by(OPERATION.c.source_pk)
    )
    return {row.source_pk: int(row.amount) for row in connection.execute(query)}


def _entries(connection: Connection, postings: dict[int, list[AnyRow]]) -> Iterator[Finding]:
    """Each entry sums to zero, says what its record says, and continues its holder's chain of hashes."""
    heads: dict[int, tuple[int, bytes]] = defaultdict(lambda: (0, BEGINNING))
    query = (
        sa.select(
            OPERATION,
            JOURNAL.c.number,
            JOURNAL.c.record_digest,
            JOURNAL.c.entry_hash,
            JOURNAL.c.booked_at.label("entered_at"),
            HOLDER.c.holder,
            RECORD.c.id,
            RECORD.c.digest,
            RECORD.c.document,
            RECORD.c.completed_at,
        )
        .select_from(JOURNAL)
        .outerjoin(OPERATION, OPERATION.c.pk == JOURNAL.c.operation_pk)
        .outerjoin(HOLDER, HOLDER.c.pk == JOURNAL.c.holder_pk)
        .outerjoin(RECORD, RECORD.c.pk == OPERATION.c.record_pk)
        .order_by(JOURNAL.c.holder_pk, JOURNAL.c.number)
    )
    for row in connection.execute(query):
        lines = postings.get(row.pk, [])
        number, before = heads[row.holder_pk]
        if row.document is None or row.completed_at is None or row.digest != row.record_digest:
            yield _finding("entry without its complete record", row.record_digest.hex(), row.digest, row.id)
            continue
        facts = entry_facts(
            row, row.record_digest, row.holder, row.number, row.entered_at, map(_posted, lines)
        )
        if row.number != number + 1 or entry_hash(before, facts) != row.entry_hash:
            yield _finding("hash of an entry", f"entry {number + 1}", f"entry {row.number}", row.id)
        heads[row.holder_pk] = row.number, row.entry_hash
        yield from _against_record(row, lines)
    for holder in connection.execute(sa.select(HOLDER)):
        number, head = heads[holder.pk]
        if (holder.entries, holder.head or BEGINNING) != (number, head):
            yield _finding(f"newest entry of holder row {holder.pk}", number, holder.entries)


def _posted(row: AnyRow) -> dict[str, object]:
    return posting_facts(row, row.amount, row.expires_on, row.sequence, row.balance_after)


def _against_record(row: AnyRow, lines: Sequence[AnyRow]) -> Iterator[Finding]:
    sums: Flows = defaultdict(int)
    for line in lines:
        sums[line.bank, line.credit_kind] += line.amount
    if any(sums.values()):
        yield _finding("sum of an entry", 0, dict(sums), row.id)
    told, posted = told_flows(orjson.loads(row.document)["credentialSubject"]), _flows(lines, row.holder_pk)
    if told != posted:
        yield _finding("postings of an entry", told, posted, row.id)


def told_flows(subject: dict[str, object]) -> Flows:
    """Return what a CreditEntry's subject moves in its holder's accounts."""
    bank, kind, amount = str(subject["bank"]), str(subject["creditKind"]), _int(subject["amount"])
    op = Op(str(subject["op"]))
    if op is Op.STATEMENT:
        return {}
    if op is Op.DEPOSIT:
        return {(bank, kind): amount}
    flows = {(bank, kind): -amount}
    if op is Op.TRANSFER:
        to = subject["to"]
        assert isinstance(to, dict)
        flows[to["bank"], to["creditKind"]] = amount
    if op is Op.CONVERT:
        converted = subject["converted"]
        assert isinstance(converted, dict)
        flows[bank, converted["creditKind"]] = converted["amount"]
    return flows


def _int(value: object) -> int:
    assert isinstance(value, int)
    return value


def _flows(lines: Iterable[AnyRow], holder_pk: int) -> Flows:
    flows: Flows = defaultdict(int)
    for line in lines:
        if line.role == queries.HOLDER_ROLE and line.holder_pk == holder_pk:
            flows[line.bank, line.credit_kind] += line.amount
    return dict(flows)


def _operations(connection: Connection) -> Iterator[Finding]:
    """Booked operations are in the journal, released ones have no complete record, and no complete one waits
    for a reason of its own."""
    query = (
        sa.select(OPERATION, RECORD.c.id, RECORD.c.completed_at, JOURNAL.c.operation_pk)
        .select_from(OPERATION)
        .outerjoin(RECORD, RECORD.c.pk == OPERATION.c.record_pk)
        .outerjoin(JOURNAL, JOURNAL.c.operation_pk == OPERATION.c.pk)
    )
    for row in connection.execute(query):
        if (row.booked_at is None) != (row.operation_pk is None):
            yield _finding("an operation and its entry", row.booked_at, row.operation_pk, row.id)
        if row.released_at is not None and row.completed_at is not None:
            yield _finding("a complete entry was released", "booked", "released", row.id)
        if row.refused is not None and row.booked_at is None and row.completed_at is not None:
            yield _finding("a complete entry cannot be booked", "booked", row.refused, row.id)


def _unknown_records(connection: Connection) -> Iterator[Finding]:
    """CreditEntry records that the ledger has never seen."""
    query = (
        sa.select(RECORD.c.id)
        .outerjoin(OPERATION, OPERATION.c.record_pk == RECORD.c.pk)
        .where(RECORD.c.schema_name == SCHEMA, OPERATION.c.pk.is_(None))
    )
    for record in connection.execute(query).scalars():
        yield _finding("an entry that the ledger does not know", "an operation", "none", record)
