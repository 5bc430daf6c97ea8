"""The end of what attendance holds of people: positions, reasons and salts go with an ended project's employment ledger.

Readings and roots stay. Without its salt a record cannot be found in a root any more, and the root says nothing of anybody.
Source: 保障农民工工资支付条例 Art. 28.
"""

from collections.abc import Collection
from typing import Final

from sqlalchemy import func, or_, update
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.attendance import words
from anxin.attendance.models import AttendanceFile, AttendanceSource, Correction, PieceCount, Punch, StrayReading

GONE: Final = b""


async def shred_attendance(session: AsyncSession, projects: Collection[int]) -> None:
    """Shred what these projects hold; done again it finds nothing.

    Args:
        projects: primary keys of projects whose time has run out.
    """
    salted = or_(func.length(Punch.salt) > 0, Punch.hint.is_not(None))
    await session.execute(
        update(Punch).where(Punch.project_pk.in_(projects), salted).values(hint=None, salt=GONE)
    )
    await session.execute(update(PieceCount).where(PieceCount.project_pk.in_(projects)).values(salt=GONE))
    corrections = update(Correction).where(Correction.project_pk.in_(projects), func.length(Correction.salt) > 0)
    await session.execute(corrections.values(content=words.SHREDDED, salt=GONE))
    await session.execute(update(StrayReading).where(StrayReading.project_pk.in_(projects)).values(subject=""))
    files = update(AttendanceFile).where(AttendanceFile.project_pk.in_(projects))
    await session.execute(files.values(name="", content=None))
    sources = update(AttendanceSource).where(AttendanceSource.project_pk.in_(projects))
    await session.execute(sources.values(secret=None))
