"""The contractor's signature on a sheet, and what the chain has made final of it."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from anxin.core import calls, relayed
from anxin.core.errors import SheetNotFound, WrongSigner
from anxin.core.events import Event
from anxin.core.signing import from_hex, recover_wallet
from anxin.core.wire import Kept, hex_bytes
from anxin.payroll.compile import lock_project
from anxin.payroll.errors import SheetWithdrawn, SignInOrder
from anxin.payroll.models import WITHDRAWN, WageSheet
from anxin.projects.models import Project
from anxin.projects.service import escrow_of

ON_ITS_WAY = (relayed.ACCEPTED, relayed.SENT, relayed.DONE)
REPLACED = "another sheet of this number is on the chain"


async def sign_sheet(session: AsyncSession, digest: str, signature: str) -> Kept:
    """Keep the contractor's signature and post the sheet as soon as those before it are. Resending it changes nothing.

    Raises SheetNotFound, WrongSigner, SheetWithdrawn, SignInOrder.
    """
    known = await session.scalar(select(WageSheet).where(WageSheet.digest == hex_bytes(digest, 32, "digest")))
    if known is None:
        raise SheetNotFound(sheet=digest)
    project = await session.get_one(Project, known.project_pk)
    await lock_project(session, project)
    sheet = (
        await session.scalars(
            select(WageSheet)
            .where(WageSheet.id == known.id)
            .options(selectinload(WageSheet.lines))
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    ).one()
    raw = hex_bytes(signature, 65, "signature")
    if recover_wallet(sheet.digest or b"", raw) != project.contractor:
        raise WrongSigner(expected=project.contractor)
    if sheet.state == WITHDRAWN:
        raise SheetWithdrawn(reason=sheet.reason or "—")
    if sheet.state == relayed.WAITING:
        await _check_order(session, sheet)
        sheet.contractor_signature, sheet.state = raw, relayed.ACCEPTED
        await session.flush()
        await post_next(session, project)
    return Kept(digest, sheet.state)


async def _check_order(session: AsyncSession, sheet: WageSheet) -> None:
    """Raises SignInOrder where a sheet of a lower number is not signed, or not there, yet."""
    states = {each.sheet_id: each.state for each in await _numbered(session, sheet.project_pk)}
    for lower in range(sheet.sheet_id or 0):
        if states.get(lower) not in ON_ITS_WAY:
            raise SignInOrder(next=lower, sheet_id=sheet.sheet_id)


async def post_next(session: AsyncSession, project: Project) -> None:
    """Hand the next signed sheet to the chain, if all before it are posted: the escrow takes them in order."""
    sheets = await _numbered(session, project.id)
    posted = sum(sheet.state == relayed.DONE for sheet in sheets)
    for due in sheets:
        if due.sheet_id == posted and due.state == relayed.ACCEPTED and due.call_key is None:
            await session.refresh(due, ["lines"])
            await relayed.hand_over(session, [due], _call(due, escrow_of(project)))


async def _numbered(session: AsyncSession, project_pk: int) -> Sequence[WageSheet]:
    """The sheets that have a number, but for withdrawn ones, in order."""
    sheets = await session.scalars(
        select(WageSheet)
        .where(WageSheet.project_pk == project_pk, WageSheet.sheet_id.is_not(None), WageSheet.state != WITHDRAWN)
        .order_by(WageSheet.sheet_id)
    )
    return sheets.all()


def _call(sheet: WageSheet, escrow: str) -> calls.Call:
    return calls.Call(
        key=f"postSheet:0x{(sheet.digest or b'').hex()}",
        contract="WageEscrow",
        address=escrow,
        function="postSheet",
        arguments={
            "sheetId": sheet.sheet_id,
            "header": sheet.header,
            "lines": sheet.packed(range(len(sheet.lines))),
            "contractorSignature": "0x" + (sheet.contractor_signature or b"").hex(),
        },
    )


async def record_sheet_posted(session: AsyncSession, event: Event) -> None:
    """The sheet is owed. Only a very sheet we compiled counts: its root is what the contract computed.

    Should that be one that was withdrawn (its contractor had signed it, and has posted it), it is the one that is owed all
    the same, and whichever took its number can no longer be.
    """
    project = await session.scalar(select(Project).where(Project.escrow == event.address))
    if project is None:
        return
    await lock_project(session, project)
    same_number = (
        await session.scalars(
            select(WageSheet)
            .where(WageSheet.project_pk == project.id, WageSheet.sheet_id == event.args["sheetId"])
            .with_for_update()
        )
    ).all()
    root = from_hex(event.args["root"])
    posted = next((sheet for sheet in same_number if sheet.root == root), None)
    if posted is None:
        return
    for other in same_number:
        if other is not posted and other.state != WITHDRAWN:
            other.state, other.reason = WITHDRAWN, REPLACED
    await session.flush()
    posted.state, posted.tx_hash, posted.posted_at = relayed.DONE, event.tx_hash, event.block_time
    await session.flush()
    await post_next(session, project)
