"""Setting a dispute's sums back when an event that was final is not on the chain after all: the reverse of progress.py.

Its state is not set back: what decided it comes again, or people decide what that means.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core.deployment import Deployment
from anxin.core.events import Event
from anxin.disputes.progress import dispute_of


async def unrecord_paid(session: AsyncSession, event: Event, *, deployment: Deployment) -> None:
    dispute = await dispute_of(session, event)
    if dispute is not None:
        dispute.paid_fen -= event.args["amount"]
        if event.args["payout"] == deployment.bank:
            dispute.banked_fen -= event.args["amount"]


async def unrecord_settled(session: AsyncSession, event: Event) -> None:
    dispute = await dispute_of(session, event)
    if dispute is not None:
        dispute.banked_fen += event.args["amount"]
        dispute.settled_fen -= event.args["amount"]


async def unrecord_returned(session: AsyncSession, event: Event) -> None:
    dispute = await dispute_of(session, event)
    if dispute is not None:
        dispute.banked_fen += event.args["amount"]
        dispute.paid_fen += event.args["amount"]
