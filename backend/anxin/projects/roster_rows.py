"""The rows of a roster file: each cell read by itself, and every one that cannot be used named."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, TypeVar

from anxin.core.errors import AnxinError
from anxin.core.language import Language
from anxin.core.tables import CellError, Row, Table
from anxin.people.id_number import normal_id_number
from anxin.people.phone import normal_phone
from anxin.people.real_names import normal_account, normal_name
from anxin.projects.errors import BadCell, BadRosterFile
from anxin.projects.schemas import ContractType, RosterPerson

T = TypeVar("T")

# Column → the headings it may have, the first for programs, the second as it is told to people.
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "worker_no": ("worker_no", "工号"), "name": ("name", "姓名"), "id_number": ("id_number", "身份证号", "身份证号码"),
    "phone": ("phone", "手机号", "手机号码"), "team": ("team", "班组"), "contract_type": ("contract_type", "用工类型"),
    "rate_fen": ("rate_fen", "工价（分）", "工价(分)"), "rate_yuan": ("rate_yuan", "工价（元）", "工价(元)", "工价"),
    "piece_quota": ("piece_quota", "计件定额"), "starts_on": ("starts_on", "开工日期"),
    "bank_account": ("bank_account", "银行卡号", "银行账号"), "employer": ("employer", "用工单位"),
}  # fmt: skip
NEEDED: Final = ("worker_no", "name", "id_number", "phone", "team", "contract_type")
PERSONAL: Final = ("id_number", "bank_account")
CONTRACT_TYPES: Final[Mapping[str, ContractType]] = {
    "day": "day", "hour": "hour", "month": "month", "piece": "piece", "计日": "day", "日": "day", "计时": "hour",
    "时": "hour", "月": "month", "月薪": "month", "计件": "piece", "件": "piece",
}  # fmt: skip
MOST_FEN: Final = 10**10
MOST_PIECES: Final = 10**6

_YUAN = re.compile(r"([0-9]{1,8})(?:\.([0-9]{1,2}))?")
_WHOLE = re.compile(r"[0-9]{1,11}")



@dataclass
class RowReader:
    """Reads rows into people, and keeps what is wrong with them, in the reader's language."""

    language: Language
    headings: Mapping[str, str]  # column → heading in this file
    errors: list[CellError] = field(default_factory=list)

    @classmethod
    def of(cls, table: Table, language: Language) -> "RowReader":
        """Raises BadRosterFile where a column is missing."""
        headings = {column: name for column, names in COLUMNS.items() for name in names if name in table.header}
        missing = [COLUMNS[column][1] for column in NEEDED if column not in headings]
        if "rate_fen" not in headings and "rate_yuan" not in headings:
            missing.append(COLUMNS["rate_yuan"][1])
        if missing:
            listed = "、".join(missing)
            raise BadRosterFile(problem_zh=f"缺少列 {listed}", problem=f"the columns {listed} are missing")
        return cls(language, headings)

    def person(self, row: Row) -> tuple[str, RosterPerson] | None:
        """Return the row's number and person; None where a cell is wrong."""
        before = len(self.errors)
        number = self._read(row, "worker_no", _short)
        person = RosterPerson(
            name=self._read(row, "name", normal_name) or "",
            id_number=self._read(row, "id_number", normal_id_number) or "",
            phone=self._read(row, "phone", normal_phone) or "",
            team=self._read(row, "team", _short) or "",
            contract_type=self._read(row, "contract_type", _contract_type) or "day",
            rate_fen=self._rate_fen(row) or 1,
            piece_quota=self._read(row, "piece_quota", _quota) if self.cell(row, "piece_quota") else None,
            starts_on=self._read(row, "starts_on", _day) if self.cell(row, "starts_on") else None,
            bank_account=self._read(row, "bank_account", normal_account) if self.cell(row, "bank_account") else None,
            employer=self.cell(row, "employer") or None,
        )
        return (number, person) if number is not None and len(self.errors) == before else None

    def cell(self, row: Row, column: str) -> str:
        heading = self.headings.get(column)
        return row.cells[heading] if heading else ""

    def wrong(self, row: Row, column: str, error: AnxinError) -> None:
        """What a bad ID number or account says is personal, and its place is enough to find it."""
        value = "" if column in PERSONAL else self.cell(row, column)
        detail = error.detail[self.language].format(**error.values)
        self.errors.append(CellError(row.number, self.headings.get(column, column), value, detail))

    def _rate_fen(self, row: Row) -> int | None:
        if self.cell(row, "rate_fen"):
            return self._read(row, "rate_fen", _fen)
        return self._read(row, "rate_yuan" if "rate_yuan" in self.headings else "rate_fen", _fen_of_yuan)

    def _read(self, row: Row, column: str, read: Callable[[str], T]) -> T | None:
        try:
            return read(self.cell(row, column))
        except AnxinError as error:
            self.wrong(row, column, error)
            return None


def _short(text: str) -> str:
    if not 1 <= len(text) <= 32:
        raise BadCell(problem_zh="须填写，最多 32 个字", problem="1 to 32 characters are needed")
    return text


def _contract_type(text: str) -> ContractType:
    found = CONTRACT_TYPES.get(text.lower())
    if found is None:
        raise BadCell(problem_zh="须为计日、计时、月薪或计件", problem="it is day, hour, month or piece")
    return found


def _fen(text: str) -> int:
    if not _WHOLE.fullmatch(text) or not 1 <= int(text) <= MOST_FEN:
        raise BadCell(problem_zh="工价须为大于 0 的整数（分）", problem="a rate is a whole number of fen above 0")
    return int(text)


def _fen_of_yuan(text: str) -> int:
    found = _YUAN.fullmatch(text.replace(",", ""))
    fen = int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0")) if found else 0
    if not 1 <= fen <= MOST_FEN:
        raise BadCell(problem_zh="工价须大于 0 元，最多两位小数", problem="a rate is above 0 yuan, with two decimals")
    return fen


def _quota(text: str) -> int:
    if not _WHOLE.fullmatch(text) or not 1 <= int(text) <= MOST_PIECES:
        raise BadCell(problem_zh="计件定额须为大于 0 的整数", problem="a quota is a whole number above 0")
    return int(text)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.replace("/", "-"))
    except ValueError as error:
        raise BadCell(problem_zh="日期须写成 2026-10-08", problem="a date is written as 2026-10-08") from error
