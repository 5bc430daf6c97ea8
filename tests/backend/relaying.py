"""A relayer to try faults on: made as a process makes it, with nothing but the database; what it tells is remembered."""

from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import select
from tests.chain import RELAYER_KEY

from anxin.chain.lane import Bounds
from anxin.chain.models import Alarm, RelayAttempt, RelayCall
from anxin.chain.relayer import Relayer, accept
from anxin.chain.rpc import Rpc
from anxin.core.database import transaction

DEPTH = 2


class Told:
    """What the relayer told the tables calls came from."""

    def __init__(self):
        self.sent, self.refused, self.fail = [], [], False

    async def on_sent(self, session, key, tx_hash):
        self.sent.append((key, tx_hash))

    async def on_refused(self, session, key, refusal):
        if self.fail:
            raise RuntimeError("the table's handler fails")
        self.refused.append((key, refusal))


@pytest.fixture
def told():
    return Told()


@pytest.fixture
async def new_relayer(sessions, chain, told):
    """Make relayers as processes do: each starts with nothing but the database. By default on the node itself."""
    rpcs = []

    def make(url=chain.anvil.url, *, timeout_seconds=2, **changed):
        rpcs.append(Rpc(url, timeout_seconds=timeout_seconds))
        bounds = {each: changed.pop(each) for each in Bounds.__dataclass_fields__ if each in changed}
        options = {
            "key": RELAYER_KEY, "on_sent": {"approve": told.on_sent}, "on_refused": {"transfer": told.on_refused},
            "deployment": chain.deployment,
            "bounds": Bounds(**{"finality_depth": DEPTH, "gas_in_flight": 10**9, "resend_after": timedelta(0)} | bounds),
        }  # fmt: skip
        return Relayer(sessions, rpcs[-1], **(options | changed))

    yield make
    for rpc in rpcs:
        await rpc.__aexit__()


@pytest.fixture
def ask(sessions):
    async def ask(*calls):
        for call in calls:
            async with transaction(sessions) as session:
                await accept(session, msgspec.to_builtins(call))

    return ask


@pytest.fixture
def states(sessions):
    async def states():
        async with sessions() as session:
            return dict([*await session.execute(select(RelayCall.key, RelayCall.state))])

    return states


@pytest.fixture
def attempts(sessions):
    async def attempts():
        """Those of each call, oldest first."""
        async with sessions() as session:
            return list(await session.scalars(select(RelayAttempt).order_by(RelayAttempt.call_pk, RelayAttempt.signed_at)))

    return attempts


@pytest.fixture
def alarms(sessions):
    async def alarms():
        """The kinds of the open alarms."""
        async with sessions() as session:
            return sorted(await session.scalars(select(Alarm.kind).where(Alarm.cleared_at.is_(None))))

    return alarms


async def settle(chain, relayer, rounds=3):
    """Let blocks come until whatever can be final is."""
    for _ in range(rounds):
        await relayer.step()
        await chain.mine()
        await relayer.step()
        await chain.mine(DEPTH)
        await relayer.step()
