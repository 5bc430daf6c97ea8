"""Whether a relayer key can pay for what is coming: a person is told before it cannot."""

from time import monotonic

from anxin.chain import alarms
from anxin.chain.fees import Price
from anxin.chain.lane import Lane
from anxin.chain.rpc import RpcError, RpcUnreachable

EVERY_SECONDS = 30
ETHER = 10**18


class Balance:
    """Of one key, looked at now and then."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._next_look = 0.0

    async def watch(self) -> None:
        """Raise or clear the alarm. A node that does not answer now is asked later."""
        if monotonic() < self._next_look:
            return
        self._next_look = monotonic() + EVERY_SECONDS
        lane = self._lane
        try:
            balance = int(await lane.rpc.call("eth_getBalance", lane.address, "latest"), 16)
            price = await Price.now(lane.rpc)
        except (RpcError, RpcUnreachable):
            return
        batches = lane.bounds.low_balance_batches
        needed = batches * lane.bounds.gas_ceiling * price.asked
        wrong = (
            f"holds {balance / ETHER:.6f} coins, less than the {needed / ETHER:.6f} that {batches} large batches cost: "
            "send it some"
        )
        await lane.alarm(alarms.LOW_BALANCE, wrong if balance < needed else None)
