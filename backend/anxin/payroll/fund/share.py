"""The provident fund (住房公积金) of flexible workers: the share of a wage that its worker has agreed to. Pure.

Voluntary, and by the worker's own signature only; nobody else can set, raise or need it. The share is of what the sheet's
work earned, rounded down to a fen, and never takes the last fen. 10,000 basis points are all of it.

Sources: 住房公积金管理条例 Art. 18 (employees give 5 % or more); 建金管〔2005〕5号 (12 % is the most that is usual for the
own part, and as much for the employer's) (check). Flexible workers may give both parts themselves, hence up to 24 %.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

LEAST_BASIS_POINTS: Final = 100
MOST_BASIS_POINTS: Final = 2_400
ALL_BASIS_POINTS: Final = 10_000
SALT_BYTES: Final = 16


@dataclass(frozen=True)
class Consent:
    """What a worker has agreed to. `fund`: lower-case address of the fund's own wallet. `name`: what
    the project calls it.
    """

    fund: str
    name: str
    basis_points: int


@dataclass(frozen=True)
class Share:
    """What goes to the fund. `asked_fen`: the share itself; `limit_fen`: what is left of the wage, less a fen."""

    consent: Consent
    asked_fen: int
    limit_fen: int

    @property
    def amount_fen(self) -> int:
        return min(self.asked_fen, self.limit_fen)


def share_of(consent: Consent | None, gross_fen: int, left_fen: int) -> Share | None:
    """Return the fund's share of a wage; None where there is none.

    Args:
        gross_fen: what the sheet's work earned, without back pay.
        left_fen: of the wage, after all that the law takes first.
    """
    if consent is None:
        return None
    share = Share(consent, gross_fen * consent.basis_points // ALL_BASIS_POINTS, left_fen - 1)
    return share if share.amount_fen > 0 else None


def may_share(basis_points: int) -> bool:
    """Whether anybody may agree to so much; 0 ends it."""
    return basis_points == 0 or LEAST_BASIS_POINTS <= basis_points <= MOST_BASIS_POINTS


def leaf(salt: bytes, worker_id: bytes, amount_fen: int) -> str:
    """Return the 0x-hex that stands for a worker's share in the fund's payslip: SHA-256 of salt (16 bytes), worker id (32)
    and amount (8, big-endian). Only whoever knows the salt can tell whose it is.
    """
    return "0x" + sha256(salt + worker_id + amount_fen.to_bytes(8)).hexdigest()
