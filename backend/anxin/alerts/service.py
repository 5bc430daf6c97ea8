"""Telling workers. SMS informs; it never authorises and never moves money.

A message is a row first and a job second, in the transaction of the event it tells of. How it is sent: delivery.py.
"""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.alerts.models import QUEUED, Message
from anxin.alerts.segments import size_of
from anxin.alerts.sms import SmsSender, Undeliverable
from anxin.alerts.texts import short_name, text
from anxin.core import jobs
from anxin.core.clock import now
from anxin.core.deployment import Deployment
from anxin.core.events import Event
from anxin.core.jobs import Payload
from anxin.core.language import Language, preferred
from anxin.core.money import yuan
from anxin.core.sealing import sealer
from anxin.core.signing import from_hex
from anxin.people.models import LoginCode, Worker
from anxin.projects.models import Project


async def send_login_code(session: AsyncSession, payload: Payload, sender: SmsSender) -> None:
    """Job `login_code`. Not kept as a message: the code is secret, and useless in five minutes."""
    index = bytes.fromhex(payload["phoneIndex"])
    worker = await session.scalar(select(Worker).where(Worker.phone_index == index))
    if worker is None or worker.phone is None:
        return  # nobody on record has this number: whoever asked is not told
    newest = select(LoginCode).where(LoginCode.phone_index == index).order_by(LoginCode.id.desc()).limit(1)
    kept = await session.scalar(newest)
    if kept is not None and (kept.used_at is not None or kept.expires_at <= now()):
        return  # it comes too late: it would only confuse
    code = sealer().open(payload["sealedCode"].encode())
    try:
        await sender.send(worker.phone, text("login_code", preferred(payload["language"]), code=code))
    except Undeliverable:
        return


async def send_number_code(session: AsyncSession, payload: Payload, sender: SmsSender) -> None:
    """Job `number_code`: to the number that a worker wants on record. Not kept as a message either."""
    number = sealer().open(payload["sealedNumber"].encode())
    code = sealer().open(payload["sealedCode"].encode())
    try:
        await sender.send(number, text("number_code", preferred(payload["language"]), code=code))
    except Undeliverable:
        return


async def tell(
    session: AsyncSession,
    worker: Worker,
    kind: str,
    key: str,
    *,
    escrow: str | None = None,
    to_phone: str | None = None,
    **values: object,
) -> None:
    """Keep a message to a worker, and its job. The same key again is the same message.

    Args:
        escrow: of the project that the message is counted for.
        to_phone: another number than the one on record.
    """
    body = text(kind, preferred(worker.language), **values)
    await _keep(session, kind, key, body, worker_pk=worker.id, escrow=escrow, to_phone=to_phone)


async def tell_number(
    session: AsyncSession, number: str, kind: str, key: str, *, escrow: str, language: Language = "zh", **values: object
) -> None:
    """Keep a message to a contact of the contractor or the bureau, and its job."""
    await _keep(session, kind, key, text(kind, language, **values), worker_pk=None, escrow=escrow, to_phone=number)


async def _keep(
    session: AsyncSession,
    kind: str,
    key: str,
    body: str,
    *,
    worker_pk: int | None,
    escrow: str | None,
    to_phone: str | None,
) -> None:
    project = select(Project.id).where(Project.escrow == escrow).scalar_subquery()
    created = now()
    message_id = await session.scalar(
        insert(Message)
        .values(
            key=f"{kind}:{key}", worker_pk=worker_pk, project_pk=project, kind=kind, body=body, to_phone=to_phone,
            state=QUEUED, segments=size_of(body).segments, created_at=created, next_attempt_at=created,
        )
        .on_conflict_do_nothing(index_elements=[Message.key])
        .returning(Message.id)
    )  # fmt: skip
    if message_id is not None:
        await jobs.enqueue(session, "sms", {"message": message_id})


async def tell_posted(session: AsyncSession, event: Event) -> None:
    project = await session.scalar(select(Project).where(Project.escrow == event.address))
    if project is None:
        return
    for line in event.args["lines"]:
        worker = await worker_of(session, line["workerId"])
        if worker is not None:
            days = line["dayMask"].bit_count()  # none where a correction only adds to days of before
            kind = "line_posted" if days else "line_added"
            await tell(
                session, worker, kind, f"{event.key}:{line['index']}", escrow=event.address,
                project=short_name(project.name), days=days, amount=yuan(line["amount"]),
            )  # fmt: skip


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
    worker = await worker_of(session, event.args["workerId"])
    if worker is not None:
        told_fen = event.args["amount"] if amount_fen is None else amount_fen
        await tell(session, worker, kind, event.key, escrow=event.address, amount=yuan(told_fen))


async def worker_of(session: AsyncSession, worker_id: str) -> Worker | None:
    """None for one on record with another operator."""
    found: Worker | None = await session.scalar(select(Worker).where(Worker.worker_id == from_hex(worker_id)))
    return found
