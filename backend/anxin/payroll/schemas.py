"""Wage sheets over HTTP: what is public, what parties see, what they ask for."""

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec

from anxin.core.wire import Wire
from anxin.payroll.models import SheetKind

ShortText = Annotated[str, msgspec.Meta(pattern=r"\A[^\x00]*\S[^\x00]*\Z", max_length=500)]


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


# ------------------------------------------------------------------ what a party of the project sees


class CompileRequest(Wire):
    """kind: regular, or final for those who left in the period. `employer`: 0x address, one firm's workers.

    `payday`: as the contract says; it is moved before days off. Without one, the day of the notice board.
    """

    first_day: date
    last_day: date
    kind: SheetKind = SheetKind.REGULAR
    employer: str | None = None
    payday: date | None = None


class Reason(Wire):
    reason: ShortText


class LeftOutView(Wire):
    """reason: not-joined, on-sheet, unreadable, month-contract, nothing-left, cannot-lower."""

    worker_no: str
    reason: str


class BookSheet(Wire):
    """A sheet in a project's book. state: draft, waiting, accepted, sent, done, refused, withdrawn. `id` is for these
    routes; `sheet_id` is the chain's, from submission on. `reason`: why it was refused, withdrawn, or sent back.
    """

    id: int
    state: str
    kind: SheetKind
    sheet_id: int | None
    batch: str | None
    employer: str | None
    employer_name: str
    first_day: date
    last_day: date
    payday: date
    total_fen: int
    line_count: int
    digest: str | None
    tx_hash: str | None
    reason: str | None
    left_out: list[LeftOutView]
    compiled_at: datetime | None
    submitted_at: datetime | None
    posted_at: datetime | None
    replaces: int | None
    corrects: int | None


class SheetBook(Wire):
    """`role`: what the asker is on this project."""

    role: str
    sheets: list[BookSheet]


class BookLine(Wire):
    """A line with where its amount comes from. `items` in fen by name; null members where the payslip is gone or old."""

    index: int
    worker_no: str
    worker_id: str
    amount_fen: int
    day_mask: int
    payslip_hash: str
    days: list[date]
    contract_type: str | None
    rate_fen: int | None
    items: dict[str, int]
    gross_fen: int | None
    earlier_fen: int
    back_pay_fen: int
    taken_fen: int
    released_at: datetime | None
    settled_at: datetime | None


class SheetDetail(Wire):
    sheet: BookSheet
    rules_hash: str
    terms_root: str
    root: str
    lines: list[BookLine]


class OddView(Wire):
    """`text` says what it is and what to do, in the asker's language. A line with a blocking one cannot be submitted."""

    kind: str
    blocking: bool
    days: list[date]
    text: str


class CheckedLineView(Wire):
    """`index`: null for somebody who is not on the sheet. `last_fen`: last month's wage here."""

    index: int | None
    worker_no: str
    amount_fen: int
    last_fen: int | None
    odds: list[OddView]


class SheetCheck(Wire):
    """Lines with the gravest first. `blocking`: how many odd things of lines must be settled before submitting."""

    id: int
    state: str
    blocking: int
    lines: list[CheckedLineView]
    off_sheet: list[CheckedLineView]


# ------------------------------------------------------------------ what is taken or added


class AdjustmentRequest(Wire):
    """kind: tax, social-insurance, court-order, advance, loss-recovery; or back-pay, which is for first_day to last_day.

    `receipt_hash`: SHA-256 of the receipt that the worker signed, for an advance.
    """

    worker_no: str
    kind: str
    amount_fen: Annotated[int, msgspec.Meta(gt=0, le=2**53)]
    on_day: date
    reason: ShortText
    first_day: date | None = None
    last_day: date | None = None
    receipt_hash: str | None = None


class AdjustmentView(Wire):
    """state: open, taken (wholly on sheets), revoked. `applied_fen`: on live sheets."""

    key: str
    worker_no: str
    kind: str
    amount_fen: int
    applied_fen: int
    on_day: date
    first_day: date | None
    last_day: date | None
    reason: str
    receipt_hash: str | None
    entered_by: str
    entered_at: datetime
    state: str


class Adjustments(Wire):
    adjustments: list[AdjustmentView]


class TaxTreatmentRequest(Wire):
    """From a day on, as the contract says: the software never guesses."""

    treatment: Literal["wages", "labour-service"]
    from_day: date


class TaxTreatmentView(Wire):
    """What was said of a worker's contract, from a day on. Who is in no row has wages withheld from."""

    worker_no: str
    treatment: Literal["wages", "labour-service"]
    from_day: date
    entered_by: str
    entered_at: datetime


class TaxTreatments(Wire):
    """By worker, newest day first; of one day the last that was said."""

    treatments: list[TaxTreatmentView]


class LatePay(Wire):
    """A line not paid by its payday. The surcharge of 50 to 100 % is due only after an order and a missed deadline
    (劳动合同法 Art. 85): exposure, charged to nobody here.
    """

    sheet_id: int
    index: int
    worker_no: str
    payday: date
    days_late: int
    amount_fen: int
    least_surcharge_fen: int
    most_surcharge_fen: int


class LatePayList(Wire):
    lines: list[LatePay]
    amount_fen: int
    least_surcharge_fen: int
    most_surcharge_fen: int
