"""Finding what a row names: in the file first, then among the records that the uploader has signed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from trace_service.database import AnyRow
from trace_service.imports.codes import Code
from trace_service.imports.context import Reading, fold_name
from trace_service.imports.model import Node, Place
from trace_service.imports.parse import ParsedSheet
from trace_service.imports.queries import (
    document_of,
    records_by_ref,
    records_by_subject,
    refs_of_ids,
    urns_of_number,
)

WeekKey = tuple[str, str, int]  # trainee, number of the enrolment, week


def _values(sheets: dict[str, ParsedSheet], *names: str) -> Iterator[dict[str, Any]]:
    for sheet in sheets.values():
        for row in sheet.rows:
            if all(name in row.values for name in names):
                yield row.values


def _store(reading: Reading, rows: Iterable[AnyRow], keep: Callable[[Node, dict[str, Any]], None]) -> None:
    """Make nodes of stored records, of each issuer's reference only the newest revision."""
    newest = {
        (row.schema_name, document_of(row)["issuer"]["id"], row.external_ref or row.id): row for row in rows
    }
    for (schema, issuer, ref), row in newest.items():
        document = document_of(row)
        node = Node(
            schema, ref, row.id, document["credentialSubject"], row.revision, stored=True, digest=row.digest
        )
        node.issuer = reading.directory.by_did(issuer)
        node.countersigners = tuple(
            (organisation, entry["role"])
            for entry in document.get("countersigners", ())
            if (organisation := reading.directory.by_did(entry["id"])) is not None
        )
        keep(node, document)


def load_standards(reading: Reading, sheets: dict[str, ParsedSheet]) -> None:
    """Read the standards that rows name and the file does not hold."""
    known = reading.graph.standards
    wanted = {
        (values["standardCode"], values["standardVersion"])
        for values in _values(sheets, "standardCode", "standardVersion")
    }
    refs = {"@".join(key) for key in wanted if key not in known}

    def keep(node: Node, _document: dict[str, Any]) -> None:
        known[node.subject["code"], node.subject["version"]].append(node)

    _store(reading, records_by_ref(reading.connection, reading.uploader.did, "standard.1", refs), keep)


def load_enrolments(reading: Reading, sheets: dict[str, ParsedSheet]) -> None:
    """Read the enrolments that rows name, by their number or the trainee's, and the file does not hold."""
    graph, did = reading.graph, reading.uploader.did
    refs = {values["enrolment"] for values in _values(sheets, "enrolment")} - graph.enrolments.keys()
    numbers = {
        values["studentNumber"] for values in _values(sheets, "studentNumber") if "enrolment" not in values
    } - graph.trainees.keys()
    rows = records_by_ref(reading.connection, did, "enrolment.1", refs)
    rows += records_by_subject(
        reading.connection, did, "enrolment.1", urns_of_number(reading.connection, numbers)
    )

    def keep(node: Node, _document: dict[str, Any]) -> None:
        graph.enrolments[node.ref].append(node)
        graph.trainees[node.subject.get("studentNumber", "")].append(node)

    _store(reading, rows, keep)


def load_activities(reading: Reading, sheet: ParsedSheet) -> None:
    """Read the activities that evaluations name, by number or by week, and the file does not hold."""
    graph, did = reading.graph, reading.uploader.did
    refs = {ref for row in sheet.rows for ref in row.values.get("activities", ())} - graph.activities.keys()
    people = {
        enrolment.subject["id"]
        for row in sheet.rows
        for enrolment in _candidates(reading, row.values)
        for week in row.values.get("weeks", ())
        if not enrolment.faulty and (enrolment.subject["id"], enrolment.ref, week) not in graph.weeks
    }
    rows = records_by_ref(reading.connection, did, "activity.1", refs)
    rows += records_by_subject(reading.connection, did, "activity.1", people)
    found: list[tuple[Node, str]] = []

    def keep(node: Node, document: dict[str, Any]) -> None:
        graph.activities[node.ref].append(node)
        under = (
            link["id"] for link in document.get("relatedResource", ()) if link["rel"] == "performedUnder"
        )
        found.extend((node, enrolment) for enrolment in under)

    _store(reading, rows, keep)
    enrolments = refs_of_ids(reading.connection, {enrolment for _, enrolment in found})
    for node, enrolment in found:
        if enrolment in enrolments and "week" in node.subject:
            graph.weeks[node.subject["id"], enrolments[enrolment][2], node.subject["week"]].append(node)


def load_evaluations(reading: Reading, sheets: dict[str, ParsedSheet]) -> None:
    """Read the evaluations that credits and certificates rest on and the file does not hold."""
    known = reading.graph.evaluations
    refs = {ref for values in _values(sheets, "evaluations") for ref in values["evaluations"]} - known.keys()

    def keep(node: Node, _document: dict[str, Any]) -> None:
        known[node.ref].append(node)

    _store(reading, records_by_ref(reading.connection, reading.uploader.did, "evaluation.1", refs), keep)


def newest(nodes: list[Node]) -> list[Node]:
    """Of each record the newest revision; faulty ones only where nothing else is there."""
    good = [node for node in nodes if not node.faulty] or nodes
    by_record = {(node.issuer, node.ref): node for node in sorted(good, key=lambda node: node.revision)}
    return list(by_record.values())


def _choose(
    reading: Reading, place: Place, nodes: list[Node], name: str, what: str, header: str
) -> Node | None:
    found = newest(nodes)
    if not found:
        place.sheet.report(Code.UNKNOWN_REFERENCE, place.row, name, what=what)
    elif len(found) > 1:
        place.sheet.report(Code.AMBIGUOUS_REFERENCE, place.row, name, what=what, header=header)
    elif found[0].faulty:
        reading.depends(place, found[0])
    else:
        return found[0]
    return None


def find_standard(reading: Reading, place: Place) -> Node | None:
    """The standard that a row names; None after an error."""
    values = place.row.values
    nodes = reading.graph.standards.get((values["standardCode"], values["standardVersion"]), [])
    own = [node for node in nodes if reading.uploader in node.signers]
    return _choose(
        reading, place, own or nodes, "standardCode", "标准 | standard", "标准代码 | Standard code"
    )


def _candidates(reading: Reading, values: dict[str, Any]) -> list[Node]:
    if "enrolment" in values:
        return reading.graph.enrolments.get(values["enrolment"], [])
    return reading.graph.trainees.get(values.get("studentNumber", ""), [])


def find_enrolment(reading: Reading, place: Place) -> Node | None:
    """The enrolment of a row's trainee, whose name and number must be the same there; None after an error."""
    values = place.row.values
    name, what = (
        ("enrolment", "培养登记 | enrolment")
        if "enrolment" in values
        else ("studentNumber", "学员 | trainee")
    )
    node = _choose(reading, place, _candidates(reading, values), name, what, "登记编号 | Enrolment number")
    if node is None:
        return None
    if node.subject.get("studentNumber") != values["studentNumber"]:
        place.sheet.report(
            Code.UNKNOWN_REFERENCE,
            place.row,
            "studentNumber",
            what="该登记中的学号 | trainee in this enrolment",
        )
        return None
    if node.name and "name" in values and fold_name(node.name) != fold_name(values["name"]):
        place.sheet.report(Code.NAME_MISMATCH, place.row, "name", expected=node.name)
        return None
    return node


def _numbered(what: str, ref: str) -> str:
    return " | ".join(f"{part} {ref}" for part in what.split(" | "))


def find_all(
    reading: Reading, place: Place, name: str, known: dict[str, list[Node]], what: str, person: str
) -> list[Node] | None:
    """The records whose numbers field ``name`` lists, all about ``person``; None after an error."""
    found: list[Node] = []
    for ref in place.row.values.get(name, ()):
        node = _choose(reading, place, known.get(ref, []), name, _numbered(what, ref), what)
        if node is None:
            return None
        if node.subject["id"] != person:
            place.sheet.report(Code.EVIDENCE_OF_ANOTHER, place.row, name, ref=ref)
            return None
        found.append(node)
    return found


def find_weeks(reading: Reading, place: Place, enrolment: Node) -> list[Node] | None:
    """The activities of the weeks that an evaluation rests on; None after an error."""
    found: list[Node] = []
    for week in place.row.values.get("weeks", ()):
        nodes = newest(reading.graph.weeks.get((enrolment.subject["id"], enrolment.ref, week), []))
        lost = reading.graph.lost_weeks.get((place.row.values["studentNumber"], week))
        if not nodes and lost is not None:
            nodes = [lost]
        if not nodes:
            what = f"第 {week} 周的实践记录 | activity of week {week}"
            place.sheet.report(Code.UNKNOWN_REFERENCE, place.row, "weeks", what=what)
            return None
        if (bad := next((node for node in nodes if node.faulty), None)) is not None:
            reading.depends(place, bad)
            return None
        found += nodes
    return found
