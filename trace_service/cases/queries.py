"""SQL of exceptions and cases: withdrawn records, drafts beyond their deadline, decisions of a case."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from trace_service.database import AnyRow
from trace_service.lineage.links import LINK
from trace_service.organisations.queries import ORGANISATION
from trace_service.records.inbox import DEADLINE
from trace_service.records.queries import RECORD, SIGNATURE, chunks
from verifier_cli.audit.snapshot_facts import SnapshotFacts
from verifier_cli.indicators.gather import REVOKED, SUSPENDED

DECISION = "decision.1"
WORD_BITS = 256  # of a status word (protocol section 5)
_PLANES = {0: REVOKED, 1: SUSPENDED}


def withdrawn(
    connection: Connection, facts: SnapshotFacts, issuers: Collection[str] | None = None
) -> Iterator[tuple[str, str, str]]:
    """Records of these issuers (all when None) whose status says so at the block of ``facts``: digest in
    hexadecimal, id, revoked or suspended."""
    for row in connection.execute(sa.select(ORGANISATION.c.pk, ORGANISATION.c.did, ORGANISATION.c.org_id)):
        if issuers is None or row.did in issuers:
            numbers = _numbers(facts, row.org_id)
            for part in chunks(numbers):
                yield from _named(connection, row.pk, {number: numbers[number] for number in part})


def _numbers(facts: SnapshotFacts, org: bytes) -> dict[int, str]:
    """Status number -> status, of every bit that is set; revoked goes before suspended."""
    found: dict[int, str] = {}
    for plane, status in _PLANES.items():
        for (of, word), bits in facts.status_words(org).items():
            if of == plane:
                for bit in range(WORD_BITS):
                    if bits >> bit & 1:
                        found.setdefault(word * WORD_BITS + bit, status)
    return found


def _named(
    connection: Connection, organisation: int, numbers: dict[int, str]
) -> Iterator[tuple[str, str, str]]:
    query = sa.select(RECORD.c.digest, RECORD.c.id, RECORD.c.status_number).where(
        RECORD.c.organisation_pk == organisation, RECORD.c.status_number.in_(numbers)
    )
    for row in connection.execute(query):
        yield row.digest.hex(), row.id, numbers[row.status_number]


def unsigned(
    connection: Connection,
    *,
    now: datetime,
    sign_within: int,
    since: datetime,
    until: datetime,
    issuers: Collection[str] | None = None,
    signer: str | None = None,
) -> Sequence[AnyRow]:
    """Signatures that are missing at ``now`` though their deadline, in [since, until), has passed.

    Rows of id, digest, subject, schema_name, signer_did, role, proposer (a DID) and sign_by; of drafts of
    these issuers, or of those that ``signer`` has a part in. ``sign_within``: seconds, where a draft names no
    time.
    """
    named, usual = DEADLINE.c.sign_by, RECORD.c.created_at
    wait = timedelta(seconds=sign_within)
    late = sa.case(
        (named.is_not(None), sa.and_(named >= since, named < until, named <= now)),
        else_=sa.and_(usual >= since - wait, usual < until - wait, usual <= now - wait),
    )
    issuer, proposer = ORGANISATION.alias("issuer"), ORGANISATION.alias("proposer")
    query = (
        sa.select(
            RECORD.c.id,
            RECORD.c.digest,
            RECORD.c.subject,
            RECORD.c.schema_name,
            RECORD.c.created_at,
            SIGNATURE.c.signer_did,
            SIGNATURE.c.role,
            proposer.c.did.label("proposer"),
            DEADLINE.c.sign_by,
        )
        .join_from(RECORD, SIGNATURE, SIGNATURE.c.record_pk == RECORD.c.pk)
        .join(issuer, issuer.c.pk == RECORD.c.organisation_pk)
        .join(proposer, proposer.c.pk == RECORD.c.proposer_pk)
        .join(DEADLINE, DEADLINE.c.record_pk == RECORD.c.pk, isouter=True)
        .where(
            RECORD.c.completed_at.is_(None),
            RECORD.c.rejected_at.is_(None),
            SIGNATURE.c.proof.is_(None),
            late,
        )
        .order_by(RECORD.c.pk, SIGNATURE.c.position)
    )
    if issuers is not None:
        query = query.where(issuer.c.did.in_(sorted(issuers)))
    if signer is not None:
        query = query.where(RECORD.c.pk.in_(_parts_of(signer)))
    return connection.execute(query).all()


def _parts_of(did: str) -> sa.Select[tuple[int]]:
    """Rows of the records that ``did`` is a signer of."""
    return sa.select(SIGNATURE.c.record_pk).where(SIGNATURE.c.signer_did == did)


def _decisions(did: str | None) -> sa.Select[tuple[object, ...]]:
    """Decisions that ``did`` signs (all when None) and nobody has rejected."""
    query = (
        sa.select(
            RECORD.c.pk,
            RECORD.c.id,
            RECORD.c.digest,
            RECORD.c.subkind,
            RECORD.c.completed_at,
            RECORD.c.document,
            ORGANISATION.c.did.label("issuer"),
        )
        .join(ORGANISATION, ORGANISATION.c.pk == RECORD.c.organisation_pk)
        .where(RECORD.c.schema_name == DECISION, RECORD.c.rejected_at.is_(None))
    )
    return query if did is None else query.where(RECORD.c.pk.in_(_parts_of(did)))


def diagnoses(connection: Connection, did: str | None, *, after: int, limit: int) -> Sequence[AnyRow]:
    """Diagnoses in the order of drafting, with a row above ``after``."""
    query = _decisions(did).where(RECORD.c.subkind == "diagnosis", RECORD.c.pk > after)
    return connection.execute(query.order_by(RECORD.c.pk).limit(limit)).all()


def decision(connection: Connection, did: str | None, record_id: str) -> AnyRow | None:
    """One decision."""
    return connection.execute(_decisions(did).where(RECORD.c.id == record_id)).one_or_none()


def decisions_by_digest(
    connection: Connection, did: str | None, digests: Iterable[bytes]
) -> dict[bytes, AnyRow]:
    """Those of these decisions that there are, by digest."""
    found: dict[bytes, AnyRow] = {}
    for part in chunks(digests):
        rows = connection.execute(_decisions(did).where(RECORD.c.digest.in_(part)))
        found.update((row.digest, row) for row in rows)
    return found


def citing(connection: Connection, did: str | None, digests: Iterable[bytes]) -> dict[bytes, list[AnyRow]]:
    """Decisions that link one of these records, by what they link, oldest first."""
    found: dict[bytes, list[AnyRow]] = {}
    for part in chunks(digests):
        query = _decisions(did).add_columns(LINK.c.target_digest)
        query = query.join(LINK, LINK.c.record_pk == RECORD.c.pk).where(LINK.c.target_digest.in_(part))
        for row in connection.execute(query.order_by(RECORD.c.pk)):
            found.setdefault(row.target_digest, []).append(row)
    return found


def named(connection: Connection, did: str | None, ids: Iterable[str]) -> dict[str, bytes]:
    """Digests of those of these records that ``did`` signs (all when None), by id; rejected ones are none."""
    found: dict[str, bytes] = {}
    for part in chunks(ids):
        query = sa.select(RECORD.c.id, RECORD.c.digest).where(
            RECORD.c.id.in_(part), RECORD.c.rejected_at.is_(None)
        )
        if did is not None:
            query = query.where(RECORD.c.pk.in_(_parts_of(did)))
        found.update((row.id, row.digest) for row in connection.execute(query))
    return found
