"""The provident fund over HTTP."""

from datetime import date, datetime
from typing import Annotated

import msgspec

from anxin.core.signing import WorkerSignature
from anxin.core.wire import Amount, Count, Wire

FundName = Annotated[str, msgspec.Meta(pattern=r"\A[^\x00]*\S[^\x00]*\Z", max_length=100)]


class SignedFundConsent(Wire):
    """What a worker agrees to (`FundConsent`): a share in basis points for the fund's wallet, for sheets that begin on
    `from_day` or later; 0 takes it back. `deadline`: Unix seconds, within a day.
    """

    escrow: str
    worker_id: str
    fund: str
    share_basis_points: Count
    from_day: date
    deadline: Amount
    signature: WorkerSignature


class FundRequest(Wire):
    """Who of the project's payees is its fund, and what it is called. `worker_no` null: the project has none any more."""

    worker_no: str | None
    name: FundName


class FundView(Wire):
    """`address`: the fund's own wallet, which consents name; `payout`: where its line goes."""

    worker_no: str
    name: str
    address: str | None
    payout: str | None
    named_at: datetime


class FundOfProject(Wire):
    """`consents`: how many workers' latest word is a share for this fund, whenever it begins."""

    fund: FundView | None
    consents: int


class ConsentView(Wire):
    """The worker's latest word; `share_basis_points` 0: none, or taken back."""

    fund: str
    share_basis_points: int
    from_day: date
    received_at: datetime


class MyFund(Wire):
    """One project's fund, and what the worker has last said about it. `least`, `most`: basis points that may be given."""

    escrow: str
    project: str
    fund: FundView | None
    consent: ConsentView | None
    least: int
    most: int


class MyFunds(Wire):
    funds: list[MyFund]


class FundSlip(Wire):
    """The fund's line of a posted sheet, for a worker who has a share in it: `payslip` is the exact text of the hash."""

    index: int
    amount_fen: int
    payslip: str
    payslip_hash: str
