"""Workbooks and CSV files: encodings, bombs, formulas, and every limit at its value and one past it."""

from __future__ import annotations

import io
import struct
import zipfile
from datetime import date

import pytest

from tests.importing.support import workbook
from trace_service.imports import limits
from trace_service.imports.codes import Code
from trace_service.imports.errors import ImportRefusedError
from trace_service.imports.files import Grid, read_file

SHEET = "xl/worksheets/sheet1.xml"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
NAMESPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def grids(data: bytes, name: str = "a.xlsx") -> list[Grid]:
    """Every sheet of a file."""
    return list(read_file(name, data))


def refusal(data: bytes, name: str = "a.xlsx") -> Code:
    """The code with which a file is refused."""
    with pytest.raises(ImportRefusedError) as caught:
        grids(data, name)
    return caught.value.error.code


def edited(changes: dict[str, bytes], compress: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A small workbook with parts replaced or added."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook({"主体": [["a", "b"]]}))) as source:
        parts = {name: source.read(name) for name in source.namelist()} | changes
    with zipfile.ZipFile(stream, "w", compress) as target:
        for name, content in parts.items():
            target.writestr(name, content)
    return stream.getvalue()


def sheet_xml(cells: str) -> dict[str, bytes]:
    """A sheet part with these rows."""
    return {SHEET: f"{HEAD}<worksheet {NAMESPACE}><sheetData>{cells}</sheetData></worksheet>".encode()}


def test_values_as_calamine_gives_them() -> None:
    (grid,) = grids(workbook({"主体": [["名称", 1.5, True, date(2026, 3, 2), None], [None, "末"]]}))
    assert grid.rows == [["名称", 1.5, True, date(2026, 3, 2), ""], ["", "末", "", "", ""]] or grid.rows == [
        ["名称", 1.5, True, date(2026, 3, 2)],
        ["", "末", "", ""],
    ]


def test_rows_keep_the_numbers_that_the_spreadsheet_shows() -> None:
    (grid,) = grids(edited(sheet_xml('<row r="3"><c r="B3" t="inlineStr"><is><t>x</t></is></c></row>')))
    assert [row[1] if len(row) > 1 else "" for row in grid.rows] == ["", "", "x"]


def test_formula_cells_are_read_by_their_stored_value() -> None:
    cells = (
        '<row r="1"><c r="A1"><f>1+1</f><v>2</v></c><c r="B1"><f>1+1</f></c><c r="C1" t="str">'
        '<f>""</f><v></v></c><c r="D1" t="e"><v>#N/A</v></c><c r="E1"><f>HYPERLINK("http://x.example")</f><v/></c></row>'
    )
    (grid,) = grids(edited(sheet_xml(cells)))
    assert grid.rows[0][0] == 2
    assert grid.scan.formula_gaps == {(1, 1), (1, 4)}
    assert grid.scan.error_cells == {(1, 3)}


def test_prefixed_xml_is_scanned_as_well() -> None:
    text = (
        f'{HEAD}<x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><x:sheetData>'
        '<x:row r="1"><x:c r="A1"><x:f>1</x:f></x:c></x:row></x:sheetData></x:worksheet>'
    )
    (grid,) = grids(edited({SHEET: text.encode()}))
    assert grid.scan.formula_gaps == {(1, 0)}


def test_hidden_sheets_are_told_apart() -> None:
    found = grids(workbook({"主体": [["a"]], "评价": [["b"]]}, hidden=("评价",)))
    assert [(grid.name, grid.hidden, grid.rows) for grid in found] == [
        ("主体", False, [["a"]]),
        ("评价", True, []),
    ]


@pytest.mark.parametrize(
    ("part", "content"),
    [
        (SHEET, b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet>&a;</worksheet>'),
        ("xl/styles.xml", b'<!DOCTYPE x SYSTEM "http://x.example/"><x/>'),
        ("xl/sharedStrings.xml", b"<!DOCTYPE x><sst/>"),
        ("xl/workbook.xml", b"<!DOCTYPE x><workbook/>"),
        ("[Content_Types].xml", b"<!DOCTYPE x><Types/>"),
        (SHEET, f"{HEAD}<worksheet/>".encode("utf-16")),
        (SHEET, b'<?xml version="1.0" encoding="ISO-8859-1"?><worksheet/>'),
    ],
)
def test_forbidden_xml(part: str, content: bytes) -> None:
    assert refusal(edited({part: content})) is Code.FORBIDDEN_XML


@pytest.mark.parametrize(
    "data",
    [
        b"PK\x03\x04 and nothing more",
        workbook({"主体": [["a"]]})[:-40],
        edited({SHEET: b"<worksheet><sheetData>"}),
        edited({"xl/workbook.xml": b"not xml"}),
    ],
    ids=["no directory", "cut off", "open element", "no xml"],
)
def test_damaged_workbooks(data: bytes) -> None:
    assert refusal(data) is Code.NOT_READABLE


def test_a_workbook_without_its_parts() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    assert refusal(stream.getvalue()) is Code.NOT_READABLE


def test_the_date_system_of_1904_is_refused() -> None:
    with zipfile.ZipFile(io.BytesIO(workbook({"主体": [["a"]]}))) as source:
        text = source.read("xl/workbook.xml").replace(b"<workbookPr", b'<workbookPr date1904="1"')
    assert refusal(edited({"xl/workbook.xml": text})) is Code.NOT_READABLE


def test_protected_and_old_files() -> None:
    assert refusal(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)) is Code.ENCRYPTED


def test_encrypted_zip_entries() -> None:
    data = bytearray(edited({}))
    at = data.find(b"PK\x01\x02")
    data[at + 8] |= 1  # the flag of encryption in the central directory
    assert refusal(bytes(data)) is Code.ENCRYPTED


def test_a_part_that_packs_too_well() -> None:
    assert refusal(edited({SHEET: HEAD.encode() + b" " * 8_000_000})) is Code.PACKED_TOO_MUCH


def test_a_part_that_is_larger_than_the_zip_says() -> None:
    """The directory claims 10 bytes; the reader must never see more than was scanned."""
    data = bytearray(edited({SHEET: b"<worksheet>" + b" " * 500_000 + b"</worksheet>"}))
    at = data.find(b"PK\x01\x02")
    while data[at + 46 : at + 46 + len(SHEET)] != SHEET.encode():
        at = data.find(b"PK\x01\x02", at + 1)
    data[at + 24 : at + 28] = struct.pack("<I", 10)
    assert refusal(bytes(data)) is Code.NOT_READABLE


def test_the_same_part_twice() -> None:
    stream = io.BytesIO(edited({}))
    with zipfile.ZipFile(stream, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(SHEET, "<worksheet/>")
    assert refusal(stream.getvalue()) is Code.PACKED_TOO_MUCH


def test_number_of_zip_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    data = edited({"xl/media/a.png": b"1"})
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = len(archive.namelist())
    monkeypatch.setattr(limits, "MAX_ZIP_ENTRIES", entries)
    assert len(grids(data)) == 1
    monkeypatch.setattr(limits, "MAX_ZIP_ENTRIES", entries - 1)
    assert refusal(data) is Code.PACKED_TOO_MUCH


def test_unpacked_size(monkeypatch: pytest.MonkeyPatch) -> None:
    data = edited({"xl/media/a.png": bytes(5_000)})
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
    monkeypatch.setattr(limits, "MAX_UNPACKED_BYTES", size)
    assert len(grids(data)) == 1
    monkeypatch.setattr(limits, "MAX_UNPACKED_BYTES", size - 1)
    assert refusal(data) is Code.PACKED_TOO_MUCH


def test_file_size(monkeypatch: pytest.MonkeyPatch) -> None:
    data = edited({})
    monkeypatch.setattr(limits, "MAX_FILE_BYTES", len(data))
    assert len(grids(data)) == 1
    monkeypatch.setattr(limits, "MAX_FILE_BYTES", len(data) - 1)
    assert refusal(data) is Code.FILE_TOO_LARGE


def test_number_of_sheets() -> None:
    most = {f"表{number}": [["a"]] for number in range(limits.MAX_SHEETS)}
    assert len(grids(workbook(most))) == limits.MAX_SHEETS
    assert refusal(workbook({**most, "多": [["a"]]})) is Code.TOO_MANY_SHEETS


def far(cell: str, row: int) -> bytes:
    """A workbook whose only other cell is far away."""
    return edited(sheet_xml(f'<row r="{row}"><c r="{cell}" t="inlineStr"><is><t>x</t></is></c></row>'))


def test_rows_and_columns_at_the_limit_and_one_past() -> None:
    last = "CV"  # column 100
    assert len(grids(far(f"A{limits.MAX_ROWS}", limits.MAX_ROWS))[0].rows) == limits.MAX_ROWS
    assert refusal(far(f"A{limits.MAX_ROWS + 1}", limits.MAX_ROWS + 1)) is Code.TOO_MANY_ROWS
    assert len(grids(far(f"{last}1", 1))[0].rows[0]) == limits.MAX_COLUMNS
    assert refusal(far("CW1", 1)) is Code.TOO_MANY_COLUMNS
    assert refusal(far("XFD1048576", 1048576)) is Code.TOO_MANY_ROWS


def test_a_cell_without_an_address_counts_too() -> None:
    cells = "<row><c><v>1</v></c></row>" * (limits.MAX_ROWS + 1)
    assert refusal(edited(sheet_xml(cells), zipfile.ZIP_STORED)) is Code.TOO_MANY_ROWS


@pytest.mark.parametrize(
    "address", ["", "A0", "1A", "a1", "A1B", "AAAA1", "A12345678", "A" + "9" * 5_000, "Ａ1", "A１"]
)
def test_addresses_that_no_spreadsheet_writes(address: str) -> None:
    assert refusal(edited(sheet_xml(f'<row r="1"><c r="{address}"><v>1</v></c></row>'))) is Code.NOT_READABLE


@pytest.mark.parametrize("number", ["", "0", "-1", "x", "9" * 5_000])
def test_row_numbers_that_no_spreadsheet_writes(number: str) -> None:
    assert refusal(edited(sheet_xml(f'<row r="{number}"><c r="A1"><v>1</v></c></row>'))) is Code.NOT_READABLE


def test_used_area(monkeypatch: pytest.MonkeyPatch) -> None:
    data = far("J100", 100)
    monkeypatch.setattr(limits, "MAX_CELLS", 1_000)
    assert len(grids(data)) == 1
    monkeypatch.setattr(limits, "MAX_CELLS", 999)
    assert refusal(data) is Code.TOO_MANY_CELLS


def test_one_long_text_shared_by_many_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    """Written out it would fill the memory: 100 cells share one string of 500 characters."""
    shared = f'{HEAD}<sst {NAMESPACE} count="1" uniqueCount="1"><si><t>{"长" * 500}</t></si></sst>'
    cells = "".join(f'<row r="{row}"><c r="A{row}" t="s"><v>0</v></c></row>' for row in range(1, 101))
    data = edited({**sheet_xml(cells), "xl/sharedStrings.xml": shared.encode()})
    monkeypatch.setattr(limits, "MAX_TEXT_CHARACTERS", 50_000)
    assert len(grids(data)) == 1
    monkeypatch.setattr(limits, "MAX_TEXT_CHARACTERS", 49_999)
    assert refusal(data) is Code.TOO_MANY_CELLS


# CSV

TEXT = "姓名,学号\n李㛃,001\n龚䶮,002\n𠮷田雨,003\n"
ROWS = [["姓名", "学号"], ["李㛃", "001"], ["龚䶮", "002"], ["𠮷田雨", "003"]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_csv_encodings_and_delimiters(encoding: str, delimiter: str) -> None:
    (grid,) = grids(TEXT.replace(",", delimiter).encode(encoding), "enrolments.csv")
    assert (grid.name, grid.rows) == ("enrolments", ROWS)


def test_quoted_cells_hold_delimiters_and_lines() -> None:
    (grid,) = grids(b'a,b\n"x, y","1\n2"\n', "a.csv")
    assert grid.rows == [["a", "b"], ["x, y", "1\n2"]]


def test_characters_that_gb18030_moved_out_of_the_private_area() -> None:
    (grid,) = grids(b"a,b\n" + bytes.fromhex("fe59fea0") + "李,1\n".encode("gb18030"), "a.csv")
    assert grid.rows[1] == ["\u9fb4\u9fbb李", "1"]


@pytest.mark.parametrize(
    "data", [b"\xff\xfea\x00b\x00", b"a\x00b,c", b"\x81\xff,a"], ids=["utf-16", "nul", "neither"]
)
def test_other_encodings(data: bytes) -> None:
    assert refusal(data, "a.csv") is Code.UNKNOWN_ENCODING


def test_broken_quotes() -> None:
    assert refusal(b'a,b\n"x"y,1\n', "a.csv") is Code.NOT_READABLE


def test_csv_limits() -> None:
    assert len(grids(b"a,b\n" * limits.MAX_ROWS, "a.csv")[0].rows) == limits.MAX_ROWS
    assert refusal(b"a,b\n" * (limits.MAX_ROWS + 1), "a.csv") is Code.TOO_MANY_ROWS
    wide = ",".join("a" * limits.MAX_COLUMNS).encode()
    assert len(grids(wide, "a.csv")[0].rows[0]) == limits.MAX_COLUMNS
    assert refusal(wide + b",a", "a.csv") is Code.TOO_MANY_COLUMNS
