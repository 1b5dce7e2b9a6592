"""What a file proposes: records to be, and the records that they name."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from trace_service.imports.parse import ParsedSheet, Row


class Organisation(NamedTuple):
    """A registered organisation."""

    pk: int
    did: str
    name: str


class Place(NamedTuple):
    """The row that a record comes from; the first one where several make the record."""

    sheet: ParsedSheet
    row: Row


@dataclass(slots=True, eq=False)
class Node:
    """A record in the graph of one import: proposed by a row (``place``) or stored before (``digest`` known).

    A faulty node stands for a row that has errors, so that rows naming it are told why they stay out.
    ``name`` is the trainee's name in the file: it is compared, never recorded outside certificates.
    """

    schema: str
    ref: str
    id: str
    subject: dict[str, Any] = field(default_factory=dict)
    revision: int = 1
    issuer: Organisation | None = None
    countersigners: tuple[tuple[Organisation, str], ...] = ()
    links: list[Edge] = field(default_factory=list)
    valid_from: str = ""
    valid_until: str | None = None
    place: Place | None = None
    name: str = ""
    faulty: bool = False
    stored: bool = False
    undated: bool = (
        False  # the file gives no date at all: ``valid_from`` is today's, or that of what is stored
    )
    digest: bytes | None = None

    @property
    def signers(self) -> tuple[Organisation, ...]:
        """Issuer and countersigners."""
        own = () if self.issuer is None else (self.issuer,)
        return (*own, *(organisation for organisation, _ in self.countersigners))

    def organisation(self, role: str) -> Organisation | None:
        """Who signs in ``role``; the issuer has the role that no countersigner has (see `issuer_role`)."""
        found = next((organisation for organisation, held in self.countersigners if held == role), None)
        return found or self.issuer


class Edge(NamedTuple):
    """A link to another record of the graph."""

    target: Node
    rel: str
    items: tuple[str, ...] = ()


def midnight(day: date) -> str:
    """``day`` as the time of a record: 00:00 UTC, 08:00 in China, so that both read the same date."""
    return f"{day.isoformat()}T00:00:00Z"


def stable_id(*parts: str) -> str:
    """A record-like id derived from ``parts``: the same in every import, so that versions share it.

    The bits of a version 4 UUID are set, as the schemas ask; nothing personal goes in.
    """
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    return f"urn:uuid:{uuid.UUID(bytes=digest[:16], version=4)}"


def label(zh: str, en: str | None) -> dict[str, str]:
    """A text in Chinese and, where given, English."""
    return {"zh": zh, "en": en} if en else {"zh": zh}
