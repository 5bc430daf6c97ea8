"""Tables people send and take away: CSV as text editors and Chinese Excel write it, and XLSX.

Every cell is text, the same from either kind of file: numbers in plain digits without a needless `.0`, dates as
2026-10-08, date-times as 2026-10-08T07:59:00 (a site's own clock: a spreadsheet knows no zone), times as 07:59:00. Space
around a cell is not meant and goes. What a person would see as row 7 is row 7, whatever came before it.

Nothing written here is ever run by a spreadsheet: in XLSX text is text; in CSV text that begins as a formula would gets an
apostrophe in front, which `read_table` takes off again.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import xlsxwriter

from anxin.core.spreadsheet import Value, read_first_sheet
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
from anxin.core.wire import Wire

__all__ = ["CellError", "Row", "Table", "UnreadableTable", "read_table", "write_csv", "write_xlsx"]

Cell = str | int | Decimal | date | datetime | bool | None  # Decimal: money in yuan

MAX_ROWS = 200_000
MAX_COLUMNS = 200
MAX_BYTES = 32 * 1024 * 1024
MAX_CELL_CHARACTERS = 32_767  # what Excel holds
EXACT_DIGITS = 15  # a spreadsheet's number keeps no more

_FORMULA = re.compile(r"'*[=+\-@\t\r＝＋－＠]")
_PLAIN_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_DELIMITERS = ",;\t"


class CellError(Wire):
    """One cell that cannot be used, for a preview. `line` as a person counts rows, `problem` in the reader's language."""

    line: int
    column: str
    value: str
    problem: str


@dataclass(frozen=True, slots=True)
class Row:
    """`number` is the row a spreadsheet shows, the header's being 1 if it is first; `cells` has every column."""

    number: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a header; wholly empty rows are left out."""

    header: list[str]
    rows: list[Row]
    name: str = ""

    def need(self, *columns: str) -> None:
        """Raises MissingColumns, naming those that the header lacks."""
        missing = [column for column in columns if column not in self.header]
        if missing:
            raise MissingColumns(name=self.name, columns=", ".join(missing))


def read_table(content: bytes, name: str) -> Table:
    """Read a CSV (comma, semicolon or tab; UTF-8, UTF-16 or GB18030) or the first visible sheet of an XLSX.

    Args:
        name: the file's name, for messages only: what kind it is shows in the content.

    Raises:
        UnreadableTable: one of its kinds, naming file, sheet, row and column as far as they are known.
    """
    if len(content) > MAX_BYTES:
        raise TableTooLarge(name=name, problem=f"> {MAX_BYTES // 1024 // 1024} MB")
    if content.startswith(b"PK"):
        sheet, values = read_first_sheet(content, name, max_rows=MAX_ROWS, max_columns=MAX_COLUMNS)
        return _table(f"{name} / {sheet}", enumerate((_texts(name, sheet, *each) for each in enumerate(values, 1)), 1))
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise DamagedTable(name=name, problem="xls / password")
    return _table(name, _csv_rows(_decoded(content, name), name))


def write_csv(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Return a CSV that Excel opens as it is: UTF-8 with BOM, commas, CRLF."""
    lines = io.StringIO()
    writer = csv.writer(lines)
    for row in (header, *rows):
        writer.writerow([_inert(_plain(cell)) for cell in row])
    return codecs.BOM_UTF8 + lines.getvalue().encode()


def write_xlsx(sheet_name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Return a workbook of one sheet, header bold and kept in view. Integers and money are numbers, all else is text.

    Date-times carry a zone, which a spreadsheet's own do not: they stay text that sorts as time does.
    """
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet(re.sub(r"[\[\]:*?/\\']", " ", sheet_name).strip()[:31] or "Sheet1")
        bold, money = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.00"})
        for column, title in enumerate(header):
            sheet.write_string(0, column, title, bold)
            sheet.set_column(column, column, max(12, 2 * len(title)))
        for number, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                if isinstance(cell, Decimal) and abs(cell) < 10 ** (EXACT_DIGITS - 2):
                    sheet.write_number(number, column, float(cell), money)  # the nearest one prints as these digits
                elif type(cell) is int and abs(cell) < 10**EXACT_DIGITS:
                    sheet.write_number(number, column, cell)
                else:
                    sheet.write_string(number, column, _plain(cell))
        sheet.freeze_panes(1, 0)
    return file.getvalue()


# ------------------------------------------------------------------ reading


def _table(name: str, rows: Iterator[tuple[int, list[str]]]) -> Table:
    """Return the table whose first row that is not empty is the header."""
    titles: list[str] = []  # by place; empty over an empty column
    nameless: list[int] = []
    header_row = 0
    kept: list[Row] = []
    for number, cells in rows:
        if not any(cells):
            continue
        if not titles:
            titles, header_row = _titles(name, number, cells), number
            nameless = [place for place, title in enumerate(titles) if not title]
            continue
        if any(cells[len(titles) :]):
            raise LongRow(name=name, row=number, columns=len(titles))
        if len(kept) == MAX_ROWS:
            raise TableTooLarge(name=name, problem=f"> {MAX_ROWS} ↓")
        cells += [""] * (len(titles) - len(cells))
        for place in nameless:
            if cells[place]:
                raise NamelessColumn(name=name, row=header_row, column=column_letters(place))
        kept.append(Row(number, {title: cell for title, cell in zip(titles, cells, strict=False) if title}))
    if not titles:
        raise NoTable(name=name)
    return Table([title for title in titles if title], kept, name)


def _titles(name: str, number: int, cells: list[str]) -> list[str]:
    while not cells[-1]:
        cells.pop()
    if len(cells) > MAX_COLUMNS:
        raise TableTooLarge(name=name, problem=f"> {MAX_COLUMNS} →")
    for place, title in enumerate(cells):
        if title and title in cells[:place]:
            raise DoubleColumn(name=name, row=number, column=title)
    return cells


def _decoded(content: bytes, name: str) -> str:
    """Return the text. What is valid UTF-8 is UTF-8: Chinese in GB18030 all but never is."""
    encodings = ("utf-16",) if content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if found := _CONTROL.search(text):
            raise DamagedTable(name=f"{name}:{text.count(chr(10), 0, found.start()) + 1}", problem=repr(found.group()))
        return text
    raise DamagedTable(name=name, problem="UTF-8 ✗, GB18030 ✗")


def _csv_rows(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    number = 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise DamagedTable(name=f"{name}:{reader.line_num}", problem=str(error)) from error
        number += 1
        yield number, [_active(cell.strip()) for cell in cells]


def _delimiter(text: str) -> str:
    """Return whichever splits the first line that says something into most columns; a comma where all agree."""
    first = next((line for line in text.splitlines() if line.strip(" ,;\t")), "")
    unquoted = re.sub(r'"[^"]*"', "", first)
    return max(_DELIMITERS, key=unquoted.count)


def _texts(name: str, sheet: str, number: int, values: list[Value]) -> list[str]:
    """Return a row's cells as CSV would have them. Raises RoundedNumber where the spreadsheet has lost digits."""
    for place, value in enumerate(values):
        if type(value) is float and abs(value) >= 10**EXACT_DIGITS:
            raise RoundedNumber(name=f"{name} / {sheet}", row=number, column=column_letters(place))
    return [value.strip() if type(value) is str else _seen(value) for value in values]


def _seen(value: Value) -> str:
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case float():
            return f"{Decimal(int(value) if value.is_integer() else repr(value)):f}"
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            minutes, seconds = divmod(round(value.total_seconds()), 60)
            return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"
        case _:
            return str(value)


def column_letters(place: int) -> str:
    """A spreadsheet's name of a column: 0 is A, 26 is AA."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


# ------------------------------------------------------------------ writing


def _plain(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "TRUE" if cell else "FALSE"
        case datetime() | date():
            return cell.isoformat()
        case _:
            return str(cell)


def _inert(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) and not _PLAIN_NUMBER.fullmatch(text) else text


def _active(text: str) -> str:
    """The opposite of `_inert`."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text
