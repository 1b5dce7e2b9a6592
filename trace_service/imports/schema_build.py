"""Rows of the sheets that follow from the schemas become records of any type."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from trace_service.imports.codes import Code
from trace_service.imports.context import Reading
from trace_service.imports.model import Node, Organisation, Place, midnight, stable_id
from trace_service.imports.ordering import in_order
from trace_service.imports.parse import ParsedSheet, Row
from trace_service.imports.schema_details import attach_details
from trace_service.imports.schema_links import LinkTargets
from trace_service.imports.schema_people import resolve_names
from trace_service.imports.schema_rows import build_element
from trace_service.imports.schema_sheets import RecordSheets, all_record_sheets
from trace_service.records.compose import new_id

# Where the file gives no time from which a record is valid: the first of these days that its subject has.
_DAYS = ("on", "effective", "from", "asOf", "activityEndDate")
_SHORT = {"trainee", "mentor", "teacher"}


def build_schema_records(reading: Reading, sheets: dict[str, ParsedSheet], broken: frozenset[str]) -> None:
    """Add the records of these sheets to the graph, each after what it links to."""
    nodes: list[Node] = []
    for schema, types in all_record_sheets().items():
        whole = attach_details(reading, sheets, types, broken)
        if schema in sheets:
            nodes += _Builder(reading, types, sheets[schema], whole).build()
    if not nodes:
        return
    targets = LinkTargets(reading, nodes)
    good = [node for node in nodes if not node.faulty]
    targets.load(good)
    for node in good:
        targets.resolve(node)
    reading.graph.nodes += in_order(reading, good)


class _Builder:
    """Turns the rows of one main sheet into nodes."""

    def __init__(
        self, reading: Reading, types: RecordSheets, sheet: ParsedSheet, whole: Place | bool
    ) -> None:
        self._reading = reading
        self._types = types
        self._sheet = sheet
        self._whole = whole
        self._seen: dict[tuple[int, str, int], Row] = {  # hand-written sheets have rows of this type too
            (node.issuer.pk, node.ref, node.revision): node.place.row
            for node in reading.graph.nodes
            if node.schema == types.schema and node.issuer is not None and node.place is not None
        }

    def build(self) -> Iterator[Node]:
        """A node for every row with a reference; faulty where something is wrong with it."""
        for row in self._sheet.rows:
            if "@ref" not in row.values:
                continue
            place = Place(self._sheet, row)
            revision = row.values.get("@revision", 1)
            node = Node(self._types.schema, row.values["@ref"], new_id(), revision=revision, place=place)
            node.faulty = not (
                self._signers(node, place) and self._complete(place) and self._fill(node, place)
            )
            yield node

    def _signers(self, node: Node, place: Place) -> bool:
        node.issuer = self._reading.organisation(place, "@issuer", self._reading.uploader)
        if node.issuer is None:
            return False
        first = self._seen.setdefault((node.issuer.pk, node.ref, node.revision), place.row)
        if first is not place.row:
            place.sheet.report(Code.DUPLICATE_ROW, place.row, "@ref", other=first.number, what=node.ref)
            return False
        countersigners: list[tuple[Organisation, str]] = []
        for role, text in place.row.values.get("@countersigners", ()):
            organisation = self._countersigner(place, role, text)
            if organisation is None:
                return False
            countersigners.append((organisation, role))
        node.countersigners = tuple(countersigners)
        return True

    def _countersigner(self, place: Place, role: str, text: str) -> Organisation | None:
        if role in _SHORT and text.startswith("did:key:"):
            return Organisation(0, text, text)
        found = self._reading.directory.find(text)
        if len(found) == 1:
            return next(iter(found))
        code = Code.AMBIGUOUS_REFERENCE if found else Code.UNKNOWN_ORGANISATION
        place.sheet.report(
            code, place.row, "@countersigners", what="单位 | organisation", header=f"{role}=did:web:…"
        )
        return None

    def _complete(self, place: Place) -> bool:
        """Whether the row and the rows of its detail sheets can be read."""
        if place.row.faulty:
            return False
        if isinstance(self._whole, Place):
            self._reading.depends(place, Node("", "", "", place=self._whole))
            return False
        if not self._whole:
            place.row.faulty = True
            return False
        bad = _faulty_child(place.row)
        if bad is not None:
            self._reading.depends(place, Node("", "", "", place=bad))
        return bad is None

    def _fill(self, node: Node, place: Place) -> bool:
        if not resolve_names(self._reading, node, place, self._types.main):
            return False
        if not self._reading.may_sign(place, node):
            return False
        assert node.issuer is not None
        subject = build_element(self._types.main, place.row)
        if self._types.thing and "id" not in subject:
            subject["id"] = stable_id(self._types.schema.partition(".")[0], node.issuer.did, node.ref)
        values = place.row.values
        node.subject = subject
        node.valid_until = values.get("@validUntil")
        node.valid_from = values.get("@validFrom") or _valid_from(subject) or ""
        if not node.valid_from:
            node.undated, node.valid_from = True, midnight(self._reading.today)
        return True


def _faulty_child(row: Row) -> Place | None:
    for details in (row.children or {}).values():
        for child in details.rows:
            bad = Place(details.sheet, child) if child.faulty else _faulty_child(child)
            if bad is not None:
                return bad
    return None


def _valid_from(subject: Mapping[str, Any]) -> str | None:
    """The time from which a record is valid by its subject: an activity's last day, else one of `_DAYS`."""
    days: Iterable[Mapping[str, Any]] = subject.get("days", ())
    texts = [max((day["date"] for day in days), default=None), *(subject.get(name) for name in _DAYS)]
    day = next((text for text in texts if text), None)
    if day is None:
        return None
    try:
        return midnight(date.fromisoformat(str(day)[:10]))
    except ValueError:  # the schema's own check says what is wrong with it
        return None
