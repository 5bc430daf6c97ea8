"""A wage sheet as its contractor sees it before signing."""

from datetime import date

from anxin.core.wire import Wire


class SheetLineView(Wire):
    index: int
    worker_id: str
    amount_fen: int
    day_mask: int
    payslip_hash: str


class SheetView(Wire):
    """state: waiting (for the contractor's signature), accepted, sent, done (posted and final), refused.

    The contractor's wallet computes `root` and `total_fen` from `lines` again before it signs `digest`.
    """

    digest: str
    state: str
    sheet_id: int
    first_day: date
    last_day: date
    payday: date
    rules_hash: str
    terms_root: str
    root: str
    total_fen: int
    lines: list[SheetLineView]
    tx_hash: str | None


class SheetsView(Wire):
    sheets: list[SheetView]


class SheetSignature(Wire):
    """65 bytes 0x-hex by the contractor over the sheet's digest."""

    signature: str
