"""Setting a sheet back when its posting was final and is not on the chain after all: the reverse of sign.py."""

from sqlalchemy import case, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core import relayed
from anxin.core.events import Event
from anxin.core.signing import from_hex
from anxin.payroll.models import WageSheet
from anxin.payroll.sign import post_next
from anxin.projects.models import Project


async def unrecord_sheet_posted(session: AsyncSession, event: Event) -> None:
    """Nobody can sign for its lines until it is posted again: by the same call where there was one, else in its turn.

    One that was signed, and posted by somebody else, is posted by us now. A sheet of its number that gave way to it stays
    withdrawn: should it be posted instead, it is the one that is owed.
    """
    handed_over = case((WageSheet.contractor_signature.is_not(None), relayed.ACCEPTED), else_=relayed.WAITING)
    await session.execute(
        update(WageSheet)
        .where(
            WageSheet.project_pk.in_(select(Project.id).where(Project.escrow == event.address)),
            WageSheet.sheet_id == event.args["sheetId"], WageSheet.root == from_hex(event.args["root"]),
            WageSheet.state == relayed.DONE,
        )
        .values(
            state=case((WageSheet.call_key.is_not(None), relayed.SENT), else_=handed_over), posted_at=None,
        )
    )  # fmt: skip
    project = await session.scalar(select(Project).where(Project.escrow == event.address))
    if project is not None:
        await post_next(session, project)
