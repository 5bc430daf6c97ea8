"""A worker's lines, and what the worker signs about them."""

from datetime import date, datetime

from anxin.core.signing import WorkerSignature
from anxin.core.wire import Amount, Count, Text, Wire


class Coverage(Wire):
    """Is the money there? `enough`: the escrow holds at least what it owes to everyone."""

    funded_fen: int
    owed_fen: int
    enough: bool


class MyContest(Wire):
    """state: accepted, sent, contested (final: the dispute `dispute_id` runs), refused."""

    state: str
    claimed_fen: int
    remainder_fen: int
    dispute_id: int | None
    tx_hash: str | None
    reason: str | None


class Trail(Wire):
    """How far a posted line has come, with the time of each step; null where it has not come so far.

    state: accrued (posted: it is owed), confirmed (its worker has signed), released (to the bank), submitted (the bank has
    the order), settled (the bank has paid), arrived (released straight to the worker's own address), returned (the bank
    could not pay: owed again). `confirmed_at` is null where the worker is silent; `returned_at` is of the latest return.
    `reason` says why the bank waits, or could not pay; `attempt` counts from 0. `late_days`: from the payday until the
    worker had the money, or today; 0 in time.
    """

    payday: date
    accrued_at: datetime
    confirmed_at: datetime | None
    released_at: datetime | None
    submitted_at: datetime | None
    settled_at: datetime | None
    returned_at: datetime | None
    reason: str | None
    attempt: int
    to_bank: bool
    state: str
    late_days: int


class LineTrail(Wire):
    """A line of a project's sheets for its office: `worker_no` is the project's own number for the worker."""

    sheet_id: int
    index: int
    worker_no: str
    worker_id: str
    amount_fen: int
    trail: Trail


class Trails(Wire):
    """A page by sheet and line. `next` is the cursor of the page that follows; `lines` and `late` count all that was asked
    for, whatever the page and whether or not only late ones were asked for.
    """

    trails: list[LineTrail]
    next: str | None
    lines: int
    late: int


class MyLine(Wire):
    """state: open, accepted (kept here), sent (tx on its way), released (final), settled (the bank has paid), returned (the
    bank could not pay: owed again, and to be signed again), refused.

    `payslip` is the exact text whose SHA-256 is `payslip_hash`; the phone checks it before it signs.
    `deadline` is what to sign: until then (Unix seconds) the confirmation may be used. `to_bank`: released to the bank,
    which pays it out; only `settled_at` says that it has.
    """

    escrow: str
    sheet_id: int
    index: int
    project_name: str
    contractor_name: str
    first_day: date
    last_day: date
    payday: date
    days: list[date]
    day_mask: int
    amount_fen: int
    payslip_hash: str
    payslip: str
    deadline: int
    coverage: Coverage
    state: str
    assurance: int | None
    tx_hash: str | None
    released_at: datetime | None
    to_bank: bool
    settled_at: datetime | None
    settled_tx: str | None
    returned_at: datetime | None
    reason: str | None
    contest: MyContest | None
    trail: Trail


class MyLines(Wire):
    lines: list[MyLine]


class SignedLine(Wire):
    """A line as the worker saw it when signing: the amount, days and payslip are those that were signed."""

    escrow: str
    sheet_id: Count
    index: Count
    amount_fen: Amount
    day_mask: Amount
    payslip_hash: str
    deadline: Amount
    signature: WorkerSignature


class SignedConfirmation(SignedLine):
    """A worker's word that a line is right."""


class SignedContest(SignedLine):
    """A worker's word that a line is too low. `evidence` is text; its SHA-256 was signed."""

    claimed_fen: int
    claimed_days: int
    evidence: Text


class ReleaseCall(Wire):
    """A confirmation as anyone can take it to the chain: call `function` of `escrow` with these arguments, in this order.

    Bytes are 0x-hex. What the worker signed is good until `deadline`, whatever becomes of this server.
    """

    chain_id: int
    escrow: str
    function: str
    sheet_id: int
    line: str
    proof: list[str]
    deadline: int
    signature: str


class Receipt(Wire):
    """Kept: the release follows and is not awaited."""

    digest: str
    state: str
    received_at: datetime
