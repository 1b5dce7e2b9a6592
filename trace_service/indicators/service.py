"""Indicators of a community and period, computed over this service's records as of one block."""

from __future__ import annotations

import datetime
import resource
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy.engine import Connection

from trace_service.indicators import extract
from trace_service.indicators.queries import counted
from trace_service.problems import Problem, not_found
from verifier_cli.audit.snapshot_facts import SnapshotFacts
from verifier_cli.indicators.community import (
    Facts,
    Member,
    facts_of,
    members,
    relations_read,
    schemas_read,
    superseded,
)
from verifier_cli.indicators.definition import Definition, in_order, shipped
from verifier_cli.indicators.engine import closure, run
from verifier_cli.indicators.report import report_subject
from verifier_cli.indicators.sandbox import MEMBER, open_sandbox
from verifier_cli.indicators.values import Value

__all__ = ["Computed", "Wanted", "community_of", "compute", "peak_mib", "reported"]

_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which report: community (``credentialSubject.id`` of its chain agreement) and period [from, to)."""

    community: str
    period_from: datetime.date
    period_to: datetime.date

    def check(self) -> None:
        """Raise `Problem` 422 for a period that ends before it begins."""
        if self.period_from >= self.period_to:
            raise Problem(
                422, "indicators.period", "The period ends before it begins", path="$.to", fix="to after from"
            )


@dataclass(frozen=True, slots=True)
class Computed:
    """What a run found. ``digests`` are the inputs; ``agreement`` is the chain agreement's record."""

    wanted: Wanted
    chain_id: int
    block: int
    block_hash: str
    agreement: tuple[str, str]
    """Record id, and record_digest in hexadecimal."""
    definitions: tuple[Definition, ...]
    values: tuple[Value, ...]
    digests: tuple[str, ...]
    members: tuple[Member, ...]
    seconds: float

    def subject(self) -> dict[str, Any]:
        """The member ``report`` of the Decision that states it."""
        return report_subject(
            period=(self.wanted.period_from, self.wanted.period_to),
            community=self.wanted.community,
            block=(self.chain_id, self.block, self.block_hash),
            digests=self.digests,
            definitions=self.definitions,
            values=self.values,
        )


def reported() -> tuple[Definition, ...]:
    """The indicators of this release with the views that they read; exceptions are no part of a report."""
    return closure(shipped(), [code for code, item in shipped().items() if item.form == "indicator"])


def compute(
    connection: Connection,
    facts: SnapshotFacts,
    wanted: Wanted,
    definitions: Iterable[Definition] | None = None,
    progress: Callable[[str], None] = lambda code: None,
) -> Computed:
    """Compute ``definitions`` (`reported` when None) as of the block of ``facts``.

    Raises `Problem` 404 for an unknown community, 422 for an impossible period, DefinitionError, RunError.
    """
    wanted.check()
    began = time.monotonic()
    chosen = reported() if definitions is None else in_order(definitions)
    agreement, belonging = community_of(connection, facts, wanted)
    issuers = {item.did for item in belonging}
    with open_sandbox() as sandbox:
        progress("records")
        records = counted(connection, facts, schemas_read(chosen), issuers)
        extract.load(sandbox, records, wanted.period_to, relations_read(chosen))
        digests = extract.digests(sandbox)
        sandbox.insert(MEMBER, belonging)
        sandbox.lock(wanted.period_from, wanted.period_to, wanted.community)
        outcome = run(sandbox, chosen, progress=progress)
    return Computed(
        wanted,
        facts.chain_id,
        facts.block_number,
        facts.block_hash,
        agreement,
        chosen,
        tuple(outcome.values.values()),
        tuple(digests),
        tuple(belonging),
        time.monotonic() - began,
    )


def community_of(
    connection: Connection, facts: SnapshotFacts, wanted: Wanted
) -> tuple[tuple[str, str], list[Member]]:
    """The chain agreement in force at the period's end (id, digest), and the members.

    Raises `Problem` 404 for an unknown community, 409 where two agreements claim to be it.
    """
    known: dict[str, Facts] = {}
    ids: dict[str, str] = {}
    for record in counted(connection, facts, {"agreement"}):
        document = orjson.loads(record.document)
        known[record.digest] = facts_of(record.digest, document)
        ids[record.digest] = document["id"]
    begun = [item for item in known.values() if item.start < wanted.period_to]
    gone = superseded(begun)
    roots = [
        item.digest
        for item in begun
        if item.agreement is not None
        and (item.agreement.kind, item.agreement.subject) == ("chain", wanted.community)
        and item.digest not in gone
    ]
    if not roots:
        raise not_found("community")  # to whoever may not know of it, the same
    if len(roots) > 1:
        raise Problem(
            409,
            "indicators.community",
            "Several agreements claim to be this community",
            path="$.community",
            fix="end those that are none: supersede or revoke them",
        )
    return (ids[roots[0]], roots[0]), members(roots[0], known.values(), wanted.period_from, wanted.period_to)


def peak_mib() -> int:
    """Most memory that this process has held, in MiB."""
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(size // (_MIB if sys.platform == "darwin" else 1024))
