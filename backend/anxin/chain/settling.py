"""What has become of what was sent: the receipt of any of a nonce's attempts settles it, once it is deep enough.

    receipt, done ──► final · reverted ──► refused with the contract's reason, or looked at again where it came too early
    done, where there was no contract yet ──► it was not done: looked at again
    a no-op's receipt ──► the call under it was not done: looked at again
    no receipt, and the nonce is used ──► who used it? ours ──► the node's receipts lag: wait · not ours ──► alarm, and the
                                          call is looked at again · cannot tell ──► alarm, and wait for ever
A call that is looked at again is estimated against a chain that shows what was done: the contracts take nothing twice.
"""

from collections.abc import Sequence
from typing import Any, Literal

import structlog
from sqlalchemy import case, func, select, update

from anxin.chain import alarms
from anxin.chain.contracts import decode_refusal
from anxin.chain.identity import has_contract
from anxin.chain.lane import Lane
from anxin.chain.leader import Moving
from anxin.chain.models import EscrowAddress, RelayAttempt, RelayCall
from anxin.chain.rpc import RpcError
from anxin.chain.steps import Boundary
from anxin.chain.transactions import transaction_of
from anxin.chain.trying import NO_CONTRACT
from anxin.core.calls import Refusal
from anxin.core.database import transaction

# What the contract lacks another call brings. A word is only accepted once that was final: it is on its way, or comes
# again after a reorganisation that took it back. Who asks for many at once can leave out the one who is not enrolled.
TOO_EARLY = ("Escrow_SheetOutOfOrder", "Escrow_UnknownSheet", "Escrow_NotJoined", "Escrow_NotEnrolled", NO_CONTRACT)
OF_MANY = ("release", "releaseUnsigned")
UNEXPLAINED_REVERTS = 3  # so often a call may run out of gas before it is refused
Receipt = dict[str, Any]
Slot = list[RelayAttempt]

log = structlog.get_logger()


async def settle(lane: Lane) -> set[int]:
    """Close what is deep enough. Return the nonces that have a receipt; one whose receipt vanishes stays open."""
    slots = await lane.open_slots()
    if not slots:
        await lane.alarm(alarms.NONCE_UNEXPLAINED, None)
        return set()
    head = await lane.rpc.call("eth_getBlockByNumber", "latest", False)
    limit = lane.rpc.final_height(int(head["number"], 16), lane.bounds.finality_depth)
    used_for_good = await lane.used_nonces(hex(limit))
    receipts = await _canonical_receipts(lane, [attempt.tx_hash for slot in slots for attempt in slot], head, limit)
    mined, unexplained = set(), None
    for slot in slots:
        done = next((attempt for attempt in slot if attempt.tx_hash in receipts), None)
        if done is not None:
            mined.add(done.nonce)
            if int(receipts[done.tx_hash]["blockNumber"], 16) <= limit:
                await lane.at(Boundary.MINED)
                await _close(lane, done, receipts[done.tx_hash])
                await lane.at(Boundary.CLOSED)
        elif slot[0].nonce < used_for_good:
            unexplained = await _look_for_user(lane, slot, limit) or unexplained
    await lane.alarm(alarms.NONCE_UNEXPLAINED, unexplained)
    return mined


async def _canonical_receipts(
    lane: Lane, hashes: Sequence[str], head: dict[str, Any], limit: int
) -> dict[str, Receipt]:
    """Receipts by transaction, but for those a node still shows of a block that is no longer on the chain.

    A batch's receipt is long. Above `limit`, where nothing is closed yet, it is asked for once: then only its block is.

    The blocks are read together with the head that depth is counted from: several nodes may stand behind one address, and
    what one of them shows says nothing of what another has left behind. Raises Moving.
    """
    found = {h: lane.places[h] for h in hashes if h in lane.places and int(lane.places[h]["blockNumber"], 16) > limit}
    asked = [each for each in hashes if each not in found]
    answers = await lane.rpc.batch([("eth_getTransactionReceipt", (each,)) for each in asked])
    found |= {h: each for h, each in zip(asked, answers, strict=True) if isinstance(each, dict)}
    numbers = sorted({each["blockNumber"] for each in found.values()})
    if not numbers:
        return {}
    blocks = await lane.rpc.batch([("eth_getBlockByNumber", (number, False)) for number in [*numbers, head["number"]]])
    if not isinstance(blocks[-1], dict) or blocks[-1]["hash"] != head["hash"]:
        raise Moving("the head is another one than before the receipts were read")
    canonical = {block["hash"] for block in blocks if isinstance(block, dict)}
    receipts = {tx_hash: each for tx_hash, each in found.items() if each["blockHash"] in canonical}
    lane.places = {tx_hash: {key: each[key] for key in ("blockNumber", "blockHash")} for tx_hash, each in receipts.items()}
    return receipts


# ------------------------------------------------------------------ mined


async def _close(lane: Lane, done: RelayAttempt, receipt: Receipt) -> None:
    block = int(receipt["blockNumber"], 16)
    if done.no_op:
        await _again(lane, done, block)
    elif int(receipt["status"], 16) == 1:
        if not await _was_done(lane, receipt):
            lane.contracts.discard(receipt["to"].lower())
            await _again(lane, done, block)
            return
        async with transaction(lane.sessions) as session:
            call = await session.get_one(RelayCall, done.call_pk, with_for_update=True)
            call.state = "final" if call.state == "signed" else call.state
            await session.execute(_closing(done, block))
    else:
        await _close_reverted(lane, done, receipt, block)


async def _was_done(lane: Lane, receipt: Receipt) -> bool:
    """A call to an address without code succeeds and does nothing: such a call must not be closed. Raises ChainChanged."""
    if receipt["logs"]:
        return True
    if not await has_contract(lane.rpc, lane.deployment, receipt["to"]):
        return False
    async with lane.sessions() as session:
        escrow = await session.get(EscrowAddress, receipt["to"].lower())
    return escrow is None or escrow.from_block < int(receipt["blockNumber"], 16)  # made in that very block: who was first?


async def _close_reverted(lane: Lane, done: RelayAttempt, receipt: Receipt, block: int) -> None:
    refusal = await _why_reverted(lane, done, receipt)
    log.error("a relayed call reverted", tx=done.tx_hash, reason=str(refusal))
    if await _came_too_early(lane, done, refusal):
        await _again(lane, done, block)
        return
    assert done.call_pk is not None  # noqa: S101 - only a no-op has none
    await refuse(lane, done.call_pk, "signed", refusal or Refusal("reverted", []), closing=_closing(done, block))


async def _came_too_early(lane: Lane, done: RelayAttempt, refusal: Refusal | None) -> bool:
    """By the contract's order; or it ran out of gas, which what came before it in its block can cause."""
    if refusal is not None:
        assert done.call_pk is not None  # noqa: S101 - only a no-op has none
        return await comes_too_early(lane, done.call_pk, refusal)
    return await _times_mined(lane, done) + 1 < UNEXPLAINED_REVERTS


async def comes_too_early(lane: Lane, call_pk: int, refusal: Refusal) -> bool:
    """Whether what is refused now can be taken later, as it is: then it waits, however long."""
    if refusal.error != "Escrow_NotEnrolled":
        return refusal.error in TOO_EARLY
    async with lane.sessions() as session:
        call = await session.get_one(RelayCall, call_pk)
    return call.call["function"] not in OF_MANY


async def _why_reverted(lane: Lane, done: RelayAttempt, receipt: Receipt) -> Refusal | None:
    """What the contract says to the same call now that the block is over; None where it has nothing against it."""
    async with lane.sessions() as session:
        call = await session.get_one(RelayCall, done.call_pk)
    try:
        await lane.rpc.call("eth_call", {**transaction_of(call), "from": lane.address}, receipt["blockNumber"])
    except RpcError as error:
        if error.is_revert:
            return decode_refusal(error.data, error.message)
    return None


async def _times_mined(lane: Lane, done: RelayAttempt) -> int:
    mined = RelayAttempt.mined_block.is_not(None) & ~RelayAttempt.no_op
    query = select(func.count()).where(RelayAttempt.call_pk == done.call_pk, mined)
    async with lane.sessions() as session:
        return int(await session.scalar(query) or 0)


def _closing(attempt: RelayAttempt, block: int | None) -> Any:
    """Settle the nonce of an attempt, mined in `block`; by somebody else where that is None."""
    place = (RelayAttempt.relayer == attempt.relayer) & (RelayAttempt.nonce == attempt.nonce)
    closing = update(RelayAttempt).where(place).values(closed=True)
    if block is None:
        return closing
    return closing.values(mined_block=case((RelayAttempt.tx_hash == attempt.tx_hash, block), else_=None))


async def _again(lane: Lane, attempt: RelayAttempt, block: int | None) -> None:
    """The nonce is settled and the call was not done: it waits as if it had never been signed."""
    async with transaction(lane.sessions) as session:
        if attempt.call_pk is not None:
            call = await session.get_one(RelayCall, attempt.call_pk, with_for_update=True)
            if (call.state, call.relayer, call.nonce) == ("signed", attempt.relayer, attempt.nonce):
                call.state, call.relayer, call.nonce, call.gas = "waiting", None, None, None
        await session.execute(_closing(attempt, block))


async def refuse(
    lane: Lane, call_pk: int, state: Literal["waiting", "signed"], refusal: Refusal, *, closing: Any = None
) -> None:
    """Close a call the chain will not take, and tell its table, together. Where that fails, the next step does it."""
    try:
        async with transaction(lane.sessions) as session:
            row = await session.get_one(RelayCall, call_pk, with_for_update=True)
            if row.state != state:
                return  # another relayer was quicker
            row.state, row.reason = "refused", str(refusal)
            if closing is not None:
                await session.execute(closing)
            if on_refused := lane.on_refused.get(row.call["function"]):
                await on_refused(session, row.key, refusal)
    except Exception:  # the others go on
        log.exception("a refusal could not be told", call=call_pk, reason=str(refusal))


# ------------------------------------------------------------------ used by somebody else


async def _look_for_user(lane: Lane, slot: Slot, limit: int) -> str | None:
    """See to a nonce whose use no receipt explains. Return what a person must know where nothing else does either."""
    nonce = slot[0].nonce
    user = await who_used(lane, nonce, limit)
    async with lane.sessions() as session:
        if user is not None and await session.get(RelayAttempt, user) is not None:
            return None  # the node has not its receipt yet, or another relayer of this key has replaced what we read
        open_now = select(RelayAttempt.tx_hash).where(lane.attempts, RelayAttempt.nonce == nonce)
        if {*await session.scalars(open_now)} != {attempt.tx_hash for attempt in slot}:
            return None  # while we looked, or slept, another relayer of this key has seen to it
    if user is None:
        return f"nonce {nonce} was used by a transaction this node cannot show, and its call waits: use one with history"
    wrong = f"nonce {nonce} was used by {user}, which is not ours: somebody else has this key. Replace it"
    await lane.alarm(alarms.KEY_USED_ELSEWHERE, wrong)
    await _again(lane, slot[-1], None)
    return None


async def who_used(lane: Lane, nonce: int, limit: int) -> str | None:
    """Return the transaction of this key with that nonce in blocks up to `limit`; None where the node cannot tell."""
    low, high = lane.deployment.start_block, limit
    try:
        while low < high:  # the first block after which the nonce is used
            middle = (low + high) // 2
            low, high = (low, middle) if await lane.used_nonces(hex(middle)) > nonce else (middle + 1, high)
        block = await lane.rpc.call("eth_getBlockByNumber", hex(low), True)
    except RpcError as error:
        log.info("the node has no history", answer=error.message)
        return None
    for each in block["transactions"] if block else ():
        if each["from"].lower() == lane.address.lower() and int(each["nonce"], 16) == nonce:
            return str(each["hash"])
    return None
