"""Any value that a schema allows survives a workbook: generated subjects through a real file."""

from __future__ import annotations

import io
import unicodedata
from datetime import date
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from tests.importing.schema_support import Entry, example, packed
from trace_service.imports.codes import Code
from trace_service.imports.context import Reading
from trace_service.imports.errors import Findings
from trace_service.imports.field_types import Cell
from trace_service.imports.headers import find_spec, header_table
from trace_service.imports.options import ImportOptions
from trace_service.imports.reader import parse_file
from trace_service.imports.schema_cells import Column, reader_for, text_cell
from trace_service.imports.schema_details import attach_details
from trace_service.imports.schema_envelope import Reading as Target
from trace_service.imports.schema_envelope import link_cell, read_links, read_signers, signers_cell
from trace_service.imports.schema_rows import build_element
from trace_service.imports.schema_sheets import Table, all_record_sheets, record_sheets, schema_specs
from trace_service.imports.service import no_progress
from trace_service.imports.values import CellError, fold
from trace_service.imports.workbook import CellTooLongError, header_text
from verifier_cli.schema import SCHEMAS

AWKWARD = (
    *("=1+1", "@SUM(A1)", "-3", "+4", "0012", "1E5", "#N/A", "# note", '"quoted"', "a; b", "；", "是", "[]"),
    *(" led", "trailed ", "two\nlines", "_x000D_", "𠀀𮯰", "\u200b", "\t", "'", "2026-03-02", "TRUE", "\r\n"),
)
SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)
CHARACTERS = st.characters(exclude_categories=["Cs"])
TEXT = st.one_of(st.sampled_from(AWKWARD), st.text(CHARACTERS, min_size=1))
TOKENS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,20}", fullmatch=True)
DAYS = st.dates(date(1, 1, 1)).map(date.isoformat)  # those that no import reads as a date are quoted


def values(column: Column) -> st.SearchStrategy[Any]:
    """Values of one column, also such as the schema's finer rules would refuse."""
    one: st.SearchStrategy[Any]
    if column.cell is Cell.INTEGER:
        one = st.integers(column.low, column.high)
    elif column.cell is Cell.DECIMAL:
        one = st.decimals(column.low, column.high, places=4).map(
            lambda n: int(n) if n == int(n) else float(n)
        )
    elif column.cell is Cell.BOOLEAN:
        one = st.booleans()
    elif column.cell is Cell.CHOICE:
        one = st.sampled_from(sorted((column.choices or {}).values()))
    elif column.cell is Cell.TOKEN:
        one = TOKENS
    elif column.cell in (Cell.DATE, Cell.TIME, Cell.CLOCK):
        one = st.one_of(DAYS, DAYS.map(lambda day: f"{day}T08:30:00Z"), st.just("23:59"), TEXT)
    else:
        one = TEXT.map(lambda text: unicodedata.normalize("NFC", text)[: column.high])
    return st.lists(one, max_size=3) if column.many else one


@st.composite
def elements(draw: st.DrawFn, table: Table) -> dict[str, Any]:
    """An element of a table with the required members and some of the others."""
    element: dict[str, Any] = {}
    for column in table.columns.values():
        if column.required or draw(st.integers(0, 3)) == 0:
            put(element, column.path, draw(values(column)))
    for listing in table.listings:
        below = draw(st.lists(elements(listing.table), max_size=2))
        if below:
            put(element, listing.path, below)
    return element


def put(element: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Set the member at ``path``."""
    for step in path[:-1]:
        element = element.setdefault(step, {})
    element[path[-1]] = value


def without_constants(table: Table, element: dict[str, Any]) -> dict[str, Any]:
    """The element as generated: without constants and required empty arrays."""
    for path, _ in table.constants:
        holder: Any = element
        for step in path[:-1]:
            holder = holder.get(step, {})
        holder.pop(path[-1], None)
    for listing in table.listings:
        holder = element
        for step in listing.path[:-1]:
            holder = holder.get(step, {})
        if holder.get(listing.path[-1]) == []:
            del holder[listing.path[-1]]
        for below in holder.get(listing.path[-1], ()):
            without_constants(listing.table, below)
    return element


def read_back(schema: str, data: bytes) -> dict[str, Any]:
    """The one subject of a workbook, as rows say it: before names and numbers are looked up."""
    found = Findings()
    parsed = parse_file("a.xlsx", data, ImportOptions(), found, no_progress)
    assert [(error.column, error.value, error.code) for error in found.kept] == []
    types = record_sheets(schema)
    assert attach_details(cast(Reading, None), parsed.sheets, types, parsed.broken) is True
    (row,) = parsed.sheets[schema].rows
    return without_constants(types.main, build_element(types.main, row))


@pytest.mark.parametrize("schema", SCHEMAS)
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(data=st.data())
def test_generated_subjects_survive_a_workbook(schema: str, data: st.DataObject) -> None:
    subject = data.draw(elements(record_sheets(schema).main))
    try:
        book = packed(
            [Entry(schema, data.draw(TEXT.map(lambda text: text[:60])), "did:web:a.example", subject)]
        )
    except CellTooLongError:
        assume(False)
    assert read_back(schema, book) == subject


@pytest.mark.parametrize("text", AWKWARD)
def test_awkward_text_survives_and_is_no_formula(text: str) -> None:
    subject = {**example("activity.1").subject, "project": text}
    book = packed([example("activity.1", subject=subject)])
    assert read_back("activity.1", book)["project"] == text
    for sheet in load_workbook(io.BytesIO(book)):
        assert all(cell.data_type not in ("f", "e") for row in sheet.iter_rows() for cell in row)


@given(st.lists(st.tuples(TEXT, st.integers(0, 5)), min_size=1, max_size=4))
def test_links_survive_their_cell(targets: list[tuple[str, int]]) -> None:
    links = [
        (
            ("alignsTo", "evaluates")[number % 2],
            Target(ref, None, number or None),
            ("E1", "B.2")[: number % 3],
        )
        for ref, number in targets
    ]
    cell = "; ".join(link_cell(rel, target, items) for rel, target, items in links)
    read = read_links(cell)
    assert [(link.rel, link.items) for link in read] == [(rel, items) for rel, _, items in links]
    for link, (_, target, _items) in zip(read, links, strict=True):
        assert target in link.readings


def test_a_link_names_type_revision_and_issuer() -> None:
    (link,) = read_links("basedOn = agreement:A-1#2@did:web:firm.example [T1, T2]")
    assert link.items == ("T1", "T2")
    assert link.readings[-1] == Target("A-1", "agreement", 2, "did:web:firm.example")
    assert read_links("basedOn＝A-1；alignsTo=SNAD@2026.2")[1].readings == (Target("SNAD@2026.2"),)


@pytest.mark.parametrize("cell", ["", "A-1", "alignsTo=", "alignsTo=A B", 'alignsTo="A', "alignsTo=A[", 7])
def test_what_is_no_link(cell: Any) -> None:
    with pytest.raises(CellError) as caught:
        read_links(cell)
    assert caught.value.code is Code.LINKS_MALFORMED


def test_countersigners() -> None:
    signers = (("did:web:a.example", "school"), ("did:web:b.example%3A8443:c", "enterprise"))
    assert read_signers(signers_cell(signers)) == tuple((role, did) for did, role in signers)
    assert read_signers("School = 示例学校；enterprise=Firm Co") == (
        ("school", "示例学校"),
        ("enterprise", "Firm Co"),
    )
    with pytest.raises(CellError) as caught:
        read_signers("headmaster=did:web:a.example")
    assert caught.value.code is Code.CHOICE_UNKNOWN
    with pytest.raises(CellError) as caught:
        read_signers("did:web:a.example")
    assert caught.value.code is Code.SIGNERS_MALFORMED


def test_every_sheet_and_column_is_found_by_what_is_written() -> None:
    for sheets in all_record_sheets().values():
        for table in sheets.main.tables:
            spec = table.spec
            assert find_spec(spec.zh) is spec
            assert find_spec(spec.en) is spec
            headers = header_table(spec)
            for column in spec.fields:
                assert headers[fold(header_text(column.zh, column.en))] == column.name
                assert headers[fold(column.zh)] == column.name
        assert find_spec(sheets.schema) is sheets.main.spec
        assert find_spec(sheets.schema.partition(".")[0]) is sheets.main.spec
    names = [fold(spec.zh) for spec in schema_specs().values()]
    assert len(set(names)) == len(names)
    assert all(len(spec.zh) <= 31 for spec in schema_specs().values())


def test_paths_are_headers_too() -> None:
    for table in record_sheets("agreement.1").tables.values():
        headers = header_table(table.spec)
        assert all(headers[fold(name)] == name for name in table.columns)


def test_hand_written_sheets_win_by_name() -> None:
    kinds = {name: find_spec(name) for name in ("培养登记", "标准", "activities", "标准条目", "评价")}
    assert {name: spec.name for name, spec in kinds.items() if spec} == {
        "培养登记": "enrolments",
        "标准": "standards",
        "activities": "activities",
        "标准条目": "standard_items",
        "评价": "evaluations",
    }
    generic = find_spec("培养登记（通用）")
    assert generic is not None
    assert generic.name == "enrolment.1"


def test_text_is_quoted_only_where_it_must_be() -> None:
    column = Column("a", "甲", "A", Cell.TEXT, high=200, reader=reader_for(Cell.TEXT, many=False))
    assert text_cell(column, "张三 Zhang San 3.5") == "张三 Zhang San 3.5"
    assert text_cell(column, "two\nlines") == "two\nlines"
    assert text_cell(column, "=1+1") == '"=1+1"'
    assert text_cell(column, " a") == '" a"'
