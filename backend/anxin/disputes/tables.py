"""A project's disputes as a table to take away. Times are the site's, amounts yuan; all of it is on the chain, no names."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from anxin.core.clock import SITE_ZONE
from anxin.core.exports import Titles
from anxin.core.language import Language
from anxin.core.tables import Cell
from anxin.disputes.models import CLAIM, CLAIMED, CONTESTED, DECIDED
from anxin.disputes.schemas import DisputeView

NAME: Mapping[Language, str] = {"zh": "争议清单", "en": "disputes"}
TITLES: Titles = {
    "zh": (
        "编号", "种类", "状态", "工人（链上编号）", "工资表", "行", "第一天", "天数", "要求（元）", "已认可（元）",
        "已放款（元）", "银行在途（元）", "银行已付（元）", "状态自", "答复期限", "裁决期限", "裁决方", "立案交易",
        "最近交易",
    ),
    "en": (
        "Number", "Kind", "State", "Worker (id on the chain)", "Sheet", "Line", "First day", "Days", "Asked (yuan)",
        "Granted (yuan)", "Released (yuan)", "With the bank (yuan)", "Settled (yuan)", "Since", "To be answered by",
        "To be decided by", "Decided by", "Opened in", "Latest transaction",
    ),
}  # fmt: skip
_KIND: Mapping[bool, Mapping[Language, str]] = {
    True: {"zh": "追讨漏记的天", "en": "claim of days"}, False: {"zh": "要求补足", "en": "contest of a line"},
}  # fmt: skip
_STATES: Mapping[str, Mapping[Language, str]] = {
    CLAIMED: {"zh": "待承包单位答复", "en": "for the contractor to answer"},
    CONTESTED: {"zh": "待劳动部门裁决", "en": "for the bureau to decide"},
    DECIDED: {"zh": "已了结", "en": "decided"},
}


def cells(dispute: DisputeView, language: Language) -> Sequence[Cell]:
    """A row under `TITLES`."""
    return (
        dispute.dispute_id, _KIND[dispute.kind == CLAIM][language], _STATES[dispute.state][language], dispute.worker_id,
        dispute.sheet_id, dispute.index, dispute.first_day, len(dispute.days), _yuan(dispute.asked_fen),
        _yuan(dispute.granted_fen), _yuan(dispute.paid_fen), _yuan(dispute.banked_fen), _yuan(dispute.settled_fen),
        _site(dispute.since), _site(dispute.answer_until), _site(dispute.bureau_until), dispute.resolved_by,
        dispute.opened_tx, dispute.last_tx,
    )  # fmt: skip


def _yuan(fen: int) -> Decimal:
    return Decimal(fen).scaleb(-2)


def _site(at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(SITE_ZONE)
