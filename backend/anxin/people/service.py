"""Workers on record."""

import secrets

from eth_utils.crypto import keccak
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core.deployment import Deployment
from anxin.core.errors import NotEnrolled, WrongKey
from anxin.core.language import Language
from anxin.core.sealing import sealer
from anxin.core.sheet_tree import WORKER_ID_BYTES
from anxin.core.signing import WorkerSignature, is_signed_by
from anxin.people import enrolment
from anxin.people.models import Worker
from anxin.people.phone import masked, normal_phone
from anxin.people.schemas import Me


async def register_worker(
    session: AsyncSession, worker_no: str, *, name: str, phone: str, payout: str | None, language: Language = "zh"
) -> Worker:
    """Put a worker on record, or return the one of that number. Raises BadPhone.

    Args:
        payout: 0x address the worker's wages go to: their own, or BankPayout where the bank pays them; None until known.
    """
    known = await session.scalar(select(Worker).where(Worker.worker_no == worker_no))
    if known is not None:
        return known
    number, salt = normal_phone(phone), secrets.token_hex(32)
    worker = Worker(
        worker_no=worker_no, worker_id=new_worker_id(salt, worker_no, name), salt=salt, name=name, phone=number,
        phone_index=sealer().index(number), language=language, payout=payout and payout.lower(),
    )  # fmt: skip
    session.add(worker)
    await session.flush()
    return worker


def new_worker_id(salt: str, identity: str, name: str) -> bytes:
    """16 bytes are unique enough, and calldata is dear: the registry wants the others to be zero."""
    return keccak(text=f"{salt}:{identity}:{name}")[:WORKER_ID_BYTES] + bytes(32 - WORKER_ID_BYTES)


def check_signed(deployment: Deployment, worker: Worker, words: bytes, signature: WorkerSignature) -> None:
    """Raises NotEnrolled, WrongKey unless `signature` over the digest `words` is by the worker's key on record."""
    if worker.key is None:
        raise NotEnrolled()
    if not is_signed_by(worker.key, words, signature, deployment.rp_id_hash):
        raise WrongKey()


async def describe(session: AsyncSession, deployment: Deployment, worker: Worker) -> Me:
    return Me(
        worker_no=worker.worker_no,
        display_name=worker.name or "",
        phone_masked=masked(worker.phone or ""),
        worker_id=worker.hex_id,
        language=worker.language,
        payout=worker.payout,
        paid_by_bank=worker.payout == deployment.bank,
        enrolment=await enrolment.status(session, worker),
        offer=enrolment.offer(),
    )
