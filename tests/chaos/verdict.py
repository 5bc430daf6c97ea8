"""What is true in the end: by the events of a node asked directly, by the contract's own views, by our rows, by Twilio."""

from collections import Counter
from dataclasses import dataclass, field

from sqlalchemy import Text, cast, func, select, text
from tests.chaos.forensics import forensics
from tests.chaos.site import Site, payout_of

from anxin.alerts.models import DELIVERED, SENT, Message
from anxin.audit.service import audit
from anxin.chain.indexer import heights
from anxin.chain.models import FINAL, Alarm, ChainEvent, RelayAttempt, RelayCall, Relayer
from anxin.chain.reader import read_events, read_view
from anxin.core import relayed
from anxin.payroll.models import WageLine
from anxin.wages.models import Confirmation

TOLD = ("line_posted", "released")


@dataclass
class Verdict:
    """The figures that have to be 0, and a sentence for each thing found."""

    lost: int = 0
    double_paid: int = 0
    ledger_mismatch: int = 0
    sms_missing: int = 0
    sms_more_than_twice: int = 0
    stuck_jobs: int = 0
    findings: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return not (
            self.lost or self.double_paid or self.ledger_mismatch or self.sms_missing or self.sms_more_than_twice
            or self.stuck_jobs
        )  # fmt: skip


async def unfinished(site: Site) -> dict[str, int]:
    """What is still on its way, by kind; empty when all is done."""
    questions = {
        "confirmations": select(func.count()).select_from(Confirmation).where(Confirmation.state != relayed.DONE),
        "lines": select(func.count()).select_from(WageLine).where(WageLine.released_tx.is_(None)),
        "calls": select(func.count()).select_from(RelayCall).where(RelayCall.state.in_(("waiting", "signed"))),
        "nonces": select(func.count()).select_from(RelayAttempt).where(~RelayAttempt.closed),
        "messages": select(func.count()).select_from(Message).where(Message.state.in_(("queued", "sending"))),
        "jobs": text("SELECT count(*) FROM pgqueuer"),
    }
    async with site.sessions() as session:
        found = {name: int(await session.scalar(question)) for name, question in questions.items()}
    return {name: count for name, count in found.items() if count}


async def judge(site: Site, twilio: Counter[str]) -> Verdict:
    """Everything is calm, and no block comes any more."""
    verdict = Verdict()
    await _judge_chain(site, verdict)
    await _judge_books(site, verdict)
    await _judge_messages(site, twilio, verdict)
    await _judge_work(site, verdict)
    return verdict


async def _judge_chain(site: Site, verdict: Verdict) -> None:
    """Every accepted word is one Released, and the tokens are where they say."""
    events = await read_events(site.chain.rpc, site.deployment, await site.chain.head())
    released = Counter((each.args["sheetId"], each.args["index"]) for each in events if each.name == "Released")
    for words, place in site.accepted.items():
        if released[place] == 0:
            verdict.lost += 1
            verdict.findings.append(f"accepted and not released: sheet {place[0]}, line {place[1]}, {words}")
    doubled = {place: count for place, count in released.items() if count > 1}
    verdict.double_paid = len(doubled)
    verdict.findings += [f"released {count} times: {place}" for place, count in doubled.items()]
    if verdict.lost:
        async with site.sessions() as session:
            lost = [bytes.fromhex(words[2:]) for words, place in site.accepted.items() if released[place] == 0][:3]
            keys = (await session.scalars(select(Confirmation.call_key).where(Confirmation.digest.in_(lost)))).all()
            verdict.findings.append(await forensics(site.chain.rpc, session, [key for key in keys if key]))
    owed = Counter[int]()
    for sheet in site.sheets:
        for line in sheet.lines:
            owed[line.index] += line.amount_fen
    token, head = site.deployment.addresses.token, await site.chain.head()
    for place, fen in owed.items():
        held = await read_view(site.chain.rpc, "WageToken", token, "balanceOf", head, account=payout_of(place))
        if int(held) > fen:
            verdict.double_paid += 1
            verdict.findings.append(f"worker {place} holds {held} fen and was owed {fen}")


async def _judge_books(site: Site, verdict: Verdict) -> None:
    """Events recomputed = contract = tokens = ledger, and our events are the node's, one for one."""
    async with site.sessions() as session:
        _, block = await heights(session)
        result = await audit(site.chain.rpc, site.deployment, block, session)
        verdict.findings += result.findings
        verdict.ledger_mismatch += len(result.findings)
        theirs = {(each.block_hash, each.log_index) for each in await read_events(site.chain.rpc, site.deployment, block)}
        final = select(ChainEvent.block_hash, ChainEvent.log_index).where(ChainEvent.state == FINAL)
        ours = {(row.block_hash, row.log_index) for row in await session.execute(final)}
        if ours != theirs:
            verdict.ledger_mismatch += 1
            verdict.findings.append(f"{len(theirs - ours)} events we have not, {len(ours - theirs)} of ours on no chain")
        wrong = (
            select(func.count()).select_from(WageLine)
            .outerjoin(
                ChainEvent,
                (ChainEvent.tx_hash == WageLine.released_tx) & (ChainEvent.name == "Released")
                & (ChainEvent.state == FINAL) & (cast(ChainEvent.args["index"], Text) == cast(WageLine.index, Text)),
            )
            .where(ChainEvent.block_hash.is_(None))
        )  # fmt: skip
        if count := int(await session.scalar(wrong) or 0):
            verdict.ledger_mismatch += count
            verdict.findings.append(f"{count} lines name a release that is not on the chain")


async def _judge_messages(site: Site, twilio: Counter[str], verdict: Verdict) -> None:
    """Each line is told of twice, as posted and as released: a row each, taken by Twilio once, or twice at most."""
    async with site.sessions() as session:
        rows = (await session.scalars(select(Message).where(Message.kind.in_(TOLD)))).all()
    lines = sum(len(sheet.lines) for sheet in site.sheets)
    kinds = Counter(row.kind for row in rows)
    for kind in TOLD:
        if kinds[kind] != lines:
            verdict.sms_missing += abs(lines - kinds[kind])
            verdict.findings.append(f"{kinds[kind]} messages {kind} for {lines} lines")
    for row in rows:
        taken = twilio[str(row.id)]
        if taken == 0 or row.state not in (SENT, DELIVERED):
            verdict.sms_missing += 1
            verdict.findings.append(f"message {row.key}: {row.state} {row.reason or ''}, taken {taken} times")
        if taken > 2:
            verdict.sms_more_than_twice += 1
            verdict.findings.append(f"message {row.key} was taken {taken} times in {row.attempts} attempts")


async def _judge_work(site: Site, verdict: Verdict) -> None:
    """Nothing waits, is held, or has a gap before it."""
    left = await unfinished(site)
    verdict.stuck_jobs += sum(left.values())
    verdict.findings += [f"{count} {name} are not done" for name, count in left.items()]
    async with site.sessions() as session:
        held = await session.execute(text("SELECT entrypoint, status::text, count(*) FROM pgqueuer GROUP BY 1, 2"))
        verdict.findings += [f"queue: {count} {status} {name}" for name, status, count in held]
        for call in await session.scalars(select(RelayCall).where(RelayCall.state == "refused")):
            verdict.findings.append(f"refused, and done another way: {call.key} {call.reason}")
        for row in await session.scalars(select(Relayer)):
            used = int(await site.chain("eth_getTransactionCount", row.address, "latest"), 16)
            if used != row.next_nonce:
                verdict.stuck_jobs += 1
                verdict.findings.append(f"{row.address} has used {used} nonces, and the next is {row.next_nonce}")
        for alarm in await session.scalars(select(Alarm).where(Alarm.cleared_at.is_(None))):
            verdict.findings.append(f"alarm {alarm.kind} {alarm.subject}: {alarm.text}")
