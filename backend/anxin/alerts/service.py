"""Telling workers. SMS informs; it never authorises and never moves money.

A message is a row first and a job second, in the transaction of the event it tells of. It is sent at least once: a crash
between Twilio's answer and our commit sends it again.
"""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.alerts.models import Message
from anxin.alerts.sms import SmsSender, Undeliverable
from anxin.alerts.texts import text
from anxin.core import jobs
from anxin.core.clock import now
from anxin.core.deployment import Deployment
from anxin.core.events import Event
from anxin.core.jobs import Payload
from anxin.core.language import preferred
from anxin.core.money import yuan
from anxin.core.sealing import sealer
from anxin.core.signing import from_hex
from anxin.people.models import Worker
from anxin.projects.models import Project


async def send_login_code(session: AsyncSession, payload: Payload, sender: SmsSender) -> None:
    """Job `login_code`. Not kept as a message: the code is secret, and useless in five minutes."""
    worker = await session.scalar(select(Worker).where(Worker.phone_index == bytes.fromhex(payload["phoneIndex"])))
    if worker is None or worker.phone is None:
        return  # nobody on record has this number: whoever asked is not told
    code = sealer().open(payload["sealedCode"].encode())
    try:
        await sender.send(worker.phone, text("login_code", preferred(payload["language"]), code=code))
    except Undeliverable:
        return


async def send(session: AsyncSession, payload: Payload, sender: SmsSender) -> None:
    """Job `sms`: send a stored message once; a resend of the job finds it sent."""
    message = await session.get_one(Message, payload["message"], with_for_update=True)
    if message.state != "queued":
        return
    worker = await session.get_one(Worker, message.worker_pk)
    if worker.phone is None:
        message.state, message.reason = "undeliverable", "no number on record"
        return
    try:
        message.provider_id = await sender.send(worker.phone, message.body)
    except Undeliverable as reason:
        message.state, message.reason = "undeliverable", str(reason)
        return
    message.state, message.sent_at = "sent", now()


async def tell(session: AsyncSession, worker: Worker, kind: str, key: str, **values: object) -> None:
    """Keep a message and its job. The same key again is the same message."""
    body = text(kind, preferred(worker.language), **values)
    message_id = await session.scalar(
        insert(Message)
        .values(key=f"{kind}:{key}", worker_pk=worker.id, kind=kind, body=body, state="queued", created_at=now())
        .on_conflict_do_nothing()
        .returning(Message.id)
    )
    if message_id is not None:
        await jobs.enqueue(session, "sms", {"message": message_id})


async def tell_posted(session: AsyncSession, event: Event) -> None:
    project = await session.scalar(select(Project).where(Project.escrow == event.address))
    if project is None:
        return
    for line in event.args["lines"]:
        worker = await _worker(session, line["workerId"])
        if worker is not None:
            key = f"{event.key}:{line['index']}"
            days = line["dayMask"].bit_count()
            await tell(
                session, worker, "line_posted", key, project=project.name, days=days, amount=yuan(line["amount"])
            )


async def tell_released(session: AsyncSession, event: Event, *, deployment: Deployment) -> None:
    signed = "released" if event.args["assurance"] else "released_unsigned"
    await _tell_amount(session, event, signed + _by_bank(event, deployment))


async def tell_grant_paid(session: AsyncSession, event: Event, *, deployment: Deployment) -> None:
    """What a dispute granted has left for the worker's payout."""
    await _tell_amount(session, event, "grant_released" + _by_bank(event, deployment))


async def tell_settled(session: AsyncSession, event: Event) -> None:
    """The bank's receipt is on record: only now is anything paid. Of a line, or of what a dispute granted."""
    await _tell_amount(session, event, "paid")


async def tell_returned(session: AsyncSession, event: Event) -> None:
    await _tell_amount(session, event, "returned" if event.name == "LineReturned" else "grant_returned")


async def tell_contested(session: AsyncSession, event: Event) -> None:
    await _tell_amount(session, event, "contested", amount_fen=event.args["asked"])


async def tell_claimed(session: AsyncSession, event: Event) -> None:
    await _tell_amount(session, event, "claimed", amount_fen=event.args["asked"])


def _by_bank(event: Event, deployment: Deployment) -> str:
    return "_to_bank" if event.args["payout"] == deployment.bank else ""


async def _tell_amount(session: AsyncSession, event: Event, kind: str, *, amount_fen: int | None = None) -> None:
    worker = await _worker(session, event.args["workerId"])
    if worker is not None:
        await tell(
            session, worker, kind, event.key, amount=yuan(event.args["amount"] if amount_fen is None else amount_fen)
        )


async def _worker(session: AsyncSession, worker_id: str) -> Worker | None:
    found: Worker | None = await session.scalar(select(Worker).where(Worker.worker_id == from_hex(worker_id)))
    return found
