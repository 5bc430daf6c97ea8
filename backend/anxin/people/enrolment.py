"""Enrolment: a phone asks for its key, a registrar who has seen the person signs the same words, the chain records it."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core import calls, relayed
from anxin.core.clock import now
from anxin.core.deployment import Deployment
from anxin.core.errors import (
    AlreadyEnrolled,
    BadKey,
    EnrolmentNotFound,
    NoPayout,
    SignatureExpired,
    WrongKey,
    WrongSigner,
)
from anxin.core.events import Event
from anxin.core.signing import from_hex, is_signed_by, is_usable, pack, recover_wallet
from anxin.core.wire import Kept, check_form, hex_address, hex_bytes, signed_digest
from anxin.people.models import Enrolment, Worker
from anxin.people.schemas import (
    Countersignature,
    EnrolmentOffer,
    EnrolmentStatus,
    SignedEnrolment,
    WaitingEnrolment,
)

OFFER_DAYS = 30

Registrars = frozenset[str]  # 0x addresses, lower case


async def submit(
    session: AsyncSession, deployment: Deployment, worker: Worker, digest: str, signed: SignedEnrolment
) -> Kept:
    """Keep a worker's signed enrolment for the registrar. Resending it changes nothing.

    Raises NoPayout, AlreadyEnrolled, BadKey, DigestMismatch, SignatureExpired, HighS, WrongKey.
    """
    if worker.payout is None:
        raise NoPayout()
    if not is_usable(signed.key):
        raise BadKey()
    signed_words = signed_digest(
        digest,
        deployment.registry_domain,
        "Enrolment",
        {
            "workerId": worker.worker_id, "assurance": signed.key.assurance, "x": signed.key.x, "y": signed.key.y,
            "payout": worker.payout, "deadline": signed.deadline,
        },
    )  # fmt: skip
    check_form(signed.signature)
    known = await session.get(Enrolment, signed_words)
    if known is not None:
        return Kept(digest, known.state)
    if signed.deadline < now().timestamp():
        raise SignatureExpired()
    if not is_signed_by(signed.key, signed_words, signed.signature, deployment.rp_id_hash):
        raise WrongKey()
    if worker.key is not None:
        raise AlreadyEnrolled()
    await session.execute(
        insert(Enrolment)
        .values(
            digest=signed_words, worker_pk=worker.id, assurance=signed.key.assurance, x=signed.key.x, y=signed.key.y,
            payout=worker.payout, deadline=signed.deadline, worker_proof=pack(signed.signature),
            received_at=now(), state=relayed.WAITING,
        )
        .on_conflict_do_nothing()
    )  # fmt: skip
    kept = await session.get_one(Enrolment, signed_words)
    return Kept(digest, kept.state)


async def waiting(session: AsyncSession) -> list[WaitingEnrolment]:
    """Enrolments no registrar has signed yet, oldest first. What they hold will be public on the chain."""
    rows = await session.execute(
        select(Enrolment, Worker)
        .join(Worker, Worker.id == Enrolment.worker_pk)
        .where(Enrolment.state == relayed.WAITING, Enrolment.deadline > int(now().timestamp()))
        .order_by(Enrolment.received_at)
        .limit(500)
    )
    return [
        WaitingEnrolment("0x" + row.digest.hex(), worker.hex_id, row.key, row.payout, row.deadline)
        for row, worker in rows
    ]


async def countersign(
    session: AsyncSession, deployment: Deployment, registrars: Registrars, digest: str, by: Countersignature
) -> Kept:
    """Keep the registrar's signature and send both to the chain, which checks again who is a registrar.

    Raises EnrolmentNotFound, WrongSigner.
    """
    row = await session.get(Enrolment, hex_bytes(digest, 32, "digest"), with_for_update=True)
    if row is None:
        raise EnrolmentNotFound(digest=digest)
    signature = hex_bytes(by.signature, 65, "signature")
    registrar = hex_address(by.registrar, "registrar")
    if registrar not in registrars or recover_wallet(row.digest, signature) != registrar:
        raise WrongSigner(expected=", ".join(sorted(registrars)))
    if row.state == relayed.WAITING:
        worker = await session.get_one(Worker, row.worker_pk)
        row.registrar, row.registrar_signature = registrar, signature
        await relayed.hand_over(session, [row], _call(deployment, row, worker))
    return Kept(digest, row.state)


def _call(deployment: Deployment, row: Enrolment, worker: Worker) -> calls.Call:
    return calls.Call(
        key=f"enrol:0x{row.digest.hex()}",
        contract="WorkerRegistry",
        address=deployment.addresses.registry,
        function="enrol",
        arguments={
            "workerId": worker.hex_id,
            "key": {"assurance": row.assurance, "x": row.x, "y": row.y},
            "payout": row.payout,
            "deadline": row.deadline,
            "registrar": row.registrar,
            "registrarSignature": "0x" + (row.registrar_signature or b"").hex(),
            "workerProof": "0x" + row.worker_proof.hex(),
        },
    )


async def record_enrolled(session: AsyncSession, event: Event) -> None:
    """The registry's final word: this key speaks for this worker, and this is where they are paid."""
    worker = await worker_of(session, event)
    if worker is None:
        return
    worker.assurance, worker.x, worker.y = event.args["assurance"], event.args["x"], event.args["y"]
    worker.payout = event.args["payout"]
    rows = await session.scalars(select(Enrolment).where(Enrolment.worker_pk == worker.id))
    for row in rows:
        is_this = row.key == worker.key
        row.state = relayed.DONE if is_this else relayed.REFUSED
        row.tx_hash = event.tx_hash if is_this else row.tx_hash


async def record_key_changed(session: AsyncSession, event: Event) -> None:
    """From now on another key speaks for this worker: rotated by themselves, or recovered before a registrar."""
    worker = await worker_of(session, event)
    if worker is not None:
        worker.assurance, worker.x, worker.y = event.args["assurance"], event.args["x"], event.args["y"]


async def record_payout_changed(session: AsyncSession, event: Event) -> None:
    """From now on this worker is paid elsewhere."""
    worker = await worker_of(session, event)
    if worker is not None:
        worker.payout = event.args["payout"]


async def worker_of(session: AsyncSession, event: Event) -> Worker | None:
    """None for one enrolled through another operator."""
    found: Worker | None = await session.scalar(
        select(Worker).where(Worker.worker_id == from_hex(event.args["workerId"]))
    )
    return found


async def status(session: AsyncSession, worker: Worker) -> EnrolmentStatus:
    latest = await session.scalar(
        select(Enrolment).where(Enrolment.worker_pk == worker.id).order_by(Enrolment.received_at.desc()).limit(1)
    )
    if worker.key is not None:
        return EnrolmentStatus("enrolled", worker.key, None, None)
    if latest is None:
        return EnrolmentStatus("none", None, None, None)
    return EnrolmentStatus(latest.state, latest.key, "0x" + latest.digest.hex(), latest.reason)


def offer() -> EnrolmentOffer:
    """Until when an enrolment signed now may be used."""
    return EnrolmentOffer(int((now() + timedelta(days=OFFER_DAYS)).timestamp()))
