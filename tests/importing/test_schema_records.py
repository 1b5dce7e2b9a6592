"""Records of sheets that follow from the schemas: revisions, references, people, mixed files."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from typing import NoReturn

import pytest

from tests.importing.schema_support import (
    Entry,
    Link,
    add_signers,
    agreement,
    documents,
    examples,
    exported,
    grid,
    packed,
    put,
)
from tests.importing.support import LEADER, SCHOOL, Installation, small_sheets, workbook
from trace_service.database import write
from trace_service.imports import service
from trace_service.imports.codes import Code
from trace_service.imports.schema_envelope import Reading as Target
from trace_service.problems import Problem
from trace_service.records.queries import RECORD

THING = "urn:uuid:5b1c7a52-6f0e-4c0e-9d1a-0c9f2f3f6a1{}"


def test_revisions(installation: Installation) -> None:
    assert installation.run("a.xlsx", packed([agreement()])).drafted == 1
    assert installation.run("a.xlsx", packed([agreement()])).unchanged == 1
    job = installation.run("b.xlsx", packed([agreement(quota=20)]))
    found = [(one.code, one.column) for one in installation.found(job)]
    assert found == [(Code.REVISION_NOT_RAISED, "B 修订号 Revision")]
    raised = [replace(agreement(quota=20), revision=2), replace(agreement(quota=30), revision=3)]
    assert installation.run("c.xlsx", packed(reversed(raised))).drafted == 2
    said = documents(installation)
    ids = {key[2]: document["id"] for key, document in said.items()}
    for revision in (2, 3):
        document = said["agreement.1", "XY-1", revision]
        supersedes = [link["id"] for link in document["relatedResource"] if link["rel"] == "supersedes"]
        assert supersedes == [ids[revision - 1]]
    subjects = {document["credentialSubject"]["id"] for document in said.values()}
    assert len(subjects) == 1  # without a column for it, a thing keeps its identifier over revisions
    assert [len(record.links) for record in exported(installation)] == [0, 0, 0]
    assert installation.run("d.xlsx", packed(exported(installation))).unchanged == 3
    older = replace(agreement("XY-9"), links=(Link(Target("XY-1", revision=2), "performedUnder"),))
    assert installation.run("e.xlsx", packed([older])).drafted == 1
    (link,) = documents(installation)["agreement.1", "XY-9", 1]["relatedResource"]
    assert link["id"] == ids[2]
    (record,) = [one for one in exported(installation) if one.ref == "XY-9"]
    assert record.links[0].ref == ("XY-1", None, 2, None)


def test_two_issuers_use_one_reference(installation: Installation) -> None:
    ours = agreement()
    theirs = replace(agreement(), issuer=LEADER, countersigners=((SCHOOL, "school"),))
    other = replace(agreement("XY-2"), links=(Link("XY-1", "performedUnder"),))
    job = installation.run("a.xlsx", packed([ours, theirs, other]))
    assert (job.outcome, job.drafted) == ("imported", 3)  # one's own comes first
    said = {(d["issuer"]["id"], d["credentialSubject"]["code"]): d for d in documents(installation).values()}
    assert len(said) == 2  # by (schema, reference, revision) the two of XY-1 are one here
    records = exported(installation, SCHOOL)
    assert [(one.issuer, one.ref) for one in records].count((LEADER, "XY-1")) == 1
    assert installation.run("b.xlsx", packed(records)).unchanged == 3
    foreign = replace(agreement("XY-3"), links=(Link(Target("XY-1", issuer=LEADER), "performedUnder"),))
    assert installation.run("c.xlsx", packed([foreign])).drafted == 1
    (record,) = [one for one in exported(installation) if one.ref == "XY-3"]
    assert record.links[0].ref.issuer == LEADER


def test_hand_written_sheets_and_those_of_the_schemas_in_one_file(installation: Installation) -> None:
    sheets = small_sheets(trainees=1)
    del sheets["技能证书"]
    number, week = sheets["培养登记"][1][1], sheets["实践记录"][2][0]
    outcome = Entry(
        "outcome.1",
        "CG-1",
        SCHOOL,
        {"id": str(number), "kind": "employment", "start": "2026-10-01", "asOf": "2026-10-31"},
        ((LEADER, "enterprise"),),
        links=(Link(str(week), "resultOf"), Link(str(sheets["培养登记"][1][0]), "resultOf")),
    )
    job = installation.run("a.xlsx", workbook({**sheets, **grid(packed([outcome]))}))
    assert (job.outcome, job.errors, job.notes) == ("imported", 0, 0), installation.found(job)
    (document,) = installation.documents("outcome.1")
    (enrolment,) = installation.documents("enrolment.1")
    assert document["credentialSubject"]["id"] == enrolment["credentialSubject"]["id"]  # the same number
    assert enrolment["id"] in {link["id"] for link in document["relatedResource"]}
    later = replace(outcome, ref="CG-2", links=(Link(enrolment["id"], "resultOf"),))
    assert installation.run("b.xlsx", packed([later])).drafted == 1  # recorded earlier, named by its id


def test_the_same_record_in_a_hand_written_sheet_and_in_one_of_a_schema(installation: Installation) -> None:
    sheets = small_sheets(trainees=1)
    first = {name: sheets[name] for name in ("主体", "标准", "标准级别", "标准条目", "培养登记")}
    installation.run("a.xlsx", workbook(first))
    (enrolment,) = [one for one in exported(installation) if one.schema == "enrolment.1"]
    both = {**first, **grid(packed([enrolment]))}
    job = installation.run("b.xlsx", workbook(both))
    found = [(one.sheet, one.row, one.code) for one in installation.found(job)]
    assert found == [("培养登记（通用）", 2, Code.DUPLICATE_ROW)]
    again = installation.run("c.xlsx", packed([enrolment]))
    assert (again.outcome, again.unchanged) == ("imported", 1)  # alone it is the record that is there


def test_cells_as_spreadsheets_type_them(installation: Installation) -> None:
    day = {"date": "2026-09-01", "start": "08:30", "end": "17:00", "breakMinutes": 30}
    subject = {"id": THING.format(1), "role": "trainee", "kind": "practice", "project": "7", "days": [day]}
    log = Entry("activity.1", "A-1", LEADER, subject, ((SCHOOL, "school"),))
    sheets = grid(packed([log]))
    put(sheets, "实践", 2, "生效时间", date(2026, 9, 2))
    put(sheets, "实践", 2, "项目", 7)
    put(sheets, "实践", 2, "真项目", True)
    put(sheets, "实践-日程", 2, "日期", datetime(2026, 9, 1))
    put(sheets, "实践-日程", 2, "开始", time(8, 30))
    put(sheets, "实践-日程", 2, "结束", "17:00")
    put(sheets, "实践-日程", 2, "休息分钟数", "30")
    assert installation.run("a.xlsx", workbook(sheets)).drafted == 1
    (document,) = installation.documents("activity.1")
    assert document["validFrom"] == "2026-09-02T00:00:00Z"
    assert document["credentialSubject"] == {**subject, "type": ["Activity"], "realProject": True}
    put(sheets, "实践-日程", 2, "开始", "25:00")
    put(sheets, "实践-日程", 2, "结束", 0.5)
    job = installation.run("b.xlsx", workbook(sheets))
    found = [(one.sheet, one.code) for one in installation.found(job)]
    assert found == [("实践-日程", Code.TIME_MALFORMED)] * 2


def test_rows_of_an_array_within_an_array_belong_to_the_row_above_that_they_name(
    installation: Installation,
) -> None:
    sheets = grid(packed([report(3)]))
    rows = sheets["决议-数值-组成"]
    rows[1:] = reversed(rows[1:])  # of different parents: their order does not matter
    add_signers(installation, [report(3)])
    assert installation.run("a.xlsx", workbook(sheets), org=report(3).issuer).drafted == 1
    (document,) = installation.documents("decision.1")
    assert document["credentialSubject"]["report"]["values"] == report(3).subject["report"]["values"]
    put(sheets, "决议-数值-组成", 2, "上级序号", 9)
    job = installation.run("b.xlsx", workbook(sheets), org=report(3).issuer)
    found = [(one.sheet, one.row, one.column, one.code) for one in installation.found(job)]
    assert found[0] == ("决议-数值-组成", 2, "D 上级序号 Parent number", Code.UNKNOWN_REFERENCE)


def report(count: int) -> Entry:
    """A report with so many values of one part each."""
    decisions = [one for one in examples() if one.schema == "decision.1"]
    entry = next(one for one in decisions if "report" in one.subject)
    values = [
        {
            "code": f"V{number}",
            "state": "value",
            "value": "1.0000",
            "parts": [{"code": "P", "value": f"{number}"}],
        }
        for number in range(count)
    ]
    said = entry.subject["report"] | {"values": values}
    return replace(entry, subject=entry.subject | {"report": said})


def test_numbers_of_people_are_those_of_signers(installation: Installation) -> None:
    subject = {"kind": "employment", "start": "2026-10-01", "asOf": "2026-10-31"}

    def outcome(person: str) -> Entry:
        return Entry("outcome.1", "CG-1", SCHOOL, {"id": person, **subject}, ((LEADER, "enterprise"),))

    job = installation.run("a.xlsx", packed([outcome("7@did:web:duanzhou-iot.example")]))
    assert [(one.code, one.column[:1]) for one in installation.found(job)] == [(Code.UNKNOWN_REFERENCE, "H")]
    assert installation.count("person") == 0
    assert installation.run("b.xlsx", packed([outcome(f"0007@{LEADER}")])).drafted == 1
    assert installation.count("person") == 1


def test_uploader_must_sign(installation: Installation) -> None:
    job = installation.run("a.xlsx", packed([agreement()]), org="did:web:duanzhou-iot.example")
    assert [one.code for one in installation.found(job)] == [Code.NOT_A_SIGNER]


def test_a_record_without_any_date_is_valid_from_the_day_of_its_import(installation: Installation) -> None:
    subject = {"id": SCHOOL, "kind": "organisation", "name": {"zh": "学校"}, "roles": ["school"]}
    party = Entry("party.1", "P-1", SCHOOL, subject)
    sheets = put(grid(packed([party])), "主体（通用）", 2, "生效时间", None)
    assert installation.run("a.xlsx", workbook(sheets)).drafted == 1
    with write(installation.service.engine) as connection:  # imported on another day, it is the same record
        assert connection.execute(RECORD.select()).one().revision == 1
    job = installation.run("b.xlsx", workbook(sheets))
    assert (job.outcome, job.drafted, job.unchanged) == ("imported", 0, 1)


def test_what_the_store_refuses_is_said_and_nothing_stored(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> NoReturn:
        raise Problem(403, "credit.not_party", "Only the bank may draft this")

    monkeypatch.setattr(service, "insert_records", refuse)
    job = installation.run("a.xlsx", packed([agreement()]), partial=True)
    assert (job.outcome, job.drafted, job.errors) == ("refused", 0, 1)
    assert [one.code for one in installation.found(job)] == [Code.NOT_ACCEPTED]
    assert installation.count("record") == 0
