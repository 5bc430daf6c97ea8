"""A project's wage account, and its wages on their way through the bank, over HTTP."""

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec

from anxin.core.wire import Text, Wire

PaymentState = Literal["due", "ordered", "submitted", "pending", "booked", "rejected", "returned"]


class NewWageAccount(Wire):
    """The special account wages are paid from, as its bank has it. `bank`: a BIC or a CNAPS number, or none."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=140, pattern=r"\A[^\x00]*\Z")]
    number: Annotated[str, msgspec.Meta(min_length=4, max_length=40, pattern=r"\A[0-9A-Za-z -]*\Z")]
    bank: Annotated[str, msgspec.Meta(max_length=12, pattern=r"\A[0-9A-Z]*\Z")] = ""


class WageAccountView(Wire):
    """`number` shows its last four digits. All but `known` and the last are empty where no account was named yet.

    `deposit_reference`: what to write on a transfer into the account, so that the bank's teller knows the escrow it funds.
    """

    known: bool
    name: str = ""
    number: str = ""
    bank: str = ""
    set_by: str = ""
    set_at: datetime | None = None
    deposit_reference: str = ""


class OrderView(Wire):
    """One order to the bank. `state`: ready, submitted, answered, refused; `reason` is the bank's, where it refused."""

    message_id: str
    payday: date
    state: str
    payments: int
    total_fen: int
    reason: Text
    created_at: datetime
    submitted_at: datetime | None


class PaymentView(Wire):
    """One wage at the bank. `kind`: line or dispute; `number` is the sheet's or the dispute's.

    `state` is what the bank's files say (a `PaymentState`), `closed_as` what the chain says: settled, returned, or nothing.
    """

    kind: str
    number: int
    index: int
    attempt: int
    reference: str
    amount_fen: int
    due_on: date
    state: str
    reason: str
    ordered_at: datetime | None
    submitted_at: datetime | None
    booked_at: datetime | None
    rejected_at: datetime | None
    returned_at: datetime | None
    closed_as: str | None
    closed_at: datetime | None


class PaymentsView(Wire):
    """Counts of all open payments by state, the latest orders, and the payments asked for, the newest first."""

    counts: dict[str, int]
    orders: list[OrderView]
    payments: list[PaymentView]
