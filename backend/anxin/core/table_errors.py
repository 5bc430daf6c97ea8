"""What can be wrong with a table as a whole. What is wrong with a cell is its reader's to say (`tables.CellError`)."""

from anxin.core.errors import AnxinError


class UnreadableTable(AnxinError):
    """Base: this file is not a table that can be read. `name` is the file, with sheet or line where known."""

    status = 422
    title = {"zh": "表格读不了", "en": "Unreadable table"}
    detail = {"zh": "{name}：读不了。", "en": "{name} cannot be read."}


class DamagedTable(UnreadableTable):
    detail = {
        "zh": "{name}：读不了（{problem}）。请另存为 .xlsx 或 CSV 后重试。",
        "en": "{name} cannot be read ({problem}). Save it as .xlsx or CSV and try again.",
    }


class NoTable(UnreadableTable):
    detail = {"zh": "{name}：是空的，第一行应为列名。", "en": "{name} is empty: its first row should name the columns."}


class TableTooLarge(UnreadableTable):
    status = 413
    title = {"zh": "表格太大", "en": "Table too large"}
    detail = {"zh": "{name}：太大（{problem}），请分成几份。", "en": "{name} is too large ({problem}): split it."}


class MissingColumns(UnreadableTable):
    detail = {"zh": "{name}：缺少列 {columns}。", "en": "{name} lacks the columns {columns}."}


class NamelessColumn(UnreadableTable):
    detail = {
        "zh": "{name}：第 {row} 行（列名）的 {column} 列没有名称。",
        "en": "{name}, row {row} (the header): column {column} has no name.",
    }


class DoubleColumn(UnreadableTable):
    detail = {
        "zh": "{name}：第 {row} 行（列名）里 {column} 出现了两次。",
        "en": "{name}, row {row} (the header): {column} is there twice.",
    }


class LongRow(UnreadableTable):
    detail = {
        "zh": "{name}：第 {row} 行超出了 {columns} 列。",
        "en": "{name}, row {row} has more than the header's {columns} columns.",
    }


class RoundedNumber(UnreadableTable):
    detail = {
        "zh": "{name}：{column}{row} 的数字超过 15 位，表格软件已把末几位改成 0。请把这一列设为文本后重新填写。",
        "en": "{name}: the number in {column}{row} has more than 15 digits, of which the spreadsheet kept 15. "
        "Format the column as text and fill it in again.",
    }


class ExportTooLarge(AnxinError):
    status = 413
    title = {"zh": "导出内容太多", "en": "Too much for one file"}
    detail = {
        "zh": "一次最多导出 {rows} 行。请选择项目、事件或日期后重试。",
        "en": "A file holds {rows} rows at most. Choose a project, an event or days, and try again.",
    }
