"""Disputes as anyone may see them, as their worker sees them, and what the three sides sign."""

from datetime import date, datetime

from anxin.core.signing import WorkerSignature
from anxin.core.wire import Amount, Count, Text, Wire


class DisputeView(Wire):
    """A dispute at the last final block: all of it is on the chain. Amounts in fen, `first_day` with bit 0 of `day_mask`.

    kind: claim (days no sheet has), contest (more than a line says; `sheet_id` and `index` name it).
    state: claimed (the contractor may answer until `answer_until`), contested (the bureau decides; after `bureau_until` the
    arbiter may too), decided. `stood`: nobody answered in time. `banked_fen` is with the bank, `settled_fen` paid out by it.
    """

    dispute_id: int
    kind: str
    state: str
    worker_id: str
    sheet_id: int | None
    index: int | None
    first_day: date
    day_mask: int
    days: list[date]
    asked_fen: int
    granted_fen: int
    paid_fen: int
    banked_fen: int
    settled_fen: int
    since: datetime
    answer_until: datetime | None
    bureau_until: datetime | None
    stood: bool
    evidence_hash: str
    answer_hash: str | None
    resolved_by: str | None
    order_hash: str | None
    opened_tx: str
    last_tx: str


class DisputesView(Wire):
    disputes: list[DisputeView]


class MyDispute(Wire):
    """One of the worker's own. state: accepted, sent, refused (not on the chain yet: no `dispute`), or the dispute's.

    `digest`: of a claim that is not on the chain yet; its signer can have it as a file.
    """

    escrow: str
    project_name: str
    kind: str
    state: str
    asked_fen: int
    first_day: date
    days: list[date]
    dispute: DisputeView | None
    tx_hash: str | None
    reason: str | None
    digest: str | None


class MyDisputes(Wire):
    """Newest first. A claim signed now is to carry `claim_deadline` (Unix seconds)."""

    disputes: list[MyDispute]
    claim_deadline: int


class SignedClaim(Wire):
    """A worker's word that days are missing. `evidence` is text; its SHA-256 was signed."""

    escrow: str
    worker_id: str
    amount_fen: Amount
    first_day: date
    day_mask: Amount
    evidence: Text
    deadline: Amount
    signature: WorkerSignature


class SignedAnswer(Wire):
    """The contractor's: `admitted_fen` in all. `evidence` is text; its SHA-256 was signed. `signature`: 65 bytes 0x-hex."""

    escrow: str
    dispute_id: Count
    admitted_fen: Amount
    evidence: Text
    deadline: Amount
    signature: str


class SignedResolution(Wire):
    """The bureau's, or the arbiter's: `award_fen` in all. `reasons` is the order's text; its SHA-256 was signed."""

    escrow: str
    dispute_id: Count
    award_fen: Amount
    reasons: Text
    deadline: Amount
    signature: str
