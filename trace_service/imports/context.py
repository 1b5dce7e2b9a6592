"""What the builders of all record types share: organisations, people, the graph so far, and their errors."""

from __future__ import annotations

import unicodedata
import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy.engine import Connection

from trace_service.imports.codes import Code
from trace_service.imports.errors import Findings
from trace_service.imports.model import Node, Organisation, Place
from trace_service.imports.parse import ParsedSheet, Row
from trace_service.imports.queries import all_organisations, known_people
from trace_service.imports.values import fold
from trace_service.records.compose import new_id

# Signs that registers use for the dot in a name of several parts; the record keeps the one that was typed.
_DOTS = str.maketrans("•・‧･∙⋅", "······")


def fold_name(name: str) -> str:
    """A person's name for comparison only: width, case, spaces and the kind of middle dot do not count."""
    return unicodedata.normalize("NFKC", name.translate(_DOTS)).translate(_DOTS).casefold().replace(" ", "")


class Directory:
    """Organisations by DID and by registered name."""

    def __init__(self, connection: Connection) -> None:
        self._by_did: dict[str, Organisation] = {}
        self._by_name: dict[str, set[Organisation]] = defaultdict(set)
        for organisation, name_en in all_organisations(connection):
            self._by_did[organisation.did] = organisation
            for name in (organisation.name, name_en):
                self.add_name(organisation, name)

    def add_name(self, organisation: Organisation, name: str) -> None:
        """Let ``name`` mean ``organisation`` too (the file's own sheet of parties says so)."""
        if name:
            self._by_name[fold(name)].add(organisation)

    def by_did(self, did: str) -> Organisation | None:
        """The organisation of that DID."""
        return self._by_did.get(did)

    def find(self, text: str) -> set[Organisation]:
        """Every organisation that ``text`` can mean; more than one is for the uploader to tell apart."""
        known = self._by_did.get(text)
        return {known} if known else self._by_name.get(fold(text), set())


class People:
    """The URNs behind the numbers that organisations give to people; unknown numbers get a fresh one."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._urns: dict[tuple[int, str], str] = {}
        self.new: list[dict[str, Any]] = []

    def load(self, organisation: Organisation, refs: Iterable[str]) -> None:
        """Read the known ones among ``refs`` at once."""
        missing = {ref for ref in refs if (organisation.pk, ref) not in self._urns}
        for ref, urn in known_people(self._connection, organisation.pk, missing).items():
            self._urns[organisation.pk, ref] = urn

    def urn(self, organisation: Organisation, ref: str) -> str:
        """The URN of the person whom ``organisation`` calls ``ref``."""
        key = (organisation.pk, ref)
        if key not in self._urns:
            self.load(organisation, [ref])
        if key not in self._urns:
            self._urns[key] = f"urn:uuid:{uuid.uuid4()}"
            self.new.append({"organisation_pk": organisation.pk, "external_ref": ref, "urn": self._urns[key]})
        return self._urns[key]


@dataclass(slots=True)
class Graph:
    """Records by what rows call them; lists, because one name may fit several."""

    standards: dict[tuple[str, str], list[Node]] = field(default_factory=lambda: defaultdict(list))
    enrolments: dict[str, list[Node]] = field(default_factory=lambda: defaultdict(list))
    trainees: dict[str, list[Node]] = field(default_factory=lambda: defaultdict(list))
    activities: dict[str, list[Node]] = field(default_factory=lambda: defaultdict(list))
    weeks: dict[tuple[str, str, int], list[Node]] = field(default_factory=lambda: defaultdict(list))
    lost_weeks: dict[tuple[str, int], Node] = field(
        default_factory=dict
    )  # by the number typed: no trainee found
    evaluations: dict[str, list[Node]] = field(default_factory=lambda: defaultdict(list))
    nodes: list[Node] = field(default_factory=list)  # proposed ones, what is named before what names it


@dataclass(slots=True)
class Reading:
    """One import while its rows become records."""

    connection: Connection
    uploader: Organisation
    directory: Directory
    people: People
    found: Findings
    today: date
    partial: bool
    graph: Graph = field(default_factory=Graph)

    def organisation(self, place: Place, name: str, default: Organisation | None) -> Organisation | None:
        """The organisation in field ``name``; ``default`` where it is empty; None after an error."""
        text = place.row.values.get(name)
        if text is None:
            return default
        found = self.directory.find(text)
        if len(found) == 1:
            return next(iter(found))
        code = Code.AMBIGUOUS_REFERENCE if found else Code.UNKNOWN_ORGANISATION
        place.sheet.report(code, place.row, name, what="单位 | organisation", header="DID")
        return None

    def depends(self, place: Place, target: Node) -> None:
        """Keep a row out because what it rests on is faulty; said aloud only where other rows go in."""
        place.row.faulty = True
        if self.partial and target.place is not None:
            place.sheet.report(
                Code.DEPENDS_ON_ERROR,
                place.row,
                other=target.place.row.number,
                other_sheet=target.place.sheet.name,
            )

    def may_sign(self, place: Place, node: Node) -> bool:
        """Whether the uploader is a signer of the proposed record; an error otherwise."""
        if self.uploader in node.signers:
            return True
        signers = "、".join(organisation.name for organisation in node.signers)
        place.sheet.report(Code.NOT_A_SIGNER, place.row, signers=signers)
        return False

    def not_future(self, place: Place, name: str) -> None:
        """Report a date that has not come yet."""
        day = place.row.values.get(name)
        if day is not None and day > self.today:
            place.sheet.report(Code.DATE_IN_FUTURE, place.row, name, today=self.today)


def unique_rows(sheet: ParsedSheet, key: tuple[str, ...]) -> None:
    """Report rows that repeat the key and revision of an earlier row."""
    seen: dict[tuple[object, ...], Row] = {}
    for row in sheet.rows:
        parts = [row.values.get(name) for name in key]
        if None in parts:
            continue
        first = seen.setdefault((*parts, row.values.get("revision", 1)), row)
        if first is not row:
            what = "、".join(str(part) for part in parts)
            sheet.report(Code.DUPLICATE_ROW, row, key[-1], other=first.number, what=what)


def make_node(schema: str, place: Place, name: str = "ref") -> Node:
    """A node for the row at ``place``, faulty until it is filled in."""
    values = place.row.values
    return Node(
        schema, values[name], new_id(), revision=values.get("revision", 1), place=place, faulty=True,
        name=values.get("name", ""),
    )  # fmt: skip
