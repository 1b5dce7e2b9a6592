"""The computed report as records to sign: each definition once per version, and the report with its links."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from trace_service.config import ChainSettings
from trace_service.database import AnyRow
from trace_service.indicators.service import Computed
from trace_service.organisations.queries import names_of
from trace_service.problems import Problem, not_found
from trace_service.records.compose import Draft, DraftLink
from trace_service.records.queries import RECORD, drafted_refs
from trace_service.records.service import draft_many
from verifier_cli.encoding import format_time
from verifier_cli.indicators.definition import Definition
from verifier_cli.indicators.times import day_of

__all__ = ["Drafted", "draft"]

SCHEMA: Final = "decision.1"


@dataclass(frozen=True, slots=True)
class Drafted:
    """What now waits for the issuer's signature: the report's id and digest, ids of new definitions."""

    report_id: str
    report_digest: bytes
    new_definitions: tuple[str, ...]


def draft(connection: Connection, chain: ChainSettings, issuer: str, computed: Computed, now: int) -> Drafted:
    """Draft the report and those definitions that ``issuer`` (a DID) has not issued yet in this version.

    All in the caller's transaction. A report of the same community and period before it is superseded. Raises
    `Problem` 404 for an issuer that is unknown here, 409 where a definition was changed and kept its version.
    """
    names = names_of(connection, [issuer])
    if issuer not in names:
        raise not_found("organisation")
    author = _Author(connection, chain, issuer, names[issuer].pk, now)
    links, new = author.definitions(computed.definitions)
    drafted = author.report(computed, links)
    return Drafted(drafted[0], drafted[1], new)


@dataclass(frozen=True, slots=True)
class _Author:
    connection: Connection
    chain: ChainSettings
    issuer: str
    pk: int
    now: int

    def definitions(self, wanted: Sequence[Definition]) -> tuple[list[DraftLink], tuple[str, ...]]:
        """Links to all definitions, and the ids of those that were drafted for it."""
        known = drafted_refs(self.connection, self.pk, SCHEMA, [_ref(item) for item in wanted])
        fresh = [item for item in wanted if self._is_new(item, known.get(_ref(item)))]
        drafts = [self._definition(item, known.get(_ref(item))) for item in fresh]
        stored = self._store(drafts)
        made = {item.code: row for item, row in zip(fresh, stored, strict=True)}
        links = []
        for item in wanted:
            found = made.get(item.code) or (known[_ref(item)].id, known[_ref(item)].digest)
            links.append(DraftLink(found[0], "basedOn", digest=found[1]))
        return links, tuple(row[0] for row in stored)

    def report(self, computed: Computed, links: Sequence[DraftLink]) -> tuple[str, bytes]:
        """Draft the report; its id and digest."""
        wanted = computed.wanted
        days = f"{wanted.period_from.isoformat()}/{wanted.period_to.isoformat()}"
        ref = f"report/{wanted.community.rpartition(':')[2]}/{days}"
        before = drafted_refs(self.connection, self.pk, SCHEMA, [ref]).get(ref)
        subject = self._subject(
            "report",
            ref,
            "REPORT-" + days.replace("/", "-"),
            {"zh": f"指标报告 {days}", "en": f"Indicator report {days}"},
            {"report": computed.subject()},
        )
        identifier, digest = computed.agreement
        agreement = DraftLink(identifier, "basedOn", digest=bytes.fromhex(digest))
        return self._store([self._draft(subject, ref, (agreement, *links), before)])[0]

    def _is_new(self, item: Definition, known: AnyRow | None) -> bool:
        if known is None or known.revision < _revision(item):
            return True
        query = sa.select(RECORD.c.document).where(RECORD.c.pk == known.pk)
        document = orjson.loads(self.connection.execute(query).scalar_one())
        if document["credentialSubject"]["definition"] != item.to_subject():
            raise Problem(
                409,
                "indicators.definition",
                "A definition was changed and kept its version",
                detail=f"{item.code} {item.version}",
                fix="give the changed definition the next version",
            )
        return False

    def _definition(self, item: Definition, before: AnyRow | None) -> Draft:
        subject = self._subject(
            "definition", _ref(item), item.code, dict(item.title), {"definition": item.to_subject()}
        )
        return self._draft(subject, _ref(item), (), before, _revision(item))

    def _subject(
        self, kind: str, ref: str, code: str, title: dict[str, str], contents: dict[str, Any]
    ) -> dict[str, Any]:
        return {
            "id": _stable_id(f"{self.issuer} {ref}"),
            "type": ["Decision"],
            "kind": kind,
            "code": code,
            "title": title,
            "body": self.issuer,
            "on": day_of(self.now).isoformat(),
            "result": "adopted",
            **contents,
        }

    def _draft(
        self,
        subject: dict[str, Any],
        ref: str,
        links: tuple[DraftLink, ...],
        before: AnyRow | None,
        revision: int | None = None,
    ) -> Draft:
        number = revision or (1 if before is None else before.revision + 1)
        former = () if before is None else (DraftLink(before.id, "supersedes", digest=before.digest),)
        return Draft(
            SCHEMA,
            self.issuer,
            subject,
            format_time(self.now),
            links=(*links, *former),
            external_ref=ref,
            revision=number,
        )

    def _store(self, drafts: Sequence[Draft]) -> list[tuple[str, bytes]]:
        if not drafts:
            return []
        stored = draft_many(self.connection, self.chain, self.issuer, drafts, whole_words=False)
        return [(item.id, item.digest) for item in stored]


def _ref(item: Definition) -> str:
    return f"definition/{item.code}"


def _revision(item: Definition) -> int:
    """Versions of definitions count 1, 2, 3, ...: they are the revisions of one record."""
    return int(item.version)


def _stable_id(text: str) -> str:
    """A URN in the form of a version 4 UUID that stays the same over revisions of one thing."""
    return f"urn:uuid:{uuid.UUID(bytes=hashlib.sha256(text.encode()).digest()[:16], version=4)}"
