"""The rules run over this service's records: those that the caller signs, or a community's."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from sqlalchemy.engine import Connection

from trace_service.cases import queries
from trace_service.config import Settings
from trace_service.indicators import extract
from trace_service.indicators.queries import counted
from trace_service.indicators.service import Asker, Community, Wanted, community_of
from trace_service.problems import Problem
from verifier_cli.audit.snapshot_facts import SnapshotFacts
from verifier_cli.encoding import digest_multibase
from verifier_cli.indicators.community import Member, relations_read, schemas_read
from verifier_cli.indicators.exceptions import Found, codes, rules, search
from verifier_cli.indicators.sandbox import MEMBER, WITHDRAWN, open_sandbox
from verifier_cli.indicators.times import UTC_OFFSET, day_of

__all__ = ["UNSIGNED", "WATCHING", "Asked", "Searched", "every_code", "find"]

UNSIGNED: Final = "unsigned_beyond_deadline"
"""The one rule that is no definition: drafts are no records yet, and stay in this service."""

WATCHING: Final = frozenset({"auditor", "operator"})
"""Roles in a community that may see all of its records; the others see those that they sign."""

_TITLE: Final = {"zh": "逾期未签", "en": "Unsigned beyond the deadline"}
_NOTE: Final = (
    "What is not signed counts for nothing: hours, scores and credits of somebody wait. Each missing "
    "signature is a row; the deadline lies in the period, days are those since."
)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which rules (all when None) over which days [since, until).

    ``did`` asks; None is the operator at his own command line, who may see everything.
    """

    since: date
    until: date
    community: str | None = None
    did: str | None = None
    wanted: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Searched:
    """What was found, in which records (``community``, ``signed`` by the caller, or ``all``), at which
    block."""

    scope: str
    block: int
    found: tuple[Found, ...]

    def to_json(self, asked: Asked, limit: int | None = None) -> dict[str, Any]:
        """The answer; with at most ``limit`` rows a rule."""
        return {
            "from": asked.since.isoformat(),
            "to": asked.until.isoformat(),
            "community": asked.community,
            "scope": self.scope,
            "block": self.block,
            "rules": [item.to_json(limit) for item in self.found],
        }


@dataclass(frozen=True, slots=True)
class _Scope:
    """Whose records: of the community's members (of all when None), and only those that ``signer`` signs."""

    name: str
    community: Community | None = None
    signer: str | None = None

    @property
    def members(self) -> tuple[Member, ...]:
        """Those of the community; none where there is none."""
        return () if self.community is None else self.community.members

    @property
    def issuers(self) -> frozenset[str] | None:
        """DIDs; None for everybody."""
        return None if self.community is None else frozenset(item.did for item in self.members)


def every_code() -> tuple[str, ...]:
    """Codes of all rules."""
    return (*codes(), UNSIGNED)


def find(
    connection: Connection,
    settings: Settings,
    facts: SnapshotFacts,
    asked: Asked,
    now: int,
    progress: Callable[[str], None] = lambda code: None,
) -> Searched:
    """Run the rules as of the block of ``facts``; ``now`` (epoch seconds) decides what is overdue.

    Raises `Problem` 404 for a community that is none or not the caller's, 422 for an impossible period or an
    unknown rule, 409 where several claim to be the community, DefinitionError, RunError.
    """
    _check(asked)
    scope = _scope(connection, settings, facts, asked)
    wanted = every_code() if asked.wanted is None else asked.wanted
    found = _searched(connection, facts, asked, scope, set(wanted) - {UNSIGNED}, progress)
    if UNSIGNED in wanted:
        found.append(_unsigned(connection, settings, asked, scope, now))
    return Searched(scope.name, facts.block_number, tuple(sorted(found, key=lambda item: item.code)))


def _check(asked: Asked) -> None:
    Wanted(asked.community or "", asked.since, asked.until).check()
    known = every_code()
    for code in asked.wanted or ():
        if code not in known:
            raise Problem(
                422,
                "exceptions.rule",
                "No such rule",
                detail=code,
                path="$.rule",
                fix=f"choose from {', '.join(known)}",
            )


def _scope(connection: Connection, settings: Settings, facts: SnapshotFacts, asked: Asked) -> _Scope:
    whole = asked.did is None or asked.did == settings.operator
    if asked.community is None:
        return _Scope("all") if asked.did is None else _Scope("signed", signer=asked.did)
    wanted = Wanted(asked.community, asked.since, asked.until)
    community = community_of(connection, facts, wanted, Asker(asked.did, whole))
    roles = {item.role for item in community.members if item.did == asked.did}
    if whole or roles & WATCHING:
        return _Scope("community", community)
    return _Scope("signed", community, asked.did)


def _searched(
    connection: Connection,
    facts: SnapshotFacts,
    asked: Asked,
    scope: _Scope,
    wanted: Collection[str],
    progress: Callable[[str], None],
) -> list[Found]:
    if not wanted:
        return []
    chosen = rules(wanted)
    with open_sandbox() as sandbox:
        progress("records")
        records = counted(connection, facts, schemas_read(chosen), scope.issuers, scope.signer)
        extract.load(sandbox, records, asked.until, relations_read(chosen))
        sandbox.insert(MEMBER, scope.members)
        sandbox.insert(WITHDRAWN, queries.withdrawn(connection, facts, scope.issuers))
        sandbox.lock(asked.since, asked.until, scope.community.name if scope.community else "")
        return search(sandbox, chosen, progress)


def _unsigned(connection: Connection, settings: Settings, asked: Asked, scope: _Scope, now: int) -> Found:
    time = datetime.fromtimestamp(now, UTC)
    rows = queries.unsigned(
        connection,
        now=time,
        sign_within=settings.sign_within,
        since=_midnight(asked.since),
        until=_midnight(asked.until),
        issuers=scope.issuers,
        signer=scope.signer,
    )
    usual = timedelta(seconds=settings.sign_within)
    found: list[dict[str, Any]] = []
    for row in rows:
        sign_by = row.sign_by or row.created_at + usual
        entry = {
            "record": {"id": row.id, "digest": digest_multibase(row.digest)},
            "person": row.subject,
            "org": row.signer_did,
            "role": row.role,
            "proposer": row.proposer,
            "type": row.schema_name.partition(".")[0],
            "date": day_of(int(sign_by.timestamp())).isoformat(),
            "days": (time - sign_by).days,
        }
        found.append({name: value for name, value in entry.items() if value is not None})
    return Found(UNSIGNED, "1", _TITLE, _NOTE, "days", None, found)


def _midnight(day: date) -> datetime:
    """The beginning of a day of Asia/Shanghai."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(seconds=UTC_OFFSET)
