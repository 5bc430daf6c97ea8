"""Payslips that Python writes and the phone computes again: `python -m tests.backend.payslip_vectors` writes their file."""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from anxin.core.clock import SITE_ZONE
from anxin.payroll import payslip, rules
from anxin.payroll.calendar import china
from anxin.payroll.deductions import BackPay, Claim, DeductionKind, MonthSoFar, net
from anxin.payroll.fund.lines import SaltedShare
from anxin.payroll.fund.share import Consent
from anxin.payroll.payslip import EarlierRow, PayslipText

FILE = Path(__file__).parents[2] / "web" / "worker" / "__tests__" / "payslips.json"
FIRST, LAST = date(2026, 10, 1), date(2026, 10, 31)
MINIMUM = 233_000
CLAIMS = (
    Claim(1, DeductionKind.ADVANCE, 50_000, "国庆前预支"),
    Claim(2, DeductionKind.LOSS_RECOVERY, 900_000, "损坏电焊机"),
    Claim(3, DeductionKind.SOCIAL_INSURANCE, 31_415, "十月"),
)
SHARED = Consent("0x" + "f0" * 20, "公积金中心", 1_200)
OWED = BackPay(4, date(2026, 9, 1), date(2026, 9, 30), 12_345, "九月漏记")


def punches(*, seconds: int = 0, micros: int = 0, night: bool = False) -> list[rules.PunchTime]:
    """Every day but the 4th, 11th and 18th; seven to noon and one to half past six, or eight in the evening to four."""
    found: list[rules.PunchTime] = []
    for day in (FIRST + timedelta(days=n) for n in range(31)):
        if day.day in (4, 11, 18):
            continue
        morning = datetime(day.year, day.month, day.day, 20 if night else 7, 3, seconds, micros, SITE_ZONE)
        found += [(morning, rules.IN), (morning + timedelta(hours=4, minutes=29), rules.OUT)]
        evening = morning + timedelta(hours=9, minutes=47, seconds=13)
        found += [(morning + timedelta(hours=5), rules.IN), (evening, rules.OUT)]
    return found


def slip(
    kind: str,
    rate_fen: int,
    at: list[rules.PunchTime],
    *,
    quota: int | None = None,
    earlier: list[EarlierRow] | None = None,
    **netted: Any,
) -> PayslipText:
    contract = rules.Contract(rules.ContractKind(kind), rate_fen, quota)
    pieces = {FIRST + timedelta(days=n): 101 + 7 * n for n in range(31)} if kind == "piece" else {}
    pay = rules.compute(contract, at, pieces, FIRST, LAST, china(), minimum_month_fen=MINIMUM)
    before = earlier or []
    left = net(pay.gross_fen - sum(each.gross_fen for each in before), minimum_month_fen=MINIMUM, **netted)
    written = PayslipText(
        kind="correcting" if before else "regular", worker="W001", project="测试项目", employer="巴渝劳务", payer="渝安建工",
        first_day=FIRST, last_day=LAST, payday=date(2026, 11, 13), contract_type=kind, rate_fen=rate_fen, piece_quota=quota,
        days=list(pay.days_worked), items=payslip.items_of(contract, pay), gross_fen=pay.gross_fen, earlier=before,
        shifts=payslip.shift_rows(pay), flags=payslip.flag_rows(pay), minimum_month_fen=MINIMUM,
        rules_hash="0x" + "ab" * 32, complaints=[payslip.Contact("officer", "李专管", "023-63110000")], salt="00" * 16,
        **payslip.net_rows(left),
    )  # fmt: skip
    if left.share is not None:
        written.deductions.append(SaltedShare(left.share, b"\x11" * 32, b"\xab" * 16).row)
    return written


def vectors() -> Iterator[tuple[str, PayslipText]]:
    yield "a day contract", slip("day", 32_001, punches())
    yield "seconds and microseconds", slip("day", 33_333, punches(seconds=17, micros=123_456))
    yield "an hour contract at night", slip("hour", 4_321, punches(night=True))
    yield "a month contract", slip("month", 654_321, punches(seconds=59))
    yield "a month of little work", slip("month", 654_321, punches()[:6])
    yield "a month without work", slip("month", 654_321, [])
    yield "pieces beyond a quota", slip("piece", 261, punches(), quota=150)
    yield "pieces without a quota", slip("piece", 33, punches())
    yield "deductions and back pay", slip("day", 32_000, punches(), claims=CLAIMS, back_pay=[OWED])
    yield "labour service", slip("day", 32_000, punches(), labour_service=MonthSoFar())
    yield "labour service that goes on", slip("hour", 900, punches(), labour_service=MonthSoFar(350_000, 54_000))
    yield "a share for the fund", slip("day", 32_001, punches(), claims=CLAIMS, back_pay=[OWED], consent=SHARED)
    yield "a share of a correction", slip("day", 32_000, punches(), earlier=[EarlierRow(0, 900_000)], consent=SHARED)
    yield "a correction", slip("day", 32_000, punches(), earlier=[EarlierRow(0, 900_000), EarlierRow(3, 15_000)])


def text() -> str:
    found = [{"name": name, "text": payslip.encode(each)} for name, each in vectors()]
    return json.dumps(found, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
