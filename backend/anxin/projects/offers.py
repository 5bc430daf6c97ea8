"""Labour contracts on offer: written from the roster, signed by the contractor's wallet, then the worker's to accept.

    roster ──► prepared: text, salt, digest ──► contractor signs (Join) ──► offered ──► `accept_join`

A prepared contract is nobody's offer: the worker does not see it before the contractor has signed the same digest.
"""

import secrets
from collections.abc import Callable, Sequence
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core import relayed
from anxin.core.clock import now
from anxin.core.deployment import Deployment
from anxin.core.errors import OfferNotFound, SignatureExpired, WrongSigner
from anxin.core.signing import digest as digest_of
from anxin.core.signing import recover_wallet
from anxin.core.wire import Kept, hex_bytes
from anxin.people import openings
from anxin.people.models import Worker
from anxin.projects.access import Acting, active_parties
from anxin.projects.contract_text import Agreed, contract_text
from anxin.projects.errors import NotOnRoster
from anxin.projects.models import Membership, Party, Project, RosterEntry
from anxin.projects.registration import entry_of
from anxin.projects.roster import PREPARED
from anxin.projects.schemas import PreparedOffer, SignedContract
from anxin.projects.service import Terms, escrow_of, join_message

OFFER_DAYS = 60
READ, WRITTEN = "查看劳动合同", "起草劳动合同"  # why a contract was opened, for the worker
MAX_AT_ONCE = 500

DayCap = Callable[[str, int, int | None], int]  # contract type, rate in fen, quota → fen


async def prepare(
    session: AsyncSession, deployment: Deployment, day_cap: DayCap, acting: Acting, numbers: Sequence[str]
) -> list[PreparedOffer]:
    """Write the contracts of these numbers; of everybody without one where none is named. Returns all that wait.

    What is written already stays as it is, unless the roster has changed since or its time has run out. Raises NotOnRoster.
    """
    project = await session.get_one(Project, acting.project.id, with_for_update=True)
    entries = (
        await session.scalars(
            select(RosterEntry).where(RosterEntry.project_pk == project.id).order_by(RosterEntry.worker_no)
        )
    ).all()
    asked = set(numbers) or {entry.worker_no for entry in entries}
    if missing := asked - {entry.worker_no for entry in entries}:
        raise NotOnRoster(worker_no=", ".join(sorted(missing)))
    chosen = [entry for entry in entries if entry.worker_no in asked]
    known = await _memberships(session, project)
    for entry in [each for each in chosen if _needs_text(each, known.get(each.worker_pk))][:MAX_AT_ONCE]:
        await _write(session, deployment, day_cap, acting, entry, known.get(entry.worker_pk))
    return await prepared(session, acting)


async def prepared(session: AsyncSession, acting: Acting) -> list[PreparedOffer]:
    """Return the contracts that wait for the contractor's signature, by number."""
    rows = await session.execute(
        select(Membership, RosterEntry.worker_no, Worker.worker_id)
        .join(Worker, Worker.id == Membership.worker_pk)
        .join(
            RosterEntry,
            (RosterEntry.worker_pk == Membership.worker_pk) & (RosterEntry.project_pk == Membership.project_pk),
        )
        .where(
            Membership.project_pk == acting.project.id, Membership.state == PREPARED,
            Membership.deadline > int(now().timestamp()),
        )
        .order_by(RosterEntry.worker_no)
    )  # fmt: skip
    return [
        PreparedOffer(
            digest=_hex(row.digest), worker_no=number, worker_id=_hex(worker_id), contract=row.contract or "",
            day_cap_fen=row.day_cap_fen, terms_hash=_hex(row.terms_hash), deadline=row.deadline,
        )
        for row, number, worker_id in rows
    ]  # fmt: skip


async def sign(session: AsyncSession, acting: Acting, digest: str, signature: str) -> Kept:
    """Keep the contractor's signature: from now on the worker can accept. Resending it changes nothing.

    Raises OfferNotFound, WrongSigner, SignatureExpired.
    """
    row = await session.get(Membership, hex_bytes(digest, 32, "digest"), with_for_update=True)
    if row is None or row.project_pk != acting.project.id:
        raise OfferNotFound()
    raw = hex_bytes(signature, 65, "signature")
    if recover_wallet(row.digest, raw) != acting.project.contractor:
        raise WrongSigner(expected=acting.project.contractor)
    if row.state == PREPARED:
        if row.deadline < now().timestamp():
            raise SignatureExpired()
        row.contractor_signature, row.state = raw, relayed.WAITING
    return Kept(digest, row.state)


async def contract_of(session: AsyncSession, project: Project, worker: Worker) -> SignedContract:
    """Return a contract as it was signed, with all that is needed to check it by itself. Raises OfferNotFound."""
    row = await session.scalar(
        select(Membership).where(
            Membership.project_pk == project.id, Membership.worker_pk == worker.id, Membership.state != PREPARED
        )
    )
    if row is None or row.contract is None:
        raise OfferNotFound()
    return SignedContract(
        escrow=escrow_of(project), contract=row.contract, terms_hash=_hex(row.terms_hash), digest=_hex(row.digest),
        worker_id=worker.hex_id, day_cap_fen=row.day_cap_fen, deadline=row.deadline, contractor=project.contractor,
        contractor_signature=_hex(row.contractor_signature or b""),
        worker_signature=_hex(row.worker_signature) if row.worker_signature else None, state=row.state, tx_hash=row.tx_hash,
    )  # fmt: skip


async def read_contract(session: AsyncSession, acting: Acting, worker_no: str) -> SignedContract:
    """Return a contract to the employer's side, and keep that it was read. Raises NotOnRoster, OfferNotFound."""
    entry = await entry_of(session, acting, worker_no)
    worker = await session.get_one(Worker, entry.worker_pk)
    signed = await contract_of(session, acting.project, worker)
    openings.keep(session, worker, "contract", READ, acting.opener)
    return signed


async def _memberships(session: AsyncSession, project: Project) -> dict[int, Membership]:
    rows = await session.scalars(select(Membership).where(Membership.project_pk == project.id).with_for_update())
    return {row.worker_pk: row for row in rows}


def _needs_text(entry: RosterEntry, row: Membership | None) -> bool:
    if row is None or row.state == relayed.REFUSED:
        return True
    if row.state == relayed.WAITING:
        return row.deadline < now().timestamp()
    same = (entry.team, entry.employer, entry.contract_type, entry.rate_fen, entry.piece_quota) == (
        row.team, row.employer, row.contract_type, row.rate_fen, row.piece_quota
    )  # fmt: skip
    return row.state == PREPARED and (not same or row.deadline < now().timestamp())


async def _write(
    session: AsyncSession, deployment: Deployment, day_cap: DayCap, acting: Acting, entry: RosterEntry,
    former: Membership | None,
) -> None:  # fmt: skip
    project, worker = acting.project, await session.get_one(Worker, entry.worker_pk)
    openings.keep(session, worker, "contract", WRITTEN, acting.opener)
    cap = day_cap(entry.contract_type, entry.rate_fen, entry.piece_quota)
    text = contract_text(await _agreed(session, project, entry, worker, cap), secrets.token_hex(16))
    terms = Terms(entry.team, entry.contract_type, entry.rate_fen, cap, entry.piece_quota, text)
    deadline = int((now() + timedelta(days=OFFER_DAYS)).timestamp())
    if former is not None:
        await session.delete(former)
        await session.flush()
    words = digest_of(deployment.escrow_domain(escrow_of(project)), "Join", join_message(worker, terms, deadline))
    session.add(
        Membership(
            digest=words, project_pk=project.id, worker_pk=worker.id, team=terms.team, employer=entry.employer,
            contract_type=terms.contract_type, rate_fen=terms.rate_fen, piece_quota=terms.piece_quota, day_cap_fen=cap,
            terms_hash=terms.hash, contract=text, deadline=deadline, state=PREPARED,
        )
    )  # fmt: skip


async def _agreed(session: AsyncSession, project: Project, entry: RosterEntry, worker: Worker, cap_fen: int) -> Agreed:
    """A worker who was on record before is named by number alone: who writes the text has not seen who they are."""
    firms = active_parties(project).where(Party.address == entry.employer, Party.role == "subcontractor")
    party = await session.scalar(firms)
    named = f"{worker.name}（{entry.worker_no}）" if worker.name and not entry.was_known else entry.worker_no
    return Agreed(
        worker=named, employer=party.firm if party else project.contractor_name, contractor=project.contractor_name,
        project=project.name, address=project.address, team=entry.team, contract_type=entry.contract_type,
        rate_fen=entry.rate_fen, piece_quota=entry.piece_quota, day_cap_fen=cap_fen, starts_on=entry.starts_on,
        payday_day=project.payday_day,
    )  # fmt: skip


def _hex(raw: bytes) -> str:
    return "0x" + raw.hex()
