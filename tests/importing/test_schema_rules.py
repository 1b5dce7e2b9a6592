"""Mistakes in sheets that follow from the schemas: each is named at its sheet, row and column."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.importing.schema_support import (
    Entry,
    Link,
    agreement,
    documents,
    grid,
    packed,
    put,
)
from tests.importing.support import LEADER, SCHOOL, Installation, Sheets, workbook
from trace_service.imports.codes import Code
from trace_service.imports.schema_sheets import record_sheets

THING = "urn:uuid:5b1c7a52-6f0e-4c0e-9d1a-0c9f2f3f6a1{}"


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
