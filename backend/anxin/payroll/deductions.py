"""What comes off a wage, what is added to it, and what is left. Pure: no database, clock or network.

Money is integer fen. Only what the law lists may be taken: tax, the worker's own part of social insurance, what a court
has ordered, an advance that the worker has signed for, and the recovery of a loss within its limits. Deductions are
rounded down, tax half up.

Sources: 劳部发〔1994〕489号 Art. 15 and 16; 个人所得税法 Art. 2, 3 and 6, 实施条例 Art. 14 (劳务报酬: each time, or a
month where it goes on); 国家税务总局公告2018年第61号, withholding table 2.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from math import floor
from typing import Final

from anxin.payroll.fund.share import Consent, Share, share_of

YUAN: Final = 100  # fen


class DeductionKind(StrEnum):
    """What may be taken, in the order in which it is: what limits the recovery of a loss comes before it."""

    TAX = "tax"
    SOCIAL_INSURANCE = "social-insurance"
    COURT_ORDER = "court-order"
    ADVANCE = "advance"
    LOSS_RECOVERY = "loss-recovery"


LOSS_SHARE: Final = 5  # a fifth of the month's wage (Art. 16)

LABOUR_SERVICE_FREE_FEN: Final = 800 * YUAN
LABOUR_SERVICE_SMALL_FEN: Final = 4_000 * YUAN
LABOUR_SERVICE_SHARE: Final = Fraction(4, 5)
# Up to this base: rate, less this much.
LABOUR_SERVICE_BRACKETS: Final = (
    (20_000 * YUAN, Fraction(1, 5), 0),
    (50_000 * YUAN, Fraction(3, 10), 2_000 * YUAN),
    (None, Fraction(2, 5), 7_000 * YUAN),
)


@dataclass(frozen=True)
class Claim:
    """What somebody is to take from a wage. `entry` names it in the records; `amount_fen` is what is still open of it."""

    entry: int
    kind: DeductionKind
    amount_fen: int
    reason: str


@dataclass(frozen=True)
class BackPay:
    """What an earlier period still owes. It is added, and no deduction is measured by it."""

    entry: int
    first_day: date
    last_day: date
    amount_fen: int
    reason: str


@dataclass(frozen=True)
class Taken:
    """`limit_fen`: the most that could be taken, where the law says so."""

    claim: Claim
    amount_fen: int
    limit_fen: int | None = None


@dataclass(frozen=True)
class MonthSoFar:
    """Labour service paid earlier in the same month, and what was withheld of it."""

    income_fen: int = 0
    withheld_fen: int = 0


@dataclass(frozen=True)
class LabourServiceTax:
    income_fen: int
    before: MonthSoFar
    amount_fen: int


@dataclass(frozen=True)
class Net:
    """From gross to what goes into the line: gross + back pay − tax − taken − the share that the worker gives the fund."""

    gross_fen: int
    back_pay: tuple[BackPay, ...] = ()
    tax: LabourServiceTax | None = None
    taken: tuple[Taken, ...] = ()
    share: Share | None = None

    @property
    def amount_fen(self) -> int:
        added = sum(each.amount_fen for each in self.back_pay)
        tax = self.tax.amount_fen if self.tax else 0
        shared = self.share.amount_fen if self.share else 0
        return self.gross_fen + added - tax - sum(each.amount_fen for each in self.taken) - shared


def net(
    gross_fen: int,
    *,
    back_pay: Sequence[BackPay] = (),
    claims: Iterable[Claim] = (),
    labour_service: MonthSoFar | None = None,
    minimum_month_fen: int | None = None,
    consent: Consent | None = None,
) -> Net:
    """Return what is left of a month's wage, and how.

    Args:
        gross_fen: what the work of the period earned.
        labour_service: given where the contract is for labour service, whose tax is withheld here. Employees' tax
            is a claim.
        minimum_month_fen: the district's minimum wage; without one no loss can be recovered, since nobody knows how far.
        consent: what the worker has agreed to give the provident fund, of what the law leaves.
    """
    income_fen = gross_fen + sum(each.amount_fen for each in back_pay)
    tax = None if labour_service is None else withholding(income_fen, labour_service)
    left_fen = income_fen - (tax.amount_fen if tax else 0)
    loss_room_fen = gross_fen // LOSS_SHARE
    taken: list[Taken] = []
    for claim in sorted(claims, key=lambda claim: list(DeductionKind).index(claim.kind)):
        limit_fen = None
        if claim.kind is DeductionKind.LOSS_RECOVERY:
            limit_fen = min(loss_room_fen, loss_limit_fen(gross_fen, left_fen, minimum_month_fen))
        amount_fen = min(claim.amount_fen, max(0, left_fen) if limit_fen is None else limit_fen)
        left_fen -= amount_fen
        if limit_fen is not None:
            loss_room_fen -= amount_fen
        taken.append(Taken(claim, amount_fen, limit_fen))
    return Net(gross_fen, tuple(back_pay), tax, tuple(taken), share_of(consent, gross_fen, left_fen))


def loss_limit_fen(wage_fen: int, left_fen: int, minimum_month_fen: int | None) -> int:
    """Return the most that may be taken in a month for a loss the worker caused: 20 % of the month's wage, and what is left
    stays at the minimum wage or above (489 Art. 16). Rounded down, never below 0.

    Args:
        wage_fen: the month's wage.
        left_fen: of it, after all other deductions.
    """
    if minimum_month_fen is None:
        return 0
    return max(0, min(wage_fen // LOSS_SHARE, left_fen - minimum_month_fen))


def withholding(income_fen: int, before: MonthSoFar) -> LabourServiceTax:
    """Return what to withhold now: the tax on the month's labour service, less what was withheld before."""
    due = labour_service_tax_fen(before.income_fen + income_fen) - before.withheld_fen
    return LabourServiceTax(income_fen, before, max(0, due))


def labour_service_tax_fen(income_fen: int) -> int:
    """Return the tax on labour service of one receipt, or of one month where it goes on; half up to a fen."""
    if income_fen <= LABOUR_SERVICE_SMALL_FEN:
        base = Fraction(max(0, income_fen - LABOUR_SERVICE_FREE_FEN))
    else:
        base = income_fen * LABOUR_SERVICE_SHARE
    for upto_fen, rate, less_fen in LABOUR_SERVICE_BRACKETS:
        if upto_fen is None or base <= upto_fen:
            return floor(base * rate - less_fen + Fraction(1, 2))
    raise AssertionError("the last bracket has no end")
