"""Rows of parties, standards, levels and items become Party and Standard records."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from trace_service.imports.codes import Code
from trace_service.imports.context import Reading, make_node, unique_rows
from trace_service.imports.model import Node, Organisation, Place, label, midnight, stable_id
from trace_service.imports.parse import ParsedSheet, Row

Sheets = dict[str, ParsedSheet]
StandardKey = tuple[str, str]

_SIGNING_ROLES = {
    "school": "school",
    "leader": "enterprise",
    "member": "enterprise",
    "evaluator": "evaluator",
    "regulator": "regulator",
    "auditor": "auditor",
    "operator": "operator",
}


def read_names(reading: Reading, sheets: Sheets) -> None:
    """Let the file's own sheet of parties name organisations, before anything refers to them."""
    for row in sheets["parties"].rows if "parties" in sheets else ():
        organisation = reading.directory.by_did(row.values.get("identifier", ""))
        if organisation is not None:
            reading.directory.add_name(organisation, row.values.get("name", ""))
            reading.directory.add_name(organisation, row.values.get("nameEn", ""))


def build_parties(reading: Reading, sheets: Sheets) -> None:
    """A party issues its own record (the employer a person's); the uploader countersigns those of others."""
    sheet = sheets.get("parties")
    if sheet is None:
        return
    unique_rows(sheet, sheet.spec.key)
    role = _uploader_role(reading, sheet)
    for row in sheet.rows:
        if not row.faulty:
            _build_party(reading, Place(sheet, row), role)


def _uploader_role(reading: Reading, sheet: ParsedSheet) -> str | None:
    for row in sheet.rows:
        if row.values.get("identifier") == reading.uploader.did:
            return next(
                (_SIGNING_ROLES[role] for role in row.values.get("roles", ()) if role in _SIGNING_ROLES), None
            )
    return None


def _build_party(reading: Reading, place: Place, uploader_role: str | None) -> None:
    values = place.row.values
    node = make_node("party.1", place, "identifier")
    issuer = _party_issuer(reading, place)
    if issuer is None:
        return
    node.issuer = issuer
    if issuer != reading.uploader and uploader_role is not None:
        node.countersigners = ((reading.uploader, uploader_role),)
    if not reading.may_sign(place, node):
        return
    organisation = values["kind"] == "organisation"
    subject: dict[str, Any] = {
        "id": issuer.did if organisation else reading.people.urn(issuer, values["identifier"]),
        "type": ["Party"],
        "kind": values["kind"],
        "name": label(values["name"], values.get("nameEn")),
        "roles": list(values["roles"]),
    }
    if organisation and "registerNumber" in values:
        subject["registerNumber"] = values["registerNumber"]
    if values["kind"] == "person":
        subject["employer"] = issuer.did
    _finish(reading, node, subject, midnight(values["registeredOn"]))


def _party_issuer(reading: Reading, place: Place) -> Organisation | None:
    values = place.row.values
    if values["kind"] == "group":
        return reading.uploader
    if values["kind"] == "person":
        if "employer" not in values:
            place.sheet.report(Code.MISSING_VALUE, place.row, "employer", field="所属单位 | Employer")
            return None
        return reading.organisation(place, "employer", None)
    found = reading.directory.by_did(values["identifier"])
    if found is None:
        place.sheet.report(Code.UNKNOWN_ORGANISATION, place.row, "identifier")
    return found


def _finish(reading: Reading, node: Node, subject: dict[str, Any], valid_from: str) -> None:
    node.subject = subject
    node.valid_from = valid_from
    node.faulty = False
    reading.graph.nodes.append(node)


def build_standards(reading: Reading, sheets: Sheets) -> None:
    """A standard is one record with its levels and items."""
    levels, items = (
        _by_standard(reading, sheets, "standard_levels"),
        _by_standard(reading, sheets, "standard_items"),
    )
    sheet = sheets.get("standards")
    if sheet is None:
        return
    unique_rows(sheet, sheet.spec.key)
    for row in sheet.rows:
        if "code" in row.values and "version" in row.values:
            key = (row.values["code"], row.values["version"])
            node = make_node("standard.1", Place(sheet, row), "code")
            node.ref = "@".join(key)
            reading.graph.standards[key].append(node)
            if not row.faulty:
                _build_standard(reading, node, levels[key], items[key])


def _by_standard(reading: Reading, sheets: Sheets, name: str) -> dict[StandardKey, list[Place]]:
    """The rows of a sheet by the standard of the same file that they belong to."""
    found: dict[StandardKey, list[Place]] = defaultdict(list)
    sheet = sheets.get(name)
    if sheet is None:
        return found
    unique_rows(sheet, sheet.spec.key)
    rows = sheets["standards"].rows if "standards" in sheets else []
    known = {(row.values.get("code"), row.values.get("version")) for row in rows}
    for row in sheet.rows:
        key = (row.values.get("code", ""), row.values.get("version", ""))
        if key in known:
            found[key].append(Place(sheet, row))
        elif not row.faulty:
            sheet.report(Code.UNKNOWN_REFERENCE, row, "code", what="标准 | standard in this file")
    return found


def _build_standard(reading: Reading, node: Node, levels: list[Place], items: list[Place]) -> None:
    assert node.place is not None
    place, values = node.place, node.place.row.values
    issuer = reading.organisation(place, "issuer", reading.uploader)
    if issuer is None:
        return
    node.issuer = issuer
    if not any(level.row.faulty for level in levels):
        _check_levels(levels, items)
    bad = next((part for part in (*levels, *items) if part.row.faulty), None)
    if bad is not None:
        reading.depends(place, Node("", "", "", place=bad))
    elif reading.may_sign(place, node):
        subject = {
            "id": stable_id("standard", issuer.did, values["code"]),
            "type": ["Standard"],
            "kind": values["kind"],
            "code": values["code"],
            "version": values["version"],
            "name": label(values["name"], values.get("nameEn")),
            "effective": values["effective"].isoformat(),
            "levels": [_level(level.row) for level in levels],
            "items": [_item(item.row) for item in items],
        }
        required: dict[str, Any] = {
            name: values[name] for name in ("practiceMinutes", "enterpriseShareBp") if name in values
        }
        if "credits" in values:
            required["credits"] = values["credits"] * 100  # the record has hundredths
        if required:
            subject["requirements"] = required
        _finish(reading, node, subject, midnight(values["effective"]))


def _check_levels(levels: list[Place], items: list[Place]) -> None:
    known = {level.row.values["level"] for level in levels}
    for sheet, row in items:
        if row.values.get("level") not in {None, *known} and not row.faulty:
            sheet.report(Code.UNKNOWN_REFERENCE, row, "level", what="级别 | level of this standard")


def _level(row: Row) -> dict[str, Any]:
    values = row.values
    return {
        "code": values["level"],
        "level": str(values["grade"]),
        "name": label(values["name"], values.get("nameEn")),
    }


def _item(row: Row) -> dict[str, Any]:
    values = row.values
    item: dict[str, Any] = {"code": values["item"], "text": label(values["text"], values.get("textEn"))}
    if "content" in values:
        item["content"] = label(values["content"], values.get("contentEn"))
    for name in ("level", "minutes", "technical", "origin", "changed"):
        if name in values:
            item[name] = values[name]
    return item
