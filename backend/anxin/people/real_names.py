"""Real names: one ID number is one person, whoever registers them, however often and under whichever number.

What is on record about a person stays as it is when another project registers them: whoever asks learns that the person is
on record and nothing else, and cannot overwrite a phone number or an account that is not theirs to change. Everything
personal is a sealed column; an ID number is found again through a keyed index alone.

Source: 保障农民工工资支付条例 Art. 28 (real-name registration).
"""

import re
import secrets
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core.sealing import sealer
from anxin.people import numbers
from anxin.people.errors import BadBankAccount, BadName
from anxin.people.id_number import normal_id_number
from anxin.people.models import Enrolment, Worker
from anxin.people.phone import normal_phone
from anxin.people.service import new_worker_id

_NAME = re.compile(r"[^\W\d_]+(?:[ ·•.'-][^\W\d_]+)*\.?")
_ACCOUNT = re.compile(r"[0-9]{8,32}")
OWN_NUMBER_BYTES = 5


@dataclass(frozen=True)
class Person:
    """Who somebody is, in normal form. `bank_account` is their own; None until it is known."""

    id_number: str
    name: str
    phone: str
    bank_account: str | None

    @classmethod
    def read(cls, id_number: str, name: str, phone: str, bank_account: str | None) -> "Person":
        """Raises BadIdNumber, BadName, BadPhone, BadBankAccount."""
        return cls(
            normal_id_number(id_number), normal_name(name), normal_phone(phone),
            normal_account(bank_account) if bank_account else None,
        )  # fmt: skip


@dataclass(frozen=True)
class Found:
    """A worker, and whether they were on record before."""

    worker: Worker
    was_known: bool


def normal_name(written: str) -> str:
    """Raises BadName."""
    name = re.sub(r"\s+", " ", written).strip()
    if not 2 <= len(name) <= 50 or not _NAME.fullmatch(name):
        raise BadName()
    return name


def normal_account(written: str) -> str:
    """Raises BadBankAccount."""
    account = re.sub(r"[\s-]", "", written)
    if not _ACCOUNT.fullmatch(account):
        raise BadBankAccount()
    return account


def id_index(id_number: str) -> bytes:
    return sealer().index(f"id:{id_number}")


def account_index(account: str) -> bytes:
    return sealer().index(f"account:{account}")


async def find(session: AsyncSession, id_number: str) -> Worker | None:
    """Return who has this ID number (in normal form)."""
    found: Worker | None = await session.scalar(select(Worker).where(Worker.id_number_index == id_index(id_number)))
    return found


async def put_on_record(session: AsyncSession, person: Person, *, payout: str | None) -> Found:
    """Return the worker of this ID number, putting them on record the first time.

    A number with which somebody else signs in does not sign this person in: it is kept, and `phone_index` is null.

    Args:
        payout: 0x address where their wages go; None until it is known. It is not changed for who is on record.
    """
    known = await find(session, person.id_number)
    if known is not None:
        return Found(known, was_known=True)
    salt = secrets.token_hex(32)
    values = {
        "worker_no": "P" + secrets.token_hex(OWN_NUMBER_BYTES).upper(), "salt": salt,
        "worker_id": new_worker_id(salt, person.id_number, person.name), "name": person.name, "phone": person.phone,
        "id_number": person.id_number, "id_number_index": id_index(person.id_number), "language": "zh",
        "bank_account": person.bank_account, "payout": payout and payout.lower(),
        "bank_account_index": account_index(person.bank_account) if person.bank_account else None,
    }  # fmt: skip
    for phone_index in (sealer().index(person.phone), None):
        statement = insert(Worker).values(**values, phone_index=phone_index).on_conflict_do_nothing()
        made = await session.scalar(statement.returning(Worker.id))
        if made is not None:
            return Found(await session.get_one(Worker, made), was_known=False)
        known = await find(session, person.id_number)
        if known is not None:  # somebody put them on record at the same time
            return Found(known, was_known=True)
    raise RuntimeError("a new worker is neither on record nor can be put there")


async def correct(session: AsyncSession, worker: Worker, person: Person, *, payout: str | None) -> None:
    """Write name, phone and account again. Only for whoever put the worker on record, before the worker holds a key."""
    if worker.phone != person.phone:
        await numbers.enqueue_changed(session, worker, worker.phone)
    index = sealer().index(person.phone)
    taken = await session.scalar(select(Worker.id).where(Worker.phone_index == index, Worker.id != worker.id))
    worker.name, worker.phone, worker.phone_index = person.name, person.phone, None if taken else index
    worker.bank_account, worker.payout = person.bank_account, payout and payout.lower()
    worker.bank_account_index = account_index(person.bank_account) if person.bank_account else None
    await session.flush()


async def has_key(session: AsyncSession, worker: Worker) -> bool:
    """Whether the worker has a key, or has asked for one: from then on their record is what they signed for."""
    asked = await session.scalar(select(Enrolment.digest).where(Enrolment.worker_pk == worker.id).limit(1))
    return worker.key is not None or asked is not None


def same_as_on_record(worker: Worker, person: Person) -> bool:
    return (worker.name, worker.phone, worker.bank_account) == (person.name, person.phone, person.bank_account)


def masked_name(name: str | None) -> str:
    """张**, for screens that others may see."""
    return f"{name[0]}{'*' * min(2, len(name) - 1)}" if name else ""
