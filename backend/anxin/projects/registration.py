"""Putting people on a project's roster, one ID number under one number.

Contractor and labour officer register anybody's workers, a subcontractor its own. Registering the same again changes
nothing; a mistake is written over until the worker holds a key or is on record elsewhere, terms until they are signed.
"""

from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core import relayed
from anxin.core.clock import now
from anxin.core.wire import hex_address
from anxin.people import real_names
from anxin.people.errors import RecordFixed
from anxin.people.models import Worker
from anxin.people.real_names import Person
from anxin.projects.access import Acting, active_parties
from anxin.projects.errors import NotOnRoster, NumberTaken, OnRosterAlready, TermsSigned, UnknownEmployer
from anxin.projects.models import Membership, Party, Project, RosterEntry
from anxin.projects.schemas import Registered, RosterPerson

REGISTERS = ("contractor", "officer", "subcontractor")
SIGNED = (relayed.ACCEPTED, relayed.SENT, relayed.DONE)


@dataclass(frozen=True)
class Intake:
    """Who registers, where, and what pays a worker who has an account with the bank (BankPayout's address)."""

    acting: Acting
    bank: str

    def payout_of(self, person: Person) -> str | None:
        return self.bank if person.bank_account else None


async def register(session: AsyncSession, intake: Intake, worker_no: str, data: RosterPerson) -> Registered:
    """Put a person on the roster under this number, or write over what it says of them.

    Raises BadIdNumber, BadName, BadPhone, BadBankAccount, UnknownEmployer, NumberTaken, OnRosterAlready, RecordFixed,
    TermsSigned.
    """
    person = Person.read(data.id_number, data.name, data.phone, data.bank_account)
    project = intake.acting.project
    employer = await employer_of(session, intake.acting, data.employer)
    await session.get_one(Project, project.id, with_for_update=True)  # one change to a roster at a time
    entry = await _entry_for(session, intake.acting, worker_no, person)
    if entry is not None:
        return await _again(session, intake, entry, person, data, employer)
    found = await real_names.put_on_record(session, person, payout=intake.payout_of(person))
    entry = RosterEntry(
        project_pk=project.id, worker_pk=found.worker.id, worker_no=worker_no, employer=employer,
        was_known=found.was_known, registered_by=intake.acting.address, registered_at=now(), **_terms(data),
    )  # fmt: skip
    session.add(entry)
    await session.flush()
    return _registered(entry, found.worker)


async def entry_of(session: AsyncSession, acting: Acting, worker_no: str) -> RosterEntry:
    """Return what the roster has under this number, for whom it is theirs to see. Raises NotOnRoster."""
    entry = await session.scalar(
        select(RosterEntry).where(RosterEntry.project_pk == acting.project.id, RosterEntry.worker_no == worker_no)
    )
    if entry is None or not is_theirs(acting, entry):
        raise NotOnRoster(worker_no=worker_no)
    return entry


def is_theirs(acting: Acting, entry: RosterEntry) -> bool:
    """A subcontractor has to do with its own workers only."""
    return acting.role != "subcontractor" or entry.employer == acting.address


async def employer_of(session: AsyncSession, acting: Acting, asked: str | None) -> str:
    """Return whose worker it is: the contractor's where nobody is named. Raises Malformed, UnknownEmployer."""
    if acting.role == "subcontractor":
        own = hex_address(asked, "employer") if asked else acting.address
        if own != acting.address:
            raise UnknownEmployer(employer=own)
        return own
    contractor = acting.project.contractor
    address = hex_address(asked, "employer") if asked else contractor
    firms = active_parties(acting.project).where(Party.address == address, Party.role == "subcontractor")
    if address != contractor and await session.scalar(firms) is None:
        raise UnknownEmployer(employer=address)
    return address


async def _entry_for(session: AsyncSession, acting: Acting, worker_no: str, person: Person) -> RosterEntry | None:
    """Return the roster's entry of this number and person. Raises NumberTaken, OnRosterAlready where they do not agree."""
    here = select(RosterEntry).where(RosterEntry.project_pk == acting.project.id)
    by_number = await session.scalar(here.where(RosterEntry.worker_no == worker_no))
    worker = await real_names.find(session, person.id_number)
    by_person = worker and await session.scalar(here.where(RosterEntry.worker_pk == worker.id))
    if by_person is not None and by_person.worker_no != worker_no:
        raise OnRosterAlready(worker_no=by_person.worker_no)
    if by_number is not None and (by_person is None or not is_theirs(acting, by_number)):
        raise NumberTaken(worker_no=worker_no)
    return by_number


async def _again(
    session: AsyncSession, intake: Intake, entry: RosterEntry, person: Person, data: RosterPerson, employer: str
) -> Registered:
    """What was known before through another project is not compared: the answer must not say what is on record there."""
    worker = await session.get_one(Worker, entry.worker_pk)
    if not entry.was_known and not real_names.same_as_on_record(worker, person):
        if await real_names.has_key(session, worker) or await _is_elsewhere(session, entry):
            raise RecordFixed(worker_no=entry.worker_no)
        await real_names.correct(session, worker, person, payout=intake.payout_of(person))
    terms = {**_terms(data), "employer": employer}
    if any(getattr(entry, name) != value for name, value in terms.items()):
        if await session.scalar(_membership(entry).where(Membership.state.in_(SIGNED))) is not None:
            raise TermsSigned(worker_no=entry.worker_no)
        for name, value in terms.items():
            setattr(entry, name, value)
    return _registered(entry, worker)


async def _is_elsewhere(session: AsyncSession, entry: RosterEntry) -> bool:
    others = select(RosterEntry.id).where(RosterEntry.worker_pk == entry.worker_pk, RosterEntry.id != entry.id)
    return await session.scalar(others.limit(1)) is not None


def _membership(entry: RosterEntry) -> Select[bytes]:
    return select(Membership.digest).where(
        Membership.project_pk == entry.project_pk, Membership.worker_pk == entry.worker_pk
    )


def _terms(data: RosterPerson) -> dict[str, object]:
    return {
        "team": data.team, "contract_type": data.contract_type, "rate_fen": data.rate_fen,
        "piece_quota": data.piece_quota, "starts_on": data.starts_on,
    }  # fmt: skip


def _registered(entry: RosterEntry, worker: Worker) -> Registered:
    return Registered(entry.worker_no, entry.was_known, entry.was_known or worker.phone_index is not None)
