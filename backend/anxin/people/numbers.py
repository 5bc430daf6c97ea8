"""Another phone number for a worker: proven by a code sent to it, told to the old one, and in force only after three days.

A number is never identity: it signs nothing. But whoever has it can read what its owner is owed, and hears what its owner
should hear. So whoever holds a session in another's name, or has won a registrar, cannot take the number along unseen: the
old number is told at once, and anybody signed in as the worker can withdraw the wish while it waits.
"""

import secrets
from datetime import timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core import jobs
from anxin.core.clock import now
from anxin.core.jobs import Payload
from anxin.core.language import Language
from anxin.core.sealing import sealer
from anxin.people import login
from anxin.people.errors import NumberOnRecord
from anxin.people.models import NumberChange, Worker
from anxin.people.phone import masked, normal_phone
from anxin.people.schemas import LoginCodeSent, MyNumber, WaitingNumber

WAITS: Final = timedelta(days=3)  # as long as a recovered key does
DUE_JOB: Final = "number_due"
DONE, WITHDRAWN, TAKEN = "done", "withdrawn", "taken"


async def send_code(session: AsyncSession, worker: Worker, phone: str, language: Language) -> LoginCodeSent:
    """Send a code to the new number: whoever has it proves so. Raises BadPhone, NumberOnRecord, TooManyCodes."""
    number = _new_number(worker, phone)
    await login.new_code(session, _purpose(worker))  # goes nowhere: it counts what one worker asks for, to whatever number
    code = await login.new_code(session, number, _purpose(worker))
    sealed = {"sealedNumber": sealer().seal(number).decode(), "sealedCode": sealer().seal(code).decode()}
    await jobs.enqueue(session, "number_code", {**sealed, "language": language}, priority=10)
    return LoginCodeSent(login.RESEND_SECONDS, login.CODE_SECONDS)


async def ask(session: AsyncSession, worker: Worker, phone: str, code: str) -> MyNumber:
    """Keep the wish for another number, and tell the old one. Sending it again changes nothing; another number begins anew.

    Raises BadPhone, NumberOnRecord, WrongCode, CodeExpired.
    """
    number = _new_number(worker, phone)
    await session.get_one(Worker, worker.id, with_for_update=True)  # one wish at a time
    waiting = await _waiting(session, worker)
    if waiting is not None and waiting.phone == number:
        return view(worker, waiting)
    await login.spend_code(session, number, code, _purpose(worker))
    return view(worker, await _begin(session, worker, waiting, number, asked_by=None))


async def ask_in_person(session: AsyncSession, worker: Worker, phone: str, *, registrar: str) -> MyNumber:
    """The same for somebody who lost their number and stands before a registrar: what proves it is their ID card.

    Raises BadPhone, NumberOnRecord.
    """
    number = _new_number(worker, phone)
    await session.get_one(Worker, worker.id, with_for_update=True)  # one wish at a time
    waiting = await _waiting(session, worker)
    if waiting is None or waiting.phone != number:
        waiting = await _begin(session, worker, waiting, number, asked_by=registrar)
    return view(worker, waiting)


async def withdraw(session: AsyncSession, worker: Worker) -> MyNumber:
    """Give up the wish that waits. Without one nothing happens."""
    waiting = await _waiting(session, worker)
    if waiting is not None:
        waiting.ended_at, waiting.outcome = now(), WITHDRAWN
        await _tell(session, worker, "phone_change_withdrawn", waiting)
    return view(worker, None)


async def number_of(session: AsyncSession, worker: Worker) -> MyNumber:
    return view(worker, await _waiting(session, worker))


async def effect(session: AsyncSession, payload: Payload) -> None:
    """Job `number_due`: the wait is over. Done again it finds nothing to do.

    A number with which somebody else signs in by now is not taken from them, and nobody is locked out: the old one stays.
    """
    change = await session.get_one(NumberChange, payload["change"], with_for_update=True)
    left = (change.effective_at - now()).total_seconds()
    if change.ended_at is not None:
        return
    if left > 0:
        await jobs.enqueue(session, DUE_JOB, payload, after_seconds=left)
        return
    worker = await session.get_one(Worker, change.worker_pk, with_for_update=True)
    index = sealer().index(change.phone)
    taken = await session.scalar(select(Worker.id).where(Worker.phone_index == index, Worker.id != worker.id))
    change.ended_at, change.outcome = now(), DONE if taken is None else TAKEN
    if taken is None:
        await enqueue_changed(session, worker, worker.phone)
        worker.phone, worker.phone_index = change.phone, index


async def enqueue_changed(session: AsyncSession, worker: Worker, old: str | None) -> None:
    """Have the old number and the new one told, if and when the change commits. The new one is read when they are."""
    sealed = None if old is None else sealer().seal(old).decode()
    payload = {"worker": worker.id, "sealedOldPhone": sealed, "change": secrets.token_hex(8)}
    await jobs.enqueue(session, "phone_changed", payload)


async def _begin(
    session: AsyncSession, worker: Worker, waiting: NumberChange | None, number: str, *, asked_by: str | None
) -> NumberChange:
    at = now()
    if waiting is not None:
        waiting.ended_at, waiting.outcome = at, WITHDRAWN
        await session.flush()  # its place is free before the next one takes it
    change = NumberChange(
        worker_pk=worker.id, phone=number, asked_by=asked_by, asked_at=at, effective_at=at + WAITS
    )
    session.add(change)
    await session.flush()
    await _tell(session, worker, "phone_change_announced", change)
    await jobs.enqueue(session, DUE_JOB, {"change": change.id}, after_seconds=WAITS.total_seconds())
    return change


def view(worker: Worker, waiting: NumberChange | None) -> MyNumber:
    return MyNumber(
        masked(worker.phone) if worker.phone else "",
        None if waiting is None else WaitingNumber(masked(waiting.phone), waiting.effective_at),
    )


async def _tell(session: AsyncSession, worker: Worker, kind: str, change: NumberChange) -> None:
    told = {"worker": worker.id, "kind": kind, "change": change.id, "until": int(change.effective_at.timestamp())}
    await jobs.enqueue(session, "number_notice", told)


async def _waiting(session: AsyncSession, worker: Worker) -> NumberChange | None:
    found: NumberChange | None = await session.scalar(
        select(NumberChange)
        .where(NumberChange.worker_pk == worker.id, NumberChange.ended_at.is_(None))
        .with_for_update()
    )
    return found


def _new_number(worker: Worker, phone: str) -> str:
    number = normal_phone(phone)
    if number == worker.phone:
        raise NumberOnRecord()
    return number


def _purpose(worker: Worker) -> str:
    return f"number of {worker.id}"
