"""Rows of enrolments and practice logs become Enrolment and Activity records."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

from trace_service.imports.codes import Code
from trace_service.imports.context import Reading, make_node, unique_rows
from trace_service.imports.fields_practice import DAYS
from trace_service.imports.lookup import find_enrolment, find_standard
from trace_service.imports.model import Edge, Node, Place, label, midnight
from trace_service.imports.parse import ParsedSheet
from trace_service.imports.times import DAY_MINUTES, Span

Day = tuple[date, Span]


def build_enrolments(reading: Reading, sheet: ParsedSheet) -> None:
    """The school issues, the enterprise countersigns."""
    unique_rows(sheet, sheet.spec.key)
    for row in sheet.rows:
        if "ref" not in row.values:
            continue
        node = make_node("enrolment.1", Place(sheet, row))
        reading.graph.enrolments[node.ref].append(node)
        reading.graph.trainees[row.values.get("studentNumber", "")].append(node)
        if not row.faulty:
            _build_enrolment(reading, node, Place(sheet, row))


def _build_enrolment(reading: Reading, node: Node, place: Place) -> None:
    values = place.row.values
    school = reading.organisation(place, "school", reading.uploader)
    enterprise = reading.organisation(place, "enterprise", None)
    standard = find_standard(reading, place)
    if values["to"] <= values["from"]:
        place.sheet.report(Code.PERIOD_REVERSED, place.row, "to", start=values["from"])
    if "completedOn" in values and values["completedOn"] < values["from"]:
        place.sheet.report(Code.PERIOD_REVERSED, place.row, "completedOn", start=values["from"])
    reading.not_future(place, "completedOn")
    if school is None or enterprise is None or standard is None:
        return
    node.issuer, node.countersigners = school, ((enterprise, "enterprise"),)
    if not reading.may_sign(place, node) or place.row.faulty:
        return
    subject: dict[str, Any] = {
        "id": reading.people.urn(school, values["studentNumber"]),
        "type": ["Enrolment"],
        "programme": {"code": values["programmeCode"], "name": label(values["programmeName"], None)},
        "studentNumber": values["studentNumber"],
        "status": values["status"],
        "stage": values["stage"],
    }
    for name in ("cohort", "identity", "requiredCredits", "contract", "insurance"):
        if name in values:
            subject[name] = values[name]
    for name in ("from", "to", "completedOn"):
        if name in values:
            subject[name] = values[name].isoformat()
    if "mentor" in values:
        mentor = reading.people.urn(enterprise, values["mentor"])
        subject["mentors"] = [{"id": mentor, "org": enterprise.did, "from": subject["from"]}]
    node.subject, node.valid_from, node.faulty = subject, midnight(values["from"]), False
    node.links = [Edge(standard, "alignsTo")]
    reading.graph.nodes.append(node)


def build_activities(reading: Reading, sheet: ParsedSheet) -> None:
    """The enterprise issues and the school countersigns; teaching is the other way round."""
    unique_rows(sheet, sheet.spec.key)
    times: dict[str, list[tuple[int, int, date, Node]]] = defaultdict(list)
    for row in sheet.rows:
        if "ref" not in row.values:
            continue
        place = Place(sheet, row)
        node = make_node("activity.1", place)
        reading.graph.activities[node.ref].append(node)
        enrolment = None if row.faulty else find_enrolment(reading, place)
        if enrolment is None:
            reading.graph.lost_weeks[row.values.get("studentNumber", ""), row.values.get("week", 0)] = node
            continue
        person = enrolment.subject["id"]
        if "week" in row.values:
            reading.graph.weeks[person, enrolment.ref, row.values["week"]].append(node)
        days = _days(reading, place, enrolment)
        if days and _build_activity(reading, node, enrolment, days):
            times[person] += [(*_absolute(day, span), day, node) for day, span in days]
    for intervals in times.values():
        _check_overlaps(intervals)


def _absolute(day: date, span: Span) -> tuple[int, int]:
    start = day.toordinal() * DAY_MINUTES + span.start
    return start, start + span.length


def _check_overlaps(intervals: list[tuple[int, int, date, Node]]) -> None:
    """Nobody works in two places at once: the later row of an overlap is refused."""
    intervals.sort(key=lambda interval: interval[:2])
    last = intervals[0]
    for interval in intervals[1:]:
        start, end, day, node = interval
        if start < last[1] and node is not last[3] and not node.faulty and last[3].place and node.place:
            node.faulty = True
            sheet, row = node.place
            sheet.report(Code.OVERLAPPING_TIMES, row, "ref", day=day, other=last[3].place.row.number)
        if end > last[1]:
            last = interval


def _days(reading: Reading, place: Place, enrolment: Node) -> list[Day]:
    """The days of a row, ascending; empty after an error."""
    sheet, row = place
    values = row.values
    days: list[Day] = list(values.get("days", ()))
    monday = values.get("weekOf")
    if monday is not None and monday.weekday() != 0:
        sheet.report(Code.NOT_A_MONDAY, row, "weekOf")
        return []
    for offset, name in enumerate(DAYS):
        if name in values:
            if monday is None:
                sheet.report(Code.MISSING_VALUE, row, "weekOf", field="周一日期 | Monday date")
                return []
            day = monday + timedelta(days=offset)
            days += [(day, span) for span in values[name]]
    days.sort(key=lambda day: (day[0], day[1].start))
    if not days:
        sheet.report(Code.NO_DAYS, row)
    elif days[-1][0] > reading.today:
        sheet.report(Code.DATE_IN_FUTURE, row, "weekOf" if monday else "days", today=reading.today)
    else:
        start, end = enrolment.subject["from"], enrolment.subject["to"]
        outside = next((day for day, _ in days if not start <= day.isoformat() <= end), None)
        if outside is None:
            return days
        name = "weekOf" if monday else "days"
        sheet.report(Code.OUTSIDE_ENROLMENT, row, name, day=outside, start=start, end=end)
    return []


def _build_activity(reading: Reading, node: Node, enrolment: Node, days: list[Day]) -> bool:
    assert node.place is not None
    place, values = node.place, node.place.row.values
    school = reading.organisation(place, "school", enrolment.organisation("school"))
    enterprise = reading.organisation(place, "enterprise", enrolment.organisation("enterprise"))
    if values.get("opErrors", 0) > values.get("ops", 0):
        place.sheet.report(Code.NUMBER_OUT_OF_RANGE, place.row, "opErrors", low=0, high=values.get("ops", 0))
        return False
    if school is None or enterprise is None:
        return False
    kind = values.get("kind", "practice")
    if kind == "teaching":
        node.issuer, node.countersigners = school, ((enterprise, "enterprise"),)
    else:
        node.issuer, node.countersigners = enterprise, ((school, "school"),)
    if not reading.may_sign(place, node):
        return False
    subject: dict[str, Any] = {
        "id": enrolment.subject["id"],
        "type": ["Activity"],
        "role": "trainee",
        "kind": kind,
        "project": values["project"],
        "days": [span.as_day(day) for day, span in days],
    }
    for name in ("week", "realProject", "realEquipment", "realStandard", "ops", "opErrors"):
        if name in values:
            subject[name] = values[name]
    if "mentor" in values:
        mentor = reading.people.urn(enterprise, values["mentor"])
        subject["coaches"] = [{"id": mentor, "org": enterprise.did, "role": "mentor"}]
    node.subject, node.valid_from, node.faulty = subject, midnight(days[-1][0]), False
    node.links = [Edge(enrolment, "performedUnder")]
    reading.graph.nodes.append(node)
    return True
