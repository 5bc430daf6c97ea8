"""Tables in and out: what people's spreadsheets do to a cell, and what a hostile one would do to us."""

import io
import zipfile
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from xlsxwriter.worksheet import Worksheet

from anxin.core.table_errors import (
    DamagedTable,
    DoubleColumn,
    LongRow,
    MissingColumns,
    NamelessColumn,
    NoTable,
    RoundedNumber,
    TableTooLarge,
    UnreadableTable,
)
from anxin.core.tables import read_table, write_csv, write_xlsx

WRITERS = pytest.mark.parametrize("write", [write_csv, lambda *table: write_xlsx("表", *table)], ids=["csv", "xlsx"])
CELLS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30).map(str.strip)


def workbook(fill: Callable[[xlsxwriter.Workbook, Worksheet], object]) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        fill(book, book.add_worksheet("考勤"))
    return file.getvalue()


def rows(content: bytes) -> list[list[str]]:
    return [list(row.cells.values()) for row in read_table(content, "t").rows]


def repacked(content: bytes, path: str, change: Callable[[bytes], bytes]) -> bytes:
    """The workbook with one of its parts changed."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            new.writestr(part, change(old.read(part)) if part == path else old.read(part))
    return file.getvalue()


# ------------------------------------------------------------------ round trip


@WRITERS
@given(table=st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=8))
def test_what_is_written_is_read_back(write: Callable[..., bytes], table: list[tuple[str, str, str]]) -> None:
    expected = [list(row) for row in table if any(row)]
    assert expected == rows(write(["工号", "b", "=c"], table))


@WRITERS
def test_numbers_dates_and_instants_read_back_as_plain_text(write: Callable[..., bytes]) -> None:
    at = datetime(2026, 10, 8, 0, 30, tzinfo=UTC)
    expected = [["32500", "-5", "99999999999999999999", "2026-10-08", "2026-10-08T00:30:00+00:00", "TRUE", ""]]
    values = (32_500, -5, 99_999_999_999_999_999_999, date(2026, 10, 8), at, True, None)
    assert expected == rows(write(list("abcdefg"), [values]))


@given(st.integers(-(10**14), 10**14))
def test_money_is_the_same_number_in_a_workbook(fen: int) -> None:
    """A workbook's numbers are binary: up to a thousand billion yuan none is another."""
    (row,) = rows(write_xlsx("s", ["a"], [[Decimal(fen).scaleb(-2)]]))
    assert fen == int(Decimal(row[0]) * 100)


@pytest.mark.parametrize("cell", ["=1+1", "+cmd|' /C calc'!A0", "-1+1", "@SUM(A1)", "'=1", "＝1", "\t=1"])
def test_a_formula_in_a_csv_is_only_text(cell: str) -> None:
    written = write_csv(["a"], [[cell]]).decode("utf-8-sig").splitlines()[1].strip('"')
    assert "'" == written[0]


def test_a_formula_in_a_workbook_is_only_text() -> None:
    with zipfile.ZipFile(io.BytesIO(write_xlsx("s", ["a"], [["=1+1"]]))) as parts:
        assert b"<f>" not in parts.read("xl/worksheets/sheet1.xml")


# ------------------------------------------------------------------ CSV as people have it


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_the_encodings_of_chinese_spreadsheets(encoding: str) -> None:
    assert [["张伟", "钢筋"]] == rows("姓名,工种\r\n张伟,钢筋\r\n".encode(encoding))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_the_headers(delimiter: str) -> None:
    text = delimiter.join(("a", '"b,;c"', "d")) + "\n" + delimiter.join(("1", "2", "3"))
    assert ["a", "b,;c", "d"] == read_table(text.encode(), "t").header


def test_rows_are_counted_as_a_spreadsheet_shows_them() -> None:
    table = read_table(b'\na,b\n"two\nlines",1\n\n3,4\n', "t")
    assert [3, 5] == [row.number for row in table.rows]


def test_short_rows_are_filled_up() -> None:
    assert [["1", ""]] == rows(b"a,b\n1\n")


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (b"", NoTable, "sheet.csv is empty"),
        (b"\n,,\n", NoTable, "sheet.csv is empty"),
        (b"a,,,b\n1,2,,3\n", NamelessColumn, "sheet.csv, row 1 (the header): column B has no name"),
        (b"\na,b,a\n", DoubleColumn, "sheet.csv, row 2 (the header): a is there twice"),
        (b"a,b\n1,2\n1,2,3\n", LongRow, "sheet.csv, row 3 has more than the header's 2 columns"),
        (b'a,b\n"1,2\n', DamagedTable, "sheet.csv:2 cannot be read (unexpected end of data)"),
        (b"a,b\n1,\x00\n", DamagedTable, "sheet.csv:2 cannot be read"),
        (b"a,b\n\xff\xfe\xfd\xff,1\n", DamagedTable, "sheet.csv cannot be read"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", DamagedTable, "Save it as .xlsx or CSV"),
        (b"PK\x03\x04 no zip", DamagedTable, "sheet.csv cannot be read"),
    ],
)
def test_what_is_no_table_says_where_it_is_not(content: bytes, error: type[UnreadableTable], message: str) -> None:
    with pytest.raises(error) as raised:
        read_table(content, "sheet.csv")
    assert message in str(raised.value)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(MissingColumns) as raised:
        read_table(b"worker_no,at\n", "p.csv").need("worker_no", "at", "direction", "device")
    assert "p.csv lacks the columns direction, device" in str(raised.value)


# ------------------------------------------------------------------ XLSX as people have it


def test_cells_of_a_workbook_read_as_csv_would_have_them() -> None:
    def fill(book: xlsxwriter.Workbook, sheet: Worksheet) -> None:
        formats = [book.add_format({"num_format": text}) for text in ("yyyy-mm-dd", "yyyy/m/d h:mm:ss", "h:mm", "[h]:mm")]
        sheet.write_row(1, 1, list("abcdefgh"))
        sheet.write_number(2, 1, 325)
        sheet.write_number(2, 2, 0.1)
        sheet.write_datetime(2, 3, date(2026, 10, 8), formats[0])
        sheet.write_datetime(2, 4, datetime(2026, 10, 8, 7, 59, 59), formats[1])
        sheet.write_datetime(2, 5, time(8, 1), formats[2])
        sheet.write_datetime(2, 6, timedelta(hours=30, minutes=5), formats[3])
        sheet.write_boolean(2, 7, True)
        sheet.write_number(2, 8, -0.00001)

    table = read_table(workbook(fill), "t.xlsx")
    expected = ["325", "0.1", "2026-10-08", "2026-10-08T07:59:59", "08:01:00", "30:05:00", "TRUE", "-0.00001"]
    assert [(3, expected)] == [(row.number, list(row.cells.values())) for row in table.rows]


def test_a_number_the_spreadsheet_has_rounded_is_refused_and_named() -> None:
    def fill(book: xlsxwriter.Workbook, sheet: Worksheet) -> None:
        sheet.write_row(0, 0, ["姓名", "身份证号"])
        sheet.write_row(1, 0, ["张伟", 500101199001011234])

    with pytest.raises(RoundedNumber) as raised:
        read_table(workbook(fill), "名册.xlsx")
    assert "名册.xlsx / 考勤: the number in B2 has more than 15 digits" in str(raised.value)


def test_hidden_sheets_are_not_read() -> None:
    def fill(book: xlsxwriter.Workbook, sheet: Worksheet) -> None:
        seen = book.add_worksheet("seen")
        sheet.write_row(0, 0, ["hidden"])
        seen.write_row(0, 0, ["shown"])
        seen.activate()
        seen.set_first_sheet()
        sheet.hide()

    assert ["shown"] == read_table(workbook(fill), "t").header


# ------------------------------------------------------------------ hostile workbooks

SHEET = "xl/worksheets/sheet1.xml"
SMALL = write_xlsx("s", ["a", "b"], [["x", "y"]])


@pytest.mark.parametrize(
    ("path", "change"),
    [
        (SHEET, lambda xml: xml.replace(b'r="B2"', b'r="XFD1048576"')),
        (SHEET, lambda xml: xml.replace(b'r="B2"', b"r = 'b99999999999999999999'")),
        (SHEET, lambda xml: xml.replace(b'<row r="2"', b'<row r="1048576"')),
        (SHEET, lambda xml: xml.replace(b"</sheetData>", b'<row r="90000">' + b"<c/>" * 190 + b"</row></sheetData>")),
        (SHEET, lambda xml: xml.replace(b"</sheetData>", b"<row>" + b"<c/>" * 4_000_001 + b"</row></sheetData>")),
        (SHEET, lambda xml: xml + b" " * (257 * 1024 * 1024)),
        ("xl/sharedStrings.xml", lambda xml: xml.replace(b"<t>x</t>", b"<t>" + b"x" * 120_000_000 + b"</t>")),
    ],
    ids=["far-cell", "absurd-row", "far-row", "following-cells", "cells", "unpacked", "repeated-text"],
)  # fmt: skip
def test_a_small_workbook_that_would_be_huge_is_refused(path: str, change: Callable[[bytes], bytes]) -> None:
    with pytest.raises(TableTooLarge):
        read_table(repacked(SMALL, path, change), "bomb.xlsx")


def test_entities_are_refused() -> None:
    bomb = repacked(SMALL, SHEET, lambda xml: xml.replace(b"<worksheet", b'<!DOCTYPE w [<!ENTITY a "aa">]><worksheet', 1))
    with pytest.raises(DamagedTable) as raised:
        read_table(bomb, "bomb.xlsx")
    assert "DOCTYPE" in str(raised.value)


def test_a_part_that_lies_about_its_length_is_refused() -> None:
    """The ZIP says 100 bytes; the parser would go on unpacking."""
    bomb = repacked(SMALL, SHEET, lambda xml: xml + b" " * 1_000_000)
    with zipfile.ZipFile(io.BytesIO(bomb)) as parts:
        size = parts.getinfo(SHEET).file_size.to_bytes(4, "little")
    with pytest.raises(DamagedTable):
        read_table(bomb.replace(size, (100).to_bytes(4, "little")), "bomb.xlsx")


def test_a_long_file_is_refused() -> None:
    with pytest.raises(TableTooLarge):
        read_table(b"a\n" * (17 * 1024 * 1024), "long.csv")


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_broken_files_are_refused_and_never_break_us(data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from([SMALL, write_csv(["a", "b"], [["x", "y"]])])))
    for _ in range(data.draw(st.integers(1, 3))):
        place, length = data.draw(st.integers(0, len(content))), data.draw(st.integers(0, 40))
        content[place : place + length] = data.draw(st.binary(max_size=8))
    with suppress(UnreadableTable):
        read_table(bytes(content), "t")
