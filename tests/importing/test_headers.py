"""Header rows are found and matched by Chinese and English names, or by an explicit mapping."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trace_service.imports.codes import Code
from trace_service.imports.errors import Findings, ImportRefusedError
from trace_service.imports.field_types import Field, SheetSpec
from trace_service.imports.fields import SHEET_BY_NAME, SHEETS
from trace_service.imports.headers import column_letters, find_header, find_spec, header_table, match_header
from trace_service.imports.limits import MAX_HEADER_ROWS, MAX_MAPPING_BYTES
from trace_service.imports.options import ImportOptions, SheetMapping, read_mapping, spec_for
from trace_service.imports.values import Raw, fold

ENROLMENTS = SHEET_BY_NAME["enrolments"]
EVERY_HEADER = [(spec, field, text) for spec in SHEETS for field in spec.fields for text in field.headers]


def noisy(text: str, spaces: int, upper: bool, marked: bool) -> str:
    """``text`` as somebody might retype it: other width, case, spaces, a star for required."""
    wide = "".join(chr(ord(sign) + 0xFEE0) if spaces % 2 and "!" <= sign <= "~" else sign for sign in text)
    padded = (" " * spaces).join(wide) if spaces else wide
    return (padded.upper() if upper else padded) + ("*（必填）" if marked else "")


@given(st.sampled_from(EVERY_HEADER), st.integers(0, 2), st.booleans(), st.booleans())
def test_every_header_is_matched_however_it_is_typed(
    entry: tuple[SheetSpec, Field, str], spaces: int, upper: bool, marked: bool
) -> None:
    spec, _, text = entry
    expected = header_table(spec)[fold(text)]
    assert match_header(noisy(text, spaces, upper, marked), spec, {}) == expected


def test_a_remark_that_may_change_the_meaning_is_not_ignored() -> None:
    parties, items = SHEET_BY_NAME["parties"], SHEET_BY_NAME["standard_items"]
    assert match_header("Name (English) (required)", parties, {}) == "nameEn"
    assert match_header("Name (pinyin)", parties, {}) is None
    assert match_header("技能要求（越南文）", items, {}) is None
    assert match_header("技能要求（必填）", items, {}) == "text"
    assert match_header("满分（分）", SHEET_BY_NAME["evaluations"], {}) == "max"


@pytest.mark.parametrize(
    ("spec", "field"), [(spec, field) for spec in SHEETS for field in spec.fields], ids=str
)
def test_template_headers_mean_their_own_field(spec: SheetSpec, field: Field) -> None:
    assert match_header(f"{field.zh} {field.en}", spec, {}) == field.name
    assert match_header(field.zh, spec, {}) == field.name
    assert match_header(field.en, spec, {}) == field.name


def test_sheet_names_are_unique_in_both_languages() -> None:
    for spec in SHEETS:
        for name in spec.names:
            assert find_spec(name) is spec
            assert find_spec(f" {name.upper()} (2026)") is spec
    assert find_spec("备注") is None


def header(
    rows: list[list[Raw]], mapping: dict[str, str] | None = None
) -> tuple[Findings, dict[str, int] | None]:
    """Find the header of an enrolment sheet."""
    found = Findings()
    result = find_header(rows, ENROLMENTS, mapping or {}, "表", found)
    return found, None if result is None else result.columns


TITLE: list[list[Raw]] = [["2026 级名册"]]
REQUIRED: list[Raw] = [field.zh for field in ENROLMENTS.fields if field.required]


@pytest.mark.parametrize("above", [0, 1, MAX_HEADER_ROWS - 1])
def test_a_header_within_the_first_rows(above: int) -> None:
    found, columns = header([*TITLE * above, REQUIRED])
    assert found.kept == []
    assert columns is not None
    assert list(columns.values()) == list(range(len(REQUIRED)))


def test_a_header_one_row_too_low_is_not_found() -> None:
    found, columns = header([*TITLE * MAX_HEADER_ROWS, REQUIRED])
    assert columns is None
    assert [error.code for error in found.kept] == [Code.NO_HEADER]


def test_a_missing_required_column_names_what_would_be_accepted() -> None:
    found, columns = header([REQUIRED[1:]])
    assert columns is None
    (error,) = found.kept
    assert (error.code, error.row) == (Code.MISSING_COLUMN, 1)
    for name in ENROLMENTS.fields[0].headers:
        assert name in error.fix


def test_the_same_column_twice_is_an_error() -> None:
    found, _ = header([[*REQUIRED, "学员编号"]])
    assert [(error.code, error.column) for error in found.kept] == [
        (Code.DUPLICATE_COLUMN, f"{column_letters(len(REQUIRED))} 学员编号")
    ]


def test_unknown_and_personal_columns_are_notes() -> None:
    found, columns = header([[*REQUIRED, "血型", "身份证号"]])
    assert columns is not None
    assert (found.errors, [error.code for error in found.kept]) == (
        0,
        [Code.UNKNOWN_COLUMN, Code.PERSONAL_COLUMN],
    )


def test_an_explicit_mapping_goes_before_synonyms() -> None:
    row = ["编码甲" if name == "登记编号" else name for name in REQUIRED]
    found, columns = header([row], {"编码甲": "ref"})
    assert found.kept == []
    assert columns is not None
    assert columns["ref"] == 0


def test_mapping_files() -> None:
    assert read_mapping('{"Sheet1": {"@type": "培养登记", "甲": "ref"}}') == {
        "Sheet1": SheetMapping("enrolments", {"甲": "ref"})
    }
    assert read_mapping(None) == {}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"a": 1}',
        '{"培养登记": {"甲": "nothing"}}',
        '{"培养登记": {"甲": 1}}',
        '{"a": {"@type": "nothing"}}',
        "[" * 100_000,
        " " * (MAX_MAPPING_BYTES + 1),
    ],
    ids=["empty", "array", "no object", "unknown field", "number", "unknown type", "deep", "long"],
)
def test_unusable_mappings(text: str) -> None:
    with pytest.raises(ImportRefusedError) as caught:
        read_mapping(text)
    assert caught.value.error.code is Code.MAPPING_INVALID


def test_a_mapping_at_its_size_limit() -> None:
    text = '{"培养登记": {"甲": "ref"}}'
    padded = text + " " * (MAX_MAPPING_BYTES - len(text.encode()))
    assert read_mapping(padded) == read_mapping(text)


def test_how_a_sheet_gets_its_type() -> None:
    none = SheetMapping()
    assert spec_for("实践记录", "a.xlsx", ImportOptions(), none) is SHEET_BY_NAME["activities"]
    assert spec_for("Sheet1", "a.xlsx", ImportOptions(sheet_type="activities"), none) is None
    assert (
        spec_for("data", "data.csv", ImportOptions(sheet_type="activities"), none)
        is SHEET_BY_NAME["activities"]
    )
    assert spec_for("Sheet1", "a.xlsx", ImportOptions(), SheetMapping("parties")) is SHEET_BY_NAME["parties"]


@given(st.integers(0, 20_000))
def test_column_letters_count_as_spreadsheets_do(index: int) -> None:
    number = 0
    for letter in column_letters(index):
        number = number * 26 + ord(letter) - 64
    assert number == index + 1
