"""Rows of evaluations, practice credits and certificates become Evaluation and Credential records."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from trace_service.imports.codes import Code
from trace_service.imports.context import Reading, make_node
from trace_service.imports.limits import MAX_LINKS
from trace_service.imports.lookup import find_all, find_enrolment, find_standard, find_weeks
from trace_service.imports.model import Edge, Node, Organisation, Place, midnight
from trace_service.imports.parse import ParsedSheet, Row

_PASS_TENTHS = 6  # the usual pass mark, 60 % of the maximum, where a row gives none


def build_evaluations(reading: Reading, sheet: ParsedSheet) -> None:
    """All rows of one number are one record: the enterprise issues, the school countersigns."""
    groups: dict[tuple[str, int], list[Row]] = defaultdict(list)
    for row in sheet.rows:
        if "ref" in row.values:
            groups[row.values["ref"], row.values.get("revision", 1)].append(row)
    for rows in groups.values():
        _check_group(sheet, rows)
        node = make_node("evaluation.1", Place(sheet, rows[0]))
        reading.graph.evaluations[node.ref].append(node)
        if (bad := next((row for row in rows if row.faulty), None)) is None:
            _build_evaluation(reading, node, rows)
        else:
            for row in rows:
                if not row.faulty:
                    reading.depends(Place(sheet, row), Node("", "", "", place=Place(sheet, bad)))


def _check_group(sheet: ParsedSheet, rows: list[Row]) -> None:
    first = rows[0]
    items: dict[str, Row] = {}
    for row in rows:
        for field in sheet.spec.fields:
            if field.common and row.values.get(field.name) != first.values.get(field.name) and not row.faulty:
                expected = sheet.grid.rows[first.number - 1][sheet.header.columns[field.name]]
                sheet.report(Code.GROUP_CONFLICT, row, field.name, other=first.number, expected=expected)
        item = row.values.get("item")
        if item is not None and items.setdefault(item, row) is not row:
            sheet.report(
                Code.DUPLICATE_ROW, row, "item", other=items[item].number, what=f"{row.values['ref']}、{item}"
            )


def _build_evaluation(reading: Reading, node: Node, rows: list[Row]) -> None:
    assert node.place is not None
    place, values = node.place, node.place.row.values
    reading.not_future(place, "date")
    standard, enrolment = find_standard(reading, place), find_enrolment(reading, place)
    if standard is None or enrolment is None:
        return
    school = reading.organisation(place, "school", enrolment.organisation("school"))
    enterprise = reading.organisation(place, "enterprise", enrolment.organisation("enterprise"))
    activities = _activities(reading, place, enrolment)
    known = {item["code"] for item in standard.subject["items"]}
    items = [part for row in rows for part in _scores(Place(place.sheet, row), known)]
    if school is None or enterprise is None or activities is None or any(row.faulty for row in rows):
        return
    node.issuer, node.countersigners = enterprise, ((school, "school"),)
    if not reading.may_sign(place, node):
        return
    subject: dict[str, Any] = {
        "id": enrolment.subject["id"],
        "type": ["Evaluation"],
        "kind": values["kind"],
        "phase": values["phase"],
        "evaluators": _evaluators(reading, values, enterprise, school),
        "items": items,
    }
    if "independentFrom" in values:
        subject["independentFrom"] = values["independentFrom"].isoformat()
    if "comment" in values:
        subject["comment"] = values["comment"]
    aligned = tuple(dict.fromkeys(part["item"] for part in items))
    links = [*(Edge(activity, "evaluates") for activity in activities), Edge(standard, "alignsTo", aligned)]
    _finish(reading, node, subject, midnight(values["date"]), links)


def _activities(reading: Reading, place: Place, enrolment: Node) -> list[Node] | None:
    weeks = find_weeks(reading, place, enrolment)
    known, person = reading.graph.activities, enrolment.subject["id"]
    named = find_all(reading, place, "activities", known, "实践记录 | activity", person)
    return None if weeks is None or named is None else list(dict.fromkeys((*weeks, *named)))


def _evaluators(
    reading: Reading, values: dict[str, Any], enterprise: Organisation, school: Organisation
) -> list[dict[str, str]]:
    sides = (("enterprise", enterprise), ("school", school))
    return [
        {"id": reading.people.urn(side, values[f"{role}Evaluator"]), "org": side.did, "role": role}
        for role, side in sides
        if f"{role}Evaluator" in values
    ]


def _scores(place: Place, known: set[str]) -> list[dict[str, Any]]:
    sheet, row = place
    values = row.values
    if values["item"] not in known:
        sheet.report(Code.UNKNOWN_REFERENCE, row, "item", what="标准条目 | item of this standard")
    scores: list[dict[str, Any]] = []
    for role, names in (
        ("enterprise", "企业评价人工号 | Enterprise evaluator"),
        ("school", "学校评价人工号 | School evaluator"),
    ):
        score = values.get(f"{role}Score")
        if score is None:
            continue
        if score > values["max"]:
            sheet.report(Code.SCORE_ABOVE_MAXIMUM, row, f"{role}Score", maximum=values["max"])
        if f"{role}Evaluator" not in values:
            sheet.report(Code.MISSING_VALUE, row, f"{role}Evaluator", field=names)
        mark = values.get("passMark")
        passed = score >= mark if mark is not None else score * 10 >= values["max"] * _PASS_TENTHS
        scores.append(
            {"item": values["item"], "score": score, "max": values["max"], "pass": passed, "by": role}
        )
    if not scores:
        sheet.report(Code.NO_SCORE, row, "enterpriseScore")
    return scores


def _finish(
    reading: Reading, node: Node, subject: dict[str, Any], valid_from: str, links: list[Edge]
) -> None:
    assert node.place is not None
    if len(links) > MAX_LINKS:
        node.place.sheet.report(Code.TOO_MANY_LINKS, node.place.row, limit=MAX_LINKS)
        return
    node.subject, node.valid_from, node.links, node.faulty = subject, valid_from, links, False
    reading.graph.nodes.append(node)
