"""What people write back. A word asks, or switches messages off and on; it never signs, and never moves money.

A number is never identity: an answer goes to the very number that asked, which gets the same in our messages anyway.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.alerts.delivery import stop
from anxin.alerts.limits import DAY, HOUR
from anxin.alerts.models import DeskNotice, InboundMessage, OptOut
from anxin.alerts.texts import text
from anxin.core import relayed
from anxin.core.clock import SITE_ZONE, now
from anxin.core.deployment import Deployment
from anxin.core.errors import Malformed
from anxin.core.language import Language, preferred
from anxin.core.money import yuan
from anxin.core.sealing import sealer
from anxin.payroll.models import WageLine, WageSheet
from anxin.people.models import Worker
from anxin.projects.models import Membership, Project
from anxin.projects.service import escrow_of

LONGEST_SID: Final = 64
ESCROW_DIGITS: Final = 8  # tells a worker's own projects apart
ANSWERS: Final = ((6, HOUR), (20, DAY))  # to one number

BALANCE, LAST, OBJECT, HELP, STOP, START, OTHER = "balance", "last", "object", "help", "stop", "start", "other"
WORDS: Final = {
    BALANCE: ("余额", "欠薪", "balance", "owed"),
    LAST: ("工资", "到账", "last", "paid"),
    OBJECT: ("不对", "申诉", "object", "wrong"),
    HELP: ("帮助", "help", "info", "?"),
    STOP: ("退订", "td", "t", "stop", "stopall", "unsubscribe", "cancel", "end", "quit"),
    START: ("恢复", "start", "unstop"),
}
AROUND: Final = " \t\r\n.。、,!\"'“”‘’「」【】[]#"  # what people put around a word they were told to send
_MEANING: Final = {written: word for word, variants in WORDS.items() for written in variants}


@dataclass(frozen=True)
class Incoming:
    """`carrier_answered`: Twilio has taken the word for STOP, START or HELP, and has answered it itself."""

    sid: str
    sender: str
    body: str
    carrier_answered: bool = False

    @classmethod
    def of(cls, form: Mapping[str, str]) -> "Incoming":
        """Raises Malformed where it does not say which message this is, or whose."""
        sid, sender = form.get("MessageSid", ""), form.get("From", "")
        if not sid or not sender or len(sid) > LONGEST_SID:
            raise Malformed(problem="MessageSid, From")
        return cls(sid, sender, form.get("Body", ""), "OptOutType" in form)


@dataclass(frozen=True)
class Place:
    """Where the answer is given: what workers' browsers call us, and who pays for the bank's customers."""

    public_url: str
    deployment: Deployment


async def receive(session: AsyncSession, place: Place, incoming: Incoming) -> str | None:
    """Return the answer to a message, or None where there is none. The same message again gets the same answer."""
    index = sealer().index(incoming.sender)
    await session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(index[:8], signed=True))))
    known = await session.get(InboundMessage, incoming.sid)
    if known is not None:
        return known.answer
    word, at = word_of(incoming.body), now()
    worker = await session.scalar(select(Worker).where(Worker.phone_index == index))
    done = await _act(session, index, worker, word, at)
    answer = None
    if not incoming.carrier_answered and await _may_answer(session, index, at):
        answer = await _answer(session, place, worker, word if done else HELP, at)
    session.add(
        InboundMessage(provider_id=incoming.sid, phone_index=index, word=word, answer=answer, received_at=at)
    )
    return answer


def word_of(body: str) -> str:
    """Which of our words this is: full-width, capitals, quotes and full stops do not matter."""
    written = unicodedata.normalize("NFKC", body).casefold().strip(AROUND)
    return _MEANING.get(written, OTHER)


async def _act(session: AsyncSession, index: bytes, worker: Worker | None, word: str, at: datetime) -> bool:
    """All that a word can do: messages stop or start, and the bureau's desk is told. Whether there was a desk to tell."""
    if word == STOP:
        await stop(session, index, "worker")
    elif word == START:
        await session.execute(delete(OptOut).where(OptOut.phone_index == index))
    elif word == OBJECT and worker is not None:
        return await _tell_desk(session, worker, at)
    return True


async def _may_answer(session: AsyncSession, index: bytes, at: datetime) -> bool:
    """Whoever writes without end is not answered without end; what they wrote has counted all the same."""
    for most, within in ANSWERS:
        lately = select(func.count()).where(
            InboundMessage.phone_index == index, InboundMessage.answer.is_not(None), InboundMessage.received_at > at - within
        )
        if (await session.scalar(lately) or 0) >= most:
            return False
    return True


async def _answer(session: AsyncSession, place: Place, worker: Worker | None, word: str, at: datetime) -> str:
    language = "zh" if worker is None else preferred(worker.language)
    if word in (STOP, START):
        return text("reply_stopped" if word == STOP else "reply_started", language)
    if worker is None:
        return text("reply_stranger", language)
    if word == BALANCE:
        return await _balance(session, place, worker, language, at.astimezone(SITE_ZONE).date())
    if word == LAST:
        return await _last(session, place, worker, language)
    if word == OBJECT:
        return text("reply_object", language, link=place.public_url + await _form_of(session, worker))
    return text("reply_help", language)


async def _form_of(session: AsyncSession, worker: Worker) -> str:
    """Where the contest form of the worker's newest line opens, once they are signed in.

    The place of a line is public on the chain: who reads the link along learns nothing, and can do nothing with it.
    """
    newest = (
        await session.execute(
            select(Project, WageSheet, WageLine.index)
            .join(WageSheet, WageSheet.id == WageLine.sheet_pk)
            .join(Project, Project.id == WageSheet.project_pk)
            .where(WageLine.worker_pk == worker.id, WageSheet.state == relayed.DONE)
            .order_by(WageSheet.posted_at.desc(), WageSheet.id.desc())
            .limit(1)
        )
    ).one_or_none()
    if newest is None:
        return "/w/"
    project, sheet, index = newest
    return f"/w/#line={escrow_of(project).removeprefix('0x')[:ESCROW_DIGITS]}/{sheet.number}/{index}"


async def _balance(session: AsyncSession, place: Place, worker: Worker, language: Language, today: date) -> str:
    """What is posted and not released, when it is due, and what the bank has not paid out yet."""
    lines = (
        await session.execute(
            select(WageLine, WageSheet.payday)
            .join(WageSheet, WageSheet.id == WageLine.sheet_pk)
            .where(WageLine.worker_pk == worker.id, WageSheet.state == relayed.DONE)
        )
    ).all()
    owed = [(line, payday) for line, payday in lines if line.released_tx is None]
    with_bank = sum(line.amount_fen for line, _ in lines if _is_with_bank(line, place.deployment))
    if not owed:
        return text("reply_nothing_owed", language, on_way=yuan(with_bank))
    paydays = sorted(payday for _, payday in owed)
    nearest = next((day for day in paydays if day >= today), paydays[-1])
    owed_fen = sum(line.amount_fen for line, _ in owed)
    return text("reply_owed", language, owed=yuan(owed_fen), payday=nearest, on_way=yuan(with_bank))


async def _last(session: AsyncSession, place: Place, worker: Worker, language: Language) -> str:
    """The bank's receipt, or, where no bank is between, the release: only then has a wage reached its worker."""
    lines = await session.scalars(
        select(WageLine).where(WageLine.worker_pk == worker.id, WageLine.released_at.is_not(None))
    )
    arrived = [(_arrived_at(line, place.deployment), line.amount_fen) for line in lines]
    newest = max(((at, fen) for at, fen in arrived if at is not None), default=None)
    if newest is None:
        return text("reply_no_last", language)
    return text("reply_last", language, amount=yuan(newest[1]), day=newest[0].astimezone(SITE_ZONE).date())


def _is_with_bank(line: WageLine, deployment: Deployment) -> bool:
    return line.released_tx is not None and line.settled_tx is None and line.released_payout == deployment.bank


def _arrived_at(line: WageLine, deployment: Deployment) -> datetime | None:
    return line.settled_at if line.released_payout == deployment.bank else line.released_at


async def _tell_desk(session: AsyncSession, worker: Worker, at: datetime) -> bool:
    """Put the worker on the desk of the bureau of the project that posted a wage last, or that they joined. Once a day."""
    project = await session.scalar(
        select(WageSheet.project_pk)
        .join(WageLine, WageLine.sheet_pk == WageSheet.id)
        .where(WageLine.worker_pk == worker.id, WageSheet.state == relayed.DONE)
        .order_by(WageSheet.posted_at.desc())
        .limit(1)
    ) or await session.scalar(
        select(Project.id)
        .join(Membership, Membership.project_pk == Project.id)
        .where(Membership.worker_pk == worker.id, Membership.state == relayed.DONE)
        .order_by(Project.id.desc())
        .limit(1)
    )
    if project is None:
        return False
    day = at.astimezone(SITE_ZONE).date()
    kept = insert(DeskNotice).values(project_pk=project, worker_pk=worker.id, day=day, written_at=at)
    await session.execute(kept.on_conflict_do_nothing())
    return True
