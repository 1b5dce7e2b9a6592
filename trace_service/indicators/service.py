"""Indicators of a community and period, computed over this service's records as of one block."""

from __future__ import annotations

import datetime
import resource
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import orjson
from sqlalchemy.engine import Connection

from trace_service.indicators import extract
from trace_service.indicators.queries import counted
from trace_service.problems import Problem, not_found
from verifier_cli.audit.snapshot_facts import SnapshotFacts
from verifier_cli.indicators.claimants import candidates, claimants, of_party
from verifier_cli.indicators.community import Facts, Member, facts_of, members, relations_read, schemas_read
from verifier_cli.indicators.definition import Definition, in_order, shipped
from verifier_cli.indicators.engine import closure, run
from verifier_cli.indicators.report import report_subject
from verifier_cli.indicators.sandbox import MEMBER, open_sandbox
from verifier_cli.indicators.values import Value

__all__ = ["Asker", "Community", "Computed", "Wanted", "community_of", "compute", "peak_mib", "reported"]

_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which report: community and period [from, to).

    ``community`` is the ``credentialSubject.id`` of its chain agreement; where several agreements claim it,
    the digestMultibase or record id of one.
    """

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
class Asker:
    """Who asks, a DID; ``sees_all`` says that he may see communities that he is no member of."""

    did: str | None = None
    sees_all: bool = True


@dataclass(frozen=True, slots=True)
class Community:
    """A community by its chain agreement: its name (``credentialSubject.id``), record id, record_digest in
    hexadecimal, and its members."""

    name: str
    record_id: str
    digest: str
    members: tuple[Member, ...]


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
    asker: Asker = Asker(),
) -> Computed:
    """Compute ``definitions`` (`reported` when None) as of the block of ``facts``.

    Raises what `community_of` does, `Problem` 422 for an impossible period, DefinitionError, RunError.
    """
    wanted.check()
    began = time.monotonic()
    chosen = reported() if definitions is None else in_order(definitions)
    community = community_of(connection, facts, wanted, asker)
    wanted = replace(wanted, community=community.name)
    issuers = {item.did for item in community.members}
    with open_sandbox() as sandbox:
        progress("records")
        records = counted(connection, facts, schemas_read(chosen), issuers)
        extract.load(sandbox, records, wanted.period_to, relations_read(chosen))
        digests = extract.digests(sandbox)
        sandbox.insert(MEMBER, community.members)
        sandbox.lock(wanted.period_from, wanted.period_to, wanted.community)
        outcome = run(sandbox, chosen, progress=progress)
    return Computed(
        wanted,
        facts.chain_id,
        facts.block_number,
        facts.block_hash,
        (community.record_id, community.digest),
        chosen,
        tuple(outcome.values.values()),
        tuple(digests),
        community.members,
        time.monotonic() - began,
    )


def community_of(connection: Connection, facts: SnapshotFacts, wanted: Wanted, asker: Asker) -> Community:
    """The chain agreement in force at the period's end, and the members.

    Where several claim the name, the one that the asker has bound himself to. Raises `Problem` 404 for an
    unknown community and for one that the asker may not know of, 409 with ``candidates`` (digests) where
    several are left; DataError for one that had ended.
    """
    known = [
        facts_of(record.digest, orjson.loads(record.document))
        for record in counted(connection, facts, {"agreement"})
    ]
    period = wanted.period_from, wanted.period_to
    found = claimants(known, wanted.community, *period)
    own = [] if asker.did is None else of_party(found, known, asker.did, *period)
    chosen = own or (found if asker.sees_all else [])
    if not chosen:
        raise not_found("community")  # to whoever may not know of it, the same
    if len(chosen) > 1:
        raise _contested(chosen)
    agreement = chosen[0].agreement
    assert agreement is not None
    belonging = members(chosen[0].digest, known, *period)
    return Community(agreement.subject, agreement.record_id, chosen[0].digest, tuple(belonging))


def _contested(found: list[Facts]) -> Problem:
    digests = candidates(found)
    return Problem(
        409,
        "indicators.community",
        "Several agreements claim to be this community",
        detail=", ".join(digests),
        path="$.community",
        fix="give the digest of the agreement that is meant as `community`",
        more={"candidates": digests},
    )


def peak_mib() -> int:
    """Most memory that this process has held, in MiB."""
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(size // (_MIB if sys.platform == "darwin" else 1024))
