"""The fund's line of a sheet: the sum of its workers' shares, each provable to the worker it was taken from."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from anxin.payroll import payslip
from anxin.payroll.fund import share as shares
from anxin.payroll.fund.book import Fund
from anxin.payroll.fund.share import Share
from anxin.payroll.models import WageLine, WageSheet
from anxin.payroll.payslip import Contact, DeductionRow, Item, PayslipText
from anxin.projects.models import Project

KIND = "provident-fund"
ITEM = "fund-shares"


@dataclass(frozen=True)
class SaltedShare:
    """A share with what makes its hash unguessable."""

    share: Share
    worker_id: bytes
    salt: bytes

    @classmethod
    def of(cls, share: Share, worker_id: bytes) -> "SaltedShare":
        return cls(share, worker_id, secrets.token_bytes(shares.SALT_BYTES))

    @property
    def leaf(self) -> str:
        return shares.leaf(self.salt, self.worker_id, self.share.amount_fen)

    @property
    def row(self) -> DeductionRow:
        """As the worker's payslip has it."""
        consent = self.share.consent
        return DeductionRow(
            kind=KIND, amount_fen=self.share.amount_fen, claim_fen=self.share.asked_fen, reason=consent.name,
            limit_fen=self.share.limit_fen, fund=consent.fund, basis_points=consent.basis_points,
            leaf_salt=self.salt.hex(),
        )  # fmt: skip


def fund_line(
    project: Project, sheet: WageSheet, fund: Fund, salted: Sequence[SaltedShare], complaints: list[Contact]
) -> WageLine:
    """Return the sheet's last line. It is for no day: nobody worked for it who is not paid elsewhere on the sheet."""
    amount_fen = sum(each.share.amount_fen for each in salted)
    item = Item(item=ITEM, amount_fen=amount_fen, leaves=sorted(each.leaf for each in salted))
    contract = fund.contract
    slip = PayslipText(
        kind=sheet.kind, worker=fund.worker_no, project=project.name, employer=fund.name, payer=project.contractor_name,
        first_day=sheet.first_day, last_day=sheet.last_day, payday=sheet.payday, contract_type=contract.kind.value,
        rate_fen=contract.rate_fen, piece_quota=contract.piece_quota, days=[], items=[item], gross_fen=amount_fen,
        earlier=[], back_pay=[], tax=None, deductions=[], amount_fen=amount_fen, shifts=[], flags=[],
        minimum_month_fen=None, rules_hash="0x" + sheet.rules_hash.hex(), complaints=complaints,
        salt=secrets.token_hex(16),
    )  # fmt: skip
    text = payslip.encode(slip)
    return WageLine(
        index=len(sheet.lines), worker_pk=fund.worker.id, worker_id=fund.worker.worker_id, amount_fen=amount_fen,
        day_mask=0, payslip=text, payslip_hash=sha256(text.encode()).digest(), terms_hash=fund.terms.terms_hash,
    )  # fmt: skip
