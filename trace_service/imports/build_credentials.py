"""Rows of practice credits and certificates become Credential records, readable as Open Badges 3.0."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

from trace_service.imports.codes import Code
from trace_service.imports.context import Reading, make_node, unique_rows
from trace_service.imports.limits import MAX_LINKS
from trace_service.imports.lookup import find_all, find_enrolment, find_standard
from trace_service.imports.model import Edge, Node, Organisation, Place, midnight, stable_id
from trace_service.imports.parse import ParsedSheet

_TYPES = {"skill_level": "Certificate", "practice_credit": "Fieldwork", "award": "Award"}


class _Basis(NamedTuple):
    """What every credential rests on."""

    enrolment: Node
    standard: Node
    evaluations: list[Node]
    school: Organisation
    enterprise: Organisation


def build_practice_credits(reading: Reading, sheet: ParsedSheet) -> None:
    """The school issues, the enterprise where the practice took place countersigns."""
    for node, place in _nodes(reading, sheet):
        basis = _basis(reading, place)
        _check_period(place, "from", "to")
        reading.not_future(place, "to")
        if basis is None or place.row.faulty:
            continue
        values = place.row.values
        subject = _subject(basis, values, "practice_credit", basis.school)
        subject["creditsEarned"] = values["credits"]
        subject["creditKind"] = values["creditKind"]
        subject["activityStartDate"] = midnight(values["from"])
        subject["activityEndDate"] = midnight(values["to"])
        node.issuer, node.countersigners = basis.school, ((basis.enterprise, "enterprise"),)
        _finish(reading, node, place, subject, basis)


def build_certificates(reading: Reading, sheet: ParsedSheet) -> None:
    """The evaluator issues where one is named, else the school; a skill level needs the enterprise too."""
    for node, place in _nodes(reading, sheet):
        basis = _basis(reading, place)
        issuer = reading.organisation(place, "evaluator", None if basis is None else basis.school)
        _check_period(place, "issuedOn", "validUntil")
        if basis is None or issuer is None or place.row.faulty:
            continue
        values = place.row.values
        kind = values.get("kind", "skill_level")
        subject = _subject(basis, values, kind, issuer)
        if kind == "skill_level" and not _add_level(place, subject, basis.standard):
            continue
        node.issuer = issuer
        if kind == "skill_level" or "enterprise" in values:
            node.countersigners = ((basis.enterprise, "enterprise"),)
        if "validUntil" in values:
            node.valid_until = midnight(values["validUntil"])
        _finish(reading, node, place, subject, basis)


def _nodes(reading: Reading, sheet: ParsedSheet) -> list[tuple[Node, Place]]:
    unique_rows(sheet, sheet.spec.key)
    places = [Place(sheet, row) for row in sheet.rows if not row.faulty]
    for place in places:
        reading.not_future(place, "issuedOn")
    return [(make_node("credential.1", place), place) for place in places if not place.row.faulty]


def _basis(reading: Reading, place: Place) -> _Basis | None:
    standard, enrolment = find_standard(reading, place), find_enrolment(reading, place)
    if standard is None or enrolment is None:
        return None
    school = reading.organisation(place, "school", enrolment.organisation("school"))
    enterprise = reading.organisation(place, "enterprise", enrolment.organisation("enterprise"))
    known, person = reading.graph.evaluations, enrolment.subject["id"]
    evaluations = find_all(reading, place, "evaluations", known, "评价 | evaluation", person)
    if school is None or enterprise is None or evaluations is None:
        return None
    return _Basis(enrolment, standard, evaluations, school, enterprise)


def _check_period(place: Place, start: str, end: str) -> None:
    first: date | None = place.row.values.get(start)
    last: date | None = place.row.values.get(end)
    if first is not None and last is not None and last <= first:
        place.sheet.report(Code.PERIOD_REVERSED, place.row, end, start=first)


def _subject(basis: _Basis, values: dict[str, Any], kind: str, issuer: Organisation) -> dict[str, Any]:
    standard = basis.standard.subject
    achievement = stable_id("achievement", issuer.did, kind, basis.standard.ref, values["title"])
    name = standard["name"]["zh"]
    version = f"{standard['code']} {standard['version']}"
    return {
        "id": basis.enrolment.subject["id"],
        "type": ["AchievementSubject"],
        "kind": kind,
        "identifier": [
            {
                "type": "IdentityObject",
                "identityHash": values["name"],
                "identityType": "name",
                "hashed": False,
            }
        ],
        "achievement": {
            "id": achievement,
            "type": ["Achievement"],
            "achievementType": _TYPES[kind],
            "name": values["title"],
            "description": values.get("titleEn", values["title"]),
            "criteria": {
                "narrative": f"按《{name}》（{version}）完成企业实践，并经企业与学校评价。"
                f" Practice in the enterprise and evaluation by enterprise and school as {version} requires."
            },
            "alignment": [
                {
                    "type": ["Alignment"],
                    "targetName": standard["name"].get("en", name),
                    "targetUrl": standard["id"],
                    "targetCode": standard["code"],
                }
            ],
        },
    }


def _add_level(place: Place, subject: dict[str, Any], standard: Node) -> bool:
    wanted = place.row.values.get("level")
    if wanted is None:
        place.sheet.report(Code.MISSING_VALUE, place.row, "level", field="级别编号 | Level id")
        return False
    level = next((level for level in standard.subject["levels"] if level["code"] == wanted), None)
    if level is None:
        place.sheet.report(Code.UNKNOWN_REFERENCE, place.row, "level", what="级别 | level of this standard")
        return False
    base = subject["achievement"]["id"]
    subject["achievement"]["resultDescription"] = [
        {
            "id": f"{base}#result",
            "type": ["ResultDescription"],
            "name": "技能等级 Skill level",
            "resultType": "RubricCriterionLevel",
            "rubricCriterionLevel": [
                {
                    "id": f"{base}#level-{each['level']}",
                    "type": ["RubricCriterionLevel"],
                    "name": each["name"]["zh"],
                    "level": each["level"],
                }
                for each in standard.subject["levels"]
            ],
        }
    ]
    achieved = {"resultDescription": f"{base}#result", "achievedLevel": f"{base}#level-{level['level']}"}
    subject["result"] = [{"type": ["Result"], **achieved}]
    subject["level"] = level["level"]
    return True


def _finish(reading: Reading, node: Node, place: Place, subject: dict[str, Any], basis: _Basis) -> None:
    links = [
        *(Edge(evaluation, "evidencedBy") for evaluation in basis.evaluations),
        Edge(basis.standard, "awards"),
    ]
    if len(links) > MAX_LINKS:
        place.sheet.report(Code.TOO_MANY_LINKS, place.row, limit=MAX_LINKS)
    elif reading.may_sign(place, node):
        node.subject, node.links, node.faulty = subject, links, False
        node.valid_from = midnight(place.row.values["issuedOn"])
        reading.graph.nodes.append(node)
