"""Rows of an attendance file, each cell checked: what can be stored, and every cell that cannot, by line and column.

Punches: worker_no, at (RFC 3339; without a zone it is the site's own clock), direction (01 in, 02 out), attend_type, device.
Pieces: worker_no, date, quantity.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final

from anxin.attendance.intake import MAX_FUTURE_DAYS, MAX_PAST_DAYS, PunchRow
from anxin.attendance.strength import WEAK
from anxin.core.clock import SITE_ZONE
from anxin.core.language import Language
from anxin.core.tables import CellError, Row, Table

MAX_ERRORS_SHOWN: Final = 200
MAX_QUANTITY: Final = 1_000_000
ATTEND_TYPES: Final = frozenset(f"{number:03d}" for number in range(1, 12))

PieceRow = tuple[int, date, int]  # worker_pk, day, quantity

PROBLEMS: Final[Mapping[str, dict[Language, str]]] = {
    "unknown": {"zh": "本项目没有这个工号", "en": "not a worker number of this project"},
    "time": {"zh": "不是时间，例如 2026-10-08T07:59:00+08:00", "en": "not a time, such as 2026-10-08T07:59:00+08:00"},
    "absurd": {
        "zh": f"早于 {MAX_PAST_DAYS} 天前或晚于明天",
        "en": f"more than {MAX_PAST_DAYS} days ago, or later than tomorrow",
    },
    "direction": {"zh": "应为 01（进）或 02（出）", "en": "must be 01 (in) or 02 (out)"},
    "attend_type": {"zh": "应为 001 到 011", "en": "must be 001 to 011"},
    "device": {"zh": "最多 64 个字符", "en": "at most 64 characters"},
    "date": {"zh": "不是日期，例如 2026-10-08", "en": "not a date, such as 2026-10-08"},
    "quantity": {"zh": f"应为 0 到 {MAX_QUANTITY} 的整数", "en": f"must be a whole number from 0 to {MAX_QUANTITY}"},
    "twice": {"zh": "同一工号同一天在文件里有两个数量", "en": "the file has another quantity for that worker and day"},
    "differs": {
        "zh": "这一天已登记别的数量，请提交更正",
        "en": "another quantity is on record for that day: correct it instead",
    },
}


class _Unusable(Exception):
    """A cell that cannot be used: its column and which of PROBLEMS."""

    def __init__(self, column: str, problem: str) -> None:
        super().__init__(column, problem)
        self.column, self.problem = column, problem


@dataclass
class Checked:
    """What a table holds. `errors` are the first of `error_count`; `days` the first and last local day of usable rows."""

    language: Language
    punches: list[PunchRow] = field(default_factory=list)
    pieces: list[PieceRow] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)  # of the usable rows, in order
    errors: list[CellError] = field(default_factory=list)
    error_count: int = 0
    unknown: dict[str, None] = field(default_factory=dict)

    def note(self, line: int, column: str, value: str, problem: str) -> None:
        self.error_count += 1
        if len(self.errors) < MAX_ERRORS_SHOWN:
            self.errors.append(CellError(line, column, value[:80], PROBLEMS[problem][self.language]))

    @property
    def days(self) -> tuple[date, date] | None:
        found = [at.astimezone(SITE_ZONE).date() for _, at, *_ in self.punches] or [day for _, day, _ in self.pieces]
        return (min(found), max(found)) if found else None


def check_punches(table: Table, numbers: Mapping[str, int], moment: datetime, language: Language) -> Checked:
    """Check every row. Raises MissingColumns."""
    table.need("worker_no", "at", "direction", "attend_type", "device")
    checked = Checked(language)
    earliest, latest = moment - timedelta(days=MAX_PAST_DAYS), moment + timedelta(days=MAX_FUTURE_DAYS)
    for row in table.rows:
        try:
            checked.punches.append(_punch(row.cells, numbers, earliest, latest))
            checked.lines.append(row.number)
        except _Unusable as cell:
            _note(checked, row, cell)
    return checked


def _punch(cells: Mapping[str, str], numbers: Mapping[str, int], earliest: datetime, latest: datetime) -> PunchRow:
    worker_pk = numbers.get(cells["worker_no"])
    if worker_pk is None:
        raise _Unusable("worker_no", "unknown")
    try:
        at = datetime.fromisoformat(cells["at"])
        at = (at if at.tzinfo else at.replace(tzinfo=SITE_ZONE)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _Unusable("at", "time") from error
    if not earliest <= at <= latest:
        raise _Unusable("at", "absurd")
    direction, attend_type, device = cells["direction"].zfill(2), cells["attend_type"].zfill(3), cells["device"]
    if direction not in ("01", "02"):
        raise _Unusable("direction", "direction")
    if attend_type not in ATTEND_TYPES:
        raise _Unusable("attend_type", "attend_type")
    if len(device) > 64:
        raise _Unusable("device", "device")
    return worker_pk, at, direction, attend_type, device, WEAK


def check_pieces(table: Table, numbers: Mapping[str, int], moment: datetime, language: Language) -> Checked:
    """Check every row. Raises MissingColumns."""
    table.need("worker_no", "date", "quantity")
    checked = Checked(language)
    seen: dict[tuple[int, date], int] = {}
    today = moment.astimezone(SITE_ZONE).date()
    for row in table.rows:
        try:
            worker_pk, day, quantity = _count(row.cells, numbers, today)
            if seen.setdefault((worker_pk, day), quantity) != quantity:
                raise _Unusable("quantity", "twice")
            checked.pieces.append((worker_pk, day, quantity))
            checked.lines.append(row.number)
        except _Unusable as cell:
            _note(checked, row, cell)
    return checked


def _count(cells: Mapping[str, str], numbers: Mapping[str, int], today: date) -> PieceRow:
    worker_pk = numbers.get(cells["worker_no"])
    if worker_pk is None:
        raise _Unusable("worker_no", "unknown")
    try:
        day = date.fromisoformat(cells["date"][:10])
    except ValueError as error:
        raise _Unusable("date", "date") from error
    if not today - timedelta(days=MAX_PAST_DAYS) <= day <= today + timedelta(days=MAX_FUTURE_DAYS):
        raise _Unusable("date", "absurd")
    digits = cells["quantity"]
    if not (digits.isascii() and digits.isdigit() and len(digits) < 8 and int(digits) <= MAX_QUANTITY):
        raise _Unusable("quantity", "quantity")
    return worker_pk, day, int(digits)


def _note(checked: Checked, row: Row, cell: _Unusable) -> None:
    value = row.cells[cell.column]
    checked.note(row.number, cell.column, value, cell.problem)
    if cell.problem == "unknown":
        checked.unknown[value] = None
