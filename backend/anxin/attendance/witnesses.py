"""Witnesses sign a day's root; with enough of them it goes to the chain, whose own event says that it is there."""

from datetime import date

from sqlalchemy import Select, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.attendance.errors import RootNotFound
from anxin.attendance.models import AttendanceRoot, RootSignature
from anxin.attendance.schemas import RootsView, RootView
from anxin.core import calls, relayed
from anxin.core.calls import Refusal
from anxin.core.clock import EPOCH, day_number, now
from anxin.core.deployment import Deployment
from anxin.core.errors import WrongSigner
from anxin.core.events import Event
from anxin.core.signing import from_hex, recover_wallet
from anxin.core.wire import hex_bytes
from anxin.people.staff import Staff
from anxin.projects.models import Party, Project
from anxin.projects.service import escrow_of

MAX_SHOWN = 200


async def roots_for(session: AsyncSession, deployment: Deployment, staff: Staff, needed: int) -> RootsView:
    """Return the roots of all projects on which somebody is a witness, newest first."""
    rows = await session.execute(
        select(AttendanceRoot, Project)
        .join(Project, Project.id == AttendanceRoot.project_pk)
        .where(Project.id.in_(_witnessed(staff)))
        .order_by(AttendanceRoot.day.desc(), AttendanceRoot.id)
        .limit(MAX_SHOWN)
    )
    views = [await _view(session, root, project, staff, needed) for root, project in rows]
    return RootsView(deployment.addresses.anchor, deployment.chain_id, views)


async def sign_root(
    session: AsyncSession, deployment: Deployment, staff: Staff, root_digest: str, signature: str, needed: int
) -> RootView:
    """Keep a witness's signature; once `needed` are there, hand the root over to be anchored. Resending changes nothing.

    Raises RootNotFound, WrongSigner.
    """
    words, raw = hex_bytes(root_digest, 32, "digest"), hex_bytes(signature, 65, "signature")
    root = await session.scalar(select(AttendanceRoot).where(AttendanceRoot.digest == words).with_for_update())
    if root is None or await session.scalar(_witnessed(staff).where(Party.project_pk == root.project_pk)) is None:
        raise RootNotFound(digest=root_digest)
    project = await session.get_one(Project, root.project_pk)
    if recover_wallet(words, raw) != staff.address:
        raise WrongSigner(expected=staff.address)
    await session.execute(
        insert(RootSignature)
        .values(root_pk=root.id, witness=staff.address, signature=raw, received_at=now())
        .on_conflict_do_nothing()
    )
    signed = await _signatures(session, root)
    if root.state == relayed.WAITING and len(signed) >= needed:
        await relayed.hand_over(session, [root], _call(deployment, root, signed))
    return await _view(session, root, project, staff, needed)


def _call(deployment: Deployment, root: AttendanceRoot, signed: dict[str, bytes]) -> calls.Call:
    """The anchor takes witnesses by ascending address. Another set of them is another call."""
    witnesses = sorted(signed)
    return calls.Call(
        key=f"anchor:0x{root.digest.hex()}:{','.join(each[2:10] for each in witnesses)}",
        contract="EvidenceAnchor",
        address=deployment.addresses.anchor,
        function="anchor",
        arguments={
            "topic": "0x" + root.topic.hex(), "day": day_number(root.day), "root": "0x" + root.root.hex(),
            "witnesses": witnesses, "signatures": ["0x" + signed[each].hex() for each in witnesses],
        },
    )  # fmt: skip


async def mend_root(session: AsyncSession, key: str, refusal: Refusal) -> None:
    """The chain does not take a root: without whoever is no witness there, and with more of them, it is tried again.

    One that another submitter brought is what we wanted; another root for the day is for a person to look at.
    """
    root = await session.scalar(select(AttendanceRoot).where(AttendanceRoot.call_key == key).with_for_update())
    if root is None or root.state == relayed.DONE:
        return
    if refusal.error == "Anchor_AlreadyAnchored" and refusal.values[2:3] == ["0x" + root.root.hex()]:
        return  # the event says so, in its own time
    root.reason = str(refusal)
    root.state = relayed.REFUSED if refusal.error == "Anchor_AlreadyAnchored" else relayed.WAITING
    if refusal.error in ("Anchor_NotWitness", "Anchor_BadSignature") and refusal.values:
        stranger = await session.get(RootSignature, (root.id, str(refusal.values[0])))
        if stranger is not None:
            await session.delete(stranger)


async def record_anchored(session: AsyncSession, event: Event) -> None:
    """A root is on the chain for good, whoever brought it. Another root than ours for the day is kept as a refusal."""
    root = await anchored_root(session, event)
    if root is None:
        return
    if "0x" + root.root.hex() == event.args["root"]:
        root.state, root.tx_hash, root.anchored_at = relayed.DONE, event.tx_hash, event.block_time
    else:
        root.state, root.reason = relayed.REFUSED, f"another root is anchored: {event.args['root']}"


async def anchored_root(session: AsyncSession, event: Event) -> AttendanceRoot | None:
    """Our root of the day that an event is about."""
    found: AttendanceRoot | None = await session.scalar(
        select(AttendanceRoot).where(
            AttendanceRoot.topic == from_hex(event.args["topic"]), AttendanceRoot.day == _day(event.args["day"])
        )
    )
    return found


def _day(number: int) -> date:
    return date.fromordinal(EPOCH.toordinal() + number)


def _witnessed(staff: Staff) -> Select[int]:
    """The projects on which somebody is a witness."""
    return select(Party.project_pk).where(
        Party.address == staff.address, Party.role == "witness", or_(Party.until.is_(None), Party.until > now())
    )


async def _signatures(session: AsyncSession, root: AttendanceRoot) -> dict[str, bytes]:
    rows = await session.scalars(select(RootSignature).where(RootSignature.root_pk == root.id))
    return {row.witness: row.signature for row in rows}


async def _view(session: AsyncSession, root: AttendanceRoot, project: Project, staff: Staff, needed: int) -> RootView:
    signed = await _signatures(session, root)
    return RootView(
        digest="0x" + root.digest.hex(), escrow=escrow_of(project), project=project.name, day=root.day,
        day_number=day_number(root.day), topic="0x" + root.topic.hex(), root="0x" + root.root.hex(),
        leaf_count=root.leaf_count, state=root.state, signatures=len(signed), needed=needed,
        signed_by_me=staff.address in signed, tx_hash=root.tx_hash,
    )  # fmt: skip
