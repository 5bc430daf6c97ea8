"""The payslip (工资条): the exact text a worker checks before signing. Pure.

JSON, canonical (members sorted, no space), so that one wage has one text but for its salt. From its numbers alone a person
can compute the amount again: each time item is

    rateFen × seconds × percent / 100 / the seconds its rate is for (day 28,800; hour 3,600; month 626,400), rounded up

a month's base is rateFen − rateFen × absentSeconds / 626,400, not below 0, rounded up; pieces are rateFen × Σ quantity ×
percent / 100, rounded up. The amount is Σ items − earlier sheets + back pay − tax − deductions. Seconds are decimal text:
exact, to the microsecond. `web/worker/payslip.ts` computes all of it again; both are held to the same vectors.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any, Final

import msgspec

from anxin.core.wire import Wire
from anxin.payroll import rules
from anxin.payroll.deductions import Net

VERSION: Final = 2


class Quantity(Wire):
    quantity: int
    percent: int


class Item(Wire, omit_defaults=True):
    """One item of the wage: base, ot150, ot200, ot300 from time, or piece from quantities.

    `absent_seconds` stands for `seconds` in the base of a month contract. The provident fund's line has one item alone,
    fund-shares, whose `leaves` (`fund.leaf`) are of the shares that it sums.
    """

    item: str
    amount_fen: int
    percent: int = 100
    seconds: str | None = None
    absent_seconds: str | None = None
    quantities: list[Quantity] | None = None
    leaves: list[str] | None = None


class ShiftRow(Wire):
    """A shift, by the date on which it started. `times`: in and out, local, as 2026-10-08T07:59:12; seconds by class."""

    day: date
    times: list[tuple[str, str]]
    normal: str
    ot150: str
    ot200: str
    ot300: str


class FlagRow(Wire):
    kind: str
    day: date


class DeductionRow(Wire, omit_defaults=True):
    """`claim_fen`: what was open of it; `limit_fen`: the most the law lets anyone take this month.

    provident-fund is the share that the worker gives a fund, after all others: `claim_fen` is `basis_points` of what the
    sheet's work earned, `limit_fen` what is left less a fen; with `leaf_salt` (hex) the worker finds their own leaf in the
    fund's line.
    """

    kind: str
    amount_fen: int
    claim_fen: int
    reason: str
    limit_fen: int | None = None
    fund: str | None = None
    basis_points: int | None = None
    leaf_salt: str | None = None


class BackPayRow(Wire):
    first_day: date
    last_day: date
    amount_fen: int
    reason: str


class TaxRow(Wire):
    """Labour service. `before_*`: paid and withheld earlier in the same month."""

    kind: str
    income_fen: int
    before_income_fen: int
    before_withheld_fen: int
    amount_fen: int


class EarlierRow(Wire):
    """What sheets posted earlier for the same period have for the same work."""

    sheet_id: int
    gross_fen: int


class Contact(Wire):
    """Where to complain. kind: officer, bureau, arbitration, legal-aid …"""

    kind: str
    name: str
    phone: str


class PayslipText(Wire, kw_only=True):
    """All a payslip says. Money in fen; `days` are those of the line's mask."""

    version: int = VERSION
    kind: str
    worker: str
    project: str
    employer: str
    payer: str
    first_day: date
    last_day: date
    payday: date
    contract_type: str
    rate_fen: int
    piece_quota: int | None
    days: list[date]
    items: list[Item]
    gross_fen: int
    earlier: list[EarlierRow]
    back_pay: list[BackPayRow]
    tax: TaxRow | None
    deductions: list[DeductionRow]
    amount_fen: int
    shifts: list[ShiftRow]
    flags: list[FlagRow]
    minimum_month_fen: int | None
    rules_hash: str
    complaints: list[Contact]
    salt: str


@dataclass(frozen=True)
class Slip:
    """What a payslip is written from, besides its sheet's period and parties."""

    worker_no: str
    contract: rules.Contract
    pay: rules.Pay
    net: Net
    days: Sequence[date]
    earlier: Sequence[EarlierRow] = ()
    minimum_month_fen: int | None = None


def encode(slip: PayslipText) -> str:
    return msgspec.json.encode(slip, order="sorted").decode()


def decode(text: str) -> PayslipText | None:
    """Return what a payslip says; None for one of the first kind, which had no items."""
    if msgspec.json.decode(text).get("version") != VERSION:
        return None
    return _decoder.decode(text)


def items_of(contract: rules.Contract, pay: rules.Pay) -> list[Item]:
    """Return every item that pays, with the numbers its amount follows from."""
    if contract.kind is rules.ContractKind.PIECE:
        counts = zip((100, 150, 200, 300), _by_class(pay.pieces), strict=True)
        quantities = [Quantity(int(count), percent) for percent, count in counts if count]
        return [Item("piece", pay.items.piece, quantities=quantities)] if quantities else []
    rows = [
        Item(item=item, percent=percent, amount_fen=fen, seconds=seconds_text(minutes))
        for item, percent, fen, minutes in zip(
            ("base", "ot150", "ot200", "ot300"), (100, 150, 200, 300), _items(pay.items), _by_class(pay.minutes), strict=True
        )
        if fen or minutes
    ]
    if contract.kind is rules.ContractKind.MONTH:
        absent = seconds_text(pay.absent_minutes)
        base = Item(item="base", percent=100, amount_fen=pay.items.base, absent_seconds=absent)
        rows = [base, *(row for row in rows if row.item != "base")]
    return list(rows)


def shift_rows(pay: rules.Pay) -> list[ShiftRow]:
    return [
        ShiftRow(
            shift.day, [(_local(start), _local(end)) for start, end in shift.intervals], seconds_text(shift.normal),
            seconds_text(shift.ot150), seconds_text(shift.ot200), seconds_text(shift.ot300),
        )
        for shift in pay.shifts
    ]  # fmt: skip


def flag_rows(pay: rules.Pay) -> list[FlagRow]:
    return [FlagRow(flag.kind.value, flag.day) for flag in pay.flags]


def net_rows(net: Net) -> dict[str, Any]:
    """The members of a payslip that say how gross becomes net."""
    tax = net.tax and TaxRow(
        "labour-service", net.tax.income_fen, net.tax.before.income_fen, net.tax.before.withheld_fen, net.tax.amount_fen
    )
    return {
        "back_pay": [BackPayRow(b.first_day, b.last_day, b.amount_fen, b.reason) for b in net.back_pay],
        "tax": tax,
        "deductions": [
            DeductionRow(
                kind=taken.claim.kind, amount_fen=taken.amount_fen, claim_fen=taken.claim.amount_fen,
                reason=taken.claim.reason, limit_fen=taken.limit_fen,
            )
            for taken in net.taken
        ],
        "amount_fen": net.amount_fen,
    }  # fmt: skip


def seconds_text(minutes: int | Fraction) -> str:
    """Return minutes as seconds in decimal text without needless zeros: 7.5 → "450". Whole microseconds, as punches are."""
    microseconds = Fraction(minutes) * 60_000_000
    if microseconds.denominator != 1:
        raise ValueError(f"{minutes} minutes are no whole microseconds")
    whole, part = divmod(microseconds.numerator, 1_000_000)
    return f"{whole}.{part:06d}".rstrip("0") if part else str(whole)


def _by_class(amounts: rules.Amounts) -> tuple[int | Fraction, ...]:
    return amounts.base, amounts.ot150, amounts.ot200, amounts.ot300


def _items(items: rules.Items) -> tuple[int, ...]:
    return items.base, items.ot150, items.ot200, items.ot300


def _local(at: datetime) -> str:
    return at.replace(tzinfo=None).isoformat()


_decoder = msgspec.json.Decoder(PayslipText)
