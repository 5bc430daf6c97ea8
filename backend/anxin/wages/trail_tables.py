"""Trails as a table to take away. Times are the site's, amounts yuan; no names."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from anxin.core.clock import SITE_ZONE
from anxin.core.exports import Titles
from anxin.core.language import Language
from anxin.core.tables import Cell
from anxin.wages.schemas import LineTrail

NAME: Mapping[Language, str] = {"zh": "工资进度", "en": "wage-progress"}
TITLES: Titles = {
    "zh": (
        "工资表", "行", "工号", "金额（元）", "发薪日", "进度", "已记账", "已确认", "已放款", "已提交银行", "银行已付",
        "银行退回", "原因", "逾期天数",
    ),
    "en": (
        "Sheet", "Line", "Worker", "Amount (yuan)", "Payday", "State", "Accrued", "Confirmed", "Released",
        "Submitted to the bank", "Settled", "Returned", "Reason", "Days late",
    ),
}  # fmt: skip
STATES: Mapping[str, Mapping[Language, str]] = {
    "accrued": {"zh": "已记账，待工人确认", "en": "owed, not confirmed"},
    "confirmed": {"zh": "工人已确认，待放款", "en": "confirmed, to be released"},
    "released": {"zh": "已放款，待提交银行", "en": "released, not at the bank yet"},
    "submitted": {"zh": "银行处理中", "en": "with the bank"},
    "settled": {"zh": "银行已付", "en": "settled by the bank"},
    "arrived": {"zh": "已转入收款地址", "en": "at the worker's own address"},
    "returned": {"zh": "银行退回，仍欠", "en": "returned by the bank, owed again"},
}


def cells(row: LineTrail, language: Language) -> Sequence[Cell]:
    """A row under `TITLES`."""
    trail = row.trail
    return (
        row.sheet_id, row.index, row.worker_no, Decimal(row.amount_fen).scaleb(-2), trail.payday,
        STATES[trail.state][language], _site(trail.accrued_at), _site(trail.confirmed_at), _site(trail.released_at),
        _site(trail.submitted_at), _site(trail.settled_at), _site(trail.returned_at), trail.reason,
        trail.late_days,
    )  # fmt: skip


def _site(at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(SITE_ZONE)
