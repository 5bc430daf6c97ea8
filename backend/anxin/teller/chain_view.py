"""The deployment's events up to the final block, read once and then only what is new."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from anxin.chain.identity import ChainChanged
from anxin.chain.reader import read_events_of
from anxin.chain.rpc import Rpc
from anxin.core.deployment import Deployment
from anxin.teller.held import Held

_NEVER = datetime.fromtimestamp(0, UTC)


@dataclass
class ChainView:
    """What is final. `block` is the newest that was read, `at` its time; nothing before the first `advance`."""

    rpc: Rpc
    deployment: Deployment
    finality_depth: int
    held: Held = field(init=False)
    block: int = -1
    at: datetime = _NEVER
    _hash: str = ""

    def __post_init__(self) -> None:
        self.held = Held(self.deployment.bank)

    async def advance(self) -> None:
        """Read on. Raises ChainChanged where a block that was final is another one now; RpcError, RpcUnreachable."""
        if self.block >= 0:
            known = await self.rpc.block(self.block)
            if known is None:
                return  # a node that lags: what is known stays so
            if known["hash"] != self._hash:
                raise ChainChanged(f"block {self.block} was final and is another one now: a reorg deeper than finality")
        final = self.rpc.final_height(await self.rpc.head(), self.finality_depth)
        header = await self.rpc.block(final) if final > self.block else None
        if header is None:
            return
        first = self.deployment.start_block if self.block < 0 else self.block + 1
        await self._read(first, final)
        self.block, self._hash = final, header["hash"]
        self.at = datetime.fromtimestamp(int(header["timestamp"], 16), UTC)

    async def _read(self, first: int, last: int) -> None:
        """An escrow may have events in the very block it was made in."""
        addresses = self.deployment.addresses
        common = {addresses.token.lower(): "WageToken", addresses.factory.lower(): "WageEscrowFactory"}
        events = await read_events_of(self.rpc, common, first, last)
        made = {event.args["escrow"] for event in events if event.name == "EscrowCreated"}
        escrows = dict.fromkeys(self.held.escrows | made, "WageEscrow")
        if escrows:
            events += await read_events_of(self.rpc, escrows, first, last)
        self.held.add(sorted(events, key=lambda event: (event.block_number, event.log_index)))
