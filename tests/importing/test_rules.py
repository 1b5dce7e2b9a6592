"""Rules between rows: references, groups, periods, signers. One change to a good workbook, one error."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from tests.importing.support import (
    LEADER,
    MEMBER_A,
    SCHOOL,
    Installation,
    Sheets,
    column,
    small_sheets,
    workbook,
)
from trace_service.imports import build_credentials, build_results
from trace_service.imports.codes import Code

Change = Callable[[Sheets], None]


def put(sheet: str, row: int, header: str, value: Any) -> Change:
    """A change of one cell; ``row`` as the spreadsheet shows it."""

    def change(sheets: Sheets) -> None:
        sheets[sheet][row - 1][column(sheets, sheet, header)] = value

    return change


def add(sheet: str, header: str, row: int, value: Any) -> Change:
    """A change that adds a column with one value."""

    def change(sheets: Sheets) -> None:
        top = 1 if len(sheets[sheet][0]) == 1 else 0
        for number, cells in enumerate(sheets[sheet][top:], start=top + 1):
            cells.append(header if number == top + 1 else value if number == row else None)

    return change


def move_week(sheets: Sheets) -> None:
    log = sheets["实践记录"]
    log[3][5:11] = log[2][5:11]


ONE_ERROR: list[tuple[Change, tuple[str, int, str, Code]]] = [
    (put("标准条目", 3, "级别编号", "SNAD-X"), ("标准条目", 3, "D 级别编号", Code.UNKNOWN_REFERENCE)),
    (put("标准条目", 14, "标准代码", "OTHER"), ("标准条目", 14, "A 标准代码", Code.UNKNOWN_REFERENCE)),
    (put("标准条目", 3, "条目编号", "SNAD-E-01"), ("标准条目", 3, "C 条目编号", Code.DUPLICATE_ROW)),
    (put("标准级别", 3, "级别编号", "SNAD-E"), ("标准级别", 3, "C 级别编号", Code.DUPLICATE_ROW)),
    (add("标准", "发布单位", 2, LEADER), ("标准", 2, "", Code.NOT_A_SIGNER)),
    (put("主体", 3, "主体标识", "did:web:no.example"), ("主体", 3, "A 主体标识", Code.UNKNOWN_ORGANISATION)),
    (put("主体", 3, "类别", "个人"), ("主体", 3, "", Code.MISSING_VALUE)),
    (add("培养登记", "完成日期", 3, date(2026, 1, 1)), ("培养登记", 3, "T 完成日期", Code.PERIOD_REVERSED)),
    (add("培养登记", "完成日期", 3, date(2062, 1, 1)), ("培养登记", 3, "T 完成日期", Code.DATE_IN_FUTURE)),
    (move_week, ("实践记录", 4, "A 记录编号", Code.OVERLAPPING_TIMES)),
    (put("实践记录", 4, "周一日期", None), ("实践记录", 4, "F 周一日期", Code.MISSING_VALUE)),
    (add("实践记录", "登记编号", 4, "PY-0"), ("实践记录", 4, "S 登记编号", Code.UNKNOWN_REFERENCE)),
    (put("评价", 3, "企业评价人工号", None), ("评价", 3, "N 企业评价人工号", Code.GROUP_CONFLICT)),
    (put("评价", 3, "条目编号", "SNAD-E-01"), ("评价", 3, "I 条目编号", Code.DUPLICATE_ROW)),
    (add("评价", "评语", 3, "好"), ("评价", 3, "Q 评语", Code.GROUP_CONFLICT)),
    (put("实践学分", 2, "结束日期", date(2026, 3, 1)), ("实践学分", 2, "I 结束日期", Code.PERIOD_REVERSED)),
    (put("技能证书", 2, "发证日期", date(2062, 1, 1)), ("技能证书", 2, "K 发证日期", Code.DATE_IN_FUTURE)),
]


@pytest.mark.parametrize(
    ("change", "expected"), ONE_ERROR, ids=lambda value: str(value) if isinstance(value, tuple) else ""
)
def test_one_change_one_error(
    installation: Installation, change: Change, expected: tuple[str, int, str, Code]
) -> None:
    sheets = small_sheets()
    change(sheets)
    job = installation.run("a.xlsx", workbook(sheets))
    found = [(row.sheet, row.row, row.column, Code(row.code)) for row in installation.found(job)]
    assert found == [expected]
    assert (job.outcome, job.errors, installation.count("record")) == ("refused", 1, 0)


def test_organisations_by_name_in_either_language_or_by_did(installation: Installation) -> None:
    sheets = small_sheets(trainees=3)
    firm = sheets["培养登记"][1][4]
    entry = next(row for row in sheets["主体"] if row[1] == firm)
    for row, text in zip(sheets["培养登记"][1:], (entry[0], entry[2].upper(), f" {entry[1]} "), strict=True):
        row[4] = text
    for row in sheets["实践记录"][2:]:
        row[3] = entry[0]
    assert installation.run("a.xlsx", workbook(sheets)).errors == 0
    countersigners = [document["countersigners"] for document in installation.documents("enrolment.1")]
    assert countersigners == [[{"id": entry[0], "role": "enterprise"}]] * 3


def test_a_name_that_fits_two_organisations_is_not_guessed(installation: Installation) -> None:
    sheets = small_sheets()
    for row in sheets["主体"][2:4]:
        row[1] = "同名公司"
    sheets["培养登记"][1][4] = "同名公司"
    job = installation.run("a.xlsx", workbook(sheets))
    assert ("培养登记", 2, "E 企业", Code.AMBIGUOUS_REFERENCE) in installation.places(job)


def test_the_middle_dot_and_spaces_of_a_name_do_not_matter_for_comparison(installation: Installation) -> None:
    sheets = small_sheets()
    sheets["培养登记"][1][2] = "阿依古丽·买买提"
    for name, variants in (
        ("实践记录", ("阿依古丽•买买提", "阿依古丽・买买提", "阿依古丽 · 买买提")),
        ("评价", ("阿依古丽‧买买提",) * 9),
    ):
        rows = [row for row in sheets[name] if len(row) > 1 and row[1] == sheets["培养登记"][1][1]]
        for row, variant in zip(rows, variants, strict=False):
            row[2] = variant
    for name in ("实践学分", "技能证书"):
        sheets[name][1][2] = "阿依古丽·买买提"
    assert installation.run("a.xlsx", workbook(sheets)).errors == 0
    names = {
        d["credentialSubject"]["identifier"][0]["identityHash"]
        for d in installation.documents("credential.1")
    }
    assert "阿依古丽·买买提" in names


def test_a_trainee_with_two_enrolments_needs_the_enrolment_number(installation: Installation) -> None:
    sheets = small_sheets(trainees=1)
    second = [*sheets["培养登记"][1]]
    second[0] = "PY-SECOND"
    sheets["培养登记"].append(second)
    job = installation.run("a.xlsx", workbook(sheets))
    codes = {Code(row.code) for row in installation.found(job)}
    assert codes == {Code.AMBIGUOUS_REFERENCE}
    for name in ("实践记录", "评价", "实践学分", "技能证书"):
        top = 1 if len(sheets[name][0]) == 1 else 0
        for number, row in enumerate(sheets[name][top:]):
            row.append("登记编号" if number == 0 else sheets["培养登记"][1][0])
    assert installation.run("b.xlsx", workbook(sheets)).errors == 0


def test_days_as_one_column(installation: Installation) -> None:
    sheets = small_sheets(trainees=1, weeks=1)
    log = sheets["实践记录"]
    log[1] = [*log[1][:5], "实践时间", *log[1][11:]]
    log[2] = [*log[2][:5], "2026-03-02 20:00-04:30(30); 2026-03-04 13:30-17:30", *log[2][11:]]
    assert installation.run("a.xlsx", workbook(sheets)).errors == 0
    (document,) = installation.documents("activity.1")
    assert document["credentialSubject"]["days"] == [
        {"date": "2026-03-02", "start": "20:00", "end": "04:30", "breakMinutes": 30},
        {"date": "2026-03-04", "start": "13:30", "end": "17:30", "breakMinutes": 0},
    ]
    assert document["validFrom"] == "2026-03-04T00:00:00Z"


def test_teaching_is_issued_by_the_school(installation: Installation) -> None:
    sheets = small_sheets(trainees=1, weeks=1)
    add("实践记录", "实践类别", 3, "授课")(sheets)
    assert installation.run("a.xlsx", workbook(sheets)).errors == 0
    (document,) = installation.documents("activity.1")
    assert document["issuer"]["id"] == SCHOOL
    assert [entry["role"] for entry in document["countersigners"]] == ["enterprise"]


def test_an_evaluation_has_both_scores_and_the_pass_by_its_mark(installation: Installation) -> None:
    sheets = small_sheets(trainees=1)
    marks = column(sheets, "评价", "合格分")
    first, second = sheets["评价"][1], sheets["评价"][2]
    first[marks + 1], first[marks + 2] = 59.5, 60
    second[marks], second[marks + 1], second[marks + 2] = None, 59, 61
    assert installation.run("a.xlsx", workbook(sheets)).errors == 0
    subject = installation.documents("evaluation.1")[0]["credentialSubject"]
    assert [(item["score"], item["pass"], item["by"]) for item in subject["items"][:4]] == [
        (59.5, False, "enterprise"),
        (60, True, "school"),
        (59, False, "enterprise"),
        (61, True, "school"),
    ]
    assert [entry["role"] for entry in subject["evaluators"]] == ["enterprise", "school"]


def test_a_certificate_shows_its_level(installation: Installation) -> None:
    assert installation.run("a.xlsx", workbook(small_sheets(trainees=1))).errors == 0
    subject = installation.documents("credential.1")[-1]["credentialSubject"]
    assert (subject["kind"], subject["level"]) == ("skill_level", "2")
    assert subject["result"][0]["achievedLevel"] == subject["achievement"]["id"] + "#level-2"
    levels = subject["achievement"]["resultDescription"][0]["rubricCriterionLevel"]
    assert [(level["name"], level["level"]) for level in levels] == [("初级", "2"), ("中级", "3")]


def test_people_and_groups_as_parties(installation: Installation) -> None:
    sheets: Sheets = {
        "主体": [
            ["主体标识", "名称", "类别", "角色", "所属单位", "登记日期"],
            [SCHOOL, "肇庆示例职业学院", "单位", "学校", None, "2026-02-20"],
            ["M-101", "陈师傅", "个人", "企业导师", LEADER, "2026-02-20"],
            ["G-1", "联合工作组", "团体", "学校;链员", None, "2026-02-20"],
        ]
    }
    assert installation.run("a.xlsx", workbook(sheets)).errors == 0
    school, mentor, group = installation.documents("party.1")
    assert school["credentialSubject"]["id"] == SCHOOL
    assert mentor["issuer"]["id"] == LEADER
    assert mentor["countersigners"] == [{"id": SCHOOL, "role": "school"}]
    assert mentor["credentialSubject"]["employer"] == LEADER
    assert mentor["credentialSubject"]["id"].startswith("urn:uuid:")
    assert group["credentialSubject"]["roles"] == ["school", "member"]


def test_an_enterprise_uploads_what_it_signs(installation: Installation) -> None:
    sheets = small_sheets(trainees=1, weeks=2)
    firm = next(row[0] for row in sheets["主体"] if row[1] == sheets["培养登记"][1][4])
    assert installation.run("a.xlsx", workbook({k: sheets[k] for k in list(sheets)[:5]})).errors == 0
    log = {"实践记录": sheets["实践记录"]}
    other = next(did for did in (LEADER, MEMBER_A) if did != firm)
    job = installation.run("log.xlsx", workbook(log), org=other)
    # The trainee's number says nothing to an enterprise that signed nothing about the trainee.
    assert {Code(row.code) for row in installation.found(job)} == {Code.UNKNOWN_REFERENCE}
    job = installation.run("log.xlsx", workbook(log), org=firm)
    assert (job.outcome, job.drafted) == ("imported", 2)
    (enrolment,) = installation.documents("enrolment.1")
    for document in installation.documents("activity.1"):
        assert document["credentialSubject"]["id"] == enrolment["credentialSubject"]["id"]
        assert document["issuer"]["id"] == firm


def test_references_resolve_among_earlier_records(installation: Installation) -> None:
    sheets = small_sheets(weeks=2)
    for names in (
        ("主体", "标准", "标准级别", "标准条目"),
        ("培养登记",),
        ("实践记录",),
        ("评价",),
        ("实践学分", "技能证书"),
    ):
        job = installation.run(f"{names[0]}.xlsx", workbook({name: sheets[name] for name in names}))
        assert (job.outcome, job.errors) == ("imported", 0)
    apart = sorted(_shape(installation))
    assert apart == sorted(_shape_of_whole(sheets, installation))


def _shape(installation: Installation) -> list[tuple[str, int, str]]:
    """Schema, number of links and content of each record, without what differs from draft to draft."""
    schemas = ("standard.1", "enrolment.1", "activity.1", "evaluation.1", "credential.1")
    return [
        (schema, len(document.get("relatedResource", ())), document["validFrom"])
        for schema in schemas
        for document in installation.documents(schema)
    ]


def _shape_of_whole(sheets: Sheets, installation: Installation) -> list[tuple[str, int, str]]:
    job = installation.run("whole.xlsx", workbook(sheets))
    assert (job.drafted, job.unchanged) == (0, installation.count("record"))
    return _shape(installation)


def test_links_of_one_record_at_the_limit_and_one_past(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = workbook(small_sheets(trainees=1, weeks=3))
    monkeypatch.setattr(build_results, "MAX_LINKS", 3)
    job = installation.run("a.xlsx", data, dry_run=True)
    assert {Code(row.code) for row in installation.found(job)} == {Code.TOO_MANY_LINKS}
    monkeypatch.setattr(build_results, "MAX_LINKS", 4)
    monkeypatch.setattr(build_credentials, "MAX_LINKS", 2)
    job = installation.run("a.xlsx", data, dry_run=True)
    assert {row.sheet for row in installation.found(job)} == {"实践学分"}
    monkeypatch.setattr(build_credentials, "MAX_LINKS", 3)
    assert installation.run("a.xlsx", data, dry_run=True).errors == 0


def test_what_only_the_schema_refuses_is_an_error_of_its_row(installation: Installation) -> None:
    """An activity holds at most 31 days; evaluations rest on the refused one, credentials on these."""
    sheets = small_sheets(trainees=1, weeks=2)
    many = ";".join(f"2026-0{month}-{day:02} 08:00-09:00" for month in (4, 5) for day in range(1, 17))
    add("实践记录", "实践时间", 4, many)(sheets)
    data = workbook(sheets)
    job = installation.run("a.xlsx", data)
    (error,) = installation.found(job)
    assert (error.sheet, error.row, error.code) == ("实践记录", 4, Code.SCHEMA_REFUSED)
    assert "$.credentialSubject.days" in error.message
    assert (job.outcome, installation.count("record")) == ("refused", 0)
    job = installation.run("a.xlsx", data, partial=True)
    codes = [Code(row.code) for row in installation.found(job)]
    assert codes == [Code.SCHEMA_REFUSED, *[Code.DEPENDS_ON_ERROR] * 4]
    assert (job.outcome, job.drafted, installation.count("record")) == ("imported", 7, 7)


def test_a_hidden_sheet_is_left_out_with_a_note(installation: Installation) -> None:
    sheets = small_sheets(trainees=1)
    job = installation.run("a.xlsx", workbook(sheets, hidden=("技能证书",)))
    assert installation.places(job) == {("技能证书", 0, "", Code.HIDDEN_SHEET)}
    assert (job.outcome, job.errors, job.notes) == ("imported", 0, 1)
    assert [d["credentialSubject"]["kind"] for d in installation.documents("credential.1")] == [
        "practice_credit"
    ]
