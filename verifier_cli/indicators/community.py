"""Which records a report is made of: the community, its members, and what of theirs is an input.

A community is one Agreement of kind `chain`. Its members are the parties of that agreement and of every
agreement of kind `member` performed under it (or under another member's), signed by somebody who belonged
before. The inputs of a report are the counted records that a member issued, of a type that some definition
reads, about something that began before the period's end.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from verifier_cli.encoding import parse_digest_multibase, parse_time
from verifier_cli.errors import DataError
from verifier_cli.indicators.definition import Definition
from verifier_cli.indicators.times import day_of, parse_day
from verifier_cli.relations import relations

__all__ = [
    "STARTS",
    "Agreement",
    "CommunityError",
    "Facts",
    "Member",
    "facts_of",
    "inputs",
    "members",
    "relations_read",
    "schemas_read",
    "superseded",
]

STARTS: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "agreement": (("from",),),
    "standard": (("effective",),),
    "demand": (("from",),),
    "enrolment": (("from",),),
    "activity": (("days", "date"),),
    "creditentry": (("on",),),
    "outcome": (("start",), ("asOf",)),
    "resource": (("from",),),
    "decision": (("on",),),
}
"""Where a record says when what it is about began: the first of these members, the earliest of an array's.
Types that say nothing (party, evaluation, credential) begin on the day of `validFrom`."""


class CommunityError(DataError):
    """The agreement named is no community, or its records contradict each other."""


class Member(NamedTuple):
    """One party by one agreement; the row of the relation `member`."""

    did: str
    role: str | None
    position: str | None
    start: datetime.date
    end: datetime.date | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """What an agreement says about who belongs. `under` are digests of the agreements it is performed under,
    `last` its last day, `record_id` the id of its record."""

    subject: str
    kind: str
    start: datetime.date
    last: datetime.date | None
    parties: tuple[tuple[str, str | None, str | None], ...]
    signers: frozenset[str]
    under: tuple[str, ...]
    record_id: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What choosing the inputs needs of a record; digests are hexadecimal, `schema` is as in `activity`."""

    digest: str
    schema: str
    issuer: str
    start: datetime.date
    number: int
    """Its status number among those of its issuer."""
    supersedes: tuple[str, ...] = ()
    agreement: Agreement | None = None


def facts_of(digest: str, document: Mapping[str, Any]) -> Facts:
    """The facts of a verified record."""
    schema = document["credentialSchema"]["id"].split(":")[3]
    linked = _linked(document)
    return Facts(
        digest,
        schema,
        document["issuer"]["id"],
        _start(schema, document),
        int(document["credentialStatus"]["id"].rpartition(":")[2]),
        linked.get("supersedes", ()),
        _agreement(document, linked.get("performedUnder", ())) if schema == "agreement" else None,
    )


def _linked(document: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for entry in document.get("relatedResource", ()):
        digest = parse_digest_multibase(entry["digestMultibase"]).hex()
        found[entry["rel"]] = (*found.get(entry["rel"], ()), digest)
    return found


def _start(schema: str, document: Mapping[str, Any]) -> datetime.date:
    subject = document["credentialSubject"]
    for path in STARTS.get(schema, ()):
        value = subject.get(path[0])
        if value is not None:
            return parse_day(value if len(path) == 1 else min(element[path[1]] for element in value))
    return day_of(parse_time(document["validFrom"]))


def _agreement(document: Mapping[str, Any], under: tuple[str, ...]) -> Agreement:
    subject = document["credentialSubject"]
    ends = [subject.get("to"), subject.get("ended", {}).get("on")]
    return Agreement(
        subject["id"],
        subject["kind"],
        parse_day(subject["from"]),
        min((parse_day(end) for end in ends if end is not None), default=None),
        tuple((party["id"], party.get("role"), party.get("position")) for party in subject["parties"]),
        frozenset([document["issuer"]["id"], *(e["id"] for e in document.get("countersigners", ()))]),
        under,
        document["id"],
    )


def members(
    chain: str, counted: Iterable[Facts], period_from: datetime.date, period_to: datetime.date
) -> list[Member]:
    """Members of the community whose chain agreement has the digest `chain`, in force on a day of the period.

    `counted` are facts of counted records; only agreements are looked at. Raises CommunityError when the
    agreement does not count, is none of kind chain, had ended before the period, or was superseded before
    it ended.
    """
    agreements = {
        item.digest: item for item in counted if item.agreement is not None and item.start < period_to
    }
    root = agreements.get(chain)
    if root is None or root.agreement is None or root.agreement.kind != "chain":
        raise CommunityError("$.report.community", "its chain agreement does not count")
    if root.agreement.last is not None and root.agreement.last < period_from:
        raise CommunityError("$.report.community", "its chain agreement had ended before the period")
    gone = superseded(agreements.values())
    if chain in gone:
        raise CommunityError("$.report.community", "its chain agreement was superseded")
    accepted = {chain}
    belonging = {did for did, _, _ in root.agreement.parties}
    while True:
        joined = [
            item
            for item in agreements.values()
            if item.digest not in accepted | gone
            and _joins(item, agreements, accepted, belonging, period_from)
        ]
        if not joined:
            break
        accepted |= {item.digest for item in joined}
        belonging |= {did for item in joined for did, _, _ in _of(item).parties}
    return sorted(_rows(map(agreements.__getitem__, accepted)), key=repr)


def _of(item: Facts) -> Agreement:
    assert item.agreement is not None
    return item.agreement


def _joins(
    item: Facts,
    agreements: Mapping[str, Facts],
    accepted: Collection[str],
    belonging: Collection[str],
    period_from: datetime.date,
) -> bool:
    """Whether a member agreement in force leads to an accepted agreement, in whatever version it names it."""
    joining = _of(item)
    if joining.kind != "member" or (joining.last is not None and joining.last < period_from):
        return False
    known = {(agreements[digest].issuer, _of(agreements[digest]).subject) for digest in accepted}
    named = [agreements[digest] for digest in joining.under if digest in agreements]
    leads = any((above.issuer, _of(above).subject) in known for above in named)
    return leads and not joining.signers.isdisjoint(belonging)


def _rows(accepted: Iterable[Facts]) -> Iterable[Member]:
    for item in accepted:
        agreement = _of(item)
        for did, role, position in agreement.parties:
            yield Member(did, role, position, agreement.start, agreement.last)


def relations_read(definitions: Iterable[Definition]) -> frozenset[str]:
    """Relations that these definitions read."""
    sources = {source for definition in definitions for source in definition.sources}
    return frozenset(sources & relations().keys())


def schemas_read(definitions: Iterable[Definition]) -> frozenset[str]:
    """Types of records that these definitions read; agreements always, because they say who belongs."""
    found = {relations()[name].schema for name in relations_read(definitions)}
    return frozenset({"agreement", *filter(None, found)})


def inputs(
    counted: Iterable[Facts],
    belonging: Collection[str],
    schemas: Collection[str],
    period_to: datetime.date,
) -> list[Facts]:
    """The records of a report: issued by a member, of a type that is read, begun before the period's end."""
    return [
        item
        for item in counted
        if item.issuer in belonging and item.schema in schemas and item.start < period_to
    ]


def superseded(records: Iterable[Facts]) -> set[str]:
    """Digests of those among these records that another of them, of the same type and issuer, supersedes."""
    known = {item.digest: (item.schema, item.issuer) for item in records}
    pairs = ((item, target) for item in records for target in item.supersedes)
    return {target for item, target in pairs if known.get(target) == (item.schema, item.issuer)}
