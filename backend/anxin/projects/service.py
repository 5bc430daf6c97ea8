"""Opening a project, enlisting workers on terms both sides sign, and what the chain has made final of it."""

from dataclasses import dataclass

import msgspec
from eth_utils.crypto import keccak
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core import calls, relayed
from anxin.core.clock import now
from anxin.core.deployment import Deployment
from anxin.core.errors import OfferNotFound, SignatureExpired, WrongSigner
from anxin.core.events import Event
from anxin.core.signing import digest as digest_of
from anxin.core.signing import from_hex, pack, recover_wallet
from anxin.core.wire import Kept, check_form, hex_address, signed_digest
from anxin.people.models import Worker
from anxin.people.service import check_signed
from anxin.projects import moves
from anxin.projects.contract_text import contract_hash
from anxin.projects.models import Membership, Project, RosterEntry
from anxin.projects.schemas import JoinOffer, MyProject, SignedJoin


@dataclass(frozen=True)
class Terms:
    """What a labour contract fixes of pay. rate_fen per day, hour, month or piece; `contract` is the text that says so to
    people (`contract_text.py`). What is signed is the hash of the text; of the terms themselves where there is none.
    """

    team: str
    contract_type: str
    rate_fen: int
    day_cap_fen: int
    piece_quota: int | None = None
    contract: str | None = None

    @property
    def hash(self) -> bytes:
        if self.contract is not None:
            return contract_hash(self.contract)
        return keccak(msgspec.json.encode(self, order="sorted"))


@dataclass(frozen=True)
class Windows:
    """How long each may stay silent: worker under a sheet, contractor under a claim, bureau under a dispute."""

    objection_seconds: int
    answer_seconds: int
    bureau_seconds: int

    @property
    def on_chain(self) -> dict[str, int]:
        return {"objection": self.objection_seconds, "answer": self.answer_seconds, "bureau": self.bureau_seconds}

    @classmethod
    def of(cls, project: Project) -> "Windows":
        return cls(
            project.objection_window_seconds, project.answer_window_seconds, project.bureau_window_seconds
        )


async def open_project(
    session: AsyncSession,
    reference: bytes,
    *,
    name: str,
    contractor_name: str,
    contractor: str,
    bureau: str,
    arbiter: str,
    windows: Windows,
) -> Project:
    """Put a project on record with what its escrow is to be made with, or return the one of that reference."""
    await session.execute(
        insert(Project)
        .values(
            reference=reference, name=name, contractor_name=contractor_name, contractor=contractor.lower(),
            bureau=bureau.lower(), arbiter=arbiter.lower(), objection_window_seconds=windows.objection_seconds,
            answer_window_seconds=windows.answer_seconds, bureau_window_seconds=windows.bureau_seconds,
        )
        .on_conflict_do_nothing()
    )  # fmt: skip
    return (await session.scalars(select(Project).where(Project.reference == reference))).one()


def join_message(worker: Worker, terms: Terms, deadline: int) -> dict[str, int | bytes | str]:
    """What contractor and worker both sign (`Join`)."""
    return {
        "workerId": worker.worker_id, "dayCap": terms.day_cap_fen, "termsHash": terms.hash, "deadline": deadline,
    }  # fmt: skip


async def enlist(
    session: AsyncSession,
    deployment: Deployment,
    project: Project,
    worker: Worker,
    terms: Terms,
    deadline: int,
    contractor_signature: bytes,
    *,
    employer: str | None = None,
) -> Membership:
    """Offer a worker these terms, as the contractor has signed them. Raises WrongSigner.

    Args:
        employer: 0x address of the subcontractor whose worker this is; the contractor's own where none is named.
    """
    words = digest_of(deployment.escrow_domain(escrow_of(project)), "Join", join_message(worker, terms, deadline))
    if recover_wallet(words, contractor_signature) != project.contractor:
        raise WrongSigner(expected=project.contractor)
    await session.execute(
        insert(RosterEntry)
        .values(
            project_pk=project.id, worker_pk=worker.id, worker_no=worker.worker_no, team=terms.team,
            employer=(employer or project.contractor).lower(), contract_type=terms.contract_type, rate_fen=terms.rate_fen,
            piece_quota=terms.piece_quota, registered_at=now(),
        )
        .on_conflict_do_nothing()
    )  # fmt: skip
    await session.execute(
        insert(Membership)
        .values(
            digest=words, project_pk=project.id, worker_pk=worker.id, team=terms.team,
            employer=(employer or project.contractor).lower(), contract_type=terms.contract_type, rate_fen=terms.rate_fen,
            piece_quota=terms.piece_quota, day_cap_fen=terms.day_cap_fen, terms_hash=terms.hash, deadline=deadline,
            contract=terms.contract, contractor_signature=contractor_signature, state=relayed.WAITING,
        )
        .on_conflict_do_nothing()
    )  # fmt: skip
    mine = select(Membership).where(Membership.project_pk == project.id, Membership.worker_pk == worker.id)
    return (await session.scalars(mine)).one()


async def accept_join(session: AsyncSession, deployment: Deployment, digest: str, signed: SignedJoin) -> Kept:
    """Keep the worker's signature under an offer and send both to the chain. Resending it changes nothing.

    Raises DigestMismatch, OfferNotFound, SignatureExpired, HighS, NotEnrolled, WrongKey.
    """
    escrow = hex_address(signed.escrow, "escrow")
    words = signed_digest(
        digest,
        deployment.escrow_domain(escrow),
        "Join",
        {
            "workerId": signed.worker_id, "dayCap": signed.day_cap_fen, "termsHash": signed.terms_hash,
            "deadline": signed.deadline,
        },
    )  # fmt: skip
    row = await session.get(Membership, words, with_for_update=True)
    if row is None or row.contractor_signature is None:
        raise OfferNotFound()
    check_form(signed.signature)
    worker = await session.get_one(Worker, row.worker_pk)
    check_signed(deployment, worker, words, signed.signature)
    if row.state == relayed.WAITING:
        if row.deadline < now().timestamp():
            raise SignatureExpired()
        row.worker_signature = pack(signed.signature)
        await relayed.hand_over(session, [row], _call(row, worker, escrow))
    return Kept(digest, row.state)


def _call(row: Membership, worker: Worker, escrow: str) -> calls.Call:
    return calls.Call(
        key=f"join:0x{row.digest.hex()}",
        contract="WageEscrow",
        address=escrow,
        function="join",
        arguments={
            "workerId": worker.hex_id,
            "dayCap": row.day_cap_fen,
            "termsHash": "0x" + row.terms_hash.hex(),
            "deadline": row.deadline,
            "contractorSignature": "0x" + (row.contractor_signature or b"").hex(),
            "workerSignature": "0x" + (row.worker_signature or b"").hex(),
        },
    )


async def my_projects(session: AsyncSession, worker: Worker) -> list[MyProject]:
    rows = await session.execute(
        select(Membership, Project, RosterEntry.worker_no)
        .join(Project, Project.id == Membership.project_pk)
        .outerjoin(
            RosterEntry,
            (RosterEntry.project_pk == Membership.project_pk) & (RosterEntry.worker_pk == Membership.worker_pk),
        )
        .where(
            Membership.worker_pk == worker.id, Project.escrow.is_not(None), Membership.contractor_signature.is_not(None)
        )
        .order_by(Project.id)
    )
    return [
        MyProject(escrow_of(project), project.name, project.contractor_name, number or worker.worker_no, _offer(row))
        for row, project, number in rows
    ]


def _offer(row: Membership) -> JoinOffer:
    named = {relayed.WAITING: "offered", relayed.DONE: "joined"}
    return JoinOffer(
        state=named.get(row.state, row.state), team=row.team, contract_type=row.contract_type, rate_fen=row.rate_fen,
        day_cap_fen=row.day_cap_fen, terms_hash="0x" + row.terms_hash.hex(), deadline=row.deadline,
        digest="0x" + row.digest.hex(), contract=row.contract, entered_on=row.entered_on, left_on=row.left_on,
    )  # fmt: skip


async def project_at(session: AsyncSession, escrow: str) -> Project | None:
    found: Project | None = await session.scalar(select(Project).where(Project.escrow == escrow.lower()))
    return found


async def day_cap_of(session: AsyncSession, project: Project, worker: Worker) -> int | None:
    """Return the most one day can be worth here, in fen, locking the membership; None for who has not joined."""
    found: int | None = await session.scalar(
        select(Membership.day_cap_fen)
        .where(
            Membership.project_pk == project.id, Membership.worker_pk == worker.id, Membership.state == relayed.DONE
        )
        .with_for_update()
    )
    return found


def escrow_of(project: Project) -> str:
    if project.escrow is None:
        raise RuntimeError(f"project {project.id} has no escrow yet")
    return project.escrow


async def record_escrow_created(session: AsyncSession, event: Event) -> None:
    """The contractor on record has made the project's escrow. A stranger's does not count, and neither does one with other
    parties or windows than were agreed: who decides a dispute there is not for one side to choose.
    """
    project = await session.scalar(
        select(Project).where(
            Project.reference == from_hex(event.args["project"]), Project.contractor == event.args["contractor"]
        )
    )
    if project is None:
        return
    made = (event.args["bureau"], event.args["arbiter"], event.args["windows"])
    if made == (project.bureau, project.arbiter, Windows.of(project).on_chain):
        project.escrow = event.args["escrow"]


async def record_joined(session: AsyncSession, event: Event) -> None:
    row = await session.scalar(
        select(Membership)
        .join(Project, Project.id == Membership.project_pk)
        .join(Worker, Worker.id == Membership.worker_pk)
        .where(Project.escrow == event.address, Worker.worker_id == from_hex(event.args["workerId"]))
    )
    if row is not None:
        row.state, row.tx_hash = relayed.DONE, event.tx_hash
        await session.flush()
        await moves.bring_up_to_date(session, row.project_pk, row.worker_pk)


async def record_closed(session: AsyncSession, event: Event) -> None:
    """The escrow is closed: nothing is owed, and the bureau has signed. From here the data's time runs (`retention.py`)."""
    project = await project_at(session, event.address)
    if project is not None:
        project.closed_at = event.block_time
