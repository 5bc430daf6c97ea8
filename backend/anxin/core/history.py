"""What was final before an event, for those who set rows back when it turns out not to be on the chain."""

from collections.abc import Collection, Sequence
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core.events import Event


class Earlier(Protocol):
    """Asks for the final events of these names that came before `event`, from the same address, in order.

    `subject`: arguments they must have, as `workerId="0x…"`.
    """

    async def __call__(
        self, session: AsyncSession, event: Event, names: Collection[str], **subject: int | str
    ) -> Sequence[Event]: ...
