"""Mistakes in sheets that follow from the schemas: each is named at its sheet, row and column."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from tests.importing.schema_support import (
    Entry,
    Link,
    add_signers,
    documents,
    example,
    exported,
    packed,
)
from tests.importing.support import LEADER, SCHOOL, Installation, small_sheets, workbook
from tests.support.service import running
from trace_service.cli.main import make_app
from trace_service.database import write
from trace_service.imports import limits
from trace_service.imports.codes import Code
from trace_service.imports.schema_envelope import Reading as Target
from trace_service.imports.schema_rows import UnknownMemberError
from trace_service.imports.schema_sheets import record_sheets
from trace_service.imports.template import NOTES_SHEET, template_workbook
from trace_service.imports.workbook import (
    CellTooLongError,
    WorkbookFullError,
    write_workbook,
    write_workbooks,
)
from trace_service.records.queries import RECORD
from verifier_cli.schema import SCHEMAS

THING = "urn:uuid:5b1c7a52-6f0e-4c0e-9d1a-0c9f2f3f6a1{}"
Sheets = dict[str, list[list[Any]]]


def agreement(ref: str = "XY-1", **subject: Any) -> Entry:
    """An agreement of the sample's school and leader, uploaded by the school."""
    parties = [{"id": SCHOOL, "role": "school"}, {"id": LEADER, "role": "enterprise"}]
    said: dict[str, Any] = {
        "kind": "joint_project",
        "code": "P1",
        "name": {"zh": "共建项目"},
        "from": "2026-09-01",
        "parties": parties,
        "terms": [{"code": "T1", "metric": "m", "op": "ge", "target": 10, "unit": "count"}],
    }
    kept = {name: value for name, value in (said | subject).items() if value is not None}
    return Entry("agreement.1", ref, SCHOOL, kept, ((LEADER, "enterprise"),))


def grid(data: bytes) -> Sheets:
    """The cells of a workbook, to be changed as a person would."""
    book = load_workbook(io.BytesIO(data))
    return {sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book}


def put(sheets: Sheets, sheet: str, row: int, header: str, value: Any) -> Sheets:
    """Set a cell of the spreadsheet's ``row`` below a header that begins so."""
    column = next(i for i, text in enumerate(sheets[sheet][0]) if str(text).startswith(header))
    sheets[sheet][row - 1][column] = value
    return sheets


def test_one_agreement(installation: Installation) -> None:
    job = installation.run("a.xlsx", packed([agreement()]))
    assert (job.outcome, job.rows, job.drafted) == ("imported", 4, 1)
    (document,) = documents(installation).values()
    assert document["validFrom"] == "2026-09-01T00:00:00Z"
    assert document["countersigners"] == [{"id": LEADER, "role": "enterprise"}]


Change = Callable[[Sheets], Any]
MISTAKES: list[tuple[str, Change, tuple[str, int, str, Code]]] = [
    (
        "a date that cannot be",
        lambda s: put(s, "协议", 2, "to", "2026-08-01"),
        ("协议", 2, "to", Code.SCHEMA_REFUSED),
    ),
    (
        "no countersigner",
        lambda s: put(s, "协议", 2, "会签方", None),
        ("协议", 2, "会签方", Code.MISSING_COUNTERSIGNERS),
    ),
    (
        "a link that the type has not",
        lambda s: put(s, "协议", 2, "关联记录", "evaluates=XY-1"),
        ("协议", 2, "关联记录", Code.LINK_NOT_ALLOWED),
    ),
    (
        "a link to another type",
        lambda s: put(s, "协议", 2, "关联记录", "alignsTo=XY-2"),
        ("协议", 2, "关联记录", Code.LINK_NOT_ALLOWED),
    ),
    (
        "a link to nothing",
        lambda s: put(s, "协议", 2, "关联记录", "performedUnder=XY-9"),
        ("协议", 2, "关联记录", Code.UNKNOWN_REFERENCE),
    ),
    (
        "a link to a revision that is not there",
        lambda s: put(s, "协议", 2, "关联记录", "performedUnder=XY-2#3"),
        ("协议", 2, "关联记录", Code.UNKNOWN_REFERENCE),
    ),
    (
        "links that cannot be read",
        lambda s: put(s, "协议", 2, "关联记录", "XY-2"),
        ("协议", 2, "关联记录", Code.LINKS_MALFORMED),
    ),
    (
        "an unknown countersigner",
        lambda s: put(s, "协议", 2, "会签方", "enterprise=不存在的公司"),
        ("协议", 2, "会签方", Code.UNKNOWN_ORGANISATION),
    ),
    (
        "an unknown issuer",
        lambda s: put(s, "协议", 2, "签发单位", "不存在的学校"),
        ("协议", 2, "签发单位", Code.UNKNOWN_ORGANISATION),
    ),
    (
        "an unknown kind",
        lambda s: put(s, "协议", 2, "类别", "友谊"),
        ("协议", 2, "类别", Code.CHOICE_UNKNOWN),
    ),
    (
        "no code",
        lambda s: put(s, "协议", 2, "代码", None),
        ("协议", 2, "代码", Code.MISSING_VALUE),
    ),
    (
        "a time that is none",
        lambda s: put(s, "协议", 2, "失效时间", "later"),
        ("协议", 2, "失效时间", Code.DATE_MALFORMED),
    ),
    (
        "validity that ends before it begins",
        lambda s: put(s, "协议", 2, "失效时间", "2020-01-01"),
        ("协议", 2, "失效时间", Code.SCHEMA_REFUSED),
    ),
    (
        "a revision that is no number",
        lambda s: put(s, "协议", 2, "修订号", "first"),
        ("协议", 2, "修订号", Code.NUMBER_MALFORMED),
    ),
    (
        "a term without a metric",
        lambda s: put(s, "协议-条款", 3, "指标", None),
        ("协议-条款", 3, "指标", Code.MISSING_VALUE),
    ),
    (
        "a target with fractions",
        lambda s: put(s, "协议-条款", 3, "目标值", 1.5),
        ("协议-条款", 3, "目标值", Code.NUMBER_MALFORMED),
    ),
    (
        "a term of an agreement that is not there",
        lambda s: put(s, "协议-条款", 3, "编号", "XY-9"),
        ("协议-条款", 3, "编号", Code.UNKNOWN_REFERENCE),
    ),
    (
        "a term of a revision that is not there",
        lambda s: put(s, "协议-条款", 3, "修订号", 2),
        ("协议-条款", 3, "编号", Code.UNKNOWN_REFERENCE),
    ),
    (
        "a party that is no organisation",
        lambda s: put(s, "协议-当事方", 2, "机构", "陌生人"),
        ("协议-当事方", 2, "机构", Code.UNKNOWN_ORGANISATION),
    ),
    (
        "a party that does not sign",
        lambda s: put(s, "协议-当事方", 3, "机构", "did:web:elsewhere.example"),
        ("协议-当事方", 3, "机构", Code.SCHEMA_REFUSED),
    ),
]


@pytest.mark.parametrize(("change", "place"), [one[1:] for one in MISTAKES], ids=[one[0] for one in MISTAKES])
def test_a_mistake_is_named_at_its_cell(
    change: Change, place: tuple[str, int, str, Code], installation: Installation
) -> None:
    sheets = grid(packed([agreement(), agreement("XY-2", code="P2")]))
    change(sheets)
    job = installation.run("a.xlsx", workbook(sheets))
    sheet, row, column, code = place
    assert (job.outcome, job.drafted) == ("refused", 0)
    found = installation.found(job)
    first = found[0]
    assert (first.sheet, first.row, first.code) == (sheet, row, code), found
    assert first.column.partition(" ")[2].startswith(column)
    assert installation.count("record") == 0


def test_the_same_reference_twice(installation: Installation) -> None:
    subject = {"id": THING.format(1), "kind": "employment", "start": "2026-10-01", "asOf": "2026-10-31"}
    outcome = Entry("outcome.1", "CG-1", SCHOOL, subject, ((LEADER, "enterprise"),))
    job = installation.run("a.xlsx", packed([outcome, outcome]))
    found = [(one.sheet, one.row, one.column, one.code) for one in installation.found(job)]
    assert found == [("成果", 3, "A 编号 Reference", Code.DUPLICATE_ROW)]


def test_a_value_by_its_name(installation: Installation) -> None:
    kind = record_sheets("agreement.1").main.columns["kind"]
    name = next(name for name, value in (kind.choices or {}).items() if value == "joint_project")
    assert name != "joint_project"
    for number, text in enumerate((name, "Joint project", "joint_project")):
        sheets = put(grid(packed([agreement(f"XY-{number}")])), "协议", 2, "类别", text)
        assert installation.run("a.xlsx", workbook(sheets)).drafted == 1
    kinds = {one["credentialSubject"]["kind"] for one in documents(installation).values()}
    assert kinds == {"joint_project"}


def test_partial_keeps_out_a_record_whose_detail_row_is_wrong(installation: Installation) -> None:
    sheets = grid(packed([agreement(), agreement("XY-2", code="P2")]))
    put(sheets, "协议-条款", 3, "指标", None)
    job = installation.run("a.xlsx", workbook(sheets), partial=True)
    assert (job.outcome, job.drafted) == ("imported", 1)
    assert {key[1] for key in documents(installation)} == {"XY-1"}
    assert {one.code for one in installation.found(job)} == {Code.MISSING_VALUE, Code.DEPENDS_ON_ERROR}


def test_partial_issues_nothing_of_a_type_of_which_a_detail_row_has_no_record(
    installation: Installation,
) -> None:
    sheets = grid(packed([agreement(), agreement("XY-2", code="P2")]))
    put(sheets, "协议-条款", 3, "编号", "XY-9")  # whose term is it? No agreement may lack it
    job = installation.run("a.xlsx", workbook(sheets), partial=True)
    assert (job.outcome, job.drafted) == ("refused", 0)
    sheets["协议-条款"][0] = ["?"] * 10
    job = installation.run("b.xlsx", workbook(sheets), partial=True)
    assert (job.outcome, job.drafted) == ("refused", 0)


def test_partial_keeps_out_what_links_to_a_mistake(installation: Installation) -> None:
    first = agreement("XY-1", kind="chain")
    second = replace(agreement("XY-2"), links=(Link("XY-1", "performedUnder"),))
    sheets = grid(packed([first, second, agreement("XY-3")]))
    put(sheets, "协议", 2, "to", "2026-08-01")
    job = installation.run("a.xlsx", workbook(sheets), partial=True)
    assert {key[1] for key in documents(installation)} == {"XY-3"}
    assert [one.row for one in installation.found(job) if one.code == Code.DEPENDS_ON_ERROR] == [3]


def test_a_circle_of_links(installation: Installation) -> None:
    pairs = (("XY-1", "XY-2"), ("XY-2", "XY-1"))
    entries = [replace(agreement(own), links=(Link(other, "performedUnder"),)) for own, other in pairs]
    job = installation.run("a.xlsx", packed(entries))
    assert job.outcome == "refused"
    assert Code.LINK_CYCLE in {one.code for one in installation.found(job)}


def test_a_long_chain_of_links_in_any_order(installation: Installation) -> None:
    entries = [agreement("XY-0000", terms=None)]
    for number in range(1, 1_500):
        link = Link(f"XY-{number - 1:04}", "performedUnder")
        entries.append(replace(agreement(f"XY-{number:04}", terms=None), links=(link,)))
    job = installation.run("a.xlsx", packed(reversed(entries)))
    assert (job.outcome, job.drafted, job.errors) == ("imported", 1_500, 0)


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


def test_what_the_ledger_refuses_is_said_and_nothing_stored(installation: Installation) -> None:
    entry = example("creditentry.1")
    subject = {
        **{"id": THING.format(1), "op": "redeem", "bank": LEADER, "creditKind": "school"},
        **{"amount": 100, "on": "2026-09-01", "course": "C1"},
    }
    redeem = replace(entry, issuer=SCHOOL, subject=subject, countersigners=((LEADER, "operator"),), links=())
    add_signers(installation, [redeem])
    job = installation.run("a.xlsx", packed([redeem]))
    assert (job.outcome, job.drafted) == ("refused", 0)
    assert Code.NOT_ACCEPTED in {one.code for one in installation.found(job)}
    assert installation.count("record") == 0


@pytest.mark.parametrize("schema", SCHEMAS)
def test_template_of_a_type(schema: str, installation: Installation) -> None:
    data = template_workbook(schema)
    book = load_workbook(io.BytesIO(data))
    sheets = record_sheets(schema)
    assert [name for name in book.sheetnames if book[name].sheet_state == "visible"] == [
        NOTES_SHEET,
        *(table.spec.zh for table in sheets.tables.values()),
    ]
    for table in sheets.tables.values():
        sheet = book[table.spec.zh]
        headers = [cell.value for cell in sheet[1]]
        assert len(headers) == len(table.spec.fields)
        assert all(cell.comment is not None for cell in sheet[1])
        single = [c for c in table.columns.values() if c.choices and not c.many]
        assert len(sheet.data_validations.dataValidation) >= len(single)
    main = book[sheets.main.spec.zh]
    assert str(main["A2"].value).startswith("#")
    job = installation.run("template.xlsx", data)  # its example is no record
    assert [one.code for one in installation.found(job)] == [Code.NOTHING_TO_IMPORT]


def test_templates_and_exports_over_http(installation: Installation) -> None:
    installation.run("a.xlsx", packed([agreement(), agreement("XY-2")]))
    with running(installation.service), installation.service.client(SCHOOL) as client:
        assert client.get("/v1/imports/template.xlsx?type=agreement.1").content[:2] == b"PK"
        assert client.get("/v1/imports/template.xlsx?type=x").json()["code"] == "request.type"
        first = client.get("/v1/exports/records.xlsx?limit=1&schema=agreement.1")
        assert grid(first.content)["协议"][1][0] == "XY-1"
        after = first.headers["Link"].partition("<")[2].partition(">")[0]
        second = client.get(after)
        assert grid(second.content)["协议"][1][0] == "XY-2"
        assert "Link" not in second.headers
        assert client.get("/v1/exports/records.xlsx?schema=x").status_code == 422
    with running(installation.service), installation.service.client("did:web:duanzhou-iot.example") as other:
        assert "协议" not in grid(other.get("/v1/exports/records.xlsx").content)
    with running(installation.service):
        assert (
            httpx.get(f"{installation.service.url}/v1/exports/records.xlsx", trust_env=False).status_code
            == 401
        )


def test_template_command(tmp_path: Path) -> None:
    target = tmp_path / "t.xlsx"
    runner = CliRunner()
    assert runner.invoke(make_app("template"), ["template", str(target), "--type", "demand.1"]).exit_code == 0
    assert "需求" in load_workbook(target).sheetnames
    assert runner.invoke(make_app("template"), ["template", str(target)]).exit_code != 0  # it is there
    assert (
        runner.invoke(make_app("template"), ["template", str(tmp_path / "u"), "--type", "x"]).exit_code == 2
    )


def test_workbooks_are_split_at_the_limits_of_an_import(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = [agreement(f"XY-{number}") for number in range(10)]
    monkeypatch.setattr(limits, "MAX_ROWS", 7)  # a header and three agreements of two parties
    with pytest.raises(WorkbookFullError) as full:
        write_workbook(entries, tmp_path / "one.xlsx")
    assert full.value.sheet == "协议-当事方"
    paths = write_workbooks(entries, tmp_path, "part")
    assert [path.name for path in paths] == [f"part-0{number}.xlsx" for number in (1, 2, 3, 4)]
    assert [installation.run(path.name, path.read_bytes()).drafted for path in paths] == [3, 3, 3, 1]


def test_what_no_sheet_can_hold_is_refused_by_the_writer() -> None:
    with pytest.raises(UnknownMemberError) as unknown:
        packed([agreement(terms=[{"code": "T1", "colour": "red"}])])
    assert unknown.value.path == ("colour",)
    with pytest.raises(CellTooLongError) as long:
        packed([agreement(exit="长" * 32_768)])
    assert (long.value.ref, long.value.field) == ("XY-1", "退出约定")
    with pytest.raises(TypeError):
        packed([agreement(quota=[1])])
