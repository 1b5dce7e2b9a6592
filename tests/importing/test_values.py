"""Cells become values; what cannot be one is refused with its code."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trace_service.imports.codes import Code
from trace_service.imports.errors import shown
from trace_service.imports.field_types import Cell, Field
from trace_service.imports.times import DAY_MINUTES, Span, parse_dated_spans, parse_spans
from trace_service.imports.values import (
    FIRST_DATE,
    LAST_DATE,
    MAX_IDENTIFIER,
    MAX_TEXT,
    READERS,
    CellError,
    Raw,
    fold,
    read_date,
    read_identifier,
    read_text,
    read_token,
    read_weeks,
)

NUMBER = Field("n", "数", "Number", Cell.DECIMAL, low=0, high=100)
WHOLE = Field("w", "整数", "Whole", Cell.INTEGER, low=1, high=8)
YES_NO = Field("b", "是否", "Yes", Cell.BOOLEAN)
CHOICE = Field("c", "类别", "Kind", Cell.CHOICE, choices={"过程": "process", "结果": "outcome"})
SEVERAL = Field("r", "角色", "Roles", Cell.CHOICES, choices={"学校": "school", "链主": "leader"})

DAYS = st.dates(FIRST_DATE, LAST_DATE)


@given(DAYS)
def test_dates_in_every_accepted_form(day: date) -> None:
    serial = (day - date(1899, 12, 30)).days
    forms: tuple[Raw, ...] = (
        day,
        datetime.combine(day, time()),
        float(serial),
        float(day.strftime("%Y%m%d")),
        day.isoformat(),
        f"{day.year}/{day.month}/{day.day}",
        f"{day.year}.{day.month}.{day.day}",
        f"{day.year}年{day.month}月{day.day}日",
        day.strftime("%Y%m%d"),
        f" {day.isoformat()} 00:00:00 ",
        unicodedata.normalize("NFKC", day.isoformat()).translate(
            str.maketrans("0123456789-", "０１２３４５６７８９－")
        ),
    )
    assert {read_date(form) for form in forms} == {day}


@pytest.mark.parametrize(
    "raw",
    [
        "2026-02-30",
        "02/03/2026",
        "3月2日",
        "2026-3",
        "tomorrow",
        "1989-12-31",
        "2100-01-01",
        0.0,
        0.5,
        1e9,
        True,
        datetime(2026, 3, 2, 8, 30),
        time(8, 30),
        timedelta(days=1),
        "20260230",
        46083.5,
    ],
)
def test_what_is_no_date(raw: Raw) -> None:
    with pytest.raises(CellError) as caught:
        read_date(raw)
    assert caught.value.code is Code.DATE_MALFORMED


@given(st.text(max_size=40))
def test_no_text_makes_a_date_reader_fail_otherwise(text: str) -> None:
    try:
        found = read_date(text)
    except CellError as error:
        assert error.code is Code.DATE_MALFORMED  # noqa: PT017 - most texts are refused, some are dates
    else:
        assert FIRST_DATE <= found <= LAST_DATE


@pytest.mark.parametrize(
    "raw", [2023060101.0, 2023060101, 441202200503071234, "2.02306E+09", "4.41202E17", "1e5"]
)
def test_an_identifier_stored_as_a_number_is_refused(raw: Raw) -> None:
    with pytest.raises(CellError) as caught:
        read_identifier(raw)
    assert caught.value.code is Code.IDENTIFIER_AS_NUMBER


@pytest.mark.parametrize("raw", ["=1+1", "+1", "-1", "@a", "'001", "a b", "a\nb", True, date(2026, 1, 1)])
def test_identifiers_out_of_form(raw: Raw) -> None:
    with pytest.raises(CellError) as caught:
        read_identifier(raw)
    assert caught.value.code is Code.IDENTIFIER_MALFORMED


def test_identifiers_keep_zeros_and_lose_only_the_space_around() -> None:
    assert read_identifier("\t000123 ") == "000123"
    assert read_identifier("9" * MAX_IDENTIFIER) == "9" * MAX_IDENTIFIER
    with pytest.raises(CellError) as caught:
        read_identifier("9" * (MAX_IDENTIFIER + 1))
    assert (caught.value.code, caught.value.details) == (Code.CELL_TOO_LONG, {"limit": MAX_IDENTIFIER})


def test_tokens_are_ascii() -> None:
    assert read_token("SNAD-E/01_a.b") == "SNAD-E/01_a.b"
    for bad in ("传感", "a:b", "-a", "a" * 65):
        with pytest.raises(CellError) as caught:
            read_token(bad)
        assert caught.value.code is Code.IDENTIFIER_MALFORMED


@pytest.mark.parametrize(
    "name", ["李㛃", "𠮷田雨", "龚䶮", "阿依古丽·买买提", "José Ångström-O'Neill", "\U00031350"]
)
def test_rare_names_are_text(name: str) -> None:
    assert read_text(f"\u3000{name}\u00a0") == unicodedata.normalize("NFC", name)
    assert read_text(unicodedata.normalize("NFD", name)) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize("bad", ["a\u200bb", "a\u202eb", "a\x00b", "a\x07", "\ue864", "\ufeffa", "a\u2028b"])
def test_invisible_characters_are_refused(bad: str) -> None:
    with pytest.raises(CellError) as caught:
        read_text(bad)
    assert caught.value.code is Code.CONTROL_CHARACTER


def test_text_at_its_limit_and_one_past() -> None:
    assert len(read_text("学" * MAX_TEXT)) == MAX_TEXT
    with pytest.raises(CellError) as caught:
        read_text("学" * (MAX_TEXT + 1))
    assert caught.value.code is Code.CELL_TOO_LONG


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (87.0, 87),
        (87.5, 87.5),
        ("87.50", 87.5),
        ("８７", 87),
        (0.1 + 0.2, 0.3),
        ("0.12345", 0.12345),
        (100, 100),
    ],
)
def test_numbers(raw: Raw, value: float) -> None:
    found = READERS[Cell.DECIMAL](raw, NUMBER)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (100.1, Code.NUMBER_OUT_OF_RANGE),
        (-1, Code.NUMBER_OUT_OF_RANGE),
        ("0.123456", Code.NUMBER_MALFORMED),
        ("优", Code.NUMBER_MALFORMED),
        ("NaN", Code.NUMBER_MALFORMED),
        ("1_0", Code.NUMBER_MALFORMED),
        ("Infinity", Code.NUMBER_MALFORMED),
        (True, Code.NUMBER_MALFORMED),
        (date(2026, 1, 1), Code.NUMBER_MALFORMED),
    ],
)
def test_what_is_no_number_here(raw: Raw, code: Code) -> None:
    with pytest.raises(CellError) as caught:
        READERS[Cell.DECIMAL](raw, NUMBER)
    assert caught.value.code is code


def test_whole_numbers() -> None:
    assert READERS[Cell.INTEGER]("8", WHOLE) == 8
    for raw, code in (
        (8.5, Code.NUMBER_MALFORMED),
        (9, Code.NUMBER_OUT_OF_RANGE),
        (0, Code.NUMBER_OUT_OF_RANGE),
    ):
        with pytest.raises(CellError) as caught:
            READERS[Cell.INTEGER](raw, WHOLE)
        assert caught.value.code is code


@pytest.mark.parametrize(
    ("raw", "value"), [("是", True), ("Yes", True), (1.0, True), (True, True), ("否", False), ("×", False)]
)
def test_booleans(raw: Raw, value: bool) -> None:
    assert READERS[Cell.BOOLEAN](raw, YES_NO) is value


@pytest.mark.parametrize("raw", ["也许", 2, "", "是否"])
def test_what_is_neither_yes_nor_no(raw: Raw) -> None:
    with pytest.raises(CellError) as caught:
        READERS[Cell.BOOLEAN](raw, YES_NO)
    assert caught.value.code is Code.BOOLEAN_MALFORMED


def test_choices_by_either_language() -> None:
    assert READERS[Cell.CHOICE](" 过程 ", CHOICE) == "process"
    assert READERS[Cell.CHOICE]("OUTCOME", CHOICE) == "outcome"
    assert READERS[Cell.CHOICES]("链主；学校; leader", SEVERAL) == ("leader", "school")
    with pytest.raises(CellError) as caught:
        READERS[Cell.CHOICE]("中期", CHOICE)
    assert caught.value.code is Code.CHOICE_UNKNOWN


def test_weeks() -> None:
    assert read_weeks("1-3；17、5") == (1, 2, 3, 5, 17)
    assert read_weeks(7.0) == (7,)
    for bad in ("0", "3-1", "1-61", "x", "1--2", "1.5"):
        with pytest.raises(CellError) as caught:
            read_weeks(bad)
        assert caught.value.code is Code.LIST_MALFORMED


CLOCK = st.integers(0, DAY_MINUTES - 1)


@given(CLOCK, CLOCK, st.integers(0, 59))
def test_spans_read_back_what_was_written(start: int, end: int, pause: int) -> None:
    length = (end - start) % DAY_MINUTES
    text = f"{start // 60}:{start % 60:02}-{end // 60:02}:{end % 60:02}({pause})"
    if length <= pause:
        with pytest.raises(ValueError, match=r"\d"):
            parse_spans(text)
    else:
        assert parse_spans(text) == (Span(start, end, pause),)


def test_spans_as_people_write_them() -> None:
    day = (Span(510, 1050, 60),)
    for text in (
        "08:30-17:30(60)",
        "8:30～17:30（60）",
        "08:30 — 17:30 (60分钟)",
        "８：３０至１７：３０（60）",
        "08:30:00-17:30:00(60)",
    ):
        assert parse_spans(text) == day
    assert parse_spans("13:30-17:30；08:30-12:00") == (Span(510, 720, 0), Span(810, 1050, 0))
    assert parse_spans("20:00-04:30(30)") == (Span(1200, 270, 30),)
    assert parse_spans("16:00-24:00") == (Span(960, 0, 0),)


@pytest.mark.parametrize(
    "text", ["8", "8:30", "08:30-25:00", "08:60-17:00", "24:00-08:00", "08:30-17:30(540)", "8:00-8:00"]
)
def test_what_are_no_times(text: str) -> None:
    with pytest.raises(ValueError, match=r"\d"):
        parse_spans(text)


def test_overlapping_spans_of_one_day_are_refused() -> None:
    with pytest.raises(ValueError, match="overlapping"):
        parse_spans("08:00-12:00;11:00-13:00")


def test_dated_spans() -> None:
    found = parse_dated_spans("2026-03-03 08:30-12:00; 13:30-17:30; 2026/3/2 08:30-17:30(60)")
    assert found == (
        (date(2026, 3, 2), Span(510, 1050, 60)),
        (date(2026, 3, 3), Span(510, 720, 0)),
        (date(2026, 3, 3), Span(810, 1050, 0)),
    )
    for bad in ("08:30-12:00", "2026-02-30 08:30-12:00", "2026-03-02"):
        with pytest.raises(ValueError, match=r".+"):
            parse_dated_spans(bad)


def test_a_span_as_the_record_has_it() -> None:
    assert Span(510, 0, 15).as_day(date(2026, 3, 2)) == {
        "date": "2026-03-02",
        "start": "08:30",
        "end": "00:00",
        "breakMinutes": 15,
    }


@given(st.text())
def test_folding_is_stable(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_shown_values_are_short_masked_and_visible() -> None:
    assert shown(4.0) == "4"
    assert shown("证 44120220050307123X 号") == "证 441***3X 号"
    assert shown("441202050307123") == "441***3"
    assert shown("a\u202eb\nc") == "a\\u202eb c"
    assert len(shown("长" * 500)) == 60
    assert shown("2023060101") == "2023060101"
