"""Sending what is signed: in order of nonce, again until it has a receipt, dearer where it is stuck.

    lowest nonce, not taken for `replace_after`, and below what the head asks for ──► the same words, both fees an eighth
    up, stored and only then sent · not taken for `overlooked_after`, with nothing wrong ──► the same · no node would ever
    take it ──► the nonce is used up by a no-op, the call looked at again
"""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import select

from anxin.chain import alarms
from anxin.chain.answers import Answer, meaning_of
from anxin.chain.fees import Price
from anxin.chain.lane import Lane
from anxin.chain.models import RelayAttempt, RelayCall
from anxin.chain.models import Relayer as RelayerRow
from anxin.chain.rpc import RpcError
from anxin.chain.steps import Boundary
from anxin.chain.transactions import Words
from anxin.core.clock import now
from anxin.core.database import transaction

log = structlog.get_logger()


async def send_due(lane: Lane, mined: set[int], begun: datetime) -> None:
    """Send each open nonce's newest bytes, in order: those never sent, and those without a receipt for a while.

    Args:
        mined: nonces that have a receipt.
        begun: when this step did; what was sent since is not sent again.
    """
    late = begun - lane.bounds.resend_after
    newest = [slot[-1] for slot in await lane.open_slots() if slot[0].nonce not in mined]
    due = [attempt for attempt in newest if attempt.sent_at is None or attempt.sent_at < late]
    answers = await lane.rpc.batch([("eth_sendRawTransaction", ("0x" + each.raw.hex(),)) for each in due])
    if due:
        await lane.at(Boundary.SENT)
    for attempt, answer in zip(due, answers, strict=True):
        said = answer.message if isinstance(answer, RpcError) else None
        if said is not None:
            log.info("node did not take a transaction now", tx=attempt.tx_hash, answer=said)
        await _note_sent(lane, attempt, said)
    if due:
        await lane.at(Boundary.NOTED)


async def _note_sent(lane: Lane, sent: RelayAttempt, said: str | None) -> None:
    try:
        async with transaction(lane.sessions) as session:
            attempt = await session.get_one(RelayAttempt, sent.tx_hash, with_for_update=True)
            first, attempt.sent_at, attempt.answer = attempt.sent_at is None, now(), said
            if not first or attempt.call_pk is None or attempt.no_op:
                return
            call = await session.get_one(RelayCall, attempt.call_pk)
            if on_sent := lane.on_sent.get(call.call["function"]):
                await on_sent(session, call.key, attempt.tx_hash)
    except Exception:  # the others go on; this one is sent, and told, again
        log.exception("a call could not be noted as sent", tx=sent.tx_hash)


async def replace_stuck(lane: Lane, mined: set[int]) -> None:
    """Store a replacement for the lowest open nonce, where that is what is needed. `send_due` sends it."""
    slot = next((slot for slot in await lane.open_slots() if slot[0].nonce not in mined), None)
    if slot is None or slot[-1].sent_at is None or slot[-1].signed_at > now() - lane.bounds.replace_after:
        return
    newest = slot[-1]
    words, price, answer = Words.read(newest.raw), await Price.now(lane.rpc), meaning_of(newest.answer)
    never = answer is Answer.NEVER and not newest.no_op
    is_cheap = answer is Answer.UNDERPRICED or not words.fees.suffices(price)
    is_overlooked = newest.signed_at < now() - lane.bounds.overlooked_after
    if not (never or is_cheap or is_overlooked):
        return
    fees = words.fees.dearer(price, lane.bounds.fee_ceiling_wei)
    if fees is None:
        wrong = f"nonce {newest.nonce} is stuck, and more than {lane.bounds.fee_ceiling_wei} wei a unit of gas is not paid"
        await lane.alarm(alarms.FEES_TOO_HIGH, wrong + ": raise ANXIN_RELAY_FEE_CEILING_WEI, or wait")
        return
    new = words.no_op(lane.address) if never else words
    await _store(lane, newest, lane.attempt(new.at(fees), newest.call_pk, no_op=newest.no_op or never))
    await lane.alarm(alarms.FEES_TOO_HIGH, None)
    await lane.at(Boundary.REPLACED)


async def _store(lane: Lane, newest: RelayAttempt, replacement: RelayAttempt) -> None:
    """Unless another relayer of this key was quicker. It is the newest even where the clock was set back meanwhile."""
    replacement.signed_at = max(replacement.signed_at, newest.signed_at + timedelta.resolution)
    query = select(RelayAttempt.tx_hash).where(lane.attempts, RelayAttempt.nonce == newest.nonce)
    async with transaction(lane.sessions) as session:
        await session.get_one(RelayerRow, lane.address, with_for_update=True)
        if await session.scalar(query.order_by(RelayAttempt.signed_at.desc()).limit(1)) == newest.tx_hash:
            session.add(replacement)
            log.warning("a stuck transaction is replaced", nonce=newest.nonce, no_op=replacement.no_op, old=newest.tx_hash)
