"""What people and devices send and see of attendance.

Instants are RFC 3339 in UTC, except where Unix seconds are said; days are the site's own (Asia/Shanghai). `direction` is
01 in, 02 out; of a signed word it is 1 or 2. `record` names one row: punch-12, pieces-5, correction-0x….
"""

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec

from anxin.core.signing import WorkerSignature
from anxin.core.tables import CellError
from anxin.core.wire import Amount, Text, Wire

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"\A[^\x00-\x1f/]+\Z")]
Reason = Annotated[str, msgspec.Meta(min_length=2, max_length=500, pattern=r"\A[^\x00]*\Z")]
Direction = Literal["01", "02"]
HourMinute = Annotated[str, msgspec.Meta(pattern=r"\A([01]\d|2[0-3]):[0-5]\d\Z")]

# ------------------------------------------------------------------ the worker's phone


class Hint(msgspec.Struct, rename="camel", frozen=True):
    """What a phone adds to a punch: never proof. `site_code` as scanned, position in degrees and metres, `mocked` where the
    phone says that its position was made up, `device_id` a random text the browser keeps.
    """

    site_code: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    accuracy_metres: float | None = None
    mocked: bool | None = None
    device_id: Annotated[str, msgspec.Meta(max_length=64, pattern=r"\A[^\x00]*\Z")] | None = None


class SignedPunch(Wire):
    """`Punch(workerId, direction, at, hintHash)` in the escrow's domain, signed with the worker's key.

    `at` is Unix seconds by the phone's clock. `hint_text` is a JSON text of `Hint`, exactly as hashed (`hintHash` is its
    SHA-256); without a hint it is "", and the hash that of nothing at all.
    """

    escrow: str
    worker_id: str
    direction: Literal[1, 2]
    at: Amount
    hint_text: Annotated[str, msgspec.Meta(max_length=2000, pattern=r"\A[^\x00]*\Z")]
    signature: WorkerSignature


class MyRecord(Wire):
    """One reading. `strength`: strong, medium, weak. `code_verdict`: matched, stale, wrong, none.

    `state`: counted, voided (by a correction), outweighed (weak, and within a stronger shift: it does not cut that short).
    `received_at` is the server's own time, to be shown beside the device's `at`. `root_day`: the day whose root holds it,
    and `root_state` how far that is (waiting, accepted, sent, done, refused); null until it is in one.
    """

    record: str
    at: datetime
    received_at: datetime
    direction: Direction
    attend_type: str
    source_kind: str
    source_name: str
    device: str
    strength: str
    code_verdict: str
    state: str
    digest: str | None
    root_day: date | None
    root_state: str | None


class EffectivePunch(Wire):
    """A punch that counts for pay: `added` by a correction, or reported."""

    at: datetime
    direction: Direction
    added: bool


class DayPieces(Wire):
    """`quantity` is what counts now, `reported` what was first reported (null: nothing was)."""

    record: str | None
    day: date
    quantity: int
    reported: int | None
    strength: str


CorrectionState = Literal["proposed", "countersigned", "effective", "objected"]


class CorrectionView(Wire):
    """A change and what became of it. `content` is the JSON text that is signed (`content_hash` is its SHA-256): members
    action, escrow, workerNo, day, old, new, reason.

    action: void, add, pieces. state: proposed, countersigned (waits for the worker: their signature, or three days' silence
    after they were told), effective, objected. `digest` is that of `Correction(correctionId, workerId, contentHash)`.
    """

    correction_id: str
    digest: str
    worker_no: str
    worker_id: str
    action: str
    day: date
    content: str
    content_hash: str
    takes_away: bool
    proposed_by: str
    proposer_role: str
    proposed_at: datetime
    state: str
    countersigned_by: str | None
    countersigned_at: datetime | None
    worker_signed_at: datetime | None
    by_silence: bool
    closed_at: datetime | None


class MyProjectAttendance(Wire):
    escrow: str
    name: str
    records: list[MyRecord]
    pieces: list[DayPieces]
    corrections: list[CorrectionView]
    effective: list[EffectivePunch]


class MyAttendance(Wire):
    """The signed-in worker's month, project by project, in time order."""

    month: str
    worker_id: str
    projects: list[MyProjectAttendance]


class RecordProof(Wire):
    """That a record is in a root: check it without us.

    `leaf` = keccak256(keccak256(UTF-8 of `text`)), `text` holds the salt. Hashing it with each of `proof`, the smaller of a
    pair first, gives `root`; EvidenceAnchor.rootOf(`topic`, `day_number`) says the same once `tx_hash` is there.
    """

    record: str
    text: str
    leaf: str
    proof: list[str]
    root: str
    topic: str
    day: date
    day_number: int
    anchor: str
    state: str
    tx_hash: str | None
    witnesses: list[str]


# ------------------------------------------------------------------ sources and the site's code


class NewSource(Wire):
    """A device is all that has to be registered: phones, foremen's sheets and files are there by themselves."""

    kind: Literal["device"] = "device"


class SourceView(Wire):
    """`app_id` is what a device names itself by; its secret is in `SourceSecret` alone. `latest_at`: its newest reading."""

    app_id: str
    kind: str
    name: str
    strength: str
    created_by: str | None
    created_at: datetime
    ended_at: datetime | None
    latest_at: datetime | None


class Sources(Wire):
    sources: list[SourceView]


class SourceSecret(Wire):
    """What is typed into a device, once. Whoever manages the project may ask for it again."""

    app_id: str
    name: str
    secret: str


class SiteCode(Wire):
    """`url` is what the QR code holds: it leads to the worker's page with `#site={escrow}&code={code}`.

    A new `code` of eight digits every 30 seconds; ask again at `expires_at`. `svg` is the QR code, to be shown as an image.
    """

    code: str
    url: str
    svg: str
    valid_from: datetime
    expires_at: datetime


# ------------------------------------------------------------------ devices


class DeviceRow(Wire):
    """What became of a row of a push: kept, known (had before), stray (nobody on record: kept aside), bad (`problem`)."""

    index: int
    state: Literal["kept", "known", "stray", "bad"]
    problem: str | None = None


class DeviceAnswer(Wire):
    """In the national platform's shape: `code` "0" where the push was read. Rows that are `bad` need not come again."""

    code: str
    message: str
    data: list[DeviceRow]


class StrayView(Wire):
    stray: int
    subject: str
    source_name: str
    device: str
    at: datetime
    received_at: datetime
    direction: Direction


class Strays(Wire):
    strays: list[StrayView]


class Assignment(Wire):
    worker_no: Text


# ------------------------------------------------------------------ the foreman's sheet


class SheetShift(Wire, rename={"into": "in", "worker_no": "workerNo"}):
    """A worker's shift as written down, `in` and `out` on the site's clock; an `out` not after the `in` is of the next day.

    Either may be missing. `shift` counts a day's shifts: 1 is the first.
    """

    worker_no: Text
    day: date
    into: HourMinute | None = None
    out: HourMinute | None = None
    shift: Annotated[int, msgspec.Meta(ge=1, le=6)] = 1


class SheetPieces(Wire):
    worker_no: Text
    day: date
    quantity: Amount


class ForemanSheet(Wire):
    shifts: Annotated[list[SheetShift], msgspec.Meta(max_length=2000)] = []
    pieces: Annotated[list[SheetPieces], msgspec.Meta(max_length=2000)] = []


class SheetProblem(Wire):
    """`list` and `index` say which row. problem: not-on-project, impossible-time, differs (correct it instead), empty."""

    list: Literal["shifts", "pieces"]
    index: int
    worker_no: str
    problem: str


class SheetKept(Wire):
    """How many readings are new, how many were known, and the rows that were not taken."""

    kept: int
    known: int
    problems: list[SheetProblem]


# ------------------------------------------------------------------ files

FileKind = Literal["punches", "pieces"]


class FilePreview(Wire):
    """What a file would bring. Nothing of it counts before it is confirmed. `errors` are the first of `error_count`."""

    file_digest: str
    kind: FileKind
    name: str
    rows: int
    new_rows: int
    duplicates: int
    errors: list[CellError]
    error_count: int
    unknown_workers: list[str]
    first_day: date | None
    last_day: date | None
    confirmed_at: datetime | None


class FileStored(Wire):
    """Confirming again stores nothing more and says the same."""

    file_digest: str
    stored_rows: int


# ------------------------------------------------------------------ corrections


class VoidPunch(Wire, tag="void", tag_field="action"):
    """That a punch does not count. `record` is punch-…"""

    record: Text
    reason: Reason


class AddPunch(Wire, tag="add", tag_field="action"):
    """A punch that no device has. `at` carries its zone."""

    worker_no: Text
    at: datetime
    direction: Direction
    reason: Reason


class ChangePieces(Wire, tag="pieces", tag_field="action"):
    worker_no: Text
    day: date
    quantity: Amount
    reason: Reason


ProposedCorrection = VoidPunch | AddPunch | ChangePieces


class Corrections(Wire):
    """Newest first. `next`: what to ask `before` for the ones before these; null where there are none."""

    corrections: list[CorrectionView]
    next: str | None


class StaffSignature(Wire):
    """65 bytes 0x-hex by the signed-in wallet over the correction's digest (EIP-712)."""

    signature: str


class WorkerWord(Wire):
    """The worker's signature over the correction's digest; it alone says who sends it."""

    signature: WorkerSignature


# ------------------------------------------------------------------ a site's day, and what is odd


class SiteRecord(Wire):
    record: str
    worker_no: str
    at: datetime
    received_at: datetime
    skew_seconds: int
    direction: Direction
    attend_type: str
    source_kind: str
    source_name: str
    device: str
    strength: str
    code_verdict: str
    signed: bool
    state: str


class SitePieces(Wire):
    record: str | None
    worker_no: str
    quantity: int
    reported: int | None
    strength: str


class SiteDay(Wire):
    """A project's local day. `without_reading`: members on record who have none that day, by number."""

    day: date
    records: list[SiteRecord]
    pieces: list[SitePieces]
    without_reading: list[str]


class AddedPunch(Wire):
    """A punch that a correction in effect added."""

    worker_no: str
    at: datetime
    direction: Direction


class SiteDays(Wire):
    """A project's local days from first to last, each with its records.

    `around`: the records of the day before and of the day after, where a night shift may begin or end. `added`: what counts
    beside the records, of all these days.
    """

    days: list[SiteDay]
    around: list[SiteRecord]
    added: list[AddedPunch]


class FlagView(Wire):
    """Something to look at, never a verdict.

    kind: one-device, one-position, simultaneous, machine-like, future-clock, late-sync, mocked, weak-source, wrong-code,
    not-enlisted, contradicts-phone. `detail` names what the flag is about (a device, a distance, another project), without
    personal data.
    """

    kind: str
    day: date
    worker_nos: list[str]
    records: list[str]
    detail: str


class FlagsView(Wire):
    first_day: date
    last_day: date
    flags: list[FlagView]


# ------------------------------------------------------------------ witnesses


class RootView(Wire):
    """`digest` is that of `Evidence(topic, day, root)` in the anchor's domain. `signatures` of `needed` are there."""

    digest: str
    escrow: str
    project: str
    day: date
    day_number: int
    topic: str
    root: str
    leaf_count: int
    state: str
    signatures: int
    needed: int
    signed_by_me: bool
    tx_hash: str | None


class RootsView(Wire):
    anchor: str
    chain_id: int
    roots: list[RootView]


class WitnessSignature(Wire):
    """65 bytes 0x-hex over the root's digest, by the signed-in witness."""

    signature: str


