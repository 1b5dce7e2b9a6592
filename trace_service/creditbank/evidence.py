"""What an entry rests on: the credential of a deposit, the agreement of a conversion."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from trace_service.creditbank.entry import Entry, first_day_after
from trace_service.creditbank.problems import bad_agreement, bad_credential, unknown_rule
from trace_service.database import AnyRow
from trace_service.records.queries import RECORD
from trace_service.status.queries import newest_change
from verifier_cli.encoding import parse_digest_multibase, parse_time

CREDENTIAL = "credential.1"
AGREEMENT = "agreement.1"
CERTIFICATE_KIND = "certificate"  # credits of a credential that names no kind of its own
MAX_EDITIONS = 100  # of one credential that are followed back; more is no history that anybody wrote
_PLANES = {0: "revoked", 1: "suspended", 2: "superseded"}


@dataclass(frozen=True, slots=True)
class Worth:
    """What a credential is worth: hundredths of credits of a kind, and when they end."""

    amount: int
    credit_kind: str
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class Rule:
    """One conversion rule of an agreement; ``limit`` is the most that a holder converts under it."""

    code: str
    version: str
    from_kind: str
    to_kind: str
    numerator: int
    denominator: int
    limit: int | None

    @property
    def name(self) -> str:
        """Code and version in one; tokens contain no space."""
        return f"{self.code} {self.version}"


def find_by_digest(connection: Connection, digest: bytes) -> AnyRow | None:
    """Return the record with this record_digest."""
    columns = (RECORD.c.pk, RECORD.c.id, RECORD.c.schema_name, RECORD.c.document, RECORD.c.completed_at)
    return connection.execute(sa.select(*columns).where(RECORD.c.digest == digest)).one_or_none()


def worth_of(document: dict[str, Any]) -> Worth:
    """Return what a credential's document is worth; raises `CreditProblem` where that cannot be deposited."""
    subject = document["credentialSubject"]
    earned = Decimal(str(subject.get("creditsEarned", 0))) * 100
    if earned <= 0 or earned != int(earned):
        raise bad_credential(
            "amount", "The credential gives no whole hundredths of credits", earned=str(earned / 100)
        )
    until = document.get("validUntil")
    return Worth(
        int(earned),
        subject.get("creditKind", CERTIFICATE_KIND),
        None if until is None else first_day_after(parse_time(until)),
    )


def check_credential(connection: Connection, entry: Entry) -> Worth:
    """Return what the credential behind a deposit is worth.

    Raises `CreditProblem` where it is not known, not complete, not in force, another person's, or its issuer
    does not sign the deposit, and where the entry says something else than the credential.
    """
    row = None if entry.credential is None else find_by_digest(connection, entry.credential)
    if row is None or row.schema_name != CREDENTIAL:
        raise bad_credential("unknown", "The deposit links no credential that is known here")
    if row.completed_at is None:
        raise bad_credential("draft", "The credential is not complete", status=409)
    if (state := _not_in_force(connection, row.pk)) is not None:
        raise bad_credential("status", f"The credential is {state}", status=409, state=state)
    document = orjson.loads(row.document)
    if document["credentialSubject"]["id"] != entry.holder:
        raise bad_credential("holder", "The credential belongs to another person")
    if document["issuer"]["id"] not in entry.signers:
        raise bad_credential(
            "issuer",
            "Who awarded the credits must sign their deposit",
            fix="add the credential's issuer to the countersigners",
            issuer=document["issuer"]["id"],
        )
    worth = worth_of(document)
    if (entry.credit_kind, entry.amount) != (worth.credit_kind, worth.amount):
        raise bad_credential(
            "amount",
            "The deposit is not what the credential gives",
            creditKind=worth.credit_kind,
            amount=worth.amount,
        )
    return worth


def editions(connection: Connection, digest: bytes) -> Iterator[bytes]:
    """Yield the digest of a credential and of those that it supersedes, as far as they are known here."""
    waiting, seen = [digest], {digest}
    while waiting and len(seen) <= MAX_EDITIONS:
        current = waiting.pop()
        yield current
        row = find_by_digest(connection, current)
        for link in [] if row is None else orjson.loads(row.document).get("relatedResource", ()):
            former = parse_digest_multibase(link["digestMultibase"])
            if link["rel"] == "supersedes" and former not in seen:
                seen.add(former)
                waiting.append(former)


def find_rule(connection: Connection, entry: Entry) -> Rule:
    """Return the rule that a conversion names; raises `CreditProblem` where it does not hold."""
    row = None if entry.agreement is None else find_by_digest(connection, entry.agreement)
    if row is None or row.schema_name != AGREEMENT:
        raise bad_agreement("unknown", "The conversion links no agreement that is known here")
    subject = orjson.loads(row.document)["credentialSubject"]
    if row.completed_at is None or subject["kind"] != "credit_bank":
        raise bad_agreement("kind", "Not a signed agreement on credit bank rules")
    if (state := _not_in_force(connection, row.pk)) is not None:
        raise bad_agreement("status", f"The agreement is {state}", fix="name the agreement that replaced it")
    if entry.bank not in {party["id"] for party in subject["parties"]}:
        raise bad_agreement("party", "The bank is no party to the agreement")
    if not _covers(subject, entry.on):
        raise bad_agreement("period", "The agreement was not in force on that day")
    assert entry.rule is not None  # the schema wants it for a conversion
    return _rule(subject, *entry.rule)


def rule_of(connection: Connection, digest: bytes, name: str) -> Rule:
    """Return the rule ``name`` (code and version) of an agreement that was checked before."""
    row = find_by_digest(connection, digest)
    assert row is not None  # records are never deleted
    code, _, version = name.partition(" ")
    return _rule(orjson.loads(row.document)["credentialSubject"], code, version)


def _rule(subject: dict[str, Any], code: str, version: str) -> Rule:
    for rule in subject.get("rules", ()):
        if (rule["code"], rule["version"]) == (code, version):
            return Rule(
                code,
                version,
                rule["fromKind"],
                rule["toKind"],
                rule["numerator"],
                rule["denominator"],
                rule.get("limit"),
            )
    raise unknown_rule(code, version)


def _covers(subject: dict[str, Any], on: date) -> bool:
    ends = [text for text in (subject.get("to"), subject.get("ended", {}).get("on")) if text]
    return date.fromisoformat(subject["from"]) <= on and all(on < date.fromisoformat(end) for end in ends)


def _not_in_force(connection: Connection, record_pk: int) -> str | None:
    """The state that an organisation has asked for, or that is on chain already."""
    for plane, state in _PLANES.items():
        change = newest_change(connection, record_pk, plane)
        if change is not None and change.on:
            return state
    return None
