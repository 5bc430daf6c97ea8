"""The inside of an XLSX, taken apart so that no file can fill the memory.

An XLSX is a ZIP of XML. Three ways of making a small one huge are closed before it is parsed: parts that unpack to more than
they should, two far-apart cells that make the parser lay out everything between, and one long text used a million times.
"""

import io
import re
import zipfile
import zlib
from datetime import date, datetime, time, timedelta

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum, load_workbook

from anxin.core.table_errors import DamagedTable, NoTable, TableTooLarge

Value = int | float | str | bool | time | date | datetime | timedelta

MAX_UNPACKED_BYTES = 256 * 1024 * 1024
MAX_PARTS = 500
MAX_CELLS = 4_000_000
MAX_TEXT_BYTES = 400 * 1024 * 1024  # if every cell held the longest text

_UNREADABLE = (
    CalamineError, zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError,
)  # fmt: skip
_USED_PARTS = re.compile(r"(\[Content_Types\]|_rels/|xl/(_rels/|workbook|worksheets/|sharedStrings|styles))", re.IGNORECASE)
_PLACE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]*)(\d+)["']""")
_CELL = re.compile(rb"<(?:\w+:)?c[\s/>]")
_ROW = re.compile(rb"<(?:\w+:)?row[\s/>]")
_PLACED_ROW = re.compile(rb'<row r="\d')
_PLACED_CELL = re.compile(rb'<c r="[A-Z]')
_TEXT = re.compile(rb"<(?:\w+:)?si[\s/>]")


def read_first_sheet(content: bytes, name: str, *, max_rows: int, max_columns: int) -> tuple[str, list[list[Value]]]:
    """Return the name and cells of the first visible sheet; row 1, column A is `[0][0]`.

    Raises DamagedTable, TableTooLarge or NoTable.
    """
    try:
        workbook = load_workbook(io.BytesIO(_vetted(content, name, max_rows, max_columns)))
        title = _first_visible(workbook, name)
        sheet = workbook.get_sheet_by_name(title)
        return title, sheet.to_python(skip_empty_area=False)
    except _UNREADABLE as error:
        raise DamagedTable(name=name, problem=str(error) or type(error).__name__) from error


def _first_visible(workbook: CalamineWorkbook, name: str) -> str:
    for sheet in workbook.sheets_metadata:
        if sheet.visible == SheetVisibleEnum.Visible and sheet.typ == SheetTypeEnum.WorkSheet:
            return sheet.name
    raise NoTable(name=name)


def _vetted(content: bytes, name: str, max_rows: int, max_columns: int) -> bytes:
    """Return the workbook again with nothing but the parts that are read, each as long as it says it is."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        parts = [part for part in packed.infolist() if _USED_PARTS.match(part.filename)]
        if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
            raise TableTooLarge(name=name, problem=f"> {MAX_UNPACKED_BYTES // 1024 // 1024} MB")
        unpacked = {part.filename: packed.read(part) for part in parts}
    if any(b"<!DOCTYPE" in text for text in unpacked.values()):
        raise DamagedTable(name=name, problem="DOCTYPE")
    longest = max((_longest_text(text) for path, text in unpacked.items() if "sharedstrings" in path.lower()), default=0)
    for path, text in unpacked.items():
        if path.lower().startswith("xl/worksheets/"):
            _check_extent(text, f"{name} / {path.rpartition('/')[2]}", longest, max_rows, max_columns)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as plain:
        for path, text in unpacked.items():
            plain.writestr(path, text)
    return file.getvalue()


def _check_extent(sheet: bytes, name: str, longest_text: int, max_rows: int, max_columns: int) -> None:
    """Raises TableTooLarge where the rectangle around the sheet's cells, or the text in them, would be."""
    cells = sum(1 for _ in _CELL.finditer(sheet))
    rows, columns = _extent(sheet)
    if rows > max_rows + 1 or columns > max_columns or rows * columns > MAX_CELLS or cells > MAX_CELLS:
        raise TableTooLarge(name=name, problem=f"{rows} × {columns}")
    if cells * longest_text > MAX_TEXT_BYTES:
        raise TableTooLarge(name=name, problem=f"{cells} × {longest_text} B")


def _extent(sheet: bytes) -> tuple[int, int]:
    """Return at least as many rows and columns as the parser will find.

    Where every row and cell says its place first, as spreadsheets write them, these are the furthest ones. A row or cell
    without a place follows the one before it: whatever is placed last, so many may follow.
    """
    chunks = _ROW.split(sheet)
    cells = [sum(1 for _ in _CELL.finditer(chunk)) for chunk in chunks]
    places = {(letters, digits) for letters, digits in _PLACE.findall(sheet)}
    rows = max((int(digits[:9]) + 10**9 * (len(digits) > 9) for _, digits in places), default=0)
    columns = max((_column_number(letters) for letters in {letters for letters, _ in places}), default=0)
    if len(_PLACED_ROW.findall(sheet)) < len(chunks) - 1:
        rows += len(chunks)
    if len(_PLACED_CELL.findall(sheet)) < sum(cells):
        columns += max(cells)
    return rows, columns


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - ord("A") + 1
    return number


def _longest_text(shared: bytes) -> int:
    return max((len(each) for each in _TEXT.split(shared)[1:]), default=0)
