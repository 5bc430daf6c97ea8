"""The site's rotating code: a QR code on a screen at the gate that changes every 30 seconds.

Whoever scans it was there, or was sent a picture of it: the code in a punch is evidence of that strength, and nothing is
refused for want of one. The code names its own time step, so that an old one can be told from a made-up one.
"""

import hmac
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
MAC_DIGITS: Final = 12

MATCHED: Final = "matched"
STALE: Final = "stale"
WRONG: Final = "wrong"
NONE: Final = "none"


def code_at(secret: str, at: datetime) -> str:
    """Return the code shown at an instant: its time step and 12 digits of an HMAC over that, both hexadecimal."""
    return _code(secret, int(at.timestamp()) // STEP_SECONDS)


def verdict(secret: str, code: str | None, at: datetime) -> str:
    """Return what a code is worth beside a punch at `at`: matched, stale (ours, of another time), wrong, none."""
    if not code:
        return NONE
    head, _, _ = code.partition(".")
    try:
        step = int(head, 16)
    except ValueError:
        return WRONG
    if not hmac.compare_digest(_code(secret, step).encode(), code.encode()):
        return WRONG
    distance = abs(step - int(at.timestamp()) // STEP_SECONDS)
    return MATCHED if distance <= TOLERATED_STEPS else STALE


def _code(secret: str, step: int) -> str:
    mac = hmac.digest(bytes.fromhex(secret), b"site-code:%d" % step, sha256)
    return f"{step:x}.{mac.hex()[:MAC_DIGITS]}"


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
