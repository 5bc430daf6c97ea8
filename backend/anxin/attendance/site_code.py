"""The site's rotating code: a QR code on a screen at the gate that changes every 30 seconds.

Whoever scans it was there, or was sent a picture of it: the code in a punch is evidence of that strength, and nothing is
refused for want of one. Eight digits, to be typed where no camera reads it; which step they are of is found by trying, so
that an old one can be told from a made-up one. A guess is taken for an old one three times in 50,000, and for that of the
moment once in ten million.
"""

import hmac
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from typing import Final

import segno
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.attendance import sources
from anxin.attendance.schemas import SiteCode
from anxin.core.clock import now
from anxin.projects.models import Project
from anxin.projects.service import escrow_of

STEP_SECONDS: Final = 30
TOLERATED_STEPS: Final = 4  # two minutes: a slow scan, a phone's clock a little off
STALE_STEPS: Final = 24 * 3600 // STEP_SECONDS  # a day either way: a clock may be slow as well as a picture old
DIGITS: Final = 8

MATCHED: Final = "matched"
STALE: Final = "stale"
WRONG: Final = "wrong"
NONE: Final = "none"


def code_at(secret: str, at: datetime) -> str:
    """Return the code shown at an instant: eight decimal digits of an HMAC over its time step."""
    return _code(secret, int(at.timestamp()) // STEP_SECONDS)


def verdict(secret: str, code: str | None, at: datetime) -> str:
    """Return what a code is worth beside a punch at `at`: matched, stale (ours, of another time), wrong, none."""
    if not code:
        return NONE
    if not re.fullmatch(f"[0-9]{{{DIGITS}}}", code):
        return WRONG
    middle = int(at.timestamp()) // STEP_SECONDS
    if _is_of(secret, code, range(middle - TOLERATED_STEPS, middle + TOLERATED_STEPS + 1)):
        return MATCHED
    return STALE if _is_of(secret, code, range(middle - STALE_STEPS, middle + STALE_STEPS + 1)) else WRONG


def _is_of(secret: str, code: str, steps: Iterable[int]) -> bool:
    """Whether a code is of one of these steps. Each is compared, whichever it is of, in the same time."""
    key, asked = bytes.fromhex(secret), code.encode()
    found = False
    for step in steps:
        found |= hmac.compare_digest(_digits(key, step).encode(), asked)
    return found


def _code(secret: str, step: int) -> str:
    return _digits(bytes.fromhex(secret), step)


def _digits(key: bytes, step: int) -> str:
    mac = hmac.digest(key, b"site-code:%d" % step, sha256)
    return f"{int.from_bytes(mac[:8]) % 10**DIGITS:0{DIGITS}}"


async def current(session: AsyncSession, project: Project, public_url: str) -> SiteCode:
    """Return the code of this moment, and a QR code of the worker's page with it in the fragment (no server log has it)."""
    source = await sources.ensure(session, project, sources.PHONE)
    step = int(now().timestamp()) // STEP_SECONDS
    code = _code(source.secret or "", step)
    url = f"{public_url}/w/#site={escrow_of(project)}&code={code}"
    picture = BytesIO()
    segno.make(url, error="m", micro=False).save(picture, kind="svg", scale=8, border=4, xmldecl=False, svgns=True)
    return SiteCode(
        code=code, url=url, svg=picture.getvalue().decode(),
        valid_from=datetime.fromtimestamp(step * STEP_SECONDS, UTC),
        expires_at=datetime.fromtimestamp((step + 1) * STEP_SECONDS, UTC),
    )  # fmt: skip
