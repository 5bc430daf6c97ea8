"""Keeping a key's nonces whole: none used behind our back goes unnoticed, and none is left out for ever.

A gap (a nonce the chain waits for and we have no bytes of, as after rows were lost) would hold up every later one: it is
filled by a no-op, stored before it is sent. A key that was used elsewhere goes on behind that use once it is final: what
waits is estimated again against a chain that shows whatever was done.
"""

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from anxin.chain import alarms
from anxin.chain.fees import Price
from anxin.chain.lane import Lane
from anxin.chain.models import RelayAttempt
from anxin.chain.models import Relayer as RelayerRow
from anxin.chain.transactions import NO_OP_GAS, Words
from anxin.core.database import transaction
from anxin.core.signing import from_hex

MOST_GAPS = 64  # filled in one step

log = structlog.get_logger()


async def fill_gaps(lane: Lane) -> None:
    """Store a no-op for each nonce that the chain waits for, or will, and that nothing was ever signed under."""
    async with lane.sessions() as session:
        row = await session.get(RelayerRow, lane.address)
    if row is None or not await _gaps(lane, used := await lane.used_nonces("latest"), row.next_nonce):
        return
    fees = (await Price.now(lane.rpc)).offer_below(lane.bounds.fee_ceiling_wei)
    if fees is None:
        return
    async with transaction(lane.sessions) as session:
        row = await session.get_one(RelayerRow, lane.address, with_for_update=True)
        for nonce in await _gaps(lane, used, row.next_nonce):
            log.error("a nonce nothing was signed under is filled", relayer=lane.address, nonce=nonce)
            nothing = Words(lane.deployment.chain_id, nonce, NO_OP_GAS, fees, from_hex(lane.address), b"")
            session.add(lane.attempt(nothing, None, no_op=True))


async def _gaps(lane: Lane, used: int, next_nonce: int) -> list[int]:
    """Nonces not used, below the next, without an attempt. A node that lags makes none: what it lacks has its attempt."""
    wanted = range(used, min(next_nonce, used + MOST_GAPS))
    query = select(RelayAttempt.nonce).where(RelayAttempt.relayer == lane.address, RelayAttempt.nonce >= used)
    async with lane.sessions() as session:
        known = set(await session.scalars(query)) if wanted else set()
    return [nonce for nonce in wanted if nonce not in known]


async def adopt_nonce(lane: Lane) -> bool:
    """See that the key's next nonce is ours to give. Return whether anything may be signed.

    A key the database has never seen takes its nonce from the node; one used elsewhere, once that use is final.
    """
    used = await lane.used_nonces("latest")
    async with transaction(lane.sessions) as session:
        await session.execute(insert(RelayerRow).values(address=lane.address, next_nonce=used).on_conflict_do_nothing())
        relayer = await session.get_one(RelayerRow, lane.address, with_for_update=True)
        known = relayer.next_nonce
        if used <= known:
            return True
        limit = lane.rpc.final_height(await lane.rpc.head(), lane.bounds.finality_depth)
        for_good = await lane.used_nonces(hex(limit)) >= used
        if for_good:
            relayer.next_nonce = used
    wrong = f"nonces {known} to {used - 1} were used behind our back, as after a restore or by somebody who has this key"
    await lane.alarm(alarms.KEY_USED_ELSEWHERE, wrong)
    return for_good
