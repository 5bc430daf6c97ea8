"""Events and ledger as tables to take away. Times are the site's, amounts yuan; nothing in them is personal."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
from litestar import Request, Response

from anxin.audit.schemas import EntryView, EventView
from anxin.core.clock import SITE_ZONE
from anxin.core.exports import Format, answer_table
from anxin.core.language import Language

EVENTS_NAME: dict[Language, str] = {"zh": "链上事件", "en": "chain-events"}
EVENT_TITLES: dict[Language, Sequence[str]] = {
    "zh": ("时间", "区块", "交易", "合约", "地址", "事件", "内容", "状态"),
    "en": ("Time", "Block", "Transaction", "Contract", "Address", "Event", "Content", "State"),
}
LEDGER_NAME: dict[Language, str] = {"zh": "账簿", "en": "ledger"}
LEDGER_TITLES: dict[Language, Sequence[str]] = {
    "zh": ("序号", "时间", "区块", "交易", "事件", "借", "贷", "金额（元）"),
    "en": ("Number", "Time", "Block", "Transaction", "Event", "Debit", "Credit", "Amount (yuan)"),
}


async def answer_events(
    request: Request[Any, Any, Any], events: Sequence[EventView], file_format: Format, language: Language | None
) -> Response[bytes]:
    rows = [
        (
            event.block_time.astimezone(SITE_ZONE), event.block_number, event.tx_hash, event.contract, event.address,
            event.name, msgspec.json.encode(event.args, order="sorted").decode(), event.state,
        )
        for event in events
    ]  # fmt: skip
    return await answer_table(request, EVENTS_NAME, EVENT_TITLES, rows, file_format, language)


async def answer_entries(
    request: Request[Any, Any, Any], entries: Sequence[EntryView], file_format: Format, language: Language | None
) -> Response[bytes]:
    rows = [
        (
            entry.id, entry.at.astimezone(SITE_ZONE), entry.block_number, entry.tx_hash, entry.event, entry.debit,
            entry.credit, Decimal(entry.amount_fen).scaleb(-2),
        )
        for entry in entries
    ]  # fmt: skip
    return await answer_table(request, LEDGER_NAME, LEDGER_TITLES, rows, file_format, language)
