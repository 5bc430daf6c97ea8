"""A worker's own claim as a file they can keep, and give to anybody who will take it to the chain."""

from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core.calls import Call, signed_words
from anxin.core.clock import day_number
from anxin.core.deployment import Deployment
from anxin.core.errors import NotFound
from anxin.core.relay_file import RelayFile, relay_file
from anxin.core.signing import Value
from anxin.core.wire import hex_bytes
from anxin.disputes.models import Claim
from anxin.people.models import Worker
from anxin.projects.models import Project
from anxin.projects.service import escrow_of


async def claim_file(session: AsyncSession, deployment: Deployment, worker: Worker, digest: str) -> RelayFile:
    """Return this worker's claim. Its text is not in it, only that text's hash. Raises Malformed; NotFound for another's."""
    row = await session.get(Claim, hex_bytes(digest, 32, "digest"))
    if row is None or row.worker_pk != worker.id:
        raise NotFound(what=f"signed word {digest}")
    words: dict[str, Value] = {
        "workerId": worker.worker_id, "amount": row.amount_fen, "firstDay": day_number(row.first_day),
        "dayMask": row.day_mask, "evidenceHash": row.evidence_hash, "deadline": row.deadline,
    }  # fmt: skip
    escrow = escrow_of(await session.get_one(Project, row.project_pk))
    arguments = {"claimed": signed_words(words), "signature": "0x" + row.signature.hex()}
    return relay_file(deployment, Call(digest, "WageEscrow", escrow, "claim", arguments), words)
